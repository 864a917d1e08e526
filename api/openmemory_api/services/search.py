"""Searching: the scope decides, the index finds, SQL confirms."""

import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import accumulate
from typing import Final

from openmemory_api.db import memories as rows
from openmemory_api.db.session import Database, ReadConnection
from openmemory_api.db.utterances import utterances_of
from openmemory_api.domain.access import Caller, KeyScope
from openmemory_api.domain.errors import Unavailable
from openmemory_api.domain.filters import NOTHING, Filter, all_of
from openmemory_api.domain.memory import ScoredMemory
from openmemory_api.domain.protocols import (
    Candidate,
    Clock,
    Embedder,
    Reading,
    Vector,
    VectorIndex,
)
from openmemory_api.domain.requests import SearchRequest, SearchResult
from openmemory_api.domain.text import estimated_tokens
from openmemory_api.services.access import AccessService, Scope
from openmemory_api.services.activity import note
from openmemory_api.services.indexing import Indexer
from openmemory_api.services.ranking import Ranked, rank
from openmemory_api.services.reranking import DEPTH, Reranking
from openmemory_api.services.validation import checked_text

_WORDS_ALONE: Final = Reading()
_POOL: Final = 100
"""Candidates of each leg; both legs score all of them."""


@dataclass(slots=True)
class Look:
    """What one search goes by and what came of it, for somebody who watches. Filled meanwhile."""

    semantic: bool = True
    """Whether it goes by meaning."""
    bm25: bool = True
    """Whether it goes by words."""
    candidates: Mapping[str, Candidate] = field(default_factory=dict[str, Candidate])
    ranked: Sequence[Ranked] = ()
    """All candidates in their order, those below the threshold, too."""
    timing: list[tuple[str, float]] = field(default_factory=list[tuple[str, float]])
    """Each stage and its milliseconds, in their order."""

    def taken(self, found: Sequence[Candidate]) -> Sequence[Candidate]:
        """The candidates with what is switched off left out of each."""
        if not self.bm25:
            near = (each for each in found if each.dense is not None)
            found = [replace(each, lexical=0.0, specific=0.0) for each in near]
        self.candidates = {each.id: each for each in found}
        return found


