"""Test doubles for what is outside the store: models and time."""

import re
import zlib
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta

import anyio
import anyio.lowlevel
import numpy as np

from openmemory_api.db.session import writing
from openmemory_api.domain.errors import Unavailable
from openmemory_api.domain.extraction import Extraction, Fact, Passage, Usage
from openmemory_api.domain.protocols import Matrix, Reading, Vector

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class HashEmbedder:
    """Words to vectors by hashing: deterministic, constant time, alike for texts that share words.

    It fails the test that calls it while a write transaction is open.
    """

    name = "hash-64"
    dimensions = 64
    reading = Reading(unrelated=0.1, other_scripts=0.3)

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
        return self.vector(text)

    def vector(self, text: str) -> Vector:
        """The words of a text, hashed."""
        vector = np.zeros(self.dimensions, dtype=np.float32)
        for word in re.findall(r"\w+", text.lower()):
            vector[zlib.crc32(word.encode()) % self.dimensions] += 1.0
        length = float(np.linalg.norm(vector))
        return vector / np.float32(length) if length else np.eye(1, 64, dtype=np.float32)[0]


class FakeExtractor:
    """A language model that says what it is told to, else one fact per message.

    It fails the test that calls it while a write transaction is open.
    """

    name = "fake-1"

    def __init__(self) -> None:
        self.passages: list[Passage] = []
        self.script: list[Extraction | Exception] = []
        self.gate: anyio.Event | None = None
        """If set, an answer waits for it."""
        self.ungated = 0
        """How many of the first calls do not wait."""
        self.under_way = 0
        self.most_at_once = 0
        self.called = anyio.Event()
        """Set by the next call, which puts a new one in its place."""

    async def extract(self, passage: Passage) -> Extraction:
        assert not writing.get(), "a model is called while a write transaction is open"
        self.passages.append(passage)
        number = len(self.passages)
        self.called.set()
        self.called = anyio.Event()
        self.under_way += 1
        self.most_at_once = max(self.most_at_once, self.under_way)
        try:
            await anyio.lowlevel.checkpoint()
            if self.gate is not None and number > self.ungated:
                await self.gate.wait()
        finally:
            self.under_way -= 1
        answer = self.script.pop(0) if self.script else one_fact_each(passage)
        if isinstance(answer, Exception):
            raise answer
        return answer


def one_fact_each(passage: Passage) -> Extraction:
    """A fact for each message of a passage, with a price."""
    facts = (Fact(f"fact: {said.text[:60]}", i, None) for i, said in enumerate(passage.messages))
    return Extraction(tuple(facts), usage=Usage(10, 2))


class FakeReranker:
    """A reranker that holds what it is told to for relevant, and 0.5 for what it is not told of.

    It fails the test that calls it while a write transaction is open.
    """

    name = "fake-reranker"

    def __init__(self, relevant: dict[str, float] | None = None) -> None:
        self.relevant = relevant or {}
        self.sent: list[list[str]] = []
        self.failure: Unavailable | None = None
        self.meanwhile: Callable[[], Awaitable[object]] = anyio.lowlevel.checkpoint
        """What happens while it reads."""
        self.given_up = 0

    async def open(self) -> None:
        """Nothing to load."""

    async def close(self) -> None:
        """Nothing to let go of."""

    async def rerank(self, query: str, texts: Sequence[str]) -> list[float]:
        assert not writing.get(), "a model is called while a write transaction is open"
        self.sent.append(list(texts))
        try:
            await self.meanwhile()
        except anyio.get_cancelled_exc_class():
            self.given_up += 1
            raise
        if self.failure is not None:
            raise self.failure
        return [self.relevant.get(text, 0.5) for text in texts]


class FrozenClock:
    """A clock that moves when told to, and a microsecond each time it is read."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        self.now += timedelta(microseconds=1)
        return self.now

    def advance(self, by: timedelta) -> None:
        self.now += by
