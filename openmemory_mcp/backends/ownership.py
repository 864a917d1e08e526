"""Whose a row of the hosted platform is: two ids on it say so, and nothing else there does."""

import re
from dataclasses import dataclass
from typing import Final

from pydantic import BaseModel, JsonValue

from openmemory_mcp.backends.base import BackendError, Memory
from openmemory_mcp.caller import Caller

APP_KEY: Final = "openmemory_app"
"""The metadata key that repeats which app wrote a memory."""

DEFAULT_USER: Final = "default_user"

_MAX_USER: Final = 255
_APP: Final = re.compile(r"[A-Za-z0-9._@+-]{1,128}")


class Row(BaseModel):
    """A memory as the platform answers it; some of its answers leave ids out."""

    id: str
    memory: str | None = None
    user_id: str | None = None
    app_id: str | None = None
    metadata: JsonValue = None
    created_at: str | None = None
    score: float | None = None

    @property
    def apps(self) -> frozenset[str]:
        """Every app that the row names as its writer: one, unless somebody has meddled."""
        named = self.metadata.get(APP_KEY) if isinstance(self.metadata, dict) else None
        return frozenset(str(app) for app in (named, self.app_id) if app is not None)

    def as_memory(self) -> Memory:
        """The same as the tools know it."""
        app = next(iter(self.apps)) if len(self.apps) == 1 else self.app_id
        return Memory(
            id=self.id,
            memory=self.memory or "",
            app=app,
            app_id=self.app_id,
            created_at=self.created_at,
            score=self.score,
        )


@dataclass(frozen=True, slots=True)
class Scope:
    """What one caller may see and change: their user's memories, or of these their app's alone."""

    user: str
    app: str
    own_only: bool

    def filters(self) -> dict[str, JsonValue]:
        """The same in the platform's language, to be asked for and not to be relied on."""
        ids: list[JsonValue] = [{"user_id": self.user}]
        if self.own_only:
            ids.append({"app_id": self.app})
        return {"AND": ids}

    def shows(self, row: Row) -> bool:
        """Whether the caller may read a row that the platform gave for `filters`."""
        # A row that leaves its user out was found by it; one that names nobody is nobody's.
        strange = "user_id" in row.model_fields_set and row.user_id != self.user
        return not strange and (not self.own_only or self.owns(row))

    def may_change(self, row: Row) -> bool:
        """Whether the caller may change a row, or read one by its id: it says itself whose it is."""
        return row.user_id == self.user and (not self.own_only or self.owns(row))

    def owns(self, row: Row) -> bool:
        """Whether the caller's app wrote the row, by every sign on it."""
        return row.apps == frozenset((self.app,))


def scope_of(caller: Caller, *, default_user: str, own_only: bool) -> Scope:
    """The scope of a caller, named as the store names them: user and app are claims of theirs.

    Raises:
        BackendError: a name that cannot stand on a row, or stands for everybody.
    """
    user = _text(caller.user) if caller.user else default_user
    app = _text(caller.app or caller.client).lower()
    # `*` is the platform's word for every user there is.
    if user == "*" or len(user) > _MAX_USER or not user.isprintable() or not user.strip():
        raise BackendError(f"{user!r} cannot be a user. Ask the user to name another.")
    if not _APP.fullmatch(app):
        raise BackendError(
            "An app's name has at most 128 letters, digits and the characters . _ @ + - ; ask the"
            " user to name this one so."
        )
    return Scope(user, app, own_only)


def _text(wire: str) -> str:
    # Headers are read as Latin-1; clients that send other letters send the bytes of UTF-8.
    try:
        return wire.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return wire