class SearchService:
    """Finds what a caller may read by meaning and by words."""

    def __init__(
        self,
        database: Database,
        access: AccessService,
        index: VectorIndex,
        indexer: Indexer,
        embedder: Embedder,
        clock: Clock,
        reranking: Reranking,
    ) -> None:
        self._database = database
        self._reranking = reranking
        self._access = access
        self._index = index
        self._indexer = indexer
        self._embedder = embedder
        self._clock = clock

    async def search(self, caller: Caller, request: SearchRequest) -> SearchResult:
        """The best `top_k` memories at or above the threshold, by falling score.

        Raises:
            Invalid: the query is blank or too long.
            Forbidden: the app is paused.
            Unavailable: the index cannot be reached.
        """
        query, _ = checked_text(request.query, name="query")
        note(query=query, hits=())

        async def found(scope: Scope) -> SearchResult:
            return await self.within(scope.readable, request)

        return await self._access.answer(caller, found, KeyScope.READ)

    async def within(
        self, readable: Filter, request: SearchRequest, look: Look | None = None
    ) -> SearchResult:
        """As `search`, of a set that was decided before: what somebody else would find, too.

        With a `look` it says there how it came to its answer.

        Raises:
            Invalid, Unavailable: as `search`.
        """
        query, _ = checked_text(request.query, name="query")
        today = self._clock().date()
        wanted = all_of(readable, request.wanted, request.view.shown_on(today))
        if wanted == NOTHING:
            return SearchResult([])
        with _stage(look, "embed"):
            vector, degraded = (None, None)
            if look is None or look.semantic:
                vector, degraded = await self._embedded(query)
        with _stage(look, "find"):
            limit = max(_POOL, request.top_k)
            candidates = await self._index.search(query, vector, scope=wanted, limit=limit)
        reranks = request.rerank and self._reranking.there
        async with self._database.read() as connection:
            with _stage(look, "rank"):
                said = await utterances_of(connection, [each.id for each in candidates], wanted)
                # The index may lag, and what is out of the set must speak for nothing in it.
                candidates = [each for each in candidates if each.id in said]
                candidates = look.taken(candidates) if look else candidates
                ranked = rank(query, candidates, said, self._embedder.reading or _WORDS_ALONE)
                if look is not None:
                    look.ranked = ranked
            with _stage(look, "confirm"):
                good = [hit for hit in ranked if hit.score >= request.threshold]
                depth = DEPTH if reranks else request.top_k
                confirmed = await _confirmed(connection, good, wanted, depth)
        unranked = None
        if reranks:
            with _stage(look, "rerank"):
                confirmed, unranked = await self._reranked(
                    replace(request, query=query), good, confirmed, wanted
                )
        hits = _fitting(_falling(confirmed), request.max_tokens)
        note(hits=[(hit.memory.id, hit.score) for hit in hits])
        reasons = filter(None, (degraded or self._indexer.behind, unranked))
        return SearchResult(hits, "; ".join(reasons) or None, len(confirmed) - len(hits))

    async def _reranked(
        self,
        request: SearchRequest,
        good: Sequence[Ranked],
        confirmed: Sequence[ScoredMemory],
        wanted: Filter,
    ) -> tuple[list[ScoredMemory], str | None]:
        """The first `top_k` in the reranker's order, and why it is not that order if it is not."""
        known = {hit.memory.id: hit.memory for hit in confirmed}
        order, reason = await self._reranking.ordered(request.query, good, known)
        # A second time: while a model is waited for, memories are deleted.
        async with self._database.read() as connection:
            return await _confirmed(connection, order, wanted, request.top_k), reason

    async def _embedded(self, query: str) -> tuple[Vector | None, str | None]:
        if self._embedder.reading is None:
            return None, None
        if not self._indexer.searches_by_meaning:
            return None, "found by words alone: the index has vectors of another model"
        try:
            return await self._embedder.embed_query(query), None
        except Unavailable as error:
            return None, f"found by words alone: {error}"


async def _confirmed(
    connection: ReadConnection, ranked: Sequence[Ranked], wanted: Filter, top_k: int
) -> list[ScoredMemory]:
    """The first `top_k` that SQL holds to be in the set now; the index may lag behind it."""
    hits: list[ScoredMemory] = []
    while ranked and len(hits) < top_k:
        best, ranked = ranked[:top_k], ranked[top_k:]
        memories = await rows.by_ids(connection, [hit.id for hit in best], wanted)
        hits += [
            ScoredMemory(memories[hit.id], hit.score, hit.breakdown, hit.signals)
            for hit in best
            if hit.id in memories
        ]
    return hits[:top_k]


@contextmanager
def _stage(look: Look | None, name: str) -> Generator[None]:
    if look is None:
        yield
        return
    start = time.perf_counter()
    yield
    look.timing.append((name, round((time.perf_counter() - start) * 1000, 3)))


def _fitting(hits: list[ScoredMemory], max_tokens: int | None) -> list[ScoredMemory]:
    """The best that fit together: what is too long leaves its room to those after it."""
    if max_tokens is None:
        return hits
    fitting: list[ScoredMemory] = []
    for hit in hits:
        needed = estimated_tokens(hit.memory.text)
        if needed <= max_tokens:
            fitting.append(hit)
            max_tokens -= needed
    return fitting


def _falling(hits: Sequence[ScoredMemory]) -> list[ScoredMemory]:
    """Hits in their order with scores that never rise, as the contract has them."""
    lowest = accumulate((hit.score for hit in hits), min)
    return [replace(hit, score=score) for hit, score in zip(hits, lowest, strict=True)]
