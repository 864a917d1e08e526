"""What is ours alone: actions and their undo, the trash, and the index. Under `/api/v1/`."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from openmemory_api.domain.errors import Forbidden
from openmemory_api.domain.memory import Memory
from openmemory_api.domain.requests import Action
from openmemory_api.routes.deps import ActionsDep, CallerDep, ContainerDep, TrashDep
from openmemory_api.services.access import require_manager

router = APIRouter(prefix="/api/v1", tags=["openmemory"])

PageNumber = Annotated[int, Query(ge=1, le=1_000_000)]
PageSize = Annotated[int, Query(ge=1, le=200)]


class MemoryIds(BaseModel):
    """Memories by UUID or short id."""

    ids: list[str] = Field(min_length=1, max_length=1_000)


@router.get("/actions")
async def list_actions(
    caller: CallerDep, actions: ActionsDep, page: PageNumber = 1, page_size: PageSize = 50
) -> dict[str, Any]:
    """Every write as a whole, newest first."""
    count, found = await actions.page(caller, page, page_size, rules=True)
    return {"count": count, "results": [_action(action) for action in found]}


@router.get("/actions/{action_id}")
async def get_action(caller: CallerDep, actions: ActionsDep, action_id: str) -> dict[str, Any]:
    """One write, with what it did to the memories that you can read."""
    return _action(await actions.get(caller, action_id, rules=True))


@router.post("/actions/{action_id}/undo")
async def undo_action(caller: CallerDep, actions: ActionsDep, action_id: str) -> dict[str, Any]:
    """Take a write back. What has changed since is left as it is and listed in `left`."""
    undone = await actions.undo(caller, action_id)
    return {"action_id": undone.action_id, "reversed": undone.reversed, "left": undone.left}


@router.post("/reindex", status_code=HTTPStatus.ACCEPTED)
async def reindex(caller: CallerDep, container: ContainerDep) -> dict[str, Any]:
    """Fill the index anew from the database. `/health` says while memories are missing from it."""
    require_manager(caller)
    if caller.user_id is not None:
        raise Forbidden("The index is every user's: only an administrator can have it made anew")
    await container.indexer.rebuild()
    return {"message": "The index is being filled anew"}


@router.get("/trash")
async def list_trash(
    caller: CallerDep, trash: TrashDep, page: PageNumber = 1, page_size: PageSize = 50
) -> dict[str, Any]:
    """Deleted memories that can still be restored."""
    count, found = await trash.page(caller, page=page, page_size=page_size)
    return {"count": count, "results": [_memory(memory) for memory in found]}


@router.post("/trash/restore")
async def restore(caller: CallerDep, trash: TrashDep, body: MemoryIds) -> dict[str, Any]:
    """Bring memories back with their ids, all of them or none."""
    return {"restored": [memory.id for memory in await trash.restore(caller, body.ids)]}


@router.post("/trash/purge")
async def purge(caller: CallerDep, trash: TrashDep, body: MemoryIds) -> dict[str, Any]:
    """Erase memories of the trash for good."""
    return {"purged": await trash.purge(caller, body.ids)}


def _action(action: Action) -> dict[str, Any]:
    return {
        "id": action.id,
        "kind": action.kind,
        "app": action.app,
        "user_id": action.user_id,
        "surface": action.surface,
        "status": action.status,
        "created_at": action.created_at,
        "undone_by": action.undone_by,
        "completed_at": action.completed_at,
        "detail": action.detail,
        "changes": [{"event": change.kind, **_memory(change.memory)} for change in action.changes],
    }


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
