"""Events: every write, as the platform's pollers ask for it."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from openmemory_api.domain.requests import ListRequest
from openmemory_api.routes.deps import ActionsDep, CallerDep
from openmemory_api.routes.mem0.answers import EventOut, Page
from openmemory_api.routes.mem0.paging import PagingDep
from openmemory_api.routes.mem0.queries import DEFAULT_PAGE_SIZE
from openmemory_api.routes.mem0.rendering import event_out
from openmemory_api.routes.mem0.segments import Segment

router = APIRouter(tags=["Mem0 events"])


@router.get("/v1/event/{event_id}/")
async def get_event(event_id: Segment, caller: CallerDep, actions: ActionsDep) -> EventOut:
    """One write and what came of it."""
    return event_out(await actions.get(caller, event_id))


@router.get("/v1/events/", response_model=Page[EventOut])
async def list_events(caller: CallerDep, actions: ActionsDep, paging: PagingDep) -> JSONResponse:
    """Writes, newest first."""
    request = ListRequest(page=paging.page or 1, page_size=paging.page_size or DEFAULT_PAGE_SIZE)
    count, found = await actions.page(caller, request.page, request.page_size)
    results = [event_out(action).model_dump() for action in found]
    return JSONResponse(paging.envelope(results, count=count, request=request))
