"""Counts of calls by day, user, app and key, what is stored now, and what failed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import sqlalchemy as sa

from openmemory_api.db import activity as rows
from openmemory_api.db import memories as memory_rows
from openmemory_api.db.memories import Stored
from openmemory_api.db.session import Database
from openmemory_api.domain.access import Caller
from openmemory_api.domain.errors import Forbidden, Invalid
from openmemory_api.domain.filters import all_of
from openmemory_api.services.access import AccessService, require_manager
from openmemory_api.services.limits import STORED
from openmemory_api.services.recorder import KEEP_ERRORS, Recorder

By = Literal["day", "user", "app", "key"]
NOTHING_STORED = Stored(0, 0, 0)


@dataclass(frozen=True, slots=True)
class Used:
    """What one day, user, app or key has used."""

    name: str | None
    """None: calls without a user, an app or a key."""
    counts: Mapping[str, int]
    stored: Stored | None
    """What is stored now, of a user or written by an app."""


class UsageService:
    """Answers what was used, to those who may see the log."""

    def __init__(self, recorder: Recorder, store: Database, access: AccessService) -> None:
        self._recorder = recorder
        self._store = store
        self._access = access

    async def used(
        self, caller: Caller, *, by: By, first: date, last: date
    ) -> tuple[list[Used], Stored]:
        """What was used on the days from `first` to `last`, and all that is stored now.

        Raises:
            Invalid: the days are in the wrong order.
            Forbidden: the counts are not for this caller.
        """
        require_manager(caller)
        if last < first:
            raise Invalid("from is after to")
        await self._recorder.flush()
        async with self._recorder.database.read() as connection:
            counts = await rows.usage(
                connection,
                by,
                project_id=caller.project_id,
                user_id=caller.user_id,
                since=first.isoformat(),
                until=last.isoformat(),
            )
        stored = await self._stored(caller, by)
        total = sum(stored.values(), NOTHING_STORED)
        if by not in ("user", "app"):
            return [Used(name or None, each, None) for name, each in counts.items()], total
        names = sorted({*counts, *stored})
        nothing = dict.fromkeys(rows.COUNTED, 0)
        return [
            Used(name or None, counts.get(name, nothing), stored.get(name, NOTHING_STORED))
            for name in names
        ], total

    async def _stored(self, caller: Caller, by: By) -> dict[str, Stored]:
        scope = await self._access.scope(caller)
        async with self._store.read() as connection:
            field = "app" if by == "app" else "user_id"
            return await memory_rows.stored_by(connection, field, all_of(scope.held, STORED))

    async def errors(self, caller: Caller) -> list[sa.Row[Any]]:
        """The newest failures of the server.

        Raises:
            Forbidden: the caller is no administrator, or one of a single user.
        """
        require_manager(caller)
        if caller.user_id is not None:
            raise Forbidden("Failures are the whole server's: only an administrator can see them")
        await self._recorder.flush()
        async with self._recorder.database.read() as connection:
            return await rows.errors(connection, limit=KEEP_ERRORS)
