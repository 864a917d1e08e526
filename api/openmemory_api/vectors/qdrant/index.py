"""Hybrid search over an engine that speaks Qdrant: its exact counts and sums, our ranking.

An engine adds up in float32 and in an order of its own, so its scores only say which points come
into question. What decides is added up here, from numbers that depend on one point alone: rows
outside the scope cannot move an answer by a bit.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import anyio.to_thread

from openmemory_api.domain.filters import Filter
from openmemory_api.domain.protocols import Candidate, Point, Space, Vector
from openmemory_api.vectors.qdrant.engine import (
    Batch,
    Condition,
    Dense,
    Engine,
    Hit,
    IndexPoint,
    Sparse,
    Terms,
)
from openmemory_api.vectors.qdrant.filters import all_of, compiled, has_ids, holds_term
from openmemory_api.vectors.qdrant.points import index_point, term_number
from openmemory_api.vectors.terms import (
    DECIMALS,
    inverse_document_frequency,
    query_terms,
    telling_terms,
)

APPLY_AT_ONCE: Final = 64
"""Points made and written at a time: a search waits for these at most."""
SPARE: Final = 14
"""Points asked for beyond the limit, to see where a tie at the cut ends."""
WIDER: Final = 4
"""How many times more are asked for when it does not end there."""
FLOAT_ERROR: Final = 1e-5
"""More, of the best score, than an engine's sum is ever off by."""


class QdrantIndex:
    """A `VectorIndex` over an `Engine`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._applied = 0

    @property
    def shared(self) -> bool:
        """Whether other processes search the same points."""
        return self._engine.shared

    async def open(self, space: Space) -> None:
        """Make ready for the vectors of a space."""
        await self._engine.open(space)

    async def close(self) -> None:
        """Let go of files, processes and connections."""
        await self._engine.close()

    async def applied(self) -> int:
        """The highest change number whose write the index reflects."""
        self._applied = await self._engine.applied()
        return self._applied

    async def apply(self, upserts: Sequence[Point], deletes: Sequence[str], *, change: int) -> None:
        """Reflect writes up to and including `change`."""
        if deletes:
            await self._engine.write([], deletes)
        current = await self._current(upserts)
        for start in range(0, len(current), APPLY_AT_ONCE):
            part = current[start : start + APPLY_AT_ONCE]
            await self._engine.write(await anyio.to_thread.run_sync(_index_points, part), [])
        await self._engine.advance(change)
        self._applied = max(self._applied, change)

    async def search(
        self, text: str, vector: Vector | None, *, scope: Filter, limit: int
    ) -> list[Candidate]:
        """The best `limit` (at least 1) of each leg within `scope`, scored by both legs."""
        condition = compiled(scope)
        if condition is False:
            return []
        question = _Question(
            _weights(text), _telling(text), vector, None if condition is True else condition, limit
        )
        return await _Search(self._engine, question).candidates()

    async def _current(self, points: Sequence[Point]) -> Sequence[Point]:
        """Without those of which a later change is held: only an older write can have any."""
        older = [point.memory.id for point in points if point.memory.change <= self._applied]
        if not older:
            return points
        held = (await self._engine.run(Batch(changes_of=older))).changes
        return [p for p in points if held.get(p.memory.id, 0) <= p.memory.change]


def _index_points(points: Sequence[Point]) -> list[IndexPoint]:
    return [index_point(point) for point in points]


def _weights(text: str) -> dict[int, float]:
    """The numbers of a query's terms, and the share of each in what it asks for."""
    weights: dict[int, float] = {}
    for term, weight in query_terms(text).items():
        number = term_number(term)
        weights[number] = weights.get(number, 0.0) + weight
    return weights


def _telling(text: str) -> dict[int, float]:
    return {term_number(term): tells for term, tells in telling_terms(text).items()}


@dataclass(frozen=True, slots=True)
class _Question:
    terms: Mapping[int, float]
    telling: Mapping[int, float]
    vector: Vector | None
    scope: Condition | None
    limit: int


