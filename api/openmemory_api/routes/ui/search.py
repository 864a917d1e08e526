"""The playground: what a search finds, why, and why not."""

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from openmemory_api.container import Container
from openmemory_api.domain.access import Caller
from openmemory_api.domain.filters import ALL, Filter
from openmemory_api.domain.memory import SignalName
from openmemory_api.domain.requests import SearchRequest
from openmemory_api.routes.access_models import ExplanationOut
from openmemory_api.routes.deps import ContainerDep
from openmemory_api.routes.ui.deps import ViewerDep
from openmemory_api.routes.ui.memory_models import DashboardFilterBody
from openmemory_api.routes.ui.models import DashboardMemory, item_of
from openmemory_api.services.activity import note
from openmemory_api.services.playground import TOOLS, Placed, Stage, Trial
from openmemory_api.vectors.terms import matched_words, searchable_text

router = APIRouter()

OPERATION = "playground"
"""What the log calls a search that was tried out: it is no app's."""


class _Exact(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SignalSwitches(_Exact):
    """Which kinds of evidence count."""

    semantic: bool = True
    bm25: bool = True


class DashboardSearchBody(_Exact):
    """A search to try out. Tools ask with threshold 0 and 10 results."""

    query: str
    as_app: str | None = Field(None, description="Whose answer; null: your own.")
    top_k: int = Field(10, ge=1, le=100)
    threshold: float = Field(0, ge=0, le=1)
    filters: DashboardFilterBody | None = Field(None, description="As of a list; null: none.")
    signals: SignalSwitches = Field(default_factory=SignalSwitches)

    def trial(self, wanted: Filter) -> Trial:
        """The search it stands for, within what its filters name."""
        request = SearchRequest(
            query=self.query,
            wanted=wanted,
            view=TOOLS,
            top_k=self.top_k,
            threshold=self.threshold,
        )
        return Trial(request, self.as_app, self.signals.semantic, self.signals.bm25)


class WhyNotBody(DashboardSearchBody):
    """The same search, and the memory that is missed."""

    memory: str = Field(description="UUID or short id.", max_length=64)


class DashboardSignal(BaseModel):
    """One kind of evidence (docs/decisions/0015-signals.md)."""

    signal: SignalName
    raw: float | None = Field(description="Its value; null: not asked.")
    weight: float
    contribution: float
    rank: int | None = Field(description="Of the candidates by this alone.")


class DashboardHit(BaseModel):
    """A result, and what put it in its place."""

    rank: int
    item: DashboardMemory
    score: float = Field(description="How good it is by itself, 0 to 1: what apps are told.")
    sum: float = Field(description="Of the contributions: what the order goes by.")
    terms: list[str] = Field(description="Words of the memory that the query has, too.")
    signals: list[DashboardSignal]


class DashboardTiming(BaseModel):
    """How long a stage took."""

    stage: str
    ms: float


class DashboardSearchOut(BaseModel):
    """What was found."""

    results: list[DashboardHit]
    of_user: int = Field(description="How many results the user's own search has.")
    candidates: int = Field(description="Memories that were scored.")
    degraded: str | None
    timing: list[DashboardTiming]


class WhyNotOut(BaseModel):
    """How far a memory came, and why no further."""

    stage: Stage
    text: str
    rank: int | None
    score: float | None
    explanation: ExplanationOut | None = Field(description="Of what the app may read.")


@router.post("/search")
async def try_search(
    viewer: ViewerDep, container: ContainerDep, body: DashboardSearchBody
) -> DashboardSearchOut:
    """What a search finds, as you or as an app, with what put each result in its place."""
    note(operation=OPERATION)
    outcome = await container.playground.search(viewer, await _trial(viewer, container, body))
    memories = [placed.hit.memory for placed in outcome.placed]
    items = [item_of(shown) for shown in await container.showing.shown(viewer, memories)]
    return DashboardSearchOut(
        results=[
            _hit(rank, placed, item, body.query)
            for rank, (placed, item) in enumerate(zip(outcome.placed, items, strict=True), 1)
        ],
        of_user=outcome.of_user,
        candidates=outcome.candidates,
        degraded=outcome.degraded,
        timing=[DashboardTiming(stage=stage, ms=ms) for stage, ms in outcome.timing],
    )


@router.post("/search/why-not")
async def why_not(viewer: ViewerDep, container: ContainerDep, body: WhyNotBody) -> WhyNotOut:
    """Which stage of a search dropped a memory, or where in the answer it is."""
    note(operation=OPERATION)
    trial = await _trial(viewer, container, body)
    reason = await container.playground.why_not(viewer, trial, body.memory)
    return WhyNotOut(
        stage=reason.stage,
        text=reason.text,
        rank=reason.rank,
        score=reason.score,
        explanation=ExplanationOut.of(reason.explanation) if reason.explanation else None,
    )


async def _trial(viewer: Caller, container: Container, body: DashboardSearchBody) -> Trial:
    if body.filters is None:
        return body.trial(ALL)
    return body.trial(await container.browsing.filter_of(viewer, body.filters.wish()))


def _hit(rank: int, placed: Placed, item: DashboardMemory, query: str) -> DashboardHit:
    return DashboardHit(
        rank=rank,
        item=item,
        score=placed.hit.score,
        sum=placed.total,
        terms=matched_words(query, searchable_text(placed.hit.memory)),
        signals=[
            DashboardSignal(
                signal=signal.name,
                raw=signal.raw,
                weight=signal.weight,
                contribution=signal.contribution,
                rank=own,
            )
            for signal, own in placed.signals
        ],
    )
