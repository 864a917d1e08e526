"""The exact index: every permitted memory is scored, in NumPy, in process."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from heapq import nsmallest
from itertools import pairwise
from typing import Any, NamedTuple, TypeAlias, TypeVar, cast

import anyio
import anyio.lowlevel
import anyio.to_thread
import numpy as np
from numpy.typing import NDArray

from openmemory_api.domain.filters import Filter
from openmemory_api.domain.memory import Memory
from openmemory_api.domain.protocols import Candidate, Matrix, Point, Space, Vector
from openmemory_api.vectors.filters import Mask, MemoryTable, grown, reads_memories
from openmemory_api.vectors.loading import IndexOptions
from openmemory_api.vectors.terms import (
    DECIMALS,
    document_terms,
    inverse_document_frequency,
    query_terms,
    searchable_text,
    telling_terms,
)

Rows: TypeAlias = NDArray[np.intp]
Scores: TypeAlias = NDArray[np.float64]
_T = TypeVar("_T")

INLINE_COLUMNS = 200_000
"""Up to here the rows of a scope are found by columns in a millisecond or less."""
INLINE_ROWS = 20_000
"""Up to here they are searched in a few, of which going to a thread would be one more."""
SLICE_SECONDS = 0.001
"""How long a write keeps the event loop before others get a turn."""
BLOCK = 8_192
"""Pieces per block of vectors: 12 MB."""
RARE = 16
"""How many times fewer rows than a list has are looked up in it one by one."""
FLOAT_ERROR = 1e-5
"""More than a float32 product of unit vectors is ever off by, in whatever order it adds."""
FEWEST_DEAD = 1_000
"""Rows to lose before compaction is thought of."""


def create(_: IndexOptions) -> "ExactIndex":
    """The factory that `vectors.loading` calls."""
    return ExactIndex()


class ExactIndex:
    """Writes are slices of the event loop; long searches read on a thread what no write changes.

    All of it is Python holding the interpreter, so that a thread for writes would only make every
    other task wait for its turn of 5 ms. Between two slices the loop serves others.
    """

    def __init__(self) -> None:
        self._space: Space | None = None
        self._rows = _Rows(0)
        self._writing = anyio.Lock()
        self._applied = 0

    @property
    def shared(self) -> bool:
        """Never: it is this process's memory."""
        return False

    async def open(self, space: Space) -> None:
        """Begin empty, unless it is open for this space."""
        if space == self._space:
            return
        async with self._writing:
            self._space, self._rows, self._applied = space, _Rows(space.dimensions), 0

    async def close(self) -> None:
        """Forget everything."""
        self._space, self._rows, self._applied = None, _Rows(0), 0

    async def applied(self) -> int:
        """The highest change number whose write the index reflects."""
        return self._applied

    async def apply(self, upserts: Sequence[Point], deletes: Sequence[str], *, change: int) -> None:
        """Reflect writes up to and including `change`."""
        async with self._writing:
            await _in_slices(self._rows.kill, deletes)
            await _in_slices(self._rows.put, upserts)
            if self._rows.mostly_dead:
                self._rows = await self._rows.compacted()
            self._applied = max(self._applied, change)

    async def search(
        self, text: str, vector: Vector | None, *, scope: Filter, limit: int
    ) -> list[Candidate]:
        """The best `limit` (at least 1) of each leg within `scope`, scored by both legs."""
        # A search on the loop would otherwise never give way: one caller after the other could keep it.
        await anyio.lowlevel.checkpoint()
        rows, alive = self._rows, self._rows.alive
        terms = _Terms(query_terms(text), telling_terms(text))
        permitted: Mask | None = None
        if len(alive) <= INLINE_COLUMNS and not reads_memories(scope):
            permitted = rows.permitted(alive, scope)
            if np.count_nonzero(permitted) <= INLINE_ROWS:
                return rows.search(permitted, terms, vector, limit)

        def long_search() -> list[Candidate]:
            within = rows.permitted(alive, scope) if permitted is None else permitted
            return rows.search(within, terms, vector, limit)

        return await anyio.to_thread.run_sync(long_search)


