"""Who looks, what they may do here, and how the server fares: what every page needs at first."""

from typing import Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from openmemory_api import __version__
from openmemory_api.domain.access import KeyScope
from openmemory_api.routes.deps import ContainerDep
from openmemory_api.routes.sessions import IdentityDep, SessionView, session_of
from openmemory_api.routes.ui.deps import ViewerDep

router = APIRouter()


class DashboardRights(BaseModel):
    """What the viewer's key allows."""

    read: bool
    write: bool
    delete: bool
    manage: bool = Field(description="Settle what apps and keys may do.")


class DashboardLog(BaseModel):
    """How the log of calls is kept."""

    days: float
    queries: Literal["text", "hash", "none"]


class DashboardModel(BaseModel):
    """A model, and why it cannot be used now, if it cannot."""

    name: str
    problem: str | None


class DashboardIndex(BaseModel):
    """How far the index is behind what is stored."""

    pending: int | None
    problem: str | None


class DashboardViewer(BaseModel):
    """Whom the server takes the viewer for, and what it runs with."""

    user_id: str = Field(description="Whose memories are shown.")
    default_user: str
    can: DashboardRights
    auth: Literal["auto", "required", "off"]
    key_required: bool
    session_needed: bool = Field(description="Whether a browser has to sign in.")
    app_identity: str = Field(description="Whether apps prove who they are, or claim it.")
    session: SessionView | None
    version: str
    root_path: str
    trash_days: float
    activity: DashboardLog
    embedder: DashboardModel
    extractor: DashboardModel | None
    index: DashboardIndex


@router.get("/me")
async def get_dashboard_viewer(
    request: Request, viewer: ViewerDep, identity: IdentityDep, container: ContainerDep
) -> DashboardViewer:
    """Who you are here. Without a session where one is needed this is a 401: sign in."""
    settings, health = container.settings, await container.health()
    assert viewer.user_id is not None
    return DashboardViewer(
        user_id=viewer.user_id,
        default_user=settings.user,
        can=DashboardRights(
            read=KeyScope.READ in viewer.scopes,
            write=KeyScope.WRITE in viewer.scopes,
            delete=KeyScope.DELETE in viewer.scopes,
            manage=KeyScope.ADMIN in viewer.scopes,
        ),
        auth=settings.auth,
        key_required=settings.demands_key,
        session_needed=settings.demands_key,
        app_identity=health["auth"]["app_identity"],
        session=await session_of(request, identity),
        version=__version__,
        root_path=settings.root_path,
        trash_days=settings.trash_days,
        activity=DashboardLog(days=settings.activity_days, queries=settings.activity_queries),
        embedder=DashboardModel(**health["embedder"]),
        extractor=_extractor(health["extractor"]),
        index=DashboardIndex(
            pending=health["index"]["pending"], problem=health["index"]["problem"]
        ),
    )


def _extractor(health: dict[str, Any] | None) -> DashboardModel | None:
    if health is None:
        return None
    return DashboardModel(name=health["name"], problem=health["problem"])
