"""Test doubles for what is outside the store: models and time."""

import re
import zlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from openmemory_api.db.session import writing
from openmemory_api.domain.errors import Unavailable
from openmemory_api.domain.protocols import Matrix, Vector

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class HashEmbedder:
    """Words to vectors by hashing: deterministic, constant time, alike for texts that share words.

    It fails the test that calls it while a write transaction is open.
    """

    name = "hash-64"
    dimensions = 64

    def __init__(self) -> None:
        self.broken = False

    async def open(self) -> None:
        """Nothing to find out."""

    async def embed_documents(self, texts: Sequence[str]) -> list[Matrix]:
        return [self._embed(text)[np.newaxis, :] for text in texts]

    async def embed_query(self, text: str) -> Vector:
        return self._embed(text)

    def _embed(self, text: str) -> Vector:
        assert not writing.get(), "a model is called while a write transaction is open"
        if self.broken:
            raise Unavailable("the embedder is switched off")
        vector = np.zeros(self.dimensions, dtype=np.float32)
        for word in re.findall(r"\w+", text.lower()):
            vector[zlib.crc32(word.encode()) % self.dimensions] += 1.0
        length = float(np.linalg.norm(vector))
        return vector / np.float32(length) if length else np.eye(1, 64, dtype=np.float32)[0]


class FrozenClock:
    """A clock that moves when told to, and a microsecond each time it is read."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        self.now += timedelta(microseconds=1)
        return self.now

    def advance(self, by: timedelta) -> None:
        self.now += by
