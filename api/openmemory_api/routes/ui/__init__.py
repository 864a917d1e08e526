"""The dashboard's own API, where the public one does not serve. Under `/api/v1/ui`."""

from fastapi import APIRouter

from openmemory_api.routes.ui import (
    apps,
    changes,
    connect,
    events,
    me,
    memories,
    overview,
    search,
    settings,
)

router = APIRouter(prefix="/api/v1/ui", tags=["dashboard"])
router.include_router(me.router)
router.include_router(memories.router)
router.include_router(changes.router)
router.include_router(events.router)
router.include_router(overview.router)
router.include_router(search.router)
router.include_router(apps.router)
router.include_router(connect.router)
router.include_router(settings.router)
