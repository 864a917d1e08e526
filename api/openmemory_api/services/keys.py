"""Keys: made, listed, rotated, revoked, and looked up on every call that carries one."""

import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias, TypeVar

from openmemory_api.db import keys as rows
from openmemory_api.db.session import Database, ReadConnection, WriteConnection
from openmemory_api.domain.access import Caller, KeyScope, lacking
from openmemory_api.domain.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotAuthenticated,
    NotFound,
    Unavailable,
)
from openmemory_api.domain.keys import (
    ID_FORM,
    KEY_PREFIX,
    PLAIN_SCOPES,
    IssuedKey,
    Key,
    KeyWish,
    Limits,
    Status,
    new_token,
    split_token,
)
from openmemory_api.domain.protocols import Clock
from openmemory_api.services.access import require_manager
from openmemory_api.services.pepper import Pepper
from openmemory_api.services.validation import checked_app, checked_id, checked_moment

OVERLAP: Final = timedelta(hours=24)
"""How long a rotated key lives on beside the one in its place."""

Ended: TypeAlias = Callable[[str, timedelta], Awaitable[None]]
"""Told which key ends, and in how long."""

_Bound = TypeVar("_Bound", int, datetime)
_END_OF_TIME: Final = datetime(9999, 12, 1, tzinfo=UTC)
_KNOWN: Final = 1_000
"""Keys that are remembered."""
_NO_KEY: Final = "No such key"
_ENDED: Final = "This key has ended while it was used"


