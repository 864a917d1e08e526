"""A cross-encoder from a folder, on this machine's CPU. Made without importing what runs it."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import anyio
import anyio.to_thread

from openmemory_api.domain.errors import Unavailable

if TYPE_CHECKING:
    from openmemory_api.rerankers.onnx_model import OnnxModel

BATCH_TOKENS: Final = 1_024
"""Tokens of one model run: a search that was given up waits for one at most."""

_Result = TypeVar("_Result")


class CrossEncoder:
    """`Reranker` by `model.onnx` and `tokenizer.json` (or `vocab.txt`) of a folder.

    One worker thread at a time, and between two batches whoever gave up is let go.
    """

    def __init__(self, folder: Path, *, threads: int = 1) -> None:
        self._folder = folder
        self._threads = threads
        self._model: OnnxModel | None = None
        self._loading = anyio.Lock()
        self._worker = anyio.CapacityLimiter(1)

    @property
    def name(self) -> str:
        """The folder's own name: where it is, is nobody's business."""
        return self._folder.name

    async def open(self) -> None:
        """Load the model now rather than on first use.

        Raises:
            Unavailable: a file is missing, damaged or not of a cross-encoder.
        """
        await self._loaded()

    async def close(self) -> None:
        """Let go of the model."""
        self._model = None

    async def rerank(self, query: str, texts: Sequence[str]) -> list[float]:
        """One relevance per text, 0..1; what is longer than the model's window is cut.

        Raises:
            Unavailable: the model cannot be loaded, or answers nonsense.
        """
        model = await self._loaded()
        pairs = await self._in_worker(lambda: model.pairs(query, texts))
        relevances = [0.0] * len(texts)
        for batch in _batches([len(pair) for pair in pairs]):
            chosen = [pairs[place] for place in batch]
            values = await self._in_worker(lambda chosen=chosen: model.relevances(chosen))
            for place, value in zip(batch, values, strict=True):
                relevances[place] = value
        return relevances

    async def _loaded(self) -> "OnnxModel":
        async with self._loading:
            if self._model is None:
                self._model = await self._in_worker(self._load)
            return self._model

    def _load(self) -> "OnnxModel":
        # In the worker: it brings onnxruntime, which not everybody needs and which takes a while.
        from openmemory_api.rerankers.onnx_model import OnnxModel  # noqa: PLC0415 - see above

        return OnnxModel(self._folder, self._threads)

    async def _in_worker(self, work: Callable[[], _Result]) -> _Result:
        try:
            return await anyio.to_thread.run_sync(work, limiter=self._worker)
        except Unavailable:
            raise
        # What onnxruntime and tokenizers raise has no base but this, and nothing of a folder that
        # somebody supplied may end a search.
        except Exception as error:
            raise Unavailable(f"the reranker failed: {type(error).__name__}") from error


def _batches(lengths: Sequence[int]) -> list[list[int]]:
    """Places grouped by similar length, each group within `BATCH_TOKENS` once padded."""
    groups: list[list[int]] = []
    for place in sorted(range(len(lengths)), key=lengths.__getitem__):
        if groups and lengths[place] * (len(groups[-1]) + 1) <= BATCH_TOKENS:
            groups[-1].append(place)
        else:
            groups.append([place])
    return groups
