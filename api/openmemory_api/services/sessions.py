"""Sessions of the dashboard: a key, traded for a cookie that dies with it."""

import secrets
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Final

from openmemory_api.db import sessions as rows
from openmemory_api.db.session import Database, ReadConnection, WriteConnection
from openmemory_api.domain.access import Caller, KeyScope
from openmemory_api.domain.errors import NotFound
from openmemory_api.domain.keys import (
    ADMINISTRATOR,
    ID_FORM,
    Binding,
    Session,
    SignedIn,
    new_token,
    split_token,
)
from openmemory_api.domain.protocols import Clock
from openmemory_api.services.access import require_manager
from openmemory_api.services.keys import KeyService
from openmemory_api.services.pepper import Pepper
from openmemory_api.services.validation import checked_id

LIFETIME: Final = timedelta(hours=12)
MOST: Final = 100
"""Sessions at once of one key; the oldest gives way to another."""
_KNOWN: Final = 1_000
_NO_SESSION: Final = "No such session"


class SessionService:
    """The sessions of a store. What is remembered of them holds until this process writes them."""

    def __init__(self, database: Database, clock: Clock, pepper: Pepper, keys: KeyService) -> None:
        self._database = database
        self._clock = clock
        self._pepper = pepper
        self._keys = keys
        self._known: dict[str, Session] = {}
        self._writes = 0
        self._used: dict[str, datetime] = {}
        self._ended: Callable[[], None] | None = None

    def on_end(self, told: Callable[[], None]) -> None:
        """Have `told` know when sessions may have ended, once that is stored."""
        self._ended = told

    async def open(
        self, project_id: str, binding: Binding, credential: str, label: str = ""
    ) -> tuple[Session, str]:
        """Trade a credential, which was verified, for a session and its cookie.

        Raises:
            Invalid: the label is too long, or there is nothing to hash the cookie under.
        """
        self._pepper.ensure()
        now = self._clock()
        session_id, secret = new_token()
        session = Session(
            id=session_id,
            project_id=project_id,
            key_id=binding.key_id,
            key_proof=self._proof(credential),
            hash=self._hash(session_id, secret),
            label=checked_id(label.strip(), name="label") or "",
            created_at=now,
            expires_at=now + LIFETIME,
        )
        async with self._write() as connection:
            await rows.forget_old(connection, now)
            await rows.make_room(connection, session.key_proof, keep=MOST - 1)
            await rows.insert(connection, session)
        return session, f"{session_id}_{secret}"

    async def verify(self, token: str, configured: Sequence[str]) -> SignedIn | None:
        """The session of a cookie; None unless it and its key count.

        Args:
            token: the cookie's value.
            configured: the keys without a row that count now.
        """
        session_id, secret = split_token(token) or ("", "")
        session = await self._get(session_id) if session_id else None
        stored = session.hash if session else "-" * 64
        proven = secrets.compare_digest(self._hash(session_id, secret), stored)
        if session is None or not proven or not session.alive(self._clock()):
            return None
        binding = await self._binding(session, configured)
        if binding is None:
            return None
        self._used[session.id] = self._clock()
        return SignedIn(session, binding)

    async def _binding(self, session: Session, configured: Sequence[str]) -> Binding | None:
        if session.key_id is not None:
            key = await self._keys.counting(session.key_id)
            return key.binding if key else None
        same = (secrets.compare_digest(self._proof(key), session.key_proof) for key in configured)
        return ADMINISTRATOR if any(same) else None

    async def living(self, caller: Caller) -> list[Session]:
        """The sessions that the caller may end, newest first: of its key, or of all it manages.

        Raises:
            Forbidden: it has no key, and does not manage any.
        """
        async with self._database.read() as connection:
            return await self._of(connection, caller)

    async def end(self, caller: Caller, session_id: str) -> None:
        """End a session at once.

        Raises:
            NotFound: the caller may end no such session.
        """
        async with self._write() as connection:
            if not ID_FORM.fullmatch(session_id):
                raise NotFound(_NO_SESSION)
            if not await self._of(connection, caller, session_id):
                raise NotFound(_NO_SESSION)
            await rows.revoke(connection, session_id, self._clock())

    async def sign_out(self, session: Session) -> None:
        """End one's own session."""
        async with self._write() as connection:
            await rows.revoke(connection, session.id, self._clock())

    async def record_used(self) -> None:
        """Write down when sessions were last used."""
        used, self._used = self._used, {}
        if used:
            async with self._database.write() as connection:
                await rows.touch(connection, used)

    async def _of(
        self, connection: ReadConnection, caller: Caller, session_id: str | None = None
    ) -> list[Session]:
        manages = caller.app is None and KeyScope.ADMIN in caller.scopes
        if not manages and caller.key_id is None:
            require_manager(caller)
        return await rows.living(
            connection,
            caller.project_id,
            self._clock(),
            session_id=session_id,
            key_id=None if manages else caller.key_id,
            user_id=caller.user_id if manages else None,
        )

    async def _get(self, session_id: str) -> Session | None:
        if session_id in self._known:
            return self._known[session_id]
        writes = self._writes
        async with self._database.read() as connection:
            session = await rows.by_id(connection, session_id)
        if session and writes == self._writes and not self._database.shared:
            if len(self._known) >= _KNOWN:
                self._known.clear()
            self._known[session_id] = session
        return session

    @asynccontextmanager
    async def _write(self) -> AsyncGenerator[WriteConnection]:
        """A write transaction, after which nothing that was read before holds."""
        try:
            async with self._database.write() as connection:
                yield connection
        finally:
            self._writes += 1
            self._known.clear()
            if self._ended is not None:
                self._ended()

    def _hash(self, session_id: str, secret: str) -> str:
        return self._pepper.digest("session", session_id, secret)

    def _proof(self, credential: str) -> str:
        return self._pepper.digest("proof", credential)
