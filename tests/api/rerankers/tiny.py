"""A cross-encoder of three operations, written as the bytes of an ONNX file: no package needed.

Its output for a pair is the sum of the pair's token ids that are not padding, over 100.
"""

from pathlib import Path
from typing import Final

WORDS: Final = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "tea", "green", "which", "rain")
_INT64, _FLOAT = 7, 1


def _varint(number: int) -> bytes:
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def _field(number: int, value: int | str | bytes) -> bytes:
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    data = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _node(kind: str, inputs: list[str], output: str, attribute: bytes = b"") -> bytes:
    body = b"".join(_field(1, each) for each in inputs) + _field(2, output) + _field(4, kind)
    return _field(1, body + (_field(5, attribute) if attribute else b""))


def _value(name: str, kind: int, shape: list[str | int]) -> bytes:
    dims = b"".join(_field(1, _field(2 if isinstance(d, str) else 1, d)) for d in shape)
    return _field(1, name) + _field(2, _field(1, _field(1, kind) + _field(2, dims)))


def model_bytes(*, columns: int = 1, extra_input: str | None = None) -> bytes:
    """The model. With two `columns` the output is (0, sum): of two classes; three are too many."""
    to_float = _field(1, "to") + _field(3, _FLOAT) + _field(20, 2)
    axes = _field(1, "axes") + _field(8, 1) + _field(20, 7)
    scale = b"".join(
        [
            _field(1, columns),
            _field(2, _FLOAT),
            _field(8, "scale"),
            # 0.01 in the last column, 0 before: little-endian floats.
            _field(9, b"\0\0\0\0" * (columns - 1) + b"\x0a\xd7\x23\x3c"),
        ]
    )
    nodes = [
        _node("Mul", ["input_ids", "attention_mask"], "kept"),
        _node("Cast", ["kept"], "numbers", to_float),
        _node("ReduceSum", ["numbers"], "sums", axes),
        _node("Mul", ["sums", "scale"], "logits"),
    ]
    names = ["input_ids", "attention_mask", *([extra_input] if extra_input else [])]
    graph = b"".join(
        [
            *nodes,
            _field(2, "tiny"),
            _field(5, scale),
            *(_field(11, _value(name, _INT64, ["n", "t"])) for name in names),
            _field(12, _value("logits", _FLOAT, ["n", columns])),
        ]
    )
    return _field(1, 7) + _field(8, _field(1, "") + _field(2, 11)) + _field(7, graph)


def tiny_cross_encoder(folder: Path, model: bytes | None = None) -> Path:
    """A folder with the model and a vocabulary of a few words."""
    folder.mkdir(exist_ok=True)
    (folder / "model.onnx").write_bytes(model_bytes() if model is None else model)
    (folder / "vocab.txt").write_text("\n".join(WORDS))
    return folder
