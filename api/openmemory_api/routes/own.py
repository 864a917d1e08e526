"""What is ours alone: actions and their undo, the trash, and the index. Under `/api/v1/`."""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from openmemory_api.domain.access import Caller, KeyScope
from openmemory_api.domain.errors import Forbidden
from openmemory_api.domain.memory import Memory
from openmemory_api.domain.requests import Action, ActionKind, ChangeKind
from openmemory_api.routes.deps import ActionsDep, CallerDep, ContainerDep, TrashDep
from openmemory_api.services.access import require_manager

router = APIRouter(prefix="/api/v1", tags=["openmemory"])

_INTERNAL: Final = ("repeats",)
"""Parts of an action's detail that name memories, whoever may read them."""

PageNumber = Annotated[int, Query(ge=1, le=1_000_000)]
PageSize = Annotated[int, Query(ge=1, le=200)]


class MemoryIds(BaseModel):
    """Memories by UUID or short id."""

    ids: list[str] = Field(min_length=1, max_length=1_000)


class MemoryRow(BaseModel):
    """A memory, in short."""

    id: str
    short_id: str | None
    memory: str
    app: str | None
    user_id: str | None
    created_at: datetime
    deleted_at: datetime | None


class ChangeRow(MemoryRow):
    """What a write did to a memory, and the memory as it is now."""

    event: ChangeKind


class ActionOut(BaseModel):
    """One write as a whole."""

    id: str
    kind: ActionKind
    app: str | None
    user_id: str | None
    surface: str
    status: str
    created_at: datetime
    undone_by: str | None
    completed_at: datetime | None
    detail: dict[str, Any] | None
    changes: list[ChangeRow] = Field(description="Of memories that you can read now.")


class ActionsOut(BaseModel):
    """A page of actions."""

    count: int
    results: list[ActionOut]


class UndoneOut(BaseModel):
    """What was taken back: ids of memories, or names of apps where rules were."""

    action_id: str | None = Field(description="To undo it by; null where nothing was done.")
    reversed: list[str]
    left: list[str] = Field(description="What has changed since.")


class MessageOut(BaseModel):
    """A sentence for the person."""

    message: str


class TrashOut(BaseModel):
    """A page of the trash."""

    count: int
    results: list[MemoryRow]


class RestoredOut(BaseModel):
    """Ids of what came back."""

    restored: list[str]


class PurgedOut(BaseModel):
    """How many memories were erased."""

    purged: int


@router.get("/actions")
async def list_actions(
    caller: CallerDep, actions: ActionsDep, page: PageNumber = 1, page_size: PageSize = 50
) -> ActionsOut:
    """Every write as a whole, newest first; changes of rules only for those who settle them.

    Which rules they were is in the action itself.
    """
    count, found = await actions.page(caller, page, page_size, rules=_settles(caller))
    return ActionsOut(count=count, results=[_action(action, whole=False) for action in found])


@router.get("/actions/{action_id}")
async def get_action(caller: CallerDep, actions: ActionsDep, action_id: str) -> ActionOut:
    """One write, with what it did to the memories that you can read."""
    return _action(await actions.get(caller, action_id, rules=_settles(caller)), whole=True)


@router.post("/actions/{action_id}/undo")
async def undo_action(caller: CallerDep, actions: ActionsDep, action_id: str) -> UndoneOut:
    """Take a write back. What has changed since is left as it is and listed in `left`."""
    undone = await actions.undo(caller, action_id)
    return UndoneOut(action_id=undone.action_id, reversed=undone.reversed, left=undone.left)


@router.post("/reindex", status_code=HTTPStatus.ACCEPTED)
async def reindex(caller: CallerDep, container: ContainerDep) -> MessageOut:
    """Fill the index anew from the database. `/health` says while memories are missing from it."""
    require_manager(caller)
    if caller.user_id is not None:
        raise Forbidden("The index is every user's: only an administrator can have it made anew")
    await container.indexer.rebuild()
    return MessageOut(message="The index is being filled anew")


@router.get("/trash")
async def list_trash(
    caller: CallerDep, trash: TrashDep, page: PageNumber = 1, page_size: PageSize = 50
) -> TrashOut:
    """Deleted memories that can still be restored."""
    count, found = await trash.page(caller, page=page, page_size=page_size)
    return TrashOut(count=count, results=[MemoryRow(**_memory(memory)) for memory in found])


@router.post("/trash/restore")
async def restore(caller: CallerDep, trash: TrashDep, body: MemoryIds) -> RestoredOut:
    """Bring memories back with their ids, all of them or none."""
    found = await trash.restore(caller, body.ids)
    return RestoredOut(restored=[memory.id for memory in found])


@router.post("/trash/purge")
async def purge(caller: CallerDep, trash: TrashDep, body: MemoryIds) -> PurgedOut:
    """Erase memories of the trash for good."""
    return PurgedOut(purged=await trash.purge(caller, body.ids))


def _settles(caller: Caller) -> bool:
    return KeyScope.ADMIN in caller.scopes


def _action(action: Action, *, whole: bool) -> ActionOut:
    return ActionOut(
        id=action.id,
        kind=action.kind,
        app=action.app,
        user_id=action.user_id,
        surface=action.surface,
        status=action.status,
        created_at=action.created_at,
        undone_by=action.undone_by,
        completed_at=action.completed_at,
        detail=_detail(action, whole=whole),
        changes=[ChangeRow(event=each.kind, **_memory(each.memory)) for each in action.changes],
    )


def _detail(action: Action, *, whole: bool) -> dict[str, Any] | None:
    if action.detail is None:
        return None
    shown: dict[str, Any] = {k: v for k, v in action.detail.items() if k not in _INTERNAL}
    if action.kind is ActionKind.ACCESS and not whole:
        # Of rules there can be thousands, before and after.
        shown["changes"] = [{"app": change["app"]} for change in shown["changes"]]
    return shown


def _memory(memory: Memory) -> dict[str, Any]:
    return {
        "id": memory.id,
        "short_id": memory.short_id,
        "memory": memory.text,
        "app": memory.app,
        "user_id": memory.entities.user_id,
        "created_at": memory.created_at,
        "deleted_at": memory.deleted_at,
    }
