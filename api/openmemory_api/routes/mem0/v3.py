"""Current generation: what every SDK of today calls to add, list and search."""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from openmemory_api.routes.deps import AddingDep, CallerDep, MemoriesDep, SearchDep
from openmemory_api.routes.mem0.answers import AddedOut, CursorPage, MemoryRow, SearchOut
from openmemory_api.routes.mem0.paging import PagingDep
from openmemory_api.routes.mem0.queries import V3_THRESHOLD, ListBody, SearchBody
from openmemory_api.routes.mem0.rendering import added_out, hit_rows, rows
from openmemory_api.routes.mem0.schemas import AddBody

router = APIRouter(tags=["Mem0 v3"])


@router.post("/v3/memories/add/", response_model=AddedOut)
async def add(body: AddBody, caller: CallerDep, adding: AddingDep) -> JSONResponse:
    """Remember messages: as facts, where a language model is set up, else one memory each.

    Extraction goes on after the answer, which is then `PENDING`; the event has its results.
    """
    return JSONResponse(added_out(await adding.add(caller, body.request())))


@router.post("/v3/memories/", response_model=CursorPage[MemoryRow])
async def list_memories(
    body: ListBody, paging: PagingDep, caller: CallerDep, memories: MemoriesDep
) -> JSONResponse:
    """List memories, newest first, by page or after a `cursor`."""
    request = paging.list_request(body)
    page = await memories.page(caller, request)
    shown = paging.envelope(rows(page.memories, body.fields), count=page.count, request=request)
    return JSONResponse({**shown, "next_cursor": page.next_cursor})


@router.post("/v3/memories/search/", response_model=SearchOut)
async def search(body: SearchBody, caller: CallerDep, service: SearchDep) -> JSONResponse:
    """Search memories, best first; `degraded` says when only words were compared.

    Ours: `explain` says what put each where it is; `max_tokens` bounds the texts together, and
    `left_out` says how many results that cost.
    """
    found = await service.search(caller, body.request(default_threshold=V3_THRESHOLD))
    answer: dict[str, Any] = {"results": hit_rows(found, body.fields, explain=body.explain)}
    if found.degraded:
        answer["degraded"] = found.degraded
    if body.max_tokens is not None:
        answer["left_out"] = found.left_out
    return JSONResponse(answer)
