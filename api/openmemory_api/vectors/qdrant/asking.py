"""A batch of questions as calls of a Qdrant server, all of them at the same time."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final, Protocol, TypeVar, cast

import anyio
from qdrant_client import AsyncQdrantClient, models

from openmemory_api.domain.errors import Unavailable
from openmemory_api.vectors.qdrant.engine import (
    DENSE,
    SPARSE,
    Answers,
    Batch,
    Condition,
    Dense,
    Hit,
    Sparse,
    Terms,
)

T = TypeVar("T")

MARK: Final = 0
"""Id of the point that is no memory: a memory's id is never a number."""

_AT_ONCE: Final = 16
_POINTS: Final = 1_000
"""Ids of a request."""
_FEW_TERMS: Final = 64
"""Up to so many terms are counted one by one; of a page as query all at once is less work."""
_MOST_TERMS: Final = 100_000
"""Distinct terms of a scope up to which they can be counted at once."""
_NOT_THE_MARK: Final = models.HasIdCondition(has_id=[MARK])


class Ask(Protocol):
    """Makes a call about the collection of that name.

    Raises:
        Unavailable: it was not answered.
    """

    async def __call__(self, call: Callable[[AsyncQdrantClient, str], Awaitable[T]]) -> T:
        """What the server answers."""
        ...


async def answer(ask: Ask, batch: Batch, *, dense: bool) -> Answers:
    """The answers to a batch. Unless the collection has `dense` vectors, nothing is near anything."""
    counts = [0] * len(batch.counts)
    searches = [*(batch.dense if dense else ()), *batch.sparse]
    found: list[list[Hit]] = []
    terms: dict[str, Terms] = {}
    changes: dict[str, int] = {}

    async def count(places: Sequence[int]) -> None:
        numbers = await _counts(ask, [batch.counts[place] for place in places])
        for place, number in zip(places, numbers, strict=True):
            counts[place] = number

    async def search() -> None:
        found.extend(await _search(ask, searches))

    async def read_terms() -> None:
        records = await _retrieved(ask, batch.terms_of, with_vectors=[SPARSE])
        terms.update({str(record.id): _terms_of(record) for record in records})

    async def read_changes() -> None:
        records = await _retrieved(ask, batch.changes_of, with_payload=["change"])
        changes.update({str(each.id): int((each.payload or {})["change"]) for each in records})

    work: list[Callable[[], Awaitable[None]]] = [
        lambda places=places: count(places) for places in _alike(batch.counts)
    ]
    work += [search] if searches else []
    work += [read_terms] if batch.terms_of else []
    work += [read_changes] if batch.changes_of else []
    await _together(work)
    sparse = found[len(found) - len(batch.sparse) :]
    near = found[: len(found) - len(sparse)] or [[] for _ in batch.dense]
    return Answers(counts, near, sparse, terms, changes)


def _alike(conditions: Sequence[Condition | None]) -> list[list[int]]:
    """The places of conditions that are counted by one call: alone, or many that differ in a term."""
    groups: dict[object, list[int]] = {}
    for place, condition in enumerate(conditions):
        split = _term_of(condition)
        groups.setdefault(place if split is None else _identity(split[1]), []).append(place)
    alike: list[list[int]] = []
    for places in groups.values():
        alike += [places] if len(places) > _FEW_TERMS else [[place] for place in places]
    return alike


def _identity(condition: Condition) -> object:
    """Equal for conditions of the same parts. Comparing what they say would take longer."""
    return tuple((name, *map(id, parts)) for name, parts in condition.items())


def _term_of(condition: Condition | None) -> tuple[int, Condition] | None:
    """The term that a condition ends in, and the rest of it; None when it does not."""
    *others, last = (condition or {}).get("must") or [None]
    match last:
        case {"key": key, "match": {"value": int(term)}} if key == SPARSE and condition is not None:
            return term, {**condition, "must": others}
        case _:
            return None


async def _counts(ask: Ask, conditions: Sequence[Condition | None]) -> list[int]:
    if len(conditions) == 1:
        return [await _count(ask, conditions[0])]
    split = [each for each in map(_term_of, conditions) if each is not None]
    scope = _counted(split[0][1])
    facet = await ask(
        lambda client, name: client.facet(name, SPARSE, scope, limit=_MOST_TERMS, exact=True)
    )
    held: Mapping[Any, int] = {hit.value: hit.count for hit in facet.hits}
    if len(held) < _MOST_TERMS:
        return [held.get(term, 0) for term, _ in split]
    return [await _count(ask, condition) for condition in conditions]


async def _count(ask: Ask, condition: Condition | None) -> int:
    asked = _counted(condition)
    return (await ask(lambda client, name: client.count(name, asked, exact=True))).count


def _counted(condition: Condition | None) -> models.Filter:
    """The condition without the mark, which has no vector to be found by, but would be counted."""
    asked = models.Filter.model_validate(condition or {})
    excluded = cast("list[models.Condition]", asked.must_not or [])
    return asked.model_copy(update={"must_not": [*excluded, _NOT_THE_MARK]})


async def _search(ask: Ask, searches: Sequence[Dense | Sparse]) -> list[list[Hit]]:
    requests = [_request(each) for each in searches]
    answers = await ask(lambda client, name: client.query_batch_points(name, requests))
    return [[Hit(str(point.id), point.score) for point in each.points] for each in answers]


def _request(search: Dense | Sparse) -> models.QueryRequest:
    query: Any
    if isinstance(search, Dense):
        query, using = [search.vector.tolist()], DENSE
    else:
        weights = search.weights
        query = models.SparseVector(indices=list(weights), values=list(weights.values()))
        using = SPARSE
    return models.QueryRequest(
        query=models.NearestQuery(nearest=query),
        using=using,
        filter=models.Filter.model_validate(search.condition) if search.condition else None,
        limit=search.limit,
        params=models.SearchParams(exact=True),
        with_payload=False,
    )


async def _retrieved(
    ask: Ask,
    ids: Sequence[str],
    *,
    with_payload: list[str] | bool = False,
    with_vectors: list[str] | bool = False,
) -> list[models.Record]:
    records: list[models.Record] = []
    for start in range(0, len(ids), _POINTS):
        part: list[Any] = list(ids[start : start + _POINTS])
        records += await ask(
            lambda client, name, part=part: client.retrieve(
                name, part, with_payload=with_payload, with_vectors=with_vectors
            )
        )
    return records


def _terms_of(record: models.Record) -> Terms:
    vectors = record.vector if isinstance(record.vector, dict) else {}
    held = vectors.get(SPARSE)
    if not isinstance(held, models.SparseVector):
        return {}
    return dict(zip(held.indices, held.values, strict=True))


async def _together(work: Sequence[Callable[[], Awaitable[None]]]) -> None:
    """Run all at once, a few at a time. The first failure ends the others and is raised."""
    failed: list[Unavailable] = []
    turns = anyio.CapacityLimiter(_AT_ONCE)

    async def run(each: Callable[[], Awaitable[None]]) -> None:
        try:
            async with turns:
                await each()
        except Unavailable as error:
            failed.append(error)
            tasks.cancel_scope.cancel()

    async with anyio.create_task_group() as tasks:
        for each in work:
            tasks.start_soon(run, each)
    if failed:
        raise failed[0]
