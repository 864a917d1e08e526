"""What `QdrantIndex` asks of an engine: points in, counts and the best points out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, TypeAlias

from openmemory_api.domain.protocols import Matrix, Space, Vector

DENSE = "dense"
"""Name of the dense multivector: one row per piece, compared by dot product, the best one counts."""
SPARSE = "terms"
"""Name of the sparse vector: how strongly each term is there; also of the payload's list of them."""

Condition: TypeAlias = dict[str, Any]
"""A filter as Qdrant's REST API writes it: `must`, `should` and `must_not`."""
Terms: TypeAlias = Mapping[int, float]
"""A sparse vector: by u32 index, a weight above 0."""


@dataclass(frozen=True, slots=True)
class IndexPoint:
    """A memory as an engine stores it. Without rows in `dense`, or terms, it lacks that vector."""

    id: str
    """UUID, lower case with hyphens."""
    payload: Mapping[str, Any]
    dense: Matrix | None
    terms: Terms


class Hit(NamedTuple):
    """A point and its float32 score."""

    id: str
    score: float


@dataclass(frozen=True, slots=True)
class Dense:
    """The `limit` points of the highest dot product. Exact: no approximate graph is asked."""

    vector: Vector
    limit: int
    condition: Condition | None = None
    """None is every point."""


@dataclass(frozen=True, slots=True)
class Sparse:
    """The `limit` points of the highest weighted sum, of those that hold any of the terms."""

    weights: Terms
    limit: int
    condition: Condition | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """Questions answered in one round trip."""

    counts: Sequence[Condition | None] = ()
    """How many points match each, exactly."""
    dense: Sequence[Dense] = ()
    sparse: Sequence[Sparse] = ()
    terms_of: Sequence[str] = ()
    """Ids whose terms are wanted."""
    among: Sequence[int] = ()
    """The only terms that matter in `terms_of`; an engine may leave out the others."""
    changes_of: Sequence[str] = ()
    """Ids whose payload's `change` is wanted."""


@dataclass(frozen=True, slots=True)
class Answers:
    """To a `Batch`, each list in its order. Ids that are not held are left out of the mappings."""

    counts: Sequence[int] = ()
    dense: Sequence[Sequence[Hit]] = ()
    """Each by falling score; equals in any order."""
    sparse: Sequence[Sequence[Hit]] = ()
    terms: Mapping[str, Terms] = field(default_factory=dict[str, Terms])
    """A point that holds none of the terms may be there with none or be left out."""
    changes: Mapping[str, int] = field(default_factory=dict[str, int])


class Engine(Protocol):
    """Stores points and answers batches. Every method may raise `Unavailable`."""

    @property
    def shared(self) -> bool:
        """Whether other processes search the same points."""
        ...

    async def open(self, space: Space) -> None:
        """Make ready for a space; points of another one are not searched. Harmless when repeated.

        Without dimensions there is no dense vector: none is written and none is asked for.
        """
        ...

    async def close(self) -> None:
        """Let go of files and connections; harmless before `open` and when repeated."""
        ...

    async def applied(self) -> int:
        """The number last given to `advance` of which nothing was lost since; 0 when empty."""
        ...

    async def advance(self, change: int) -> None:
        """All that was written until now reflects the store up to `change`; never goes back."""
        ...

    async def write(self, upserts: Sequence[IndexPoint], deletes: Sequence[str]) -> None:
        """Delete, then insert or replace. Returns when the next `run` sees all of it.

        Should an engine lose what it held, the next `write` or `advance` raises, so that whoever
        writes asks `applied` again and fills no gap with later changes.
        """
        ...

    async def run(self, batch: Batch) -> Answers:
        """Answer a batch."""
        ...
