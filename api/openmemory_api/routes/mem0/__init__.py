"""The Mem0 platform's REST contract (docs/mem0-compatibility.md)."""

from fastapi import APIRouter

from openmemory_api.routes.mem0 import batch, entities, events, single, v1, v2, v3

router = APIRouter()
# `/v1/memories/{id}/history/` has to be asked before `/v1/memories/{type}/{entity}/`.
for _part in (v1, v2, v3, single, batch, entities, events):
    router.include_router(_part.router)
