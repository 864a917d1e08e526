"""Turns a caller into its scope: the one place where rules are read and the decision is asked."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol, TypeAlias, TypeVar

from openmemory_api.db import apps as app_rows
from openmemory_api.db.apps import AppState
from openmemory_api.db.session import Database, ReadConnection, WriteConnection
from openmemory_api.domain.access import (
    Access,
    Caller,
    KeyScope,
    held_by,
    lacking,
    may_add,
    names_of,
    readable_by,
    trash_of,
    writable_by,
    written_by,
)
from openmemory_api.domain.errors import Forbidden, Unavailable
from openmemory_api.domain.filters import NOTHING, Filter
from openmemory_api.domain.protocols import Clock
from openmemory_api.domain.rules import Draft
from openmemory_api.services.drafts import Applied, checked_drafts, put_in_place

_AppKey: TypeAlias = tuple[str, str | None, str | None]
_Found = TypeVar("_Found")
_KNOWN: Final = 1_000
"""Callers whose access is remembered."""
_MAX_APPS: Final = 1_000
"""Apps of one user that are written down; "any other app" holds for the rest."""
_MAX_LOOKS: Final = 20
"""How often an answer is found anew because what it was decided on has changed."""


class KeyCheck(Protocol):
    """Knows which keys still count."""

    async def require_counting(self, caller: Caller) -> None:
        """Refuse a caller whose key has ended since it proved itself.

        Raises:
            NotAuthenticated: it has.
        """
        ...

    async def require_counting_within(
        self, connection: ReadConnection, caller: Caller, *, promised: bool = False
    ) -> None:
        """As `require_counting`, within a write; what was promised before outlives an expiry."""
        ...


@dataclass(frozen=True, slots=True)
class Scope:
    """What a caller may do, decided once per call."""

    caller: Caller
    readable: Filter
    writable: Filter
    trash: Filter
    held: Filter
    """What the caller has in any state, to look at and to manage; nothing for an app."""
    own: Filter
    """What the caller's app wrote, under whatever name; nothing for a caller without one."""
    names: tuple[str, ...]
    """What the caller's app is called; none for a caller without one."""
    may_add: bool


class AccessService:
    """Decides what callers may reach and keeps the settings that decision follows."""

    def __init__(self, database: Database, clock: Clock, keys: KeyCheck) -> None:
        self._database = database
        self._clock = clock
        self._keys = keys
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
            NotAuthenticated: the caller's key has ended.
            Forbidden: the key does not allow it, or the app is paused.
        """
        return _decided(caller, await self._settled(caller, needs))

    async def answer(
        self, caller: Caller, found: Callable[[Scope], Awaitable[_Found]], *needs: KeyScope
    ) -> _Found:
        """What `found` finds within the caller's sets, as they are when it has found it.

        A rule that is set, or a key that is revoked, while it looks holds for what it answers.

        Raises:
            NotAuthenticated, Forbidden: as `scope`.
            Unavailable: the rules change all the time.
        """
        access = await self._settled(caller, needs)
        for _ in range(_MAX_LOOKS):
            answer = await found(_decided(caller, access))
            before, access = access, await self._settled(caller, needs)
            if access == before:
                return answer
        raise Unavailable("The rules changed while this was looked for; try again")

    async def scope_within(
        self,
        connection: ReadConnection,
        caller: Caller,
        *needs: KeyScope,
        promised: bool = False,
    ) -> Scope:
        """As `scope`, for a write: what was settled while it waited for its turn holds.

        A `promised` write outlives the expiry of its key, and not the key's revocation.
        """
        require_scopes(caller, *needs)
        await self._keys.require_counting_within(connection, caller, promised=promised)
        if caller.app is None:
            return _decided(caller, Access())
        return _decided(caller, (await app_rows.app_state(connection, caller)).access)

    async def _settled(self, caller: Caller, needs: Sequence[KeyScope]) -> Access:
        require_scopes(caller, *needs)
        await self._keys.require_counting(caller)
        return Access() if caller.app is None else await self._access(caller)

    async def _access(self, caller: Caller) -> Access:
        key = (caller.project_id, caller.user_id, caller.app)
        state = self._known.get(key) or await self._read(caller, key)
        if state.last_seen_at is None and not await self._introduce(caller, key):
            return state.access
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
    async def changing(self, caller: Caller) -> AsyncGenerator[WriteConnection]:
        """A write transaction, after which nothing that was read before holds.

        Raises:
            NotAuthenticated: the caller's key ended while this waited for its turn.
        """
        try:
            async with self._database.write() as connection:
                await self._keys.require_counting_within(connection, caller)
                yield connection
        finally:
            self._writes += 1
            self._known.clear()

    async def _introduce(self, caller: Caller, key: _AppKey) -> bool:
        """Write down that an app called for the first time; whether there was room for it."""
        assert caller.user_id is not None, "an app always calls for a user"
        assert caller.app is not None
        now = self._clock()
        async with self._database.read() as connection:
            if await app_rows.count_of(connection, caller) >= _MAX_APPS:
                return False
        async with self._database.write() as connection:
            user = await app_rows.ensure_user(connection, caller.project_id, caller.user_id, now)
            await app_rows.touch_app(connection, user, caller, now)
        self._known.pop(key, None)
        return True

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
        async with self.changing(caller) as connection:
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
        held=held_by(caller),
        own=NOTHING if caller.app is None else written_by(caller.app, access.merges),
        names=() if caller.app is None else names_of(caller.app, access.merges),
        may_add=may_add(caller, access),
    )