async def _in_slices(work: Callable[[_T], object], items: Iterable[_T]) -> None:
    """`work` on each item; the event loop serves others every few milliseconds."""
    until = time.perf_counter() + SLICE_SECONDS
    for item in items:
        work(item)
        if time.perf_counter() >= until:
            await anyio.lowlevel.checkpoint()
            until = time.perf_counter() + SLICE_SECONDS


class _Terms(NamedTuple):
    """The terms of a query: `query_terms` and `telling_terms`."""

    weights: Mapping[str, float]
    telling: Mapping[str, float]


class _Rows:
    """Columns, pieces and postings of memories by row number.

    A changed memory gets a new row and its old one dies; a compacted copy leaves out the dead.
    Nothing of a row that is there ever changes but whether it lives, which a search is told once:
    so a thread may read while the event loop writes.
    """

    def __init__(self, dimensions: int) -> None:
        self._table = MemoryTable()
        self._pieces = _Pieces(dimensions)
        self._postings: dict[str, _Posting] = {}
        self._row_of: dict[str, int] = {}
        self._alive = np.zeros(FEWEST_DEAD, np.bool_)

    @property
    def alive(self) -> Mask:
        """Which rows live, as of now."""
        return self._alive[: len(self._table)].copy()

    @property
    def mostly_dead(self) -> bool:
        dead = len(self._table) - len(self._row_of)
        return dead > max(FEWEST_DEAD, len(self._row_of))

    def permitted(self, alive: Mask, scope: Filter) -> Mask:
        """Which of the rows that are `alive` are in the scope."""
        return self._table.select(scope, alive)

    def search(
        self, permitted: Mask, terms: "_Terms", vector: Vector | None, limit: int
    ) -> list[Candidate]:
        """As of when the rows that can be `permitted` were all that are there."""
        rows = np.flatnonzero(permitted)
        lexical, specific = self._lexical(terms, permitted, rows)
        worded = np.flatnonzero(lexical)
        found = rows[_best(specific, worded, limit, lambda place: self._id(rows[place]))]
        dense: dict[int, float] = {}
        if vector is not None:
            found = np.union1d(found, self._nearest(vector, rows, limit))
            seen = self._pieces.embedded(found)
            dense = dict(
                zip(seen.tolist(), self._pieces.cosines(vector, seen).tolist(), strict=True)
            )
        places = np.searchsorted(rows, found).tolist()
        candidates = [
            Candidate(self._id(row), dense.get(row), float(lexical[place]), float(specific[place]))
            for row, place in zip(found.tolist(), places, strict=True)
        ]
        # By id: row numbers depend on what else was ever written.
        return sorted(candidates, key=lambda candidate: candidate.id)

    async def compacted(self) -> "_Rows":
        """A copy of the living rows in their order. Costs a pass, earned by as many deaths."""
        living = np.flatnonzero(self.alive)
        renumbered = np.full(len(self._table), -1, np.int32)
        renumbered[living] = np.arange(len(living), dtype=np.int32)
        copy = _Rows(self._pieces.dimensions)

        def take(row: int) -> None:
            copy._add(self._table.memories[row], self._pieces.of(row))

        def keep(term: str) -> None:
            posting = self._postings[term].renumbered(renumbered)
            if len(posting):
                copy._postings[term] = posting

        await _in_slices(take, living.tolist())
        await _in_slices(keep, self._postings)
        return copy

    def _lexical(self, terms: "_Terms", permitted: Mask, rows: Rows) -> tuple[Scores, Scores]:
        """Of each of the permitted `rows`, the share of the query's weight; and its BM25.

        How rare a term is, is counted among these rows.
        """
        shares, specifics = np.zeros(len(rows)), np.zeros(len(rows))
        place_of = _places_of(permitted, rows)
        for term, weight in terms.weights.items():
            posting = self._postings.get(term)
            if posting is not None:
                held, strengths = posting.among(permitted, rows)
                places = place_of(held)
                shares[places] += weight * strengths
                rarity = inverse_document_frequency(len(held), len(rows))
                specifics[places] += terms.telling[term] * rarity * strengths
        return shares.round(DECIMALS), specifics.round(DECIMALS)

    def _nearest(self, vector: Vector, rows: Rows, limit: int) -> Rows:
        """The `limit` of `rows` of the highest cosine, whatever order a product adds in."""
        close = self._pieces.contenders(vector, rows, limit)
        scores = np.zeros(int(close[-1]) + 1 if len(close) else 0)
        scores[close] = self._pieces.cosines(vector, close)
        return _best(scores, close, limit, self._id)

    def put(self, point: Point) -> None:
        """Add a memory, or replace an older version of it."""
        memory = point.memory
        held = self._row_of.get(memory.id)
        if held is not None and self._table.memories[held].change > memory.change:
            return
        terms = document_terms(searchable_text(memory))
        self.kill(memory.id)
        row = self._add(memory, point.vectors)
        for term, strength in terms.items():
            posting = self._postings.get(term)
            if posting is None:
                posting = self._postings[term] = _Posting()
            posting.add(row, strength)

    def kill(self, memory_id: str) -> None:
        """Take a memory out, if it is there."""
        row = self._row_of.pop(memory_id, None)
        if row is not None:
            self._alive[row] = False

    def _add(self, memory: Memory, vectors: Matrix | None) -> int:
        row = self._table.add(memory)
        self._row_of[memory.id] = row
        self._alive = cast("Mask", grown(self._alive, row + 1))
        self._alive[row] = True
        self._pieces.add(row, vectors)
        return row

    def _id(self, row: int) -> str:
        return self._table.memories[row].id


