"""First generation: arrays, ids beside the query, options in the query string."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from openmemory_api.container import DEFAULT_ORG
from openmemory_api.routes.deps import (
    AddingDep,
    CallerDep,
    ExtractionDep,
    MemoriesDep,
    SearchDep,
)
from openmemory_api.routes.mem0.answers import (
    AddedV11Out,
    ChangeOut,
    MemoryRow,
    Page,
    QueuedOut,
    ScoredRow,
    SearchOut,
)
from openmemory_api.routes.mem0.paging import PagingDep
from openmemory_api.routes.mem0.queries import V1_THRESHOLD, ListQuery, SearchBody
from openmemory_api.routes.mem0.rendering import (
    change_rows,
    first_id,
    hit_rows,
    notices,
    pending_out,
    rows,
)
from openmemory_api.routes.mem0.schemas import AddBody

router = APIRouter(tags=["Mem0 v1"])

OBJECT_FORMAT: Final = "v1.1"
MAX_WAIT: Final = 180.0
"""Seconds that an add with `async_mode=false` waits; the clients give up after 300."""


class Pong(BaseModel):
    """Who the key belongs to; the SDKs refuse to start without both ids."""

    status: str = "ok"
    org_id: str = DEFAULT_ORG
    project_id: str
    user_email: str | None = None


@router.get("/v1/ping/")
async def ping(caller: CallerDep) -> Pong:
    """Check a key."""
    return Pong(project_id=caller.project_id)


@router.post("/v1/memories/", response_model=list[ChangeOut] | list[QueuedOut] | AddedV11Out)
async def add(
    body: AddBody, caller: CallerDep, adding: AddingDep, extraction: ExtractionDep
) -> JSONResponse:
    """Remember messages: an array of what was stored, or an object with `output_format` v1.1.

    Where a language model extracts facts, the one row is the `PENDING` event, unless `async_mode`
    is false: then the answer waits for them, for a few minutes at most.
    """
    added = await adding.add(caller, body.request())
    if added.pending and body.waits:
        added = await extraction.settled(caller, added, within=MAX_WAIT)
    if added.pending:
        row = pending_out(added)
        results = [{key: row[key] for key in ("message", "status", "event_id")}]
    else:
        results = change_rows(added.changes)
    if body.output_format != OBJECT_FORMAT:
        return JSONResponse(results)
    shown = {"id": first_id(added), "event_id": added.action_id, "results": results}
    return JSONResponse({**shown, "relations": [], **notices(added)})


@router.get("/v1/memories/", response_model=list[MemoryRow] | Page[MemoryRow])
async def list_memories(
    query: Annotated[ListQuery, Query()],
    paging: PagingDep,
    caller: CallerDep,
    memories: MemoriesDep,
) -> JSONResponse:
    """List memories: an array, or a page where both `page` and `page_size` are sent."""
    body = query.body()
    request = paging.list_request(body)
    page = await memories.page(caller, request)
    return JSONResponse(paging.legacy(body, request, page, rows(page.memories, body.fields)))


@router.post("/v1/memories/search/", response_model=list[ScoredRow] | SearchOut)
async def search(body: SearchBody, caller: CallerDep, service: SearchDep) -> JSONResponse:
    """Search memories: an array, or an object with `output_format` v1.1."""
    found = await service.search(caller, body.request(default_threshold=V1_THRESHOLD))
    results: Any = hit_rows(found, body.fields, explain=body.explain)
    if body.output_format == OBJECT_FORMAT:
        results = {"results": results, "relations": []}
    return JSONResponse(results)
