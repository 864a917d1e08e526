"""Vectors from any server that speaks OpenAI's embeddings."""

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

import anyio
import numpy as np

from openmemory_api.domain.errors import Invalid, Unavailable
from openmemory_api.domain.protocols import Matrix, Reading, Vector
from openmemory_api.domain.text import cut
from openmemory_api.openai_api import ApiError, OpenAIServer

if TYPE_CHECKING:
    from openai import AsyncOpenAI

TIMEOUT: Final = 60.0
"""Seconds for a batch of documents; nobody waits for it."""
QUERY_TIMEOUT: Final = 5.0
"""Seconds that a search waits before it goes on with words alone."""
QUERY_PAUSE: Final = 10.0
"""Seconds in which, after a failure, no search waits again."""
PIECE: Final = 1_500
"""Characters that every usual model reads whole: most have windows of 512 tokens or more."""
OVERLAP: Final = 150
BATCH: Final = 32
"""Pieces in one call; some servers take no more."""
SHORTEST: Final = 200
"""A piece of fewer characters is not cut again for a server that refuses it."""
QUERIES_KEPT: Final = 256
READING: Final = Reading(unrelated=0.1, other_scripts=0.3)

_PROBE: Final = "How long is a vector?"
_OF_TOO_LONG: Final = (400, 413, 422, 500)
"""What servers say of a text that is too long for them: llama.cpp calls it an error of its own."""
_MAX_NAME: Final = 64


class OpenAIEmbedder:
    """`Embedder` over an OpenAI-compatible server.

    Args:
        server: where the model is.
        dimensions: the length to ask for; None takes what the model gives, and finds it out.
    """

    def __init__(self, server: OpenAIServer, *, dimensions: int | None = None) -> None:
        self._server = server
        self._asked = dimensions
        self._sends_dimensions = dimensions is not None
        self._dimensions = dimensions or 0
        self._queries: OrderedDict[str, Vector] = OrderedDict()
        self._rests_until = 0.0

    @property
    def name(self) -> str:
        """Model and dimensions: vectors that differ in either are never compared."""
        return _name(self._server.model, self._dimensions)

    @property
    def dimensions(self) -> int:
        """Length of every vector; 0 until `open` has found it out."""
        return self._dimensions

    @property
    def reading(self) -> Reading:
        """As the built-in model's: which languages and what range it has, its server does not say."""
        return READING

    async def open(self) -> None:
        """Ask for one vector and measure it.

        Raises:
            Unavailable: the server cannot be reached, or gives vectors of another length than set.
        """
        try:
            vector = (await self._vectors([_PROBE]))[0]
        except ApiError as error:
            if not (error.refuses_the_request and self._sends_dimensions):
                raise
            # Most models have one length only, and some servers refuse to be told.
            self._sends_dimensions = False
            vector = (await self._vectors([_PROBE]))[0]
        if self._asked is not None and len(vector) != self._asked:
            raise Unavailable(
                f"the embedder {self._server.model} gives vectors of {len(vector)} numbers, not"
                f" {self._asked} (see OPENMEMORY_EMBEDDER_DIMENSIONS)"
            )
        if len(vector) != self._dimensions:
            self._dimensions = len(vector)
            self._queries.clear()

    async def embed_documents(self, texts: Sequence[str]) -> list[Matrix]:
        """One matrix per text, a row per piece of it.

        Raises:
            Unavailable: the server cannot be reached.
            Invalid: it takes one of the texts in no size.
        """
        pieces = [cut(text, PIECE, overlap=OVERLAP) for text in texts]
        flat = [piece for of_text in pieces for piece in of_text]
        rows: list[Matrix] = []
        for start in range(0, len(flat), BATCH):
            rows += await self._rows(flat[start : start + BATCH])
        matrices: list[Matrix] = []
        for of_text in pieces:
            matrices.append(np.concatenate(rows[: len(of_text)]))
            rows = rows[len(of_text) :]
        return matrices

    async def embed_query(self, text: str) -> Vector:
        """The vector of the text's first piece: what is asked stands at its head.

        Raises:
            Unavailable: the server cannot be reached, or was not a moment ago.
        """
        known = self._queries.get(text)
        if known is not None:
            self._queries.move_to_end(text)
            return known
        if anyio.current_time() < self._rests_until:
            raise Unavailable(f"the embedder {self._server.model} has just failed")
        try:
            vectors = await self._measured([cut(text, PIECE)[0]], within=QUERY_TIMEOUT)
        except Unavailable:
            self._rests_until = anyio.current_time() + QUERY_PAUSE
            raise
        self._queries[text] = vectors[0]
        if len(self._queries) > QUERIES_KEPT:
            self._queries.popitem(last=False)
        return vectors[0]

    async def _rows(self, pieces: Sequence[str]) -> list[Matrix]:
        """A matrix per piece: of one row, or of more where the server takes shorter ones only."""
        try:
            return [row[np.newaxis, :] for row in await self._measured(pieces)]
        except ApiError as error:
            if error.status not in _OF_TOO_LONG:
                raise
        # A server that refuses this, too, has nothing against the texts: its key is not valid.
        await self._vectors([_PROBE])
        if len(pieces) > 1:
            half = len(pieces) // 2
            return await self._rows(pieces[:half]) + await self._rows(pieces[half:])
        if len(pieces[0]) <= SHORTEST:
            raise Invalid(f"the embedder {self._server.model} does not take a text")
        return [np.concatenate(await self._rows(cut(pieces[0], len(pieces[0]) // 2)))]

    async def _measured(self, texts: Sequence[str], *, within: float | None = None) -> Matrix:
        if not self._dimensions:
            raise Unavailable(f"the embedder {self._server.model} could not be reached yet")
        vectors = await self._vectors(texts, within=within)
        if vectors.shape[1] != self._dimensions:
            expected = self._dimensions
            # Another model goes by the name now; what it is will be found out anew.
            self._dimensions = self._asked or 0
            raise Unavailable(
                f"the embedder {self._server.model} gives vectors of {vectors.shape[1]} numbers now,"
                f" not {expected}"
            )
        return vectors

    async def _vectors(self, texts: Sequence[str], *, within: float | None = None) -> Matrix:
        """Unit rows, one for each text."""
        async with self._server.call(within=within) as client:
            numbers = await self._asked_for(client, list(texts))
        if numbers.ndim != 2 or len(numbers) != len(texts):
            raise self._unusable()
        lengths = np.linalg.norm(numbers, axis=1, keepdims=True)
        if not (np.isfinite(lengths).all() and lengths.all()):
            raise self._unusable()
        return np.ascontiguousarray(numbers / lengths, dtype=np.float32)

    async def _asked_for(self, client: "AsyncOpenAI", texts: list[str]) -> Any:
        sized: dict[str, Any] = {"dimensions": self._asked} if self._sends_dimensions else {}
        answer = await client.embeddings.create(
            model=self._server.model, input=texts, encoding_format="float", **sized
        )
        try:
            rows = sorted(answer.data, key=lambda row: row.index)
            return np.array([row.embedding for row in rows], dtype=np.float64)
        except (AttributeError, TypeError, ValueError) as error:
            raise self._unusable() from error

    def _unusable(self) -> ApiError:
        message = f"the embedder {self._server.model} sent something else than vectors"
        return ApiError(message, again=True)


def _name(model: str, dimensions: int) -> str:
    whole = f"{model}@{dimensions}"
    if len(whole) <= _MAX_NAME:
        return whole
    digest = hashlib.blake2b(model.encode(), digest_size=6).hexdigest()
    return f"{model[:40]}~{digest}@{dimensions}"
