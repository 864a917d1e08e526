"""The users, agents, apps and runs that memories belong to."""

import re
from typing import Final

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from openmemory_api.domain.access import Caller
from openmemory_api.domain.errors import Invalid, NotFound
from openmemory_api.domain.filters import NOTHING, Filter, In
from openmemory_api.domain.requests import ActionKind, ListRequest
from openmemory_api.routes.deps import CallerDep, EntitiesDep, MemoriesDep
from openmemory_api.routes.mem0.answers import (
    DeletedAllOut,
    EntityOut,
    EntityPage,
    MemoryOut,
    Page,
)
from openmemory_api.routes.mem0.paging import MAX_ENTITIES, EntityPagingDep, PagingDep
from openmemory_api.routes.mem0.queries import DEFAULT_PAGE_SIZE
from openmemory_api.routes.mem0.rendering import entity_out, rows
from openmemory_api.routes.mem0.segments import NameAtEnd, Segment, entity_name, entity_type
from openmemory_api.services.entities import ENTITY_FIELDS
from openmemory_api.services.memories import MemoryService

router = APIRouter(tags=["Mem0 entities"])

_NUMBER: Final = re.compile("[0-9]{1,20}")


@router.get("/v1/entities/", response_model=EntityPage)
async def list_entities(
    caller: CallerDep, entities: EntitiesDep, paging: EntityPagingDep
) -> JSONResponse:
    """Every entity that some readable memory carries."""
    request = ListRequest(page=paging.page or 1, page_size=paging.page_size or MAX_ENTITIES)
    count, totals, found = await entities.page(caller, request.page, request.page_size)
    results = [entity_out(entity, caller.project_id).model_dump() for entity in found]
    shown = paging.envelope(results, count=count, request=request)
    sums = {f"total_{kind}s": totals.get(kind, 0) for kind in ENTITY_FIELDS}
    return JSONResponse({**shown, **sums})


@router.get("/v2/entities/{kind}/{name:path}/")
async def get_entity(
    kind: Segment, name: NameAtEnd, caller: CallerDep, entities: EntitiesDep
) -> list[EntityOut]:
    """One entity, in the array that the platform puts it in."""
    asked = (entity_type(kind), name)
    found = [item for item in await entities.all(caller) if (item.type, item.name) == asked]
    if not found:
        raise NotFound("Entity not found!")
    return [entity_out(entity, caller.project_id) for entity in found]


@router.delete("/v2/entities/{kind}/{name:path}/")
async def delete_entity(
    kind: Segment, name: NameAtEnd, caller: CallerDep, memories: MemoriesDep
) -> DeletedAllOut:
    """Delete an entity with all its memories."""
    return await _delete(memories, caller, In(ENTITY_FIELDS[entity_type(kind)], (name,)))


@router.delete("/v1/entities/{kind}/{number}/")
async def delete_entity_by_number(
    kind: Segment,
    number: Segment,
    caller: CallerDep,
    entities: EntitiesDep,
    memories: MemoriesDep,
) -> DeletedAllOut:
    """Delete an entity by the number it was listed with (deprecated by the platform)."""
    of_type = entity_type(kind)
    if _NUMBER.fullmatch(number) is None:
        raise Invalid("entity_id should be a valid integer")
    name = await entities.by_number(caller, of_type, int(number))
    wanted = NOTHING if name is None else In(ENTITY_FIELDS[of_type], (name,))
    return await _delete(memories, caller, wanted)


@router.get("/v1/memories/{kind}/{name}/", response_model=Page[MemoryOut])
async def list_memories_of(
    kind: Segment,
    name: Segment,
    caller: CallerDep,
    memories: MemoriesDep,
    paging: PagingDep,
) -> JSONResponse:
    """The memories of one entity."""
    request = ListRequest(
        wanted=In(ENTITY_FIELDS[entity_type(kind)], (entity_name(name),)),
        page=paging.page or 1,
        page_size=paging.page_size or DEFAULT_PAGE_SIZE,
    )
    page = await memories.page(caller, request)
    results = rows(page.memories)
    return JSONResponse(paging.envelope(results, count=page.count, request=request))


async def _delete(memories: MemoryService, caller: Caller, wanted: Filter) -> DeletedAllOut:
    # Nothing left to delete is a success: the SDKs' `reset()` lists once, then deletes users and
    # agents in turn, and a memory that carried both is gone by its second.
    deleted = await memories.delete_where(caller, wanted, kind=ActionKind.DELETE_USER)
    return DeletedAllOut(
        message="Entity deleted successfully!",
        event_id=deleted.action_id,
        deleted=len(deleted.deleted),
        left=deleted.left,
    )
