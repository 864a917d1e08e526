"""Tokenizer and weights of a cross-encoder, loaded. Synchronous; imported when one is configured."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
import onnxruntime as ort  # pyright: ignore[reportMissingTypeStubs]
from numpy.typing import NDArray
from tokenizers import Tokenizer
from tokenizers.implementations.bert_wordpiece import BertWordPieceTokenizer

from openmemory_api.domain.errors import Unavailable

WINDOW: Final = 512
"""Tokens of query and text together, where the model's own files do not name fewer."""
_CHARACTERS_PER_TOKEN: Final = 16
"""More than any text has on average: what is longer is cut before it is taken apart."""
_KNOWN_INPUTS: Final = frozenset({"input_ids", "attention_mask", "token_type_ids"})
_INTEGERS: Final = {"tensor(int64)": np.int64, "tensor(int32)": np.int32}


@dataclass(frozen=True, slots=True)
class Pair:
    """A query and a text as tokens, within the window."""

    ids: Sequence[int]
    types: Sequence[int]
    """Which of the two each token is of."""

    def __len__(self) -> int:
        return len(self.ids)


class OnnxModel:
    """What a folder holds, checked."""

    def __init__(self, folder: Path, threads: int) -> None:
        """Load it.

        Raises:
            Unavailable: a file is missing, or the model takes or gives something else.
        """
        weights = folder / "model.onnx"
        if not weights.is_file():
            raise Unavailable("the reranker's folder has no model.onnx")
        self._window = _window(folder)
        self._tokenizer = _tokenizer(folder, self._window)
        self._session = _session(weights, threads)
        self._inputs = {each.name: _INTEGERS.get(each.type) for each in self._session.get_inputs()}
        if not {"input_ids"} <= set(self._inputs) <= _KNOWN_INPUTS or None in self._inputs.values():
            raise Unavailable("the reranker's model.onnx is not of a cross-encoder for texts")

    def pairs(self, query: str, texts: Sequence[str]) -> list[Pair]:
        """The query with each text; the longer of the two is cut until both fit."""
        most = self._window * _CHARACTERS_PER_TOKEN
        both = [(query[:most], text[:most]) for text in texts]
        return [Pair(each.ids, each.type_ids) for each in self._tokenizer.encode_batch(both)]

    def relevances(self, pairs: Sequence[Pair]) -> list[float]:
        """One per pair, 0..1.

        Raises:
            Unavailable: the model gives something else than a number, or two, for each.
        """
        shape = (len(pairs), max(map(len, pairs)))
        ids, attended, types = (np.zeros(shape, np.int64) for _ in range(3))
        for row, pair in enumerate(pairs):
            ids[row, : len(pair)] = pair.ids
            attended[row, : len(pair)] = 1
            types[row, : len(pair)] = pair.types
        all_inputs = {"input_ids": ids, "attention_mask": attended, "token_type_ids": types}
        feed = {name: all_inputs[name].astype(kind) for name, kind in self._inputs.items()}
        odds = _log_odds(np.asarray(self._session.run(None, feed)[0], np.float64), len(pairs))
        return (1 / (1 + np.exp(-np.clip(odds, -700, 700)))).tolist()


def _log_odds(given: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    if given.shape == (count, 2):
        # Trained on two classes, of which the second says that the text answers.
        given = given[:, 1] - given[:, 0]
    if given.shape not in ((count,), (count, 1)) or not np.isfinite(given).all():
        raise Unavailable("the reranker's model.onnx gives something else than relevances")
    return given.reshape(count)


def _tokenizer(folder: Path, window: int) -> Any:
    """The folder's tokenizer, cutting to the window; padding is ours."""
    whole, vocabulary = folder / "tokenizer.json", folder / "vocab.txt"
    if whole.is_file():
        tokenizer = cast("Any", Tokenizer.from_file(str(whole)))
    elif vocabulary.is_file():
        lowercase = _object(folder / "tokenizer_config.json").get("do_lower_case", True)
        tokenizer = cast("Any", BertWordPieceTokenizer(str(vocabulary), lowercase=bool(lowercase)))
    else:
        raise Unavailable("the reranker's folder has neither tokenizer.json nor vocab.txt")
    tokenizer.no_padding()
    tokenizer.enable_truncation(window, strategy="longest_first")
    return tokenizer


def _window(folder: Path) -> int:
    """What the files say the model was made for, `WINDOW` at most."""
    named = (
        _object(folder / "config.json").get("max_position_embeddings"),
        _object(folder / "tokenizer_config.json").get("model_max_length"),
    )
    return min([WINDOW, *(each for each in named if isinstance(each, int) and each > 8)])


def _object(file: Path) -> dict[str, Any]:
    if not file.is_file():
        return {}
    try:
        read = json.loads(file.read_text("utf-8"))
    except ValueError as error:
        raise Unavailable(f"the reranker's {file.name} is not JSON") from error
    return cast("dict[str, Any]", read) if isinstance(read, dict) else {}


def _session(weights: Path, threads: int) -> Any:
    options = cast("Any", ort.SessionOptions())  # pyright: ignore[reportUnknownMemberType]
    # As for the embedder: the memory of the largest batch ever seen is not kept.
    options.enable_cpu_mem_arena = False
    options.enable_mem_pattern = False
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    return cast(
        "Any", ort.InferenceSession(str(weights), options, providers=["CPUExecutionProvider"])
    )
