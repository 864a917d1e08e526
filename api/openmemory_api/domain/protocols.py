"""The outside world as services see it; each is the smallest thing a service needs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from openmemory_api.domain.extraction import Extraction, Passage
from openmemory_api.domain.filters import Filter
from openmemory_api.domain.memory import Memory

Vector: TypeAlias = NDArray[np.float32]
"""Shape (dimensions,), unit length."""
Matrix: TypeAlias = NDArray[np.float32]
"""Shape (pieces, dimensions), unit rows: a long text is embedded in pieces."""


class Clock(Protocol):
    """Tells the time."""

    def __call__(self) -> datetime:
        """The current time, aware, in UTC."""
        ...


@dataclass(frozen=True, slots=True)
class Reading:
    """How the cosines of a model are to be read; every model spreads its own over another range."""

    unrelated: float = 0.1
    """Cosine of the usual unrelated pair: it says nothing."""
    same: float = 1.0
    """Cosine from which on two texts mean the same."""
    other_scripts: float = 1.0
    """How far the model is believed, 0..1, about a query without a Latin letter. One that reads
    English still tells names and loanwords, and a text of one kind from a text of another."""


class Embedder(Protocol):
    """Turns text into vectors. Never called inside a transaction."""

    @property
    def name(self) -> str:
        """Stored with every vector; vectors of different names are never compared."""
        ...

    @property
    def dimensions(self) -> int:
        """Length of every vector; 0 until `open` has found it out."""
        ...

    @property
    def reading(self) -> Reading | None:
        """How its cosines are to be read; None for one that makes no vectors."""
        ...

    async def open(self) -> None:
        """Find out what `name` and `dimensions` depend on; harmless when repeated.

        Raises:
            Unavailable: the model cannot be loaded or reached.
        """
        ...

    async def embed_documents(self, texts: Sequence[str]) -> list[Matrix]:
        """One matrix per text.

        Raises:
            Unavailable: the model cannot be loaded or reached.
        """
        ...

    async def embed_query(self, text: str) -> Vector:
        """The vector a query is compared with.

        Raises:
            Unavailable: the model cannot be loaded or reached.
        """
        ...


class Reranker(Protocol):
    """Reads a query and a text together, which no vector can. Never called inside a transaction.

    A call may be given up at any time.
    """

    @property
    def name(self) -> str:
        """The model, as `/health` shows it: never a path or an address."""
        ...

    async def open(self) -> None:
        """Load what takes long; harmless when repeated, and done by the first call otherwise.

        Raises:
            Unavailable: it cannot be loaded.
        """
        ...

    async def close(self) -> None:
        """Let go of connections and weights; harmless when repeated."""
        ...

    async def rerank(self, query: str, texts: Sequence[str]) -> list[float]:
        """How likely each text answers the query, 0..1: one for each, in their order.

        Raises:
            Unavailable: the model cannot be loaded or reached, or there is no usable answer.
        """
        ...


class Extractor(Protocol):
    """Turns what was said into facts. Never called inside a transaction."""

    @property
    def name(self) -> str:
        """The model, as events name it."""
        ...

    async def extract(self, passage: Passage) -> Extraction:
        """The facts of a passage; what the model answers is checked here and nowhere trusted.

        Raises:
            ExtractionFailed: there is no usable answer.
        """
        ...


@dataclass(frozen=True, slots=True)
class Point:
    """What the index holds of one memory: its fields, and its vectors once it has some."""

    memory: Memory
    vectors: Matrix | None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A memory found by either leg, scored by both."""

    id: str
    dense: float | None
    """Best cosine over the memory's pieces, -1..1; None while it has no vector."""
    lexical: float
    """Share of what the query's words ask for that the memory's words hold, 0..1. Absolute."""
    specific: float
    """BM25, with the rarity of each word among the memories of the scope; 0 when none occurs."""


@dataclass(frozen=True, slots=True)
class Space:
    """What the vectors of an index have in common. Those of another space are never mixed in."""

    store: str
    """The id of the store they belong to: an index server may hold several."""
    embedder: str
    dimensions: int
    """Length of every vector; 0 while the embedder cannot say, and then no vector comes."""


class VectorIndex(Protocol):
    """Finds memories. Derived from SQL: it can be emptied and filled again at any time."""

    @property
    def shared(self) -> bool:
        """Whether other processes search the same index, so that one of them alone writes it."""
        ...

    async def open(self, space: Space) -> None:
        """Make ready for the vectors of a space; what is held of another space is not searched.

        Called before anything else, and again when the space changes. `applied` says what is left
        to bring in.

        Raises:
            Unavailable: the index cannot be reached or is held by another process.
        """
        ...

    async def close(self) -> None:
        """Let go of files and connections; harmless before `open` and when repeated."""
        ...

    async def applied(self) -> int:
        """The highest change number whose write the index reflects; 0 for an empty one.

        Raises:
            Unavailable: the index cannot be reached.
        """
        ...

    async def apply(self, upserts: Sequence[Point], deletes: Sequence[str], *, change: int) -> None:
        """Reflect writes up to and including `change`; applying a write twice is harmless.

        Raises:
            Unavailable: the index cannot be reached; the same batch will be applied again.
        """
        ...

    async def search(
        self, text: str, vector: Vector | None, *, scope: Filter, limit: int
    ) -> list[Candidate]:
        """The best `limit` of each leg within `scope`, the union scored by both legs.

        `scope` is applied before ranking and every statistic is taken within it: rows outside
        cannot change an answer. Without a vector only the lexical leg runs.

        Raises:
            Unavailable: the index cannot be reached.
        """
        ...
