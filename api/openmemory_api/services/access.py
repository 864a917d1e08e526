"""Turns a caller into its scope: the one place where rules are read and the decision is asked."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias, TypeVar

from openmemory_api.db import apps as app_rows
from openmemory_api.db.apps import AppState
from openmemory_api.db.session import Database, WriteConnection
from openmemory_api.domain.access import (
    Access,
    Caller,
    KeyScope,
    lacking,
    may_add,
    names_of,
    readable_by,
    trash_of,
    writable_by,
    written_by,
)
from openmemory_api.domain.errors import Forbidden
from openmemory_api.domain.filters import NOTHING, Filter
from openmemory_api.domain.protocols import Clock
from openmemory_api.domain.rules import Draft
from openmemory_api.services.drafts import Applied, checked_drafts, put_in_place

_AppKey: TypeAlias = tuple[str, str | None, str | None]
_Found = TypeVar("_Found")
_KNOWN: Final = 1_000
"""Callers whose access is remembered."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a caller may do, decided once per call."""

    caller: Caller
    readable: Filter
    writable: Filter
    trash: Filter
    own: Filter
    """What the caller's app wrote, under whatever name; nothing for a caller without one."""
    names: tuple[str, ...]
    """What the caller's app is called; none for a caller without one."""
    may_add: bool


class AccessService:
    """Decides what callers may reach and keeps the settings that decision follows."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        # What is read holds until this process writes, where no other one can.
        self._known: dict[_AppKey, AppState] = {}
        self._writes = 0
        self._seen: dict[_AppKey, tuple[Caller, datetime]] = {}

    async def scope(self, caller: Caller, *needs: KeyScope) -> Scope:
        """The caller's sets; an app's first call makes its row.

        Args:
            caller: who asks.
            needs: what the call is about to do; each must be among the scopes of the caller's key.

        Raises:
            Forbidden: the key does not allow it, or the app is paused.
        """
        require_scopes(caller, *needs)
        return _decided(caller, Access() if caller.app is None else await self._access(caller))

    async def answer(
        self, caller: Caller, found: Callable[[Scope], Awaitable[_Found]], *needs: KeyScope
    ) -> _Found:
        """What `found` finds within the caller's sets, as they are when it has found it.

        A rule that is set, or a key that is revoked, while it looks holds for what it answers.

        Raises:
            Forbidden: as `scope`.
        """
        while True:
            changes = self._writes
            scope = await self.scope(caller, *needs)
            answer = await found(scope)
            if self._database.shared:
                if scope == await self.scope(caller, *needs):
                    return answer
            elif changes == self._writes:
                return answer

    async def scope_within(
        self, connection: WriteConnection, caller: Caller, *needs: KeyScope
    ) -> Scope:
        """As `scope`, for a write: a rule that was set while it waited for its turn holds."""
        require_scopes(caller, *needs)
        if caller.app is None:
            return _decided(caller, Access())
        return _decided(caller, (await app_rows.app_state(connection, caller)).access)

    async def _access(self, caller: Caller) -> Access:
        key = (caller.project_id, caller.user_id, caller.app)
        state = self._known.get(key) or await self._read(caller, key)
        if state.last_seen_at is None:
            await self._introduce(caller)
            self._known.pop(key, None)
        self._seen[key] = caller, self._clock()
        return state.access

    async def _read(self, caller: Caller, key: _AppKey) -> AppState:
        writes = self._writes
        async with self._database.read() as connection:
            state = await app_rows.app_state(connection, caller)
        if writes == self._writes and not self._database.shared:
            if len(self._known) >= _KNOWN:
                self._known.clear()
            self._known[key] = state
        return state

    @asynccontextmanager
    async def changing(self) -> AsyncGenerator[WriteConnection]:
        """A write transaction, after which nothing that was read before holds."""
        try:
            async with self._database.write() as connection:
                yield connection
        finally:
            self._writes += 1
            self._known.clear()

    async def _introduce(self, caller: Caller) -> None:
        assert caller.user_id is not None, "an app always calls for a user"
        assert caller.app is not None
        now = self._clock()
        async with self.changing() as connection:
            user = await app_rows.ensure_user(connection, caller.project_id, caller.user_id, now)
            await app_rows.touch_app(connection, user, caller, now)

    async def record_seen(self) -> None:
        """Write down when apps were last seen. Not done by the call itself: a read never writes."""
        seen, self._seen = self._seen, {}
        if not seen:
            return
        async with self._database.write() as connection:
            for caller, moment in seen.values():
                assert caller.user_id is not None
                user = await app_rows.ensure_user(
                    connection, caller.project_id, caller.user_id, moment
                )
                await app_rows.touch_app(connection, user, caller, moment)

    async def configure(self, caller: Caller, app: str, access: Access) -> Applied:
        """Set the bases and rules of an app, or of `ANY_OTHER_APP`; `paused` is `pause`'s.

        Raises:
            Invalid, Forbidden: as `change`.
        """
        return await self.change(caller, [Draft(app, access)])

    async def pause(self, caller: Caller, app: str, *, paused: bool = True) -> Applied:
        """Pause an app of the caller's user, or let it go on.

        Raises:
            Invalid, Forbidden: as `change`.
        """
        return await self.change(caller, [Draft(app, paused=paused)])

    async def change(
        self, caller: Caller, drafts: Sequence[Draft], *, version: int | None = None
    ) -> Applied:
        """Put drafts in the place of what is stored, all of them in one action.

        Args:
            caller: who settles it.
            drafts: what is to become of which app's row.
            version: what the rules were at when this was decided, if it must still be so.

        Raises:
            Invalid: a draft names what cannot exist, and would silently do nothing.
            Conflict: the version has passed.
            Forbidden: the caller may not settle this.
        """
        user_id = self._require_user(caller)
        checked = checked_drafts(drafts)
        async with self.changing() as connection:
            return await put_in_place(
                connection, caller, user_id, checked, version=version, now=self._clock()
            )

    def _require_user(self, caller: Caller) -> str:
        require_manager(caller)
        if caller.user_id is None:
            raise Forbidden("Only the user can change what its apps may do")
        return caller.user_id


def require_scopes(caller: Caller, *needs: KeyScope) -> None:
    """Refuse a caller whose key does not allow what it is about to do.

    Raises:
        Forbidden: naming what the key lacks.
    """
    missing = lacking(caller, needs)
    if missing:
        raise Forbidden(f"This key does not have the scope {' or '.join(missing)}")


def require_manager(caller: Caller) -> None:
    """Refuse who may not settle what keys and apps may do: apps, and keys without `admin`.

    Raises:
        Forbidden: the caller is an app, or its key lacks `admin`.
    """
    if caller.app is not None:
        raise Forbidden("Only the user can settle this; an app cannot")
    require_scopes(caller, KeyScope.ADMIN)


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
        own=NOTHING if caller.app is None else written_by(caller.app, access.merges),
        names=() if caller.app is None else names_of(caller.app, access.merges),
        may_add=may_add(caller, access),
    )
