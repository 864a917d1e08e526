"""The apps of a user: what they are called and may reach, and all that one did taken back."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, Field

from openmemory_api.routes.deps import AppsDep, AppUndoDep, ManagerDep
from openmemory_api.services.apps import App, Order
from openmemory_api.services.drafts import Applied

router = APIRouter(prefix="/api/v1/apps", tags=["apps"])


class AppOut(BaseModel):
    """An app, under whatever names it calls itself, and what it may reach now."""

    id: str = Field(description="Its name, which is the one it was first known by.")
    name: str
    label: str = Field(description="What people call it.")
    kind: str | None = Field(description="The program that it said it is when last seen.")
    version: str | None = Field(description="Of that program.")
    is_active: bool
    paused: bool
    created_at: datetime
    last_seen_at: datetime
    merged: list[str] = Field(description="Its further names.")
    keys: int = Field(description="How many keys are bound to it and good.")
    total_memories_created: int = Field(description="Active memories that it wrote.")
    readable: int
    writable: int
    total_memories: int = Field(description="All active memories of the user.")
    problem: str | None = Field(description="Why it can reach nothing, if its rules are broken.")


class AppsOut(BaseModel):
    """A page of apps."""

    total: int
    page: int
    page_size: int
    apps: list[AppOut]


class SettledOut(BaseModel):
    """What was settled, as an action that can be undone; no action where it was so before."""

    action_id: str | None
    version: int = Field(description="Of the user's access settings now.")
    app: AppOut


class PausedOut(SettledOut):
    """As `SettledOut`."""

    effect: str = Field(description="What it means, in words.")


class LabelBody(BaseModel):
    """What people are to call an app."""

    label: str | None = Field(description="Null or empty: what its own name says.")


class MergeBody(BaseModel):
    """What an app is merged into."""

    into: str = Field(description="The name of the app that stays.")


class UndoBody(BaseModel):
    """Which of an app's changes to take back."""

    since: AwareDatetime = Field(description="The first moment that counts.")
    until: AwareDatetime | None = Field(None, description="The first that does not; null for now.")
    dry_run: bool = Field(False, description="Only answer what would be taken back.")


class AppUndoneOut(BaseModel):
    """What was taken back, or would be."""

    action_id: str | None = Field(description="To undo it by; null where nothing was done.")
    reversed: list[str] = Field(description="Ids of the memories that are as they were before.")
    left: list[str] = Field(
        description="Ids of memories where something it did stands: others changed them since."
    )
    withdrawn: list[str] = Field(description="Ids of the adds that were still to be carried out.")
    dry_run: bool


@router.get("/", include_in_schema=False)
@router.get("")
async def list_apps(
    manager: ManagerDep,
    apps: AppsDep,
    page: Annotated[int, Query(ge=1, le=1_000_000)] = 1,
    page_size: Annotated[int, Query(ge=1, le=200)] = 50,
    name: Annotated[str, Query(max_length=255, description="Part of a name or label.")] = "",
    is_active: Annotated[bool | None, Query(description="Not paused.")] = None,
    sort_by: Order = "name",
    sort_direction: Literal["asc", "desc"] = "asc",
) -> AppsOut:
    """The apps that have called for a user. Names that are merged are one app."""
    total, found = await apps.page(
        manager,
        page=page,
        page_size=page_size,
        like=name,
        is_active=is_active,
        order=sort_by,
        descending=sort_direction == "desc",
    )
    listed = [_out(app) for app in found]
    return AppsOut(total=total, page=page, page_size=page_size, apps=listed)


@router.get("/{app}")
async def get_app(manager: ManagerDep, apps: AppsDep, app: str) -> AppOut:
    """One app, by any of its names."""
    return _out(await apps.get(manager, app))


@router.patch("/{app}")
async def rename_app(manager: ManagerDep, apps: AppsDep, app: str, body: LabelBody) -> AppOut:
    """Give an app a label. The name it calls itself stays, and so do its history and rules."""
    return _out(await apps.rename(manager, app, body.label))


@router.post("/{app}/pause")
async def pause_app(manager: ManagerDep, apps: AppsDep, app: str) -> PausedOut:
    """Pause an app under all its names: every read and write of it is an error until it resumes."""
    return _paused(*await apps.pause(manager, app, paused=True))


@router.post("/{app}/resume")
async def resume_app(manager: ManagerDep, apps: AppsDep, app: str) -> PausedOut:
    """Let a paused app go on with the rules it has."""
    return _paused(*await apps.pause(manager, app, paused=False))


@router.post("/{app}/merge")
async def merge_app(manager: ManagerDep, apps: AppsDep, app: str, body: MergeBody) -> SettledOut:
    """Make two names one app: the merged one has the other's rules and pause from then on."""
    return SettledOut(**_settled(*await apps.merge(manager, app, body.into)))


@router.post("/{app}/unmerge")
async def unmerge_app(manager: ManagerDep, apps: AppsDep, app: str) -> SettledOut:
    """Make a merged name an app of its own again, with the rules it had."""
    return SettledOut(**_settled(*await apps.unmerge(manager, app)))


@router.post("/{app}/undo")
async def undo_app(
    manager: ManagerDep, undoing: AppUndoDep, app: str, body: UndoBody
) -> AppUndoneOut:
    """Take back all that an app did since a moment, as one action that can itself be undone.

    Each memory goes back to what it was before the app's changes, as far as nobody else has changed
    it since. What it added goes to the trash, what it deleted comes back.
    """
    undone = await undoing.undo(
        manager, app, since=body.since, until=body.until, dry_run=body.dry_run
    )
    return AppUndoneOut(
        action_id=undone.action_id,
        reversed=undone.reversed,
        left=undone.left,
        withdrawn=undone.withdrawn,
        dry_run=body.dry_run,
    )


def _out(app: App) -> AppOut:
    return AppOut(
        id=app.name,
        name=app.name,
        label=app.label,
        kind=app.kind,
        version=app.version,
        is_active=not app.paused,
        paused=app.paused,
        created_at=app.created_at,
        last_seen_at=app.last_seen_at,
        merged=app.merged,
        keys=app.keys,
        total_memories_created=app.written,
        readable=app.readable,
        writable=app.writable,
        total_memories=app.total,
        problem=app.problem,
    )


def _settled(applied: Applied, app: App) -> dict[str, Any]:
    return {"action_id": applied.action_id, "version": applied.version, "app": _out(app)}


def _paused(applied: Applied, app: App) -> PausedOut:
    return PausedOut(**_settled(applied, app), effect=_effect(app))


def _effect(app: App) -> str:
    if app.paused:
        return (
            f"While paused, {app.label} gets an error for every read and write."
            f" 0 of {app.total} memories are readable."
        )
    return f"{app.label} can read {app.readable} of {app.total} memories and change {app.writable}."
