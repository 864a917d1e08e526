"""What happens, told to whoever looks on: numbered, merged where it comes fast, and bounded.

Nothing is kept but the newest events; who has missed more is told to look at everything anew.
"""

import secrets
import time
from collections import deque
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import anyio

from openmemory_api.domain.access import Caller, KeyScope
from openmemory_api.domain.errors import Unavailable

EventType = Literal[
    "memory.created",
    "memory.updated",
    "memory.state",
    "memory.deleted",
    "call.read",
    "call.write",
    "call.denied",
    "app.seen",
    "access.changed",
    "index.status",
    "reset",
]

RING: Final = 1_000
"""Events that are kept for who comes back."""
MAX_STREAMS: Final = 200
_NAMED: Final = 50
"""Ids, apps and operations that one event names; it counts all."""
_MARKS: Final = 1_000
_MANAGERS: Final = frozenset(
    {"call.read", "call.write", "call.denied", "app.seen", "access.changed"}
)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, once or many times. `user_id` None: of the whole server."""

    id: int
    type: EventType
    user_id: str | None
    data: Mapping[str, Any]

    def concerns(self, viewer: Caller) -> bool:
        """Whether a viewer may know of it: its own user's, and as far as its key goes."""
        if self.user_id is not None and self.user_id != viewer.user_id:
            return False
        if self.user_id is not None and KeyScope.READ not in viewer.scopes:
            return False
        return self.type not in _MANAGERS or KeyScope.ADMIN in viewer.scopes


@dataclass(slots=True)
class _Waiting:
    """Happenings of one kind and user that go out as one event."""

    count: int = 0
    named: dict[str, dict[str, None]] = field(default_factory=dict[str, dict[str, None]])
    said: dict[str, Any] = field(default_factory=dict[str, Any])

    def data(self) -> dict[str, Any]:
        return {"count": self.count, **{k: list(v) for k, v in self.named.items()}, **self.said}


@dataclass(frozen=True, slots=True)
class Missed:
    """What somebody has not been told yet; `lost` where some of it is not kept any more."""

    events: list[Event]
    upto: int
    lost: bool = False


class Live:
    """The newest events, and those who wait for the next."""

    def __init__(self) -> None:
        # Numbers of another process, or of the one before, end in another mark.
        self._mark = secrets.randbelow(_MARKS)
        self._newest = self._number(0)
        self._complete_since = self._newest
        self._ring: deque[Event] = deque()
        self._waiting: dict[tuple[EventType, str | None], _Waiting] = {}
        self._something = anyio.Event()
        self._told = anyio.Event()
        self._streams = 0
        self._left_at = -float("inf")
        self.closed = False
        """Whether the server stops, and every stream with it."""

    @property
    def newest(self) -> int:
        """The number of the newest event."""
        return self._newest

    # -- what happens

    def happened(
        self,
        type_: EventType,
        user_id: str | None,
        *,
        named: Mapping[str, Iterable[str | None]] | None = None,
        **said: Any,
    ) -> None:
        """Take in a happening, to be told with others of its kind. Never waits.

        Args:
            type_: what happened.
            user_id: to whose user; None if to the whole server.
            named: names by kind, of which an event has some.
            said: what the newest happening says of itself.
        """
        waiting = self._waiting.setdefault((type_, user_id), _Waiting())
        waiting.count += 1
        for kind, names in (named or {}).items():
            held = waiting.named.setdefault(kind, {})
            for name in names:
                if name is not None and len(held) < _NAMED:
                    held[name] = None
        waiting.said |= said
        self._something.set()

    def flush(self) -> None:
        """Tell what has happened since the last time."""
        waiting, self._waiting = self._waiting, {}
        self._something = anyio.Event()
        for (type_, user_id), each in waiting.items():
            self._newest = self._number(self._newest)
            self._ring.append(Event(self._newest, type_, user_id, each.data()))
        while len(self._ring) > RING:
            self._complete_since = self._ring.popleft().id
        if waiting:
            self.wake()

    def poke(self) -> None:
        """Something was written, nobody says what."""
        self._something.set()

    def forget(self) -> None:
        """Keep nothing: from here on something may have been missed."""
        self._ring.clear()
        self._waiting.clear()
        self._newest = self._complete_since = self._number(self._newest)

    async def something(self) -> None:
        """Wait until something has happened that was not told."""
        await self._something.wait()

    def wake(self) -> None:
        """Have everybody look whether there is something for them, or their time is over."""
        self._told.set()
        self._told = anyio.Event()

    def close(self) -> None:
        """End every stream: the server stops."""
        self.closed = True
        self.wake()

    # -- those who look on

    @contextmanager
    def joined(self) -> Generator[None]:
        """Look on.

        Raises:
            Unavailable: too many do.
        """
        if self._streams >= MAX_STREAMS:
            raise Unavailable(f"{MAX_STREAMS} streams are open already; close some pages")
        self._streams += 1
        self._something.set()
        try:
            yield
        finally:
            self._streams -= 1
            self._left_at = time.monotonic()

    def quiet_for(self) -> float:
        """Seconds since the last one left; 0 while somebody looks on."""
        return 0.0 if self._streams else time.monotonic() - self._left_at

    def missed(self, after: int) -> Missed:
        """What happened after an event that somebody was told last."""
        theirs = after % _MARKS == self._mark
        if not theirs or not self._complete_since <= after <= self._newest:
            return Missed([], self._newest, lost=True)
        return Missed([event for event in self._ring if event.id > after], self._newest)

    async def next(self, after: int, seconds: float) -> None:
        """Wait until there may be something after an event, so long at most."""
        if self._newest > after or self.closed:
            return
        with anyio.move_on_after(seconds):
            await self._told.wait()

    def _number(self, before: int) -> int:
        """Later than every number that this or an earlier process has given."""
        milliseconds = max(before // _MARKS + 1, time.time_ns() // 1_000_000)
        return milliseconds * _MARKS + self._mark
