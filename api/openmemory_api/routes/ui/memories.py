"""Memories as a person looks at them: lists, one memory, its history, what is like it."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from openmemory_api.routes.access_models import ExplanationOut
from openmemory_api.routes.deps import ContainerDep
from openmemory_api.routes.ui.deps import ViewerDep
from openmemory_api.routes.ui.memory_models import (
    DashboardAppAccess,
    DashboardFacet,
    DashboardFacets,
    DashboardFilter,
    DashboardHistory,
    DashboardListQuery,
    DashboardMemoryDetail,
    DashboardRelated,
    DashboardRelatedList,
    DashboardSimilar,
    DashboardSimilarList,
    DashboardTechnical,
    DashboardText,
    DashboardVersion,
    DashboardWindow,
)
from openmemory_api.routes.ui.models import ShownState, fields_of, item_of
from openmemory_api.services.looking import Detail
from openmemory_api.services.showing import Decision
from openmemory_api.services.wishes import Facet

router = APIRouter(prefix="/memories")


@router.get("")
async def list_dashboard_memories(
    viewer: ViewerDep, container: ContainerDep, query: Annotated[DashboardListQuery, Query()]
) -> DashboardWindow:
    """A window of your memories, in whatever state they are."""
    found = await container.browsing.page(
        viewer, query.wish(), query.sort, offset=query.offset, limit=query.limit
    )
    shown = await container.showing.shown(viewer, found.memories)
    return DashboardWindow(
        total=found.total, offset=query.offset, items=[item_of(each) for each in shown]
    )


@router.get("/facets")
async def count_dashboard_memories(
    viewer: ViewerDep, container: ContainerDep, query: Annotated[DashboardFilter, Query()]
) -> DashboardFacets:
    """How many memories each value of the filter would leave."""
    found = await container.browsing.facets(viewer, query.wish())
    states: dict[ShownState, int] = {
        "active": 0, "paused": 0, "archived": 0, "trashed": 0,
    }  # fmt: skip
    for state in states:
        states[state] = next(count for each, count in found.states.items() if each == state)
    return DashboardFacets(
        states=states,
        apps=[_facet(each) for each in found.apps],
        categories=[_facet(each) for each in found.categories],
        total=found.total,
    )


@router.post("/similar")
async def find_similar_memories(
    viewer: ViewerDep, container: ContainerDep, body: DashboardText
) -> DashboardSimilarList:
    """Memories that may say already what a text says."""
    found = await container.looking.similar(viewer, body.text)
    return DashboardSimilarList(
        items=[DashboardSimilar(item=item_of(shown), score=score) for shown, score in found]
    )


@router.get("/{memory_id}")
async def get_dashboard_memory(
    viewer: ViewerDep, container: ContainerDep, memory_id: str, response: Response
) -> DashboardMemoryDetail:
    """All of a memory. `ETag` is the version that a change of it has to name in `If-Match`."""
    detail = await container.looking.detail(viewer, memory_id)
    response.headers["ETag"] = etag_of(detail)
    return detail_of(detail)


@router.get("/{memory_id}/history")
async def get_dashboard_history(
    viewer: ViewerDep, container: ContainerDep, memory_id: str
) -> DashboardHistory:
    """Every version of a memory, oldest first, and who made it."""
    rows = await container.looking.history(viewer, memory_id)
    versions = [
        DashboardVersion(
            version=row.version,
            kind=row.kind,
            action_kind=row.deed,
            action_id=row.action_id,
            at=row.created_at,
            app=row.app,
            surface=row.surface,
            user_id=row.user_id,
            undone_by=row.undone_by,
            before=row.before,
            after=row.after,
        )
        for row in rows
    ]
    return DashboardHistory(versions=versions)


@router.get("/{memory_id}/related")
async def get_related_memories(
    viewer: ViewerDep,
    container: ContainerDep,
    memory_id: str,
    limit: Annotated[int, Query(ge=1, le=50)] = 10,
) -> DashboardRelatedList:
    """What a memory took the place of or gave way to, and what is nearest to it."""
    found = await container.looking.related(viewer, memory_id, limit=limit)
    return DashboardRelatedList(
        items=[
            DashboardRelated(item=item_of(each.shown), score=each.score, relation=each.relation)
            for each in found
        ]
    )


def etag_of(detail: Detail) -> str:
    """The version of a memory, as a header has it."""
    return f'"{detail.shown.memory.version}"'


def detail_of(detail: Detail) -> DashboardMemoryDetail:
    """A memory as its page shows it."""
    memory, technical = detail.shown.memory, detail.technical
    ids = memory.entities
    return DashboardMemoryDetail(
        **fields_of(detail.shown),
        metadata=None if memory.metadata is None else dict(memory.metadata),
        user_id=ids.user_id,
        agent_id=ids.agent_id,
        app_id=ids.app_id,
        run_id=ids.run_id,
        role=memory.role,
        actor=memory.actor,
        event_time=memory.event_time,
        expiration_date=memory.expiration_date,
        surface=memory.surface,
        inferred=memory.inferred,
        immutable=memory.immutable,
        source_action_id=memory.source_event_id,
        access=[_access(label, decision) for label, decision in detail.access],
        technical=DashboardTechnical(
            embedder=technical.embedder,
            dimensions=technical.dimensions,
            embedded_with=technical.embedded_with,
            index=technical.index,
            text_version=technical.text_version,
        ),
    )


def _access(label: str, decision: Decision) -> DashboardAppAccess:
    read, write = decision.read, decision.write
    return DashboardAppAccess(
        app=decision.app,
        label=label,
        paused=decision.paused,
        read=read and ExplanationOut.of(read),
        write=write and ExplanationOut.of(write),
    )


def _facet(facet: Facet) -> DashboardFacet:
    return DashboardFacet(value=facet.value, count=facet.count)
