"""One memory by its id."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from openmemory_api.routes.deps import CallerDep, MemoriesDep
from openmemory_api.routes.mem0.answers import DeletedOut, HistoryOut, MemoryOut
from openmemory_api.routes.mem0.rendering import history_out, memory_out, row, secrets_notice
from openmemory_api.routes.mem0.schemas import UpdateBody
from openmemory_api.routes.mem0.segments import Segment

router = APIRouter(tags=["Mem0 v1"])


@router.get("/v1/memories/{memory_id}/")
async def get(memory_id: Segment, caller: CallerDep, memories: MemoriesDep) -> MemoryOut:
    """One memory, also when it has expired."""
    return memory_out(await memories.get(caller, memory_id))


@router.put("/v1/memories/{memory_id}/", response_model=MemoryOut)
async def update(
    memory_id: Segment, body: UpdateBody, caller: CallerDep, memories: MemoriesDep
) -> JSONResponse:
    """Replace the fields that are sent; a null `expiration_date` or `metadata` clears it."""
    updated = await memories.update(caller, memory_id, body.request())
    shown = row(memory_out(updated.memories[0]))
    return JSONResponse({**shown, **secrets_notice(updated.secrets)})


@router.delete("/v1/memories/{memory_id}/", response_model_exclude_unset=True)
async def delete(
    memory_id: Segment,
    caller: CallerDep,
    memories: MemoriesDep,
    *,
    delete_linked: bool = False,
) -> DeletedOut:
    """Delete a memory, with `delete_linked` also those it had replaced."""
    deleted = await memories.delete(caller, [memory_id], linked=delete_linked)
    cascade = {"cascade_count": len(deleted.deleted) - 1} if delete_linked else {}
    return DeletedOut(message="Memory deleted successfully!", event_id=deleted.action_id, **cascade)


@router.get("/v1/memories/{memory_id}/history/")
async def history(memory_id: Segment, caller: CallerDep, memories: MemoriesDep) -> list[HistoryOut]:
    """What happened to a memory, oldest first."""
    return [history_out(entry) for entry in await memories.history(caller, memory_id)]
