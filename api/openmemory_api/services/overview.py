"""What a person sees first: how much is remembered, who calls, and what needs attention."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from openmemory_api.db import access as access_rows
from openmemory_api.db import apps as app_rows
from openmemory_api.db import overview as rows
from openmemory_api.db.apps import AppRow
from openmemory_api.db.session import Database
from openmemory_api.domain.access import Caller, KeyScope
from openmemory_api.domain.memory import State
from openmemory_api.domain.protocols import Clock
from openmemory_api.domain.rules import Rulebook
from openmemory_api.services.access import require_manager, require_scopes
from openmemory_api.services.apps import label_of
from openmemory_api.services.growth import Growth, Series
from openmemory_api.services.recorder import Recorder
from openmemory_api.services.spans import Range, Span, span_of
from openmemory_api.services.traffic import Days, Traffic, TrafficService


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
class Overview:
    """All of it; what only who manages may see is None for others."""

    states: Mapping[str, int]
    span: Span
    series: Sequence[Series]
    labels: Mapping[str, str]
    """What people call the apps of the series."""
    traffic: Traffic | None
    apps: Sequence[SeenApp]
    seen_client: bool


class OverviewService:
    """Counts what one user has."""

    def __init__(self, database: Database, recorder: Recorder, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._growth = Growth()
        self._traffic = TrafficService(recorder)

    async def overview(self, viewer: Caller, range_: Range, zone: ZoneInfo) -> Overview:
        """What is there now, and what happened in a range of time.

        Raises:
            Forbidden: the viewer may not read.
        """
        require_scopes(viewer, KeyScope.READ)
        assert viewer.user_id is not None, "who looks at the dashboard looks for a user"
        async with self._database.read() as connection:
            states = await rows.states(connection, viewer)
            oldest = await rows.first_created(connection, viewer)
            span = span_of(range_, self._clock(), zone, oldest)
            book = await access_rows.rulebook(connection, viewer.project_id, viewer.user_id)
            called = await app_rows.called(connection, viewer.project_id, viewer.user_id)
            series = await self._growth.series(connection, viewer, span, book.merges)
        traffic = None
        if KeyScope.ADMIN in viewer.scopes:
            since = None if range_ == "all" else span.since
            traffic = await self._traffic.traffic(viewer, since, self._clock(), zone)
        return Overview(
            states={state: states.get(state, 0) for state in State if state is not State.PURGED},
            span=span,
            series=series,
            labels={row.name: label_of(row) for row in called},
            traffic=traffic,
            apps=_seen(called, book, traffic) if traffic else [],
            seen_client=bool(called),
        )

    async def days(self, viewer: Caller, zone: ZoneInfo) -> tuple[Span, dict[str, Days]]:
        """The calls of the last thirty days by day and app, under the name each is known by.

        Raises:
            Forbidden: the log is not for the viewer.
        """
        require_manager(viewer)
        assert viewer.user_id is not None, "who looks at the dashboard looks for a user"
        async with self._database.read() as connection:
            book = await access_rows.rulebook(connection, viewer.project_id, viewer.user_id)
        span = span_of("30d", self._clock(), zone, None)
        found: dict[str, Days] = {}
        for name, counted in (await self._traffic.by_day(viewer, span.edges)).items():
            known_as = found.setdefault(book.merges.get(name, name), {})
            for what, counts in counted.items():
                others = known_as.get(what, [0] * len(counts))
                known_as[what] = [one + other for one, other in zip(counts, others, strict=True)]
        return span, found


def _seen(called: Iterable[AppRow], book: Rulebook, traffic: Traffic) -> list[SeenApp]:
    """Every app under the name it is known by, the one seen last first."""
    known: dict[str, list[AppRow]] = {}
    for row in called:
        known.setdefault(book.merges.get(row.name, row.name), []).append(row)
    apps = [_app(name, rows, book, traffic) for name, rows in known.items()]
    return sorted(apps, key=lambda app: app.last_seen_at, reverse=True)


def _app(name: str, names: Sequence[AppRow], book: Rulebook, traffic: Traffic) -> SeenApp:
    def count(what: str) -> int:
        return sum(traffic.by_app.get(row.name, {}).get(what, 0) for row in names)

    return SeenApp(
        name=name,
        label=next((label_of(row) for row in names if row.name == name), name),
        last_seen_at=max(row.last_seen_at for row in names),
        paused=name in book.paused,
        reads=count("reads"),
        writes=count("writes"),
    )
