"""The first page of the dashboard."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from openmemory_api.domain.memory import State
from openmemory_api.routes.deps import ContainerDep
from openmemory_api.routes.ui.deps import ViewerDep
from openmemory_api.routes.ui.models import ShownState
from openmemory_api.services.attention import Kind
from openmemory_api.services.growth import Series
from openmemory_api.services.overview import Overview
from openmemory_api.services.spans import MAX_BUCKETS, Range, zone_of

router = APIRouter()


class _Read(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class DashboardCalls(_Read):
    """Calls, as the log has them. What the dashboard itself asks is none of them."""

    reads: int
    writes: int
    denied: int


class DashboardSeries(_Read):
    """Memories by when they were made and which app made them. The trash is left out."""

    kind: Literal["app", "none", "other"]
    app: str | None = Field(description="Null: made without an app, or the sum of smaller apps.")
    label: str
    before: int = Field(description="Made before the first bucket.")
    counts: list[int] = Field(description="Made in each bucket.")


class DashboardGrowth(BaseModel):
    """Memories over time."""

    buckets: list[datetime] = Field(description=f"Where each begins; {MAX_BUCKETS} at most.")
    series: list[DashboardSeries]


class DashboardHeat(_Read):
    """Calls by day of the week, Monday first, and by hour, in the zone that was asked for."""

    reads: list[list[int]]
    writes: list[list[int]]
    denied: list[list[int]]


class DashboardSeenApp(_Read):
    """An app, and what it did in the range."""

    app: str
    label: str
    last_seen_at: datetime
    paused: bool
    reads: int
    writes: int


class DashboardAttention(_Read):
    """Something that is not as it should be."""

    kind: Kind
    text: str
    since: datetime | None
    link: str | None = Field(description="The page that helps.")


class DashboardFirstRun(BaseModel):
    """What a new store still needs. Models it needs none."""

    models: bool
    client: bool
    memory: bool


class DashboardOverview(BaseModel):
    """What there is and what happened. Calls are for who may see the log; null for others."""

    states: dict[ShownState, int]
    calls: DashboardCalls | None
    before: DashboardCalls | None = Field(description="Of the time before; null for all time.")
    growth: DashboardGrowth
    heat: DashboardHeat | None
    apps: list[DashboardSeenApp]
    attention: list[DashboardAttention]
    first_run: DashboardFirstRun


@router.get("/overview", response_model=DashboardOverview)
async def overview(
    viewer: ViewerDep,
    container: ContainerDep,
    range_: Annotated[Range, Query(alias="range")] = "7d",
    tz: Annotated[str, Query(max_length=64, description="Of whose hours and days")] = "UTC",
) -> Any:
    """What is remembered, what was called, and what needs attention."""
    found = await container.overview.overview(viewer, range_, zone_of(tz))
    traffic = found.traffic
    kept = sum(count for state, count in found.states.items() if state != State.TRASHED)
    return {
        "states": found.states,
        "calls": traffic and traffic.calls,
        "before": traffic and traffic.before,
        "growth": {
            "buckets": found.span.edges,
            "series": [_series(each, found) for each in found.series],
        },
        "heat": traffic and traffic.heat,
        "apps": [{**_fields(app), "app": app.name} for app in found.apps],
        "attention": await container.attention.attention(viewer),
        "first_run": {"models": True, "client": found.seen_client, "memory": kept > 0},
    }


def _series(series: Series, found: Overview) -> dict[str, Any]:
    names = {"other": "Other apps", "none": "No app"}
    label = names.get(series.kind) or found.labels.get(series.app or "", series.app)
    return {
        "kind": series.kind,
        "app": series.app,
        "label": label,
        "before": series.before,
        "counts": series.counts,
    }


def _fields(app: Any) -> dict[str, Any]:
    return {name: getattr(app, name) for name in DashboardSeenApp.model_fields if name != "app"}