class _Posting:
    """The rows one term occurs in, ascending, and how strongly."""

    __slots__ = ("_count", "_rows", "_strengths")

    def __init__(self, rows: NDArray[np.int32] | None = None, strengths: Scores | None = None):
        self._rows = np.empty(2, np.int32) if rows is None else rows
        self._strengths = np.empty(2) if strengths is None else strengths
        self._count = 0 if rows is None else len(rows)

    def __len__(self) -> int:
        return self._count

    def add(self, row: int, strength: float) -> None:
        count = self._count
        if count == len(self._rows):
            # Copies: whoever reads the old ones meanwhile goes on doing so.
            self._rows = cast("NDArray[np.int32]", grown(self._rows, count + 1))
            self._strengths = cast("Scores", grown(self._strengths, count + 1))
        self._rows[count] = row
        self._strengths[count] = strength
        self._count = count + 1

    def among(self, permitted: Mask, rows: Rows) -> tuple[Rows, Scores]:
        """Which of the permitted `rows` hold the term, and how strongly."""
        count = self._count
        held, strengths = self._rows[:count], self._strengths[:count]
        if len(rows) * RARE < count:
            # Few of many: looking each up costs less than reading the whole list.
            places = np.searchsorted(held, rows.astype(np.int32))
            places = places[places < count]
            places = places[held[places] == rows[: len(places)]]
            return held[places].astype(np.intp), strengths[places]
        end = int(np.searchsorted(held, len(permitted)))
        inside = permitted[held[:end]]
        return held[:end][inside].astype(np.intp), strengths[:end][inside]

    def renumbered(self, numbers: NDArray[np.int32]) -> "_Posting":
        rows = numbers[self._rows[: self._count]]
        living = rows >= 0
        return _Posting(rows[living], self._strengths[: self._count][living])


