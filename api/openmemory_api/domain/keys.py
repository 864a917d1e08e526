"""Keys: the form of a credential, whom it speaks for, and for how long (docs/decisions/0010)."""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol

from openmemory_api.domain.access import EVERY_SCOPE, KeyScope

KEY_PREFIX: Final = "omk_"
"""A credential that starts so is ours and always verified, also where none is needed."""
PLAIN_SCOPES: Final = frozenset({KeyScope.READ, KeyScope.WRITE, KeyScope.DELETE})
"""What a key may do unless it is made with other scopes."""
ID_FORM: Final = re.compile(r"[0-9a-f]{16}")
_TOKEN: Final = re.compile(r"([0-9a-f]{16})_([A-Za-z0-9_-]{43})")


class Status(StrEnum):
    """What has become of a key."""

    ACTIVE = "active"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Binding:
    """Whom a credential speaks for. Several credentials of one request must have the same."""

    key_id: str | None = None
    """None: the configured key, or the one of the server file."""
    user_id: str | None = None
    app: str | None = None
    scopes: frozenset[KeyScope] = EVERY_SCOPE


ADMINISTRATOR: Final = Binding()


@dataclass(frozen=True, slots=True)
class Key:
    """A key as it is kept: everything but its secret."""

    id: str
    project_id: str
    user_id: str | None
    app: str | None
    label: str
    scopes: frozenset[KeyScope]
    hash: str
    hint: str
    """The last characters of the secret, to know it by."""
    created_by: str | None
    created_at: datetime
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None
    replaced_by: str | None = None
    rate_limit: int | None = None
    """Calls a minute."""
    daily_calls: int | None = None

    @property
    def binding(self) -> Binding:
        """Whom it speaks for."""
        return Binding(self.id, self.user_id, self.app, self.scopes)

    def status(self, now: datetime) -> Status:
        """Whether it still counts; it does not in the moment it expires."""
        if self.revoked_at is not None:
            return Status.REVOKED
        expired = self.expires_at is not None and self.expires_at <= now
        return Status.EXPIRED if expired else Status.ACTIVE


@dataclass(frozen=True, slots=True)
class KeyWish:
    """A key that somebody wants made. `expires_at` and `lifetime` exclude each other."""

    label: str = ""
    user_id: str | None = None
    """None: the maker's user, else the configured one."""
    every_user: bool = False
    """Bind it to no user at all."""
    app: str | None = None
    scopes: frozenset[KeyScope] = PLAIN_SCOPES
    expires_at: datetime | None = None
    lifetime: timedelta | None = None
    rate_limit: int | None = None
    daily_calls: int | None = None


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A key that was just made, and its credential, which nobody can ask for again."""

    key: Key
    credential: str


@dataclass(frozen=True, slots=True)
class Limits:
    """How often a key may be used; None: as often as its holder likes."""

    rate_limit: int | None = None
    daily_calls: int | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """A browser that a key was traded for a cookie in."""

    id: str
    project_id: str
    key_id: str | None
    """None: it was the configured key, or the server file's."""
    key_proof: str
    """By which a configured key is known to be still the same."""
    hash: str
    label: str
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None

    def alive(self, now: datetime) -> bool:
        """Whether it was neither ended nor outlived; its key may have been all the same."""
        return self.revoked_at is None and self.expires_at > now


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session that counts, and whom it speaks for."""

    session: Session
    binding: Binding


class KeyTable(Protocol):
    """Where credentials are looked up."""

    async def verify(self, credential: str) -> Key | None:
        """The key that a credential proves; None if it is unknown, revoked or expired."""
        ...


class SessionTable(Protocol):
    """Where cookies are looked up."""

    async def verify(self, token: str, configured: Sequence[str]) -> SignedIn | None:
        """The session of a cookie, while it and its key count; `configured` have no rows."""
        ...


def new_token() -> tuple[str, str]:
    """The public id and the secret, of 256 bits, of something new."""
    return secrets.token_hex(8), secrets.token_urlsafe(32)


def split_token(token: str) -> tuple[str, str] | None:
    """The id and the secret of a token; None if it cannot be one of ours."""
    found = _TOKEN.fullmatch(token)
    return (found[1], found[2]) if found else None
