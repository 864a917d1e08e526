"""Embedding in this process: models one at a time in a thread, and queries before documents."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from typing import Final, Generic, Protocol, TypeVar

import anyio
import anyio.to_thread
import numpy as np

from openmemory_api.domain.protocols import Matrix, Reading, Vector

QUERIES_KEPT: Final = 256

_Piece = TypeVar("_Piece")
_Result = TypeVar("_Result")


class Model(Protocol[_Piece]):
    """Weights and tokenizer, loaded. Synchronous."""

    def pieces(self, text: str) -> list[_Piece]:
        """What of a text is read at once; at least one."""
        ...

    def batches(self, pieces: Sequence[_Piece]) -> Iterable[list[int]]:
        """Positions of the pieces that are embedded together."""
        ...

    def embed(self, pieces: Sequence[_Piece]) -> Matrix:
        """One unit row per piece."""
        ...

    def embed_query(self, text: str) -> Vector:
        """The vector of the text's first piece: what is asked stands at its head."""
        ...


class InProcessEmbedder(Generic[_Piece]):
    """`Embedder` of a model that is loaded on first use.

    Embeds in one worker thread at a time; a query waits for at most one running batch.
    """

    def __init__(
        self, name: str, dimensions: int, reading: Reading, load: Callable[[], Model[_Piece]]
    ) -> None:
        self._name = name
        self._dimensions = dimensions
        self._reading = reading
        self._load = load
        self._model: Model[_Piece] | None = None
        self._loading = anyio.Lock()
        # The limiter serves in order of arrival, and all document work together has at most one
        # place in that order: a query is behind one batch however many adds are under way.
        self._worker = anyio.CapacityLimiter(1)
        self._documents = anyio.Lock()
        self._queries: OrderedDict[str, Vector] = OrderedDict()

    @property
    def name(self) -> str:
        """Stored with every vector."""
        return self._name

    @property
    def dimensions(self) -> int:
        """Length of every vector."""
        return self._dimensions

    @property
    def reading(self) -> Reading:
        """How its cosines are to be read."""
        return self._reading

    async def open(self) -> None:
        """Nothing to find out: the weights are a package's own, and are read on first use."""

    async def load(self) -> None:
        """Read and check the weights now rather than on first use.

        Raises:
            Unavailable: the weights are missing, damaged or not those this embedder is named for.
        """
        await self._loaded()

    async def embed_documents(self, texts: Sequence[str]) -> list[Matrix]:
        """One matrix per text, a row per piece of it."""
        model = await self._loaded()
        pieces: list[_Piece] = []
        ends: list[int] = []
        for text in texts:
            pieces += await self._document_step(lambda text=text: model.pieces(text))
            ends.append(len(pieces))
        rows = np.empty((len(pieces), self._dimensions), np.float32)
        for batch in model.batches(pieces):
            chosen = [pieces[position] for position in batch]
            rows[batch] = await self._document_step(lambda chosen=chosen: model.embed(chosen))
        return [rows[start:end] for start, end in zip([0, *ends], ends, strict=False)]

    async def embed_query(self, text: str) -> Vector:
        """The vector of the text's first piece: what is asked stands at its head."""
        known = self._queries.get(text)
        if known is not None:
            self._queries.move_to_end(text)
            return known
        model = await self._loaded()
        vector = await self._in_worker(lambda: model.embed_query(text))
        self._queries[text] = vector
        if len(self._queries) > QUERIES_KEPT:
            self._queries.popitem(last=False)
        return vector

    async def _loaded(self) -> Model[_Piece]:
        async with self._loading:
            if self._model is None:
                self._model = await self._in_worker(self._load)
            return self._model

    async def _document_step(self, work: Callable[[], _Result]) -> _Result:
        async with self._documents:
            return await self._in_worker(work)

    async def _in_worker(self, work: Callable[[], _Result]) -> _Result:
        return await anyio.to_thread.run_sync(work, limiter=self._worker)
