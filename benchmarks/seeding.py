"""Fills a store with many memories quickly: made-up texts, and vectors made once and cached."""

import random
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from itertools import accumulate
from pathlib import Path
from uuid import UUID, uuid5

import numpy as np
from numpy.typing import NDArray

from openmemory_api.container import DEFAULT_PROJECT, Container
from openmemory_api.db import apps
from openmemory_api.db import memories as rows
from openmemory_api.domain.access import Caller
from openmemory_api.domain.memory import EntityIds, Lifecycle, Memory, State
from openmemory_api.domain.requests import ActionKind
from openmemory_api.services.writing import Write

_IDS = UUID(int=7)
_CHUNK = 1_000


def texts(count: int, *, seed: int = 7) -> list[str]:
    """Sentences of 12 to 30 English words, as frequent as words are: by Zipf's law."""
    rng = random.Random(seed)
    words = _words()
    weights = list(accumulate(1 / rank for rank in range(1, len(words) + 1)))
    return [
        f"Note {i}: " + " ".join(rng.choices(words, cum_weights=weights, k=rng.randint(12, 30)))
        for i in range(count)
    ]


def _words() -> list[str]:
    listed = files("openmemory_api.embeddings").joinpath("vocab.txt").read_text("utf-8")
    return [word for word in listed.splitlines() if word.isascii() and word.isalpha()]


def vectors(count: int, dimensions: int, *, seed: int = 7) -> NDArray[np.float32]:
    """Clustered unit vectors, made once per machine."""
    cached = Path(tempfile.gettempdir()) / f"openmemory-vectors-{count}-{dimensions}-{seed}.npy"
    if not cached.exists():
        rng = np.random.default_rng(seed)
        centres = rng.normal(size=(48, dimensions))
        drawn = centres[rng.integers(48, size=count)] + rng.normal(size=(count, dimensions))
        drawn /= np.linalg.norm(drawn, axis=1, keepdims=True)
        np.save(cached, drawn.astype(np.float32))
    return np.load(cached)


async def seed(store: Container, count: int, *, user: str = "bench") -> None:
    """Store `count` memories of one user, as adds would have, without embedding them."""
    made = vectors(count, store.embedder.dimensions)
    said = texts(count)
    for start in range(0, count, _CHUNK):
        stop = min(start + _CHUNK, count)
        await _seed_chunk(store, user, said[start:stop], made[start:stop])


async def _seed_chunk(
    store: Container, user: str, said: Sequence[str], made: NDArray[np.float32]
) -> None:
    now = datetime.now(UTC)
    async with store.database.write() as connection:
        caller = Caller(DEFAULT_PROJECT, user, None)
        write = await Write.start(connection, caller, ActionKind.ADD, user_id=user, now=now)
        row = await apps.ensure_user(connection, DEFAULT_PROJECT, user, now)
        first = await apps.take_numbers(connection, row, len(said))
        new = [_memory(user, text, first + i, write) for i, text in enumerate(said)]
        await write.insert(new)
        await write.finish()
        change = await rows.next_change(connection)
        embedded = {(memory.id, 1): made[i : i + 1] for i, memory in enumerate(new)}
        await rows.store_vectors(connection, store.embedder.name, embedded, change=change)


def _memory(user: str, text: str, number: int, write: Write) -> Memory:
    memory = Memory(
        id=str(uuid5(_IDS, f"{user} {number}")),
        number=number,
        project_id=DEFAULT_PROJECT,
        entities=EntityIds(user_id=user),
        app=None,
        text=text,
        metadata=None,
        categories=None,
        tags=(),
        state=State.ACTIVE,
        lifecycle=Lifecycle.ACTIVE,
        created_at=write.now,
        updated_at=write.now,
        expiration_date=None,
        source_event_id=write.action_id,
        change=write.change,
    )
    return replace(memory, created_at=write.now + timedelta(microseconds=number))
