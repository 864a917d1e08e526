"""How many calls there were, and when: counted once, and then only what is new."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

import anyio

from openmemory_api.db import overview as rows
from openmemory_api.db.session import ReadConnection
from openmemory_api.domain.access import Caller
from openmemory_api.services.recorder import Recorder

COUNTED: Final = ("reads", "writes", "denied")
_QUARTER: Final = 900
"""Seconds. No zone is off by less."""
_FOREVER: Final = 1 << 62
_USERS: Final = 20

Days = dict[str, list[int]]
"""Reads, writes and what was denied, a number for each day."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """Calls of a time, as the log has them."""

    calls: Mapping[str, int]
    before: Mapping[str, int] | None
    """Of the time of the same length before it."""
    heat: Mapping[str, Sequence[Sequence[int]]]
    """By day of the week, Monday first, and hour."""
    by_app: Mapping[str, Mapping[str, int]]


@dataclass(slots=True)
class _Tally:
    """Calls of one user by quarter of an hour: how many of which app were what."""

    first: int = 0
    """Id of the oldest call when it was counted."""
    last: int = 0
    quarters: dict[int, Counter[tuple[str | None, str]]] = field(
        default_factory=dict[int, Counter[tuple[str | None, str]]]
    )
    order: list[int] = field(default_factory=list[int])


class TrafficService:
    """Counts the calls of users."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._tallies: dict[tuple[str, str | None], _Tally] = {}
        self._one_counts = anyio.Lock()

    async def traffic(
        self, viewer: Caller, since: datetime | None, until: datetime, zone: ZoneInfo
    ) -> Traffic:
        """The calls of a time, to the quarter of an hour; from the first on without a `since`."""
        tally = await self._tally(viewer)
        calls: Counter[str] = Counter()
        by_app: dict[str, Counter[str]] = {}
        heat = {what: [[0] * 24 for _ in range(7)] for what in COUNTED}
        start = 0 if since is None else _quarter(since)
        end = _quarter(until) + 1
        for quarter, counted in _between(tally, start, end):
            there = datetime.fromtimestamp(quarter * _QUARTER, UTC).astimezone(zone)
            day, hour = there.weekday(), there.hour
            for (app, what), count in counted.items():
                heat[what][day][hour] += count
                calls[what] += count
                if app is not None:
                    by_app.setdefault(app, Counter())[what] += count
        before = None if since is None else _all_of(_sum(tally, 2 * start - end, start))
        return Traffic(_all_of(calls), before, heat, by_app)

    async def by_day(self, viewer: Caller, edges: Sequence[datetime]) -> dict[str, Days]:
        """The calls of each app from each edge to the next, and from the last one on."""
        tally = await self._tally(viewer)
        starts = [_quarter(edge) for edge in edges]
        days: dict[str, Days] = {}
        for place, start in enumerate(starts):
            end = starts[place + 1] if place + 1 < len(starts) else _FOREVER
            for _, counted in _between(tally, start, end):
                for (app, what), count in counted.items():
                    if app is not None:
                        of_app = days.setdefault(app, {each: [0] * len(starts) for each in COUNTED})
                        of_app[what][place] += count
        return days

    async def _tally(self, viewer: Caller) -> _Tally:
        # What was just done is there when one looks.
        await self._recorder.flush()
        async with self._one_counts, self._recorder.database.read() as connection:
            return await self._counted(connection, viewer)

    async def _counted(self, connection: ReadConnection, viewer: Caller) -> _Tally:
        key = (viewer.project_id, viewer.user_id)
        first, last = await rows.log_bounds(connection, viewer)
        tally = self._tallies.pop(key, None)
        if tally is None or tally.first != first or last < tally.last:
            # The oldest calls are gone, or the log was begun anew.
            tally = _Tally(first)
        for quarter, app, what, count in await rows.calls_after(
            connection, viewer, tally.last, last
        ):
            tally.quarters.setdefault(quarter, Counter())[app, what] += count
        if last != tally.last:
            tally.last, tally.order = last, sorted(tally.quarters)
        self._tallies[key] = tally
        if len(self._tallies) > _USERS:
            del self._tallies[next(iter(self._tallies))]
        return tally


def _between(
    tally: _Tally, start: int, end: int
) -> Iterator[tuple[int, Counter[tuple[str | None, str]]]]:
    for place in range(bisect_left(tally.order, start), bisect_left(tally.order, end)):
        quarter = tally.order[place]
        yield quarter, tally.quarters[quarter]


def _sum(tally: _Tally, start: int, end: int) -> Counter[str]:
    sums: Counter[str] = Counter()
    for _, counted in _between(tally, start, end):
        for (_, what), count in counted.items():
            sums[what] += count
    return sums


def _quarter(moment: datetime) -> int:
    return int(moment.timestamp()) // _QUARTER


def _all_of(counted: Mapping[str, int]) -> dict[str, int]:
    return {what: counted.get(what, 0) for what in COUNTED}
