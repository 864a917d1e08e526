"""What a person sees first: how much is remembered, who calls, and what needs attention."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal
from zoneinfo import ZoneInfo

from openmemory_api.db import access as access_rows
from openmemory_api.db import apps as app_rows
from openmemory_api.db import overview as rows
from openmemory_api.db.apps import AppRow
from openmemory_api.db.session import Database, ReadConnection
from openmemory_api.domain.access import Caller, KeyScope
from openmemory_api.domain.memory import State
from openmemory_api.domain.protocols import Clock
from openmemory_api.domain.rules import Rulebook
from openmemory_api.services.access import require_scopes
from openmemory_api.services.apps import label_of
from openmemory_api.services.recorder import Recorder
from openmemory_api.services.spans import Range, Span, span_of

COUNTED: Final = ("reads", "writes", "denied")
MOST_SERIES: Final = 6
"""Apps that have a line of their own; the others share one."""
_EVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Series:
    """How many memories that are kept were made in each bucket, by whom."""

    kind: Literal["app", "none", "other"]
    app: str | None
    label: str
    before: int
    """Made before the first bucket."""
    counts: Sequence[int]


@dataclass(frozen=True, slots=True)
class SeenApp:
    """An app, and what it did within the range."""

    name: str
    label: str
    last_seen_at: datetime
    paused: bool
    reads: int
    writes: int


@dataclass(frozen=True, slots=True)
class Traffic:
    """Calls of a range, as the log has them."""

    calls: Mapping[str, int]
    before: Mapping[str, int] | None
    """Of the time of the same length before it."""
    heat: Mapping[str, Sequence[Sequence[int]]]
    """By day of the week, Monday first, and hour."""
    by_app: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Overview:
    """All of it; what only who manages may see is None for others."""

    states: Mapping[str, int]
    span: Span
    series: Sequence[Series]
    traffic: Traffic | None
    apps: Sequence[SeenApp]
    seen_client: bool


class OverviewService:
    """Counts what one user has."""

    def __init__(self, database: Database, recorder: Recorder, clock: Clock) -> None:
        self._database = database
        self._recorder = recorder
        self._clock = clock

    async def overview(self, viewer: Caller, range_: Range, zone: ZoneInfo) -> Overview:
        """What is there now, and what happened in a range of time.

        Raises:
            Forbidden: the viewer may not read.
        """
        require_scopes(viewer, KeyScope.READ)
        assert viewer.user_id is not None, "who looks at the dashboard looks for a user"
        manages = KeyScope.ADMIN in viewer.scopes
        async with self._database.read() as connection:
            states = await rows.states(connection, viewer)
            oldest = await rows.first_created(connection, viewer)
            span = span_of(range_, self._clock(), zone, oldest)
            book = await access_rows.rulebook(connection, viewer.project_id, viewer.user_id)
            called = await app_rows.called(connection, viewer.project_id, viewer.user_id)
            series = await _growth(connection, viewer, span, _Names(book, called))
        traffic = await self._traffic(viewer, range_, span, zone, book) if manages else None
        return Overview(
            states={state: states.get(state, 0) for state in State if state is not State.PURGED},
            span=span,
            series=series,
            traffic=traffic,
            apps=_seen(called, book, traffic) if traffic else [],
            seen_client=bool(called),
        )

    async def _traffic(
        self, viewer: Caller, range_: Range, span: Span, zone: ZoneInfo, book: Rulebook
    ) -> Traffic:
        # What was just done is there when one looks.
        await self._recorder.flush()
        until = self._clock()
        since = _EVER if range_ == "all" else span.since
        async with self._recorder.database.read() as connection:
            found = await rows.calls(connection, viewer, since, until, exact=not span.whole_hours)
            before = None
            if range_ != "all":
                earlier = since - (until - since)
                before = _all_of(await rows.calls_in_all(connection, viewer, earlier, since))
        calls: Counter[str] = Counter()
        heat = {what: [[0] * 24 for _ in range(7)] for what in COUNTED}
        by_app: dict[str, Counter[str]] = {}
        for moment, app, what, count in found:
            there = moment.astimezone(zone)
            heat[what][there.weekday()][there.hour] += count
            calls[what] += count
            if app is not None:
                by_app.setdefault(book.merges.get(app, app), Counter())[what] += count
        return Traffic(_all_of(calls), before, heat, by_app)


class _Names:
    """Which app a name stands for, and what people call it."""

    def __init__(self, book: Rulebook, called: Iterable[AppRow]) -> None:
        self._merges = book.merges
        self._labels = {row.name: label_of(row) for row in called}

    def app(self, name: str | None) -> str | None:
        return None if name is None else self._merges.get(name, name)

    def label(self, app: str) -> str:
        return self._labels.get(app, app)


async def _growth(
    connection: ReadConnection, viewer: Caller, span: Span, names: _Names
) -> list[Series]:
    totals: Counter[str | None] = Counter()
    for name, count in (await rows.created_by_app(connection, viewer)).items():
        totals[names.app(name)] += count
    counts: dict[str | None, list[int]] = {app: [0] * len(span.edges) for app in totals}
    exact = not span.whole_hours
    for name, moment, count in await rows.created(connection, viewer, span.since, exact=exact):
        # An app that wrote its first memory between the two statements waits for the next look.
        if (app := names.app(name)) in counts:
            counts[app][span.bucket(moment)] += count
    by_size = sorted((app for app in totals if app is not None), key=lambda app: -totals[app])
    shown = [
        _series("app", [app], names.label(app), totals, counts) for app in by_size[:MOST_SERIES]
    ]
    if len(by_size) > MOST_SERIES:
        shown.append(_series("other", by_size[MOST_SERIES:], "Other apps", totals, counts))
    if None in totals:
        shown.append(_series("none", [None], "No app", totals, counts))
    return shown


def _series(
    kind: Literal["app", "none", "other"],
    apps: Sequence[str | None],
    label: str,
    totals: Mapping[str | None, int],
    counts: Mapping[str | None, Sequence[int]],
) -> Series:
    added = [sum(each) for each in zip(*(counts[app] for app in apps), strict=True)]
    before = max(0, sum(totals[app] for app in apps) - sum(added))
    return Series(kind, apps[0] if kind == "app" else None, label, before, added)


def _seen(called: Iterable[AppRow], book: Rulebook, traffic: Traffic) -> list[SeenApp]:
    """Every app under the name it is known by, the one seen last first."""
    known: dict[str, list[AppRow]] = {}
    for row in called:
        known.setdefault(book.merges.get(row.name, row.name), []).append(row)
    apps = [
        SeenApp(
            name,
            next((label_of(row) for row in names if row.name == name), name),
            max(row.last_seen_at for row in names),
            name in book.paused,
            traffic.by_app.get(name, {}).get("reads", 0),
            traffic.by_app.get(name, {}).get("writes", 0),
        )
        for name, names in known.items()
    ]
    return sorted(apps, key=lambda app: app.last_seen_at, reverse=True)


def _all_of(counted: Mapping[str, int]) -> dict[str, int]:
    return {what: counted.get(what, 0) for what in COUNTED}
