"""Vectors from the benchmark's model server, for scripts that run in a peer's environment."""

import base64
import json
import os
import struct
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path

_BATCH = 200


def memories() -> list[str]:
    """The memories in the file that the first argument names."""
    return json.loads(Path(sys.argv[1]).read_text())


def batches() -> Iterator[tuple[list[str], list[list[float]]]]:
    """The memories a batch at a time, each with its vector."""
    every = memories()
    for start in range(0, len(every), _BATCH):
        chunk = every[start : start + _BATCH]
        yield chunk, embed(chunk)


def embed(texts: Sequence[str]) -> list[list[float]]:
    """A vector for each text."""
    body = {"input": list(texts), "model": "benchmark", "encoding_format": "base64"}
    request = urllib.request.Request(
        f"{os.environ['MODEL_URL']}/embeddings",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=300) as answer:
        rows = json.load(answer)["data"]
    return [_unpacked(base64.b64decode(row["embedding"])) for row in rows]


def _unpacked(packed: bytes) -> list[float]:
    return list(struct.unpack(f"<{len(packed) // 4}f", packed))
