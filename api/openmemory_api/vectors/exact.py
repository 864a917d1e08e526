"""The exact index: every permitted memory is scored, in NumPy, in process."""

import math
from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

import anyio
import anyio.to_thread
import numpy as np
from numpy.typing import NDArray

from openmemory_api.domain.filters import Filter
from openmemory_api.domain.protocols import Candidate, Matrix, Point, Space, Vector
from openmemory_api.vectors.filters import Mask, MemoryTable, grown, reads_memories
from openmemory_api.vectors.loading import IndexOptions
from openmemory_api.vectors.terms import document_terms, query_terms, searchable_text

Rows: TypeAlias = NDArray[np.intp]
Scores: TypeAlias = NDArray[np.float64]

INLINE_ROWS = 20_000
"""Up to here a search by columns takes a few milliseconds, of which going to a thread would be one more."""
APPLY_AT_ONCE = 64
"""Points written per hold of the lock: a search waits for these at most, some 10 ms."""
DECIMALS = 6
"""Scores are rounded to what float32 vectors can tell apart."""
FLOAT_ERROR = 1e-5
"""More than a float32 product of unit vectors is ever off by, in whatever order it adds."""
FEWEST_DEAD = 1_000
"""Rows to lose before compaction is thought of."""


def create(_: IndexOptions) -> "ExactIndex":
    """The factory that `vectors.loading` calls."""
    return ExactIndex()


