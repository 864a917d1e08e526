"""Which vector index a store uses: one of ours, or one that another package brings.

An index is made by a factory that is given `IndexOptions`. Ours are named below; another package
registers its own under the entry-point group `openmemory.vector_index`, and a person chooses it by
that name. Nothing of an index is imported before it is chosen.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Final, TypeAlias

from openmemory_api.domain.protocols import VectorIndex

GROUP: Final = "openmemory.vector_index"
AUTO: Final = "auto"
EMBEDDED: Final = "exact"
"""What `auto` means while no server is named."""

_OURS: Final = (
    EntryPoint("exact", "openmemory_api.vectors.exact:create", GROUP),
    EntryPoint("edge", "openmemory_api.vectors.qdrant.edge:create", GROUP),
    EntryPoint("qdrant", "openmemory_api.vectors.qdrant.remote:create", GROUP),
)
_REMEDIES: Final = {
    "qdrant_client": "install its client: pip install 'openmemory-server[qdrant]'",
    "qdrant_edge": "where there is no package of it choose OPENMEMORY_INDEX=exact",
}
"""What to do where a module is missing."""


@dataclass(frozen=True, slots=True)
class IndexOptions:
    """What an index is told. An index of another package reads what else it needs by itself."""

    folder: Path
    """Where it may keep files of its own; made by the index if it needs it."""
    qdrant_url: str | None = None
    qdrant_api_key: str | None = None
    qdrant_collection: str = "openmemory"
    """What the names of its collections begin with."""


IndexFactory: TypeAlias = Callable[[IndexOptions], VectorIndex]
"""Cheap: connects to nothing and opens no file. `VectorIndex.open` does."""


def load_index(name: str, options: IndexOptions) -> VectorIndex:
    """The index of that name; `auto` is the server that is named, else the embedded default.

    Raises:
        ValueError: no index has that name, or what it needs is not installed.
    """
    if name == AUTO:
        name = EMBEDDED if options.qdrant_url is None else "qdrant"
    return _made(name, options)


def _made(name: str, options: IndexOptions) -> VectorIndex:
    known = {each.name: each for each in (*entry_points(group=GROUP), *_OURS)}
    if name not in known:
        choice = ", ".join([AUTO, *sorted(known)])
        raise ValueError(
            f"OPENMEMORY_INDEX={name} is no index that is installed; there are {choice}"
        )
    try:
        factory: IndexFactory = known[name].load()
        return factory(options)
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in _REMEDIES:
            raise
        raise ValueError(
            f"OPENMEMORY_INDEX={name} needs {missing}; {_REMEDIES[missing]}"
        ) from error