class KeyService:
    """The keys of a store. What is remembered of them holds until this process writes keys."""

    def __init__(self, database: Database, clock: Clock, pepper: Pepper, default_user: str) -> None:
        self._database = database
        self._clock = clock
        self._pepper = pepper
        self._default_user = default_user
        self._known: dict[str, Key] = {}
        self._writes = 0
        self._used: dict[str, datetime] = {}
        self._listeners: list[Ended] = []

    def on_end(self, listener: Ended) -> None:
        """Have `listener` told of every key that is revoked or rotated, once that is stored."""
        self._listeners.append(listener)

    # -- on every call

    async def verify(self, credential: str) -> Key | None:
        """The key that a credential proves; None if it is unknown, revoked or expired."""
        key_id, secret = split_token(credential.removeprefix(KEY_PREFIX)) or ("", "")
        key = await self._get(key_id) if credential.startswith(KEY_PREFIX) and key_id else None
        # Compared also where there is nothing to compare with: an answer takes as long.
        proven = secrets.compare_digest(self._hash(key_id, secret), key.hash if key else "-" * 64)
        if key is None or not proven or not self._counts(key):
            return None
        self._used[key.id] = self._clock()
        return key

    async def counting(self, key_id: str) -> Key | None:
        """The key of a caller that proved itself before; None if it has ended since."""
        key = await self._get(key_id)
        return key if key and self._counts(key) else None

    async def require_counting(self, caller: Caller) -> None:
        """As `KeyCheck`: a look into what is remembered."""
        if caller.key_id is not None and await self.counting(caller.key_id) is None:
            raise NotAuthenticated(_ENDED)

    async def require_counting_within(
        self, connection: ReadConnection, caller: Caller, *, promised: bool = False
    ) -> None:
        """As `KeyCheck`: what a revocation left, which no write that waited for it passes."""
        if caller.key_id is None:
            return
        key = await rows.by_id(connection, caller.key_id)
        revoked = key is None or (key.revoked_at is not None and key.replaced_by is None)
        if revoked or not (promised or (key and self._counts(key))):
            raise NotAuthenticated(_ENDED)

    async def left(self, key_id: str) -> timedelta | None:
        """How long a key still counts: nothing if it does not any more, None if for good."""
        key = await self.counting(key_id)
        if key is None:
            return timedelta()
        return key.expires_at and key.expires_at - self._clock()

    async def limits(self, key_id: str) -> Limits:
        """How often a key may be used."""
        key = await self._get(key_id)
        return Limits(key.rate_limit, key.daily_calls) if key else Limits()

    def _counts(self, key: Key) -> bool:
        return key.status(self._clock()) is Status.ACTIVE

    def _hash(self, key_id: str, secret: str) -> str:
        return self._pepper.digest("key", key_id, secret)

    async def _get(self, key_id: str) -> Key | None:
        if key_id in self._known:
            return self._known[key_id]
        writes = self._writes
        async with self._database.read() as connection:
            key = await rows.by_id(connection, key_id)
        if key and writes == self._writes and not self._database.shared:
            if len(self._known) >= _KNOWN:
                self._known.clear()
            self._known[key_id] = key
        return key

    # -- managing

    async def create(self, caller: Caller, wish: KeyWish) -> IssuedKey:
        """Make a key.

        Raises:
            Forbidden: it would do more, or for more, or longer, than the caller's own may.
            Invalid: it cannot be, or there is nothing to hash it under.
        """
        require_manager(caller)
        now = self._clock()
        key = replace(
            _blank(caller.project_id, now),
            user_id=self._user_of(caller, wish),
            app=checked_app(wish.app, name="app"),
            scopes=wish.scopes,
            label=checked_id(wish.label.strip(), name="label") or "",
            created_by=caller.key_id,
            expires_at=_expiry(wish, now),
            rate_limit=wish.rate_limit,
            daily_calls=wish.daily_calls,
        )
        _refuse_more(caller, key)
        async with self._write() as connection:
            maker = await self._maker(connection, caller)
            await self._ensure_pepper(connection)
            issued = self._issued(_no_more_than(maker, key))
            await rows.insert(connection, issued.key)
        return issued

    async def page(
        self, caller: Caller, *, user_id: str | None = None, page: int = 1, size: int = 50
    ) -> tuple[int, list[Key]]:
        """The keys that the caller manages, all or a user's, newest first, and their number."""
        require_manager(caller)
        wanted = checked_id(user_id, name="user_id") or caller.user_id
        if caller.user_id not in (None, wanted):
            raise Forbidden(_another(caller))
        async with self._database.read() as connection:
            return await rows.page(
                connection, caller.project_id, wanted, limit=size, offset=(page - 1) * size
            )

    async def rotate(self, caller: Caller, key_id: str, overlap: timedelta = OVERLAP) -> IssuedKey:
        """Put a new key in the place of one, which ends after `overlap`.

        Raises:
            NotFound: the caller manages no such key.
            Forbidden: it may do more than the caller's own key.
            Conflict: it has ended, or was rotated before.
        """
        require_manager(caller)
        now = self._clock()
        async with self._write() as connection:
            maker = await self._maker(connection, caller)
            old = await self._managed(connection, caller, key_id)
            _refuse_more(caller, old)
            if old.status(now) is not Status.ACTIVE or old.replaced_by:
                raise Conflict("Only a key that counts, and was not rotated before, can be rotated")
            issued = self._issued(_no_more_than(maker, _successor(old, caller, now)))
            await rows.insert(connection, issued.key)
            ends = min(now + overlap, old.expires_at or now + overlap)
            await rows.end(
                connection,
                old.id,
                expires_at=ends,
                revoked_at=now if ends <= now else None,
                replaced_by=issued.key.id,
            )
        await self._tell(old.id, ends - now)
        return issued

    async def revoke(self, caller: Caller, key_id: str) -> Key:
        """End a key at once, and with it what it holds open. Done twice it stays done.

        Raises:
            NotFound: the caller manages no such key.
        """
        require_manager(caller)
        now = self._clock()
        async with self._write() as connection:
            await self.require_counting_within(connection, caller)
            key = await self._managed(connection, caller, key_id)
            _refuse_keyless(caller, key)
            if key.revoked_at is not None:
                return key
            key = replace(key, revoked_at=now)
            # A key that lives on beside the one in its place would outlive it.
            ended = [key.id, *await rows.replaced_by(connection, key.id)]
            for each in ended:
                await rows.end(connection, each, revoked_at=now)
        for each in ended:
            await self._tell(each, timedelta())
        return key

    async def record_used(self) -> None:
        """Write down when keys were last used. Not done by the call itself: a read never writes."""
        used, self._used = self._used, {}
        if used:
            async with self._database.write() as connection:
                await rows.touch(connection, used)

    # -- of the store as a whole

    async def can_administer(self) -> bool:
        """Whether somebody may hold a key that makes others."""
        return self._pepper.known and KeyScope.ADMIN in await self._scopes_without_app()

    async def prove_apps(self) -> bool:
        """Whether every key that reaches memories is bound to an app."""
        return not PLAIN_SCOPES & await self._scopes_without_app()

    async def _scopes_without_app(self) -> set[KeyScope]:
        async with self._database.read() as connection:
            return await rows.scopes_without_app(connection, self._clock())

    async def _tell(self, key_id: str, left: timedelta) -> None:
        for listener in self._listeners:
            await listener(key_id, left)

    @asynccontextmanager
    async def _write(self) -> AsyncGenerator[WriteConnection]:
        """A write transaction, after which nothing that was read before holds."""
        try:
            async with self._database.write() as connection:
                yield connection
        finally:
            self._writes += 1
            self._known.clear()

    async def _managed(self, connection: ReadConnection, caller: Caller, key_id: str) -> Key:
        key = await rows.by_id(connection, key_id) if ID_FORM.fullmatch(key_id) else None
        if key is None or key.project_id != caller.project_id:
            raise NotFound(_NO_KEY)
        if caller.user_id not in (None, key.user_id):
            raise NotFound(_NO_KEY)
        return key

    def _user_of(self, caller: Caller, wish: KeyWish) -> str | None:
        named = checked_id(wish.user_id, name="user_id")
        if wish.every_user:
            if named or wish.app:
                raise Invalid("A key for every user is bound to no user and to no app")
            return None
        return named or caller.user_id or self._default_user

    async def _maker(self, connection: ReadConnection, caller: Caller) -> Key | None:
        """The key of who makes one, as it is now."""
        await self.require_counting_within(connection, caller)
        return await rows.by_id(connection, caller.key_id) if caller.key_id else None

    async def _ensure_pepper(self, connection: ReadConnection) -> None:
        if not self._pepper.known and await rows.any_(connection):
            raise Unavailable(
                "The secret that the keys are hashed under is gone: bring it back from a backup"
            )
        self._pepper.ensure()

    def _issued(self, key: Key) -> IssuedKey:
        _, secret = new_token()
        kept = replace(key, hash=self._hash(key.id, secret), hint=secret[-4:])
        return IssuedKey(kept, f"{KEY_PREFIX}{key.id}_{secret}")