class _Search:
    """One search in three rounds: which words are rare here, who comes into question, how good."""

    def __init__(self, engine: Engine, question: _Question) -> None:
        self._engine = engine
        self._asked = question

    async def candidates(self) -> list[Candidate]:
        limit = self._asked.limit
        rarity, near = await self._first_round()
        near = _cut(near, limit)
        by_words = await self._by_words(rarity)
        if len(rarity) <= 2:
            # A sum of two has but one order: the engine's is as good as ours.
            by_words = _cut(by_words, limit)
        cosines = dict(near)
        unscored = [hit.id for hit in by_words if hit.id not in cosines]
        answers = await self._engine.run(
            Batch(
                terms_of=[*cosines, *unscored],
                among=list(rarity),
                dense=self._dense(len(unscored), has_ids(unscored)) if unscored else [],
            )
        )
        for hits in answers.dense:
            cosines |= {hit.id: round(hit.score, DECIMALS) for hit in hits}
        lexical = {name: _sum(self._asked.terms, held) for name, held in answers.terms.items()}
        specific = {name: _sum(rarity, held) for name, held in answers.terms.items()}
        worded = [Hit(hit.id, specific[hit.id]) for hit in by_words if lexical.get(hit.id, 0) > 0]
        names = {hit.id for hit in (*near, *_cut(worded, limit))}
        return [
            Candidate(name, cosines.get(name), lexical.get(name, 0.0), specific.get(name, 0.0))
            for name in sorted(names)
        ]

    async def _first_round(self) -> tuple[dict[int, float], list[Hit]]:
        """By term, its rarity in the scope, and the contenders by meaning."""
        scope, terms = self._asked.scope, self._asked.terms
        fetch = self._asked.limit + SPARE
        answers = await self._engine.run(
            Batch(
                counts=[scope, *(all_of([scope, holds_term(number)]) for number in terms)],
                dense=self._dense(fetch, scope),
            )
        )
        total, *holders = answers.counts
        held = {number: count for number, count in zip(terms, holders, strict=True) if count}
        rarity = {
            number: self._asked.telling[number] * inverse_document_frequency(count, total)
            for number, count in held.items()
        }
        near = list(answers.dense[0]) if answers.dense else []
        return rarity, await self._contenders(near, fetch, self._nearest)

    async def _by_words(self, rarity: Mapping[int, float]) -> list[Hit]:
        """The contenders by words."""
        if not rarity:
            return []

        async def heaviest(fetch: int) -> Sequence[Hit]:
            asked = Sparse(rarity, fetch, self._asked.scope)
            return (await self._engine.run(Batch(sparse=[asked]))).sparse[0]

        fetch = self._asked.limit + SPARE
        return await self._contenders(await heaviest(fetch), fetch, heaviest)

    async def _nearest(self, fetch: int) -> Sequence[Hit]:
        asked = self._dense(fetch, self._asked.scope)
        return (await self._engine.run(Batch(dense=asked))).dense[0]

    async def _contenders(
        self, hits: Sequence[Hit], fetch: int, ask: Callable[[int], Awaitable[Sequence[Hit]]]
    ) -> list[Hit]:
        """All that can be among the best `limit`: those that tie at the cut are asked for, too."""
        while len(hits) == fetch:
            lowest = hits[self._asked.limit - 1].score - FLOAT_ERROR * max(1.0, hits[0].score)
            if hits[-1].score < lowest:
                return [hit for hit in hits if hit.score >= lowest]
            fetch *= WIDER
            hits = await ask(fetch)
        return list(hits)

    def _dense(self, limit: int, condition: Condition | None) -> list[Dense]:
        vector = self._asked.vector
        return [] if vector is None else [Dense(vector, limit, condition)]


def _sum(factors: Mapping[int, float], held: Terms) -> float:
    # In the order of the query's words, whatever order an engine keeps them in.
    return round(sum(factor * held.get(term, 0.0) for term, factor in factors.items()), DECIMALS)


def _cut(hits: Sequence[Hit], limit: int) -> list[Hit]:
    """The best `limit`, rounded; of equals, those whose id comes first."""
    rounded = [Hit(hit.id, round(hit.score, DECIMALS)) for hit in hits]
    return sorted(rounded, key=lambda hit: (-hit.score, hit.id))[:limit]
