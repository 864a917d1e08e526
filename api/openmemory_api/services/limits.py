"""How much a key may call and a user may store; all off unless set.

They hold for keys that were made, never for who needs none. Calls are counted by each process; what a
day's calls were before it started is asked of the log.
"""

import math
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from openmemory_api.db import memories as rows
from openmemory_api.db.session import WriteConnection
from openmemory_api.domain.access import Caller
from openmemory_api.domain.errors import QuotaExceeded, RateLimited
from openmemory_api.domain.filters import In, Not, Present, all_of
from openmemory_api.domain.keys import Limits
from openmemory_api.domain.memory import KEPT, Memory
from openmemory_api.domain.protocols import Clock
from openmemory_api.services.activity import answer_with

_KNOWN: Final = 10_000
"""Keys whose calls are counted at once; of others the day is asked for anew."""
STORED: Final = In("state", KEPT)
"""What counts: who pauses a memory makes no room by it."""
_MINUTE: Final = timedelta(minutes=1)
_DAY: Final = timedelta(days=1)

CallsOfKey = Callable[[str, str], Awaitable[int]]
"""How many calls of a key (by id) were let through on a day (ISO)."""


class KeyLimits(Protocol):
    """Knows the limits that keys have of their own."""

    async def limits(self, key_id: str) -> Limits:
        """Those of one; None where it has none of its own."""
        ...


@dataclass(slots=True)
class Window:
    """Calls since a moment, of those allowed until the window ends."""

    start: datetime
    lasts: timedelta
    used: int = 0

    def move(self, now: datetime) -> None:
        """Begin anew where it is over."""
        start = _floor(now, self.lasts)
        if start != self.start:
            self.start, self.used = start, 0

    @property
    def ends(self) -> datetime:
        """When its calls count no more."""
        return self.start + self.lasts


class CallLimits:
    """Lets calls through, or refuses them."""

    def __init__(
        self, keys: KeyLimits, used: CallsOfKey, clock: Clock, *, per_minute: int, per_day: int
    ) -> None:
        self._keys = keys
        self._used = used
        self._clock = clock
        self._per_minute = per_minute
        self._per_day = per_day
        self._windows: OrderedDict[str, tuple[Window, Window]] = OrderedDict()

    async def admit(self, caller: Caller) -> None:
        """Count a call.

        Raises:
            RateLimited: there were as many as may be.
        """
        if caller.key_id is None:
            return
        own = await self._keys.limits(caller.key_id)
        minute = self._per_minute if own.rate_limit is None else own.rate_limit
        day = self._per_day if own.daily_calls is None else own.daily_calls
        if not (minute or day):
            return
        now = self._clock()
        windows = await self._of(caller.key_id, now)
        limited = [pair for pair in zip(windows, (minute, day), strict=True) if pair[1]]
        for window, limit in limited:
            if window.used >= limit:
                raise _refusal(window, limit, now)
        for window in windows:
            window.used += 1
        answer_with(_told(*min(limited, key=_left)))

    async def _of(self, key_id: str, now: datetime) -> tuple[Window, Window]:
        if key_id not in self._windows:
            used = await self._used(key_id, now.date().isoformat())
            # Of two first calls at once, both have asked; the one that is back first counts.
            self._windows.setdefault(
                key_id,
                (Window(_floor(now, _MINUTE), _MINUTE), Window(_floor(now, _DAY), _DAY, used)),
            )
            if len(self._windows) > _KNOWN:
                self._windows.popitem(last=False)
        windows = self._windows[key_id]
        self._windows.move_to_end(key_id)
        for window in windows:
            window.move(now)
        return windows


def _left(limited: tuple[Window, int]) -> int:
    window, limit = limited
    return limit - window.used


def _told(window: Window, limit: int) -> dict[str, str]:
    return {
        "X-RateLimit-Limit": str(limit),
        "X-RateLimit-Remaining": str(max(0, limit - window.used)),
        "X-RateLimit-Reset": str(int(window.ends.timestamp())),
    }


def _refusal(window: Window, limit: int, now: datetime) -> RateLimited:
    wait = max(1, math.ceil((window.ends - now).total_seconds()))
    span = "minute" if window.lasts == _MINUTE else "day (UTC)"
    return RateLimited(
        f"This key may make {limit} calls a {span}, and has made them; try again in {wait} s",
        {"Retry-After": str(wait), **_told(window, limit)},
    )


def _floor(now: datetime, lasts: timedelta) -> datetime:
    since = datetime(1970, 1, 1, tzinfo=UTC)
    return since + (now - since) // lasts * lasts


@dataclass(frozen=True, slots=True)
class Quota:
    """How many memories each user may store through keys; 0 is no limit."""

    memories: int = 0

    async def require_room(
        self, connection: WriteConnection, caller: Caller, user_id: str | None, count: int
    ) -> None:
        """Refuse what would be too much; asked within the transaction that stores it.

        Raises:
            QuotaExceeded: with `count` more, the user would have more than it may.
        """
        if not self.memories or caller.key_id is None or not count:
            return
        whose = Not(Present("user_id")) if user_id is None else In("user_id", (user_id,))
        project = In("project_id", (caller.project_id,))
        held = await rows.count(connection, all_of(STORED, project, whose))
        if held + count > self.memories:
            raise QuotaExceeded(
                f"{held} of {self.memories} memories are stored, and this would add {count}; none "
                "was. Delete some first, or ask who runs this server for more room"
            )

    async def require_room_for(
        self,
        connection: WriteConnection,
        caller: Caller,
        back: Iterable[Memory],
        gone: Iterable[Memory] = (),
    ) -> None:
        """Refuse to bring memories back, of whichever users, where there is no room for them.

        Args:
            connection: of the transaction that brings them back.
            caller: who asks.
            back: those that come back.
            gone: those that go in the same write.

        Raises:
            QuotaExceeded: a user would have more than it may.
        """
        more = Counter(memory.entities.user_id for memory in back)
        more.subtract(memory.entities.user_id for memory in gone)
        for user_id, count in more.items():
            if count > 0:
                await self.require_room(connection, caller, user_id, count)


NO_QUOTA: Final = Quota()