def _blank(project_id: str, now: datetime) -> Key:
    return Key(
        id=new_token()[0],
        project_id=project_id,
        user_id=None,
        app=None,
        label="",
        scopes=frozenset(),
        hash="",
        hint="",
        created_by=None,
        created_at=now,
    )


def _successor(old: Key, caller: Caller, now: datetime) -> Key:
    """A key bound as the old one, with as long a life."""
    return replace(
        old,
        id=new_token()[0],
        created_by=caller.key_id,
        created_at=now,
        expires_at=_after(now, old.expires_at - old.created_at) if old.expires_at else None,
        last_used_at=None,
    )


def _after(now: datetime, lifetime: timedelta) -> datetime:
    return now + min(lifetime, _END_OF_TIME - now)


def _no_more_than(maker: Key | None, key: Key) -> Key:
    """The key with no more time, and no more calls, than its maker's own has."""
    if maker is None:
        return key
    return replace(
        key,
        expires_at=_lesser(key.expires_at, maker.expires_at),
        rate_limit=_lesser(key.rate_limit, maker.rate_limit),
        daily_calls=_lesser(key.daily_calls, maker.daily_calls),
    )


def _lesser(one: _Bound | None, other: _Bound | None) -> _Bound | None:
    """The smaller of two bounds, where None is no bound."""
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)


def _expiry(wish: KeyWish, now: datetime) -> datetime | None:
    if wish.expires_at is not None and wish.lifetime is not None:
        raise Invalid("A key expires at a time or after some days, not both")
    wanted = now + wish.lifetime if wish.lifetime is not None else wish.expires_at
    ends = checked_moment(wanted, name="expires_at")
    if ends is not None and ends <= now:
        raise Invalid("expires_at has passed already")
    return ends


def _refuse_more(caller: Caller, key: Key) -> None:
    """Refuse a key that nobody could make, or that could do what its maker cannot.

    Raises:
        Invalid: an app's key would manage keys, or it could do nothing at all.
        Forbidden: the caller's own key does not reach so far.
    """
    if not key.scopes:
        raise Invalid("A key needs a scope")
    if key.app is not None and KeyScope.ADMIN in key.scopes:
        raise Invalid("A key bound to an app cannot have the scope admin")
    _refuse_keyless(caller, key)
    if caller.user_id not in (None, key.user_id):
        raise Forbidden(_another(caller))
    missing = lacking(caller, sorted(key.scopes))
    if missing:
        raise Forbidden(f"Your own key does not have the scope {' or '.join(missing)}")


def _refuse_keyless(caller: Caller, key: Key) -> None:
    # It would outlive the trust in this machine that it was made out of.
    if caller.keyless and KeyScope.ADMIN in key.scopes:
        raise Forbidden("An `admin` key is made, rotated and revoked with a key: `openmemory keys`")


def _another(caller: Caller) -> str:
    return f"The caller acts for the user {caller.user_id!r} and cannot name another"
