"""What is known of the call that is being served, for the log of calls.

A context variable holds it, so that a service can say what it answered without being handed it.
Nothing here waits, and outside a call nothing happens (docs/decisions/0012-activity.md).
"""

import traceback
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from http import HTTPStatus
from types import TracebackType
from typing import Final

from openmemory_api.domain.access import Caller
from openmemory_api.domain.errors import QuotaExceeded

_OURS: Final = "openmemory_"


class Kind(StrEnum):
    """What a call is for."""

    READ = "read"
    WRITE = "write"
    MANAGE = "manage"


class Outcome(StrEnum):
    """How a call ended."""

    OK = "ok"
    DENIED = "denied"
    MISSING = "missing"
    INVALID = "invalid"
    LIMITED = "limited"
    FAILED = "failed"


_OUTCOMES: Final = {
    HTTPStatus.UNAUTHORIZED: Outcome.DENIED,
    HTTPStatus.FORBIDDEN: Outcome.DENIED,
    HTTPStatus.MISDIRECTED_REQUEST: Outcome.DENIED,
    HTTPStatus.NOT_FOUND: Outcome.MISSING,
    HTTPStatus.TOO_MANY_REQUESTS: Outcome.LIMITED,
}


@dataclass(slots=True)
class Entry:
    """One call, filled in as it goes on."""

    request_id: str
    project_id: str
    operation: str = ""
    tool: str | None = None
    kind: Kind = Kind.READ
    caller: Caller | None = None
    query: str | None = None
    hits: Sequence[tuple[str, float | None]] = ()
    """Memories it found or changed, in their order, with the score of those that have one."""
    count: int | None = None
    headers: Sequence[tuple[bytes, bytes]] = ()
    """To be added to the answer."""
    reached: bool = False
    """Whether it came as far as the routes, and was not refused before."""
    routed: bool = False
    """Whether it came to a route of the store."""
    status: int | None = None
    """None until an answer has begun, and for a call that was given up before."""
    exception: str | None = None
    place: str | None = None
    quota: bool = False
    ended_at: datetime | None = None
    duration_ms: float = 0.0

    @property
    def outcome(self) -> Outcome:
        """How it ended, by its status."""
        if self.quota:
            return Outcome.LIMITED
        if self.status is None or self.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return Outcome.FAILED
        if self.status < HTTPStatus.BAD_REQUEST:
            return Outcome.OK
        return _OUTCOMES.get(HTTPStatus(self.status), Outcome.INVALID)


current: ContextVar[Entry | None] = ContextVar("current_call", default=None)


def note(
    *,
    query: str | None = None,
    hits: Sequence[tuple[str, float | None]] | None = None,
    count: int | None = None,
    operation: str | None = None,
) -> None:
    """Add to the entry of the call that is being served; outside one this does nothing.

    Args:
        query: what was searched for.
        hits: (memory id, score) of what was answered or changed, best or first first.
        count: how many there were, where that is not the number of hits.
        operation: what to call the call instead of by its route.
    """
    entry = current.get()
    if entry is None:
        return
    if query is not None:
        entry.query = query
    if hits is not None:
        entry.hits, entry.count = hits, len(hits)
    if count is not None:
        entry.count = count
    if operation is not None:
        entry.operation = operation


def note_memories(ids: Sequence[str], *, count: int | None = None) -> None:
    """As `note`, for memories without scores."""
    note(hits=[(memory_id, None) for memory_id in ids], count=count)


def identified(caller: Caller) -> Caller:
    """Say who makes the call; answers it."""
    entry = current.get()
    if entry is not None:
        entry.caller = caller
    return caller


def answer_with(headers: Mapping[str, str]) -> None:
    """Have headers added to the answer of the call."""
    entry = current.get()
    if entry is not None:
        entry.headers = [(name.lower().encode(), text.encode()) for name, text in headers.items()]


def raised(error: BaseException) -> None:
    """Say what a call ended with: the kind of error and where it came from, never its words."""
    entry = current.get()
    if entry is not None:
        entry.exception = type(error).__qualname__
        entry.place = _place(error.__traceback__)
        entry.quota = isinstance(error, QuotaExceeded)


def _place(trace: TracebackType | None) -> str | None:
    """The innermost line of ours, else the innermost of all."""
    frames = [
        (frame.f_globals.get("__name__", "?"), line) for frame, line in traceback.walk_tb(trace)
    ]
    ours = [frame for frame in frames if frame[0].startswith(_OURS)]
    return "{}:{}".format(*(ours or frames)[-1]) if frames else None
