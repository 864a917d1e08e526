"""Many memories at once: by filter, or by id."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse

from openmemory_api.domain.text import require_text
from openmemory_api.routes.deps import CallerDep, MemoriesDep
from openmemory_api.routes.mem0.answers import BatchDeletedOut, DeletedAllOut, MessageOut
from openmemory_api.routes.mem0.queries import DeleteAllQuery
from openmemory_api.routes.mem0.rendering import secrets_notice
from openmemory_api.routes.mem0.schemas import BatchDeleteBody, BatchUpdateBody

router = APIRouter(tags=["Mem0 v1"])


@router.delete("/v1/memories/")
async def delete_all(
    query: Annotated[DeleteAllQuery, Query()], caller: CallerDep, memories: MemoriesDep
) -> DeletedAllOut:
    """Delete what all the given filters select; without any nothing is deleted."""
    deleted = await memories.delete_where(caller, query.wanted(caller), own=query.own)
    return DeletedAllOut(
        message="Memories deleted successfully!",
        event_id=deleted.action_id,
        deleted=len(deleted.deleted),
        left=deleted.left,
    )


@router.put("/v1/batch/", response_model=MessageOut)
async def update_many(
    body: BatchUpdateBody, caller: CallerDep, memories: MemoriesDep
) -> JSONResponse:
    """Update up to 1,000 memories, all or none."""
    updates = [(item.memory_id, item.request()) for item in body.memories]
    updated = await memories.update_many(caller, updates)
    said = {"message": f"Successfully updated {len(updated.memories)} memories"}
    return JSONResponse({**said, **secrets_notice(updated.secrets)})


@router.delete("/v1/batch/", response_model_exclude_unset=True)
async def delete_many(
    body: BatchDeleteBody, caller: CallerDep, memories: MemoriesDep
) -> BatchDeletedOut:
    """Delete up to 1,000 memories, all or none; with `partial`, those that are there."""
    asked = [item.memory_id for item in body.memories]
    for ref in asked:
        # They are given back as they were sent, which an answer must be able to carry.
        require_text(ref, name="memory_id")
    deleted = await memories.delete(caller, asked, partial=body.partial)
    kept = {*deleted.missing, *deleted.denied}
    details = {
        "deleted": [ref for ref in asked if ref not in kept],
        "missing": deleted.missing,
        "denied": deleted.denied,
    }
    return BatchDeletedOut(
        message=f"Successfully deleted {len(deleted.deleted)} memories",
        event_id=deleted.action_id,
        **(details if body.partial else {}),
    )
