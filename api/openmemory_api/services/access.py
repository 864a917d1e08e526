"""Turns a caller into its scope: the one place where rules are read and the decision is asked."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from openmemory_api.db import apps as app_rows
from openmemory_api.db.apps import AppState
from openmemory_api.db.session import Database, WriteConnection
from openmemory_api.domain.access import (
    Access,
    Caller,
    may_add,
    readable_by,
    trash_of,
    writable_by,
)
from openmemory_api.domain.errors import Forbidden
from openmemory_api.domain.filters import Filter
from openmemory_api.domain.protocols import Clock
from openmemory_api.services.validation import checked_rule

_SEEN_EVERY: Final = timedelta(minutes=1)
_KNOWN: Final = 1_000
"""Callers whose access is remembered."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a caller may do, decided once per call."""

    caller: Caller
    readable: Filter
    writable: Filter
    trash: Filter
    may_add: bool


class AccessService:
    """Decides what callers may reach and keeps the settings that decision follows."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        # One process owns the database, so that what it has read holds until it writes.
        self._known: dict[Caller, AppState] = {}
        self._writes = 0

    async def scope(self, caller: Caller) -> Scope:
        """The caller's sets; an app's first call makes its row.

        Raises:
            Forbidden: the app is paused.

        """
        return _decided(caller, Access() if caller.app is None else await self._access(caller))

    async def scope_within(self, connection: WriteConnection, caller: Caller) -> Scope:
        """As `scope`, for a write: a rule that was set while it waited for its turn holds."""
        if caller.app is None:
            return _decided(caller, Access())
        return _decided(caller, (await app_rows.app_state(connection, caller)).access)

    async def _access(self, caller: Caller) -> Access:
        state = self._known.get(caller) or await self._read(caller)
        now = self._clock()
        if state.last_seen_at is None or now - state.last_seen_at > _SEEN_EVERY:
            await self._see(caller)
        return state.access

    async def _read(self, caller: Caller) -> AppState:
        writes = self._writes
        async with self._database.read() as connection:
            state = await app_rows.app_state(connection, caller)
        if writes == self._writes:
            if len(self._known) >= _KNOWN:
                self._known.clear()
            self._known[caller] = state
        return state

    @asynccontextmanager
    async def _write(self) -> AsyncGenerator[WriteConnection]:
        """A write transaction, after which nothing that was read before holds."""
        try:
            async with self._database.write() as connection:
                yield connection
        finally:
            self._writes += 1
            self._known.clear()

    async def _see(self, caller: Caller) -> int:
        assert caller.user_id is not None, "an app always calls for a user"
        assert caller.app is not None
        now = self._clock()
        async with self._write() as connection:
            user = await app_rows.ensure_user(connection, caller.project_id, caller.user_id, now)
            return await app_rows.touch_app(connection, user, caller.app, now)

    async def configure(self, caller: Caller, app: str, access: Access) -> None:
        """Set the bases and rules of an app, or of `ANY_OTHER_APP`; `paused` is `pause`'s.

        Raises:
            Invalid: a rule names what cannot exist, and would silently do nothing.
            Forbidden: the caller is not the user.
        """
        user_id = self._require_user(caller)
        access = replace(access, rules=tuple(checked_rule(rule) for rule in access.rules))
        now = self._clock()
        async with self._write() as connection:
            user = await app_rows.ensure_user(connection, caller.project_id, user_id, now)
            await app_rows.replace_access(connection, user, app, access, now)

    async def pause(self, caller: Caller, app: str, *, paused: bool = True) -> None:
        """Pause an app of the caller's user, or let it go on."""
        user_id = self._require_user(caller)
        now = self._clock()
        async with self._write() as connection:
            user = await app_rows.ensure_user(connection, caller.project_id, user_id, now)
            row = await app_rows.touch_app(connection, user, app, now)
            await app_rows.set_paused(connection, row, paused=paused)

    def _require_user(self, caller: Caller) -> str:
        if caller.app is not None or caller.user_id is None:
            raise Forbidden("Only the user can change what its apps may do")
        return caller.user_id


def _decided(caller: Caller, access: Access) -> Scope:
    if access.paused:
        raise Forbidden(
            f"The app {caller.app!r} is paused and can neither read nor write; "
            "the user can resume it"
        )
    return Scope(
        caller=caller,
        readable=readable_by(caller, access),
        writable=writable_by(caller, access),
        trash=trash_of(caller),
        may_add=may_add(caller, access),
    )