class _Pieces:
    """Unit vectors, one or more per row; a row is as near as its nearest piece.

    They are in blocks of one size, for one that doubled would be copied whole, and stand still
    what waits for it.
    """

    def __init__(self, dimensions: int) -> None:
        self.dimensions = dimensions
        self._blocks: list[Matrix] = []
        self._used = 0
        # By row: where its pieces begin, and how many they are.
        self._starts = np.zeros(FEWEST_DEAD, np.int64)
        self._counts = np.zeros(FEWEST_DEAD, np.int64)

    def add(self, row: int, vectors: Matrix | None) -> None:
        self._starts = cast("Rows", grown(self._starts, row + 1))
        self._counts = cast("Rows", grown(self._counts, row + 1))
        self._starts[row] = self._used
        self._counts[row] = 0 if vectors is None else len(vectors)
        for piece in () if vectors is None else vectors:
            if self._used == len(self._blocks) * BLOCK:
                self._blocks.append(np.empty((BLOCK, self.dimensions), np.float32))
            self._blocks[-1][self._used % BLOCK] = piece
            self._used += 1

    def of(self, row: int) -> Matrix | None:
        """The pieces of a row; None when it has none."""
        start, count = int(self._starts[row]), int(self._counts[row])
        return self._at(np.arange(start, start + count)) if count else None

    def embedded(self, rows: Rows) -> Rows:
        """Those of `rows` that have a vector."""
        return rows[self._counts[rows] > 0]

    def contenders(self, vector: Vector, rows: Rows, limit: int) -> Rows:
        """Those of `rows` that can be among the `limit` nearest: float32 rounds its products."""
        rows = self.embedded(rows)
        if len(rows) <= limit:
            return rows
        places, firsts = self._places(rows)
        nearness = _best_piece(self._products(vector, places), firsts)
        last = np.partition(nearness, -limit)[-limit]
        return rows[nearness >= last - FLOAT_ERROR]

    def cosines(self, vector: Vector, rows: Rows) -> Scores:
        """The cosine of each of `rows`, all embedded: a function of that row and nothing else."""
        if not len(rows):
            return np.zeros(0)
        places, firsts = self._places(rows)
        # Summed along each row rather than by BLAS, which may add in another order elsewhere.
        products = (self._at(places) * vector.astype(np.float64)).sum(axis=1)
        return _best_piece(products, firsts).round(DECIMALS)

    def _places(self, rows: Rows) -> tuple[Rows, Rows]:
        """Where the pieces of `rows` are, row by row, and where each row's pieces begin there."""
        counts = self._counts[rows]
        firsts = np.cumsum(counts) - counts
        if len(rows) and counts.max() == 1:
            return self._starts[rows], firsts
        within = np.arange(int(counts.sum()))
        return np.repeat(self._starts[rows] - firsts, counts) + within, firsts

    def _at(self, places: Rows) -> Matrix:
        """The pieces at ascending places."""
        return np.concatenate([block[within] for block, within in self._by_block(places)])

    def _products(self, vector: Vector, places: Rows) -> NDArray[np.float32]:
        return np.concatenate(
            [_products(block, within, vector) for block, within in self._by_block(places)]
        )

    def _by_block(self, places: Rows) -> Iterator[tuple[Matrix, Rows]]:
        """Each block that holds some of the ascending `places`, and where in it they are."""
        blocks = list(self._blocks)
        cuts = np.searchsorted(places, np.arange(len(blocks) + 1) * BLOCK).tolist()
        for number, (start, end) in enumerate(pairwise(cuts)):
            if start < end:
                yield blocks[number], places[start:end] - number * BLOCK


def _products(block: Matrix, within: Rows, vector: Vector) -> NDArray[np.float32]:
    # `vecdot` and not `@`, which starts a thread per core and waits for the busiest one:
    # 0.4 ms against 8 ms for 10,000 rows on a loaded machine.
    # Copying rows together costs about three times what multiplying them does.
    if 3 * len(within) > int(within[-1]) + 1:
        return np.vecdot(block[: int(within[-1]) + 1], vector)[within]
    return np.vecdot(block[within], vector)


def _best_piece(products: NDArray[Any], firsts: Rows) -> NDArray[Any]:
    return products if len(products) == len(firsts) else np.maximum.reduceat(products, firsts)


def _places_of(permitted: Mask, rows: Rows) -> Callable[[Rows], Rows]:
    """From row numbers to where they are among the permitted `rows`."""
    if len(rows) * RARE < len(permitted):
        return lambda held: np.searchsorted(rows, held)
    ranks = np.cumsum(permitted) - 1
    return lambda held: ranks[held]


def _best(scores: Scores, rows: Rows, limit: int, name: Callable[[int], str]) -> Rows:
    """The `limit` of `rows` that score highest; of equals, those whose name comes first."""
    if len(rows) <= limit:
        return rows
    last = np.partition(scores[rows], -limit)[-limit]
    better, equal = rows[scores[rows] > last], rows[scores[rows] == last]
    first = nsmallest(limit - len(better), equal.tolist(), key=name)
    return np.concatenate([better, np.array(first, np.intp)])
