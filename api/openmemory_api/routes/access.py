"""What a user's apps may reach: read, tried out, settled and explained. Under `/api/v1/access`."""

from typing import Annotated

from fastapi import APIRouter, Query

from openmemory_api.domain.errors import Invalid
from openmemory_api.domain.memory import ScoredMemory
from openmemory_api.domain.requests import SearchRequest, View
from openmemory_api.domain.templates import TEMPLATES
from openmemory_api.routes.access_models import (
    AppChangeOut,
    AppliedOut,
    CellOut,
    ChangedMemoryOut,
    ChangesBody,
    DifferenceOut,
    ExcerptOut,
    ExplanationOut,
    GroupOut,
    HitOut,
    MatrixOut,
    MatrixRowOut,
    PreviewBody,
    PreviewOut,
    RowModel,
    RuleModel,
    RulesOut,
    SimulateBody,
    SimulatedOut,
    TemplateOut,
    TemplatesOut,
    UserHitOut,
)
from openmemory_api.routes.deps import ContainerDep, ManagerDep, MatrixDep, RulesDep
from openmemory_api.services.matrix import By, Cell, Row
from openmemory_api.services.rules import AppChange, Difference, Some

router = APIRouter(prefix="/api/v1/access", tags=["access"])


@router.get("/rules")
async def get_rules(manager: ManagerDep, rules: RulesDep) -> RulesOut:
    """Bases, rules and pauses of every app, and their version. `*` is any other app."""
    book = await rules.rules(manager)
    return RulesOut(version=book.version, apps=[RowModel.of(book, app) for app in book.names()])


@router.post("/preview")
async def preview(manager: ManagerDep, rules: RulesDep, body: PreviewBody) -> PreviewOut:
    """What each app would gain and lose if a draft was applied now. Changes nothing."""
    found = await rules.preview(manager, body.drafts(), version=body.version, shown=body.limit)
    return PreviewOut(
        version=found.version,
        apps=[_changed(change) for change in found.changes],
        more_apps=found.more_apps,
    )


@router.post("/apply")
async def apply(manager: ManagerDep, container: ContainerDep, body: ChangesBody) -> AppliedOut:
    """Put a draft in place, whole or not at all; it holds for every later answer.

    It is one action, which `POST /api/v1/actions/{id}/undo` takes back.
    """
    applied = await container.access.change(manager, body.drafts(), version=body.version)
    return AppliedOut(action_id=applied.action_id, version=applied.version)


@router.post("/simulate")
async def simulate(manager: ManagerDep, rules: RulesDep, body: SimulateBody) -> SimulatedOut:
    """What an app may do with a memory, or would find by a query, and why. No call of the app's."""
    if body.memory is not None and body.query is None:
        decided = await rules.of_memory(manager, body.app, body.memory, body.verb)
        return SimulatedOut(
            version=decided.version,
            app=body.app,
            memory=ExcerptOut.of(decided.memory),
            explanation=ExplanationOut.of(decided.explanation),
            results=None,
            of_user=None,
        )
    if body.query is None or body.memory is not None:
        raise Invalid("Give either memory or query")
    request = SearchRequest(
        query=body.query,
        view=View(latest_only=body.latest_only),
        top_k=body.top_k,
        threshold=body.threshold,
    )
    answer = await rules.of_query(manager, body.app, request, body.verb)
    return SimulatedOut(
        version=answer.version,
        app=body.app,
        results=[_hit(rank, hit) for rank, hit in enumerate(answer.found, 1)],
        of_user=[
            UserHitOut(**_hit(rank, hit).model_dump(), explanation=ExplanationOut.of(explanation))
            for rank, (hit, explanation) in enumerate(answer.of_user, 1)
        ],
        degraded=answer.degraded,
    )


@router.get("/matrix")
async def matrix(
    manager: ManagerDep,
    matrices: MatrixDep,
    by: By = By.CATEGORY,
    limit: Annotated[int, Query(ge=1, le=500, description="Columns, the largest first.")] = 50,
) -> MatrixOut:
    """How much of what each app may read and write. The memories of the columns are active ones."""
    found = await matrices.matrix(manager, by, limit=limit)
    return MatrixOut(
        version=found.version,
        columns=[
            GroupOut(kind=group.kind, value=group.value, total=group.total)
            for group in found.groups
        ],
        apps=[_matrix_row(row) for row in found.rows],
        more_columns=found.more_groups,
        more_apps=found.more_apps,
    )


@router.get("/templates")
async def list_templates(_: ManagerDep) -> TemplatesOut:
    """Ready-made rows, for `template` in a draft."""
    return TemplatesOut(templates=[_template(name) for name in TEMPLATES])


def _changed(change: AppChange) -> AppChangeOut:
    return AppChangeOut(
        app=change.app,
        inherit=change.inherits,
        read=_difference(change.read),
        write=_difference(change.write),
        may_add={"before": change.before.may_add, "after": change.after.may_add},
        blocked=change.before.blocked,
    )


def _difference(difference: Difference) -> DifferenceOut:
    gains, loses = difference.gains, difference.loses
    return DifferenceOut(
        gains=gains.total,
        loses=loses.total,
        memories=[*_memories(gains, "gains"), *_memories(loses, "loses")],
    )


def _memories(some: Some, change: str) -> list[ChangedMemoryOut]:
    return [
        ChangedMemoryOut.model_validate({**ExcerptOut.of(memory).model_dump(), "change": change})
        for memory in some.memories
    ]


def _hit(rank: int, hit: ScoredMemory) -> HitOut:
    return HitOut(rank=rank, score=hit.score, memory=ExcerptOut.of(hit.memory))


def _matrix_row(row: Row) -> MatrixRowOut:
    blocked = row.reach.blocked
    return MatrixRowOut(
        app=row.app,
        inherit=row.inherits,
        paused=row.paused,
        blocked=blocked,
        may_add=row.reach.may_add,
        whole=_cell(row.whole, blocked=blocked),
        cells=[_cell(cell, blocked=blocked) for cell in row.cells],
    )


def _cell(cell: Cell, *, blocked: bool) -> CellOut:
    return CellOut(
        readable=cell.readable, writable=cell.writable, total=cell.total, blocked=blocked
    )


def _template(name: str) -> TemplateOut:
    found = TEMPLATES[name]
    row = found.access()
    return TemplateOut(
        name=found.name,
        title=found.title,
        description=found.description,
        tags=None if found.tags is None else list(found.tags),
        categories=None if found.categories is None else list(found.categories),
        read=row.read,
        write=row.write,
        rules=[RuleModel.of(rule) for rule in row.rules],
    )
