"""What the page of the apps draws beside what the public endpoints say of them."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from openmemory_api.routes.deps import ContainerDep
from openmemory_api.routes.ui.deps import ViewerDep
from openmemory_api.services.spans import zone_of

router = APIRouter()


class DashboardAppDays(BaseModel):
    """The calls of one app, a number for each day."""

    app: str = Field(description="The name it is known by; merged names are counted in.")
    reads: list[int]
    writes: list[int]
    denied: list[int]


class DashboardAppTraffic(BaseModel):
    """The calls of the last thirty days, as the log has them."""

    days: list[datetime] = Field(description="Where each begins, in the zone asked for.")
    apps: list[DashboardAppDays] = Field(description="Those that called at all.")


@router.get("/apps/traffic", response_model=DashboardAppTraffic)
async def app_traffic(
    viewer: ViewerDep,
    container: ContainerDep,
    tz: Annotated[str, Query(max_length=64, description="Of whose days")] = "UTC",
) -> Any:
    """How often each app read and wrote on each of the last thirty days."""
    span, found = await container.overview.days(viewer, zone_of(tz))
    apps = [{"app": app, **counts} for app, counts in sorted(found.items())]
    return {"days": span.edges, "apps": apps}
