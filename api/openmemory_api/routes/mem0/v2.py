"""Second generation: filters in the body, arrays in the answer."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from openmemory_api.routes.deps import CallerDep, MemoriesDep, SearchDep
from openmemory_api.routes.mem0.answers import MemoryRow, Page, ScoredRow
from openmemory_api.routes.mem0.paging import PagingDep
from openmemory_api.routes.mem0.queries import V2_THRESHOLD, ListBody, SearchBody
from openmemory_api.routes.mem0.rendering import hit_rows, rows

router = APIRouter(tags=["Mem0 v2"])


@router.post("/v2/memories/", response_model=list[MemoryRow] | Page[MemoryRow])
async def list_memories(
    body: ListBody, paging: PagingDep, caller: CallerDep, memories: MemoriesDep
) -> JSONResponse:
    """List memories: an array, or a page where both `page` and `page_size` are sent."""
    request = paging.list_request(body)
    page = await memories.page(caller, request)
    return JSONResponse(paging.legacy(body, request, page, rows(page.memories, body.fields)))


@router.post("/v2/memories/search/", response_model=list[ScoredRow])
async def search(body: SearchBody, caller: CallerDep, service: SearchDep) -> JSONResponse:
    """Search memories."""
    found = await service.search(caller, body.request(default_threshold=V2_THRESHOLD))
    return JSONResponse(hit_rows(found, body.fields, explain=body.explain))