class ExactIndex:
    """Searches and writes take turns; writes and long searches run off the event loop."""

    def __init__(self) -> None:
        self._space: Space | None = None
        self._rows = _Rows(0)
        self._turn = anyio.Lock()
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
        async with self._writing, self._turn:
            self._space, self._rows, self._applied = space, _Rows(space.dimensions), 0

    async def close(self) -> None:
        """Forget everything."""
        self._space, self._rows, self._applied = None, _Rows(0), 0

    async def applied(self) -> int:
        """The highest change number whose write the index reflects."""
        return self._applied

    async def apply(self, upserts: Sequence[Point], deletes: Sequence[str], *, change: int) -> None:
        """Reflect writes up to and including `change`."""
        await self._write([], deletes)
        for start in range(0, len(upserts), APPLY_AT_ONCE):
            part = upserts[start : start + APPLY_AT_ONCE]
            await self._write(await anyio.to_thread.run_sync(_prepared, part), [])
        self._applied = max(self._applied, change)

    async def search(
        self, text: str, vector: Vector | None, *, scope: Filter, limit: int
    ) -> list[Candidate]:
        """The best `limit` (at least 1) of each leg within `scope`, scored by both legs."""
        terms = query_terms(text)
        async with self._turn:
            if len(self._rows) <= INLINE_ROWS and not reads_memories(scope):
                return self._rows.search(terms, vector, scope, limit)
            return await anyio.to_thread.run_sync(self._rows.search, terms, vector, scope, limit)

    async def _write(self, upserts: Sequence["_Prepared"], deletes: Sequence[str]) -> None:
        if not (upserts or deletes):
            return
        async with self._writing:
            async with self._turn:
                await anyio.to_thread.run_sync(self._rows.write, upserts, deletes)
            if self._rows.mostly_dead:
                # Built beside and swapped: it can take seconds, and searches go on meanwhile.
                compacted = await anyio.to_thread.run_sync(self._rows.compacted)
                async with self._turn:
                    self._rows = compacted


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A point with its terms: the slow part of a write, done before taking a turn."""

    point: Point
    terms: Mapping[str, float]


def _prepared(points: Sequence[Point]) -> list[_Prepared]:
    return [_Prepared(point, document_terms(searchable_text(point.memory))) for point in points]


class _Rows:
    """Columns, pieces and postings of memories by row number. Synchronous; one caller at a time.

    A changed memory gets a new row and its old one dies; a compacted copy leaves out the dead.
    """

    def __init__(self, dimensions: int) -> None:
        self._table = MemoryTable()
        self._pieces = _Pieces(dimensions)
        self._postings: dict[str, _Posting] = {}
        self._row_of: dict[str, int] = {}
        self._alive = np.zeros(FEWEST_DEAD, np.bool_)

    def __len__(self) -> int:
        return len(self._table)

    @property
    def mostly_dead(self) -> bool:
        dead = len(self._table) - len(self._row_of)
        return dead > max(FEWEST_DEAD, len(self._row_of))

    def write(self, upserts: Sequence[_Prepared], deletes: Sequence[str]) -> None:
        for memory_id in deletes:
            self._kill(memory_id)
        for prepared in upserts:
            self._put(prepared)

    def search(
        self, terms: Mapping[str, float], vector: Vector | None, scope: Filter, limit: int
    ) -> list[Candidate]:
        permitted = self._table.select(scope, self._alive[: len(self._table)])
        lexical, specific = self._lexical(terms, permitted)
        found = _best(specific, np.flatnonzero(permitted & (lexical > 0)), limit, self._id)
        dense: dict[int, float] = {}
        if vector is not None:
            found = np.union1d(found, self._nearest(vector, permitted, limit))
            seen = self._pieces.embedded(found)
            dense = dict(
                zip(seen.tolist(), self._pieces.cosines(vector, seen).tolist(), strict=True)
            )
        candidates = [
            Candidate(self._id(row), dense.get(row), float(lexical[row]), float(specific[row]))
            for row in found.tolist()
        ]
        # By id: row numbers depend on what else was ever written.
        return sorted(candidates, key=lambda candidate: candidate.id)

    def compacted(self) -> "_Rows":
        """A copy of the living rows in their order. Costs a pass, earned by as many deaths."""
        living = np.flatnonzero(self._alive[: len(self._table)])
        renumbered = np.full(len(self._table), -1, np.int32)
        renumbered[living] = np.arange(len(living), dtype=np.int32)
        copy = _Rows(self._pieces.dimensions)
        for row in living.tolist():
            memory = self._table.memories[row]
            copy._row_of[memory.id] = copy._table.add(memory)
        copy._alive = np.ones(max(len(living), FEWEST_DEAD), np.bool_)
        copy._pieces = self._pieces.kept(living)
        kept = {term: posting.renumbered(renumbered) for term, posting in self._postings.items()}
        copy._postings = {term: posting for term, posting in kept.items() if len(posting)}
        return copy

    def _lexical(self, terms: Mapping[str, float], permitted: Mask) -> tuple[Scores, Scores]:
        """By row: the share of the query's weight, and BM25 with the rarity among `permitted`."""
        shares, specifics = np.zeros(len(permitted)), np.zeros(len(permitted))
        total = int(np.count_nonzero(permitted))
        for term, weight in terms.items():
            posting = self._postings.get(term)
            if posting is not None:
                rows, strengths = posting.rows(), posting.strengths()
                rarity = _rarity(int(np.count_nonzero(permitted[rows])), total)
                shares[rows] += weight * strengths
                specifics[rows] += rarity * strengths
        return shares.round(DECIMALS), specifics.round(DECIMALS)

    def _nearest(self, vector: Vector, permitted: Mask, limit: int) -> Rows:
        """The `limit` permitted rows of the highest cosine, whatever order a product adds in."""
        close = self._pieces.contenders(vector, permitted, limit)
        scores = np.zeros(len(self._table))
        scores[close] = self._pieces.cosines(vector, close)
        return _best(scores, close, limit, self._id)

    def _put(self, prepared: _Prepared) -> None:
        memory = prepared.point.memory
        held = self._row_of.get(memory.id)
        if held is not None and self._table.memories[held].change > memory.change:
            return
        self._kill(memory.id)
        row = self._table.add(memory)
        self._row_of[memory.id] = row
        self._alive = cast("Mask", grown(self._alive, row + 1))
        self._alive[row] = True
        for term, strength in prepared.terms.items():
            posting = self._postings.get(term)
            if posting is None:
                posting = self._postings[term] = _Posting()
            posting.add(row, strength)
        self._pieces.add(row, prepared.point.vectors)

    def _kill(self, memory_id: str) -> None:
        row = self._row_of.pop(memory_id, None)
        if row is not None:
            self._alive[row] = False

    def _id(self, row: int) -> str:
        return self._table.memories[row].id


