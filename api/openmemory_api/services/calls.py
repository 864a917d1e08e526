"""Shows the log of calls to those it is for: a user its own, an administrator all."""

import base64
import binascii
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Final

from openmemory_api.db import activity as rows
from openmemory_api.db.activity import Call, Wanted
from openmemory_api.domain.access import Caller
from openmemory_api.domain.errors import Invalid
from openmemory_api.services.access import require_manager
from openmemory_api.services.recorder import Recorder

_EXPORT: Final = 1_000
_MARK: Final = "call:"
_NOT_OURS: Final = "cursor is not one that this server gave"


class CallService:
    """Pages and exports of the log."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    async def page(
        self, caller: Caller, wanted: Wanted, *, cursor: str | None, limit: int
    ) -> tuple[list[Call], str | None]:
        """Calls, newest first, and where the next page begins.

        Raises:
            Invalid: the cursor is not one of ours.
            Forbidden: the log is not for this caller.
        """
        wanted = self._within(caller, wanted)
        before = None if cursor is None else _position(cursor)
        # What was just done is there when one looks.
        await self._recorder.flush()
        found = await self._calls(wanted, before, limit + 1)
        more = len(found) > limit
        return found[:limit], _cursor(found[limit - 1].id) if more else None

    async def all(self, caller: Caller, wanted: Wanted) -> AsyncGenerator[Call]:
        """Every call of a set, newest first, read as it is taken.

        Raises:
            Forbidden: as for `page`.
        """
        wanted = self._within(caller, wanted)
        await self._recorder.flush()
        found = await self._calls(wanted, None, _EXPORT)
        while found:
            for call in found:
                yield call
            found = await self._calls(wanted, found[-1].id, _EXPORT)

    async def _calls(self, wanted: Wanted, before: int | None, limit: int) -> list[Call]:
        async with self._recorder.database.read() as connection:
            return await rows.calls(connection, wanted, before=before, limit=limit)

    def _within(self, caller: Caller, wanted: Wanted) -> Wanted:
        require_manager(caller)
        kept = None if wanted.query is None else self._recorder.kept(wanted.query)
        return replace(
            wanted,
            project_id=caller.project_id,
            user_id=caller.user_id or wanted.user_id,
            kept_query=kept,
        )


def _cursor(call_id: int) -> str:
    return base64.urlsafe_b64encode(f"{_MARK}{call_id}".encode()).decode()


def _position(cursor: str) -> int:
    try:
        text = base64.b64decode(cursor, altchars=b"-_", validate=True).decode("ascii")
        call_id = int(text.removeprefix(_MARK))
    except (binascii.Error, ValueError) as error:
        raise Invalid(_NOT_OURS) from error
    # Each position has one spelling, and numbers beyond the database's have none.
    if _cursor(call_id) != cursor or not 0 < call_id < 2**63:
        raise Invalid(_NOT_OURS)
    return call_id