class _Posting:
    """The rows one term occurs in, and how strongly."""

    __slots__ = ("_rows", "_strengths")

    def __init__(self, rows: bytes = b"", strengths: bytes = b"") -> None:
        self._rows = array("i", rows)
        self._strengths = array("d", strengths)

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, row: int, strength: float) -> None:
        self._rows.append(row)
        self._strengths.append(strength)

    def rows(self) -> NDArray[np.int32]:
        return np.frombuffer(self._rows, np.int32)

    def strengths(self) -> Scores:
        return np.frombuffer(self._strengths, np.float64)

    def renumbered(self, numbers: NDArray[np.int32]) -> "_Posting":
        rows = numbers[self.rows()]
        living = rows >= 0
        return _Posting(rows[living].tobytes(), self.strengths()[living].tobytes())


class _Pieces:
    """Unit vectors, one or more per row; a row is as near as its nearest piece."""

    def __init__(self, dimensions: int) -> None:
        self._vectors: Matrix = np.zeros((FEWEST_DEAD, dimensions), np.float32)
        self._used = 0
        # By row: where its pieces begin, and how many they are.
        self._starts = np.zeros(FEWEST_DEAD, np.int64)
        self._counts = np.zeros(FEWEST_DEAD, np.int64)

    @property
    def dimensions(self) -> int:
        return self._vectors.shape[1]

    def add(self, row: int, vectors: Matrix | None) -> None:
        count = 0 if vectors is None else len(vectors)
        start, end = self._used, self._used + count
        self._starts = cast("Rows", grown(self._starts, row + 1))
        self._counts = cast("Rows", grown(self._counts, row + 1))
        self._starts[row], self._counts[row] = start, count
        if vectors is not None:
            self._vectors = cast("Matrix", grown(self._vectors, end))
            self._vectors[start:end] = vectors
            self._used = end

    def embedded(self, rows: Rows) -> Rows:
        """Those of `rows` that have a vector."""
        return rows[self._counts[rows] > 0]

    def contenders(self, vector: Vector, permitted: Mask, limit: int) -> Rows:
        """Rows that can be among the `limit` nearest, allowing for the rounding of float32."""
        rows = self.embedded(np.flatnonzero(permitted))
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
        products = (self._vectors[places] * vector.astype(np.float64)).sum(axis=1)
        return _best_piece(products, firsts).round(DECIMALS)

    def _places(self, rows: Rows) -> tuple[Rows, Rows]:
        """Where the pieces of `rows` are, row by row, and where each row's pieces begin there."""
        counts = self._counts[rows]
        firsts = np.cumsum(counts) - counts
        if len(rows) and counts.max() == 1:
            return self._starts[rows], firsts
        within = np.arange(int(counts.sum()))
        return np.repeat(self._starts[rows] - firsts, counts) + within, firsts

    def kept(self, living: Rows) -> "_Pieces":
        """A copy with the `living` rows alone, renumbered in their order."""
        copy = _Pieces(self.dimensions)
        for row, (start, count) in enumerate(
            zip(self._starts[living].tolist(), self._counts[living].tolist(), strict=True)
        ):
            copy.add(row, self._vectors[start : start + count] if count else None)
        return copy

    def _products(self, vector: Vector, places: Rows) -> NDArray[np.float32]:
        # `vecdot` and not `@`, which starts a thread per core and waits for the busiest one:
        # 0.4 ms against 8 ms for 10,000 rows on a loaded machine.
        # Copying rows together costs about three times what multiplying them does.
        if 3 * len(places) > self._used:
            return np.vecdot(self._vectors[: self._used], vector)[places]
        return np.vecdot(self._vectors[places], vector)


def _best_piece(products: NDArray[Any], firsts: Rows) -> NDArray[Any]:
    return products if len(products) == len(firsts) else np.maximum.reduceat(products, firsts)


def _rarity(holders: int, total: int) -> float:
    """BM25's IDF: how much it tells that a text holds a term which `holders` of `total` hold."""
    return math.log1p((total - holders + 0.5) / (holders + 0.5))


def _best(scores: Scores, rows: Rows, limit: int, name: Callable[[int], str]) -> Rows:
    """The `limit` of `rows` that score highest; of equals, those whose name comes first."""
    if len(rows) <= limit:
        return rows
    last = np.partition(scores[rows], -limit)[-limit]
    better, equal = rows[scores[rows] > last], rows[scores[rows] == last]
    first = sorted(equal.tolist(), key=name)[: limit - len(better)]
    return np.concatenate([better, np.array(first, np.intp)])
