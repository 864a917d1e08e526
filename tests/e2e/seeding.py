"""Stores with many memories of several apps over the last ninety days, made without a server."""

import math
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from benchmarks import seeding
from openmemory_api.container import DEFAULT_PROJECT, Container
from openmemory_api.db import apps
from openmemory_api.db import memories as rows
from openmemory_api.domain.access import Caller
from openmemory_api.domain.memory import EntityIds, Lifecycle, Memory, State
from openmemory_api.domain.protocols import Matrix
from openmemory_api.domain.requests import ActionKind
from openmemory_api.services.writing import Write
from openmemory_api.settings import Settings

USER: Final = "default_user"
APPS: Final = ("claude-code", "cursor", "codex", "windsurf")
CATEGORIES: Final = ("work", "personal", "health", "travel", "food")
FACTS: Final = (
    "The deploy pipeline runs on Fridays at noon",
    "Prefers green tea over coffee in the morning",
    "Postgres 16 listens on port 5433 in staging",
    "Is allergic to peanuts and carries an injector",
    "The flight to Lisbon leaves on the ninth of May",
    "Tabs, never spaces, in every repository",
)
_EMBEDDED: Final = 1_000
"""Up to here the vectors are the texts' own; above they are made up, which no list shows."""
_CHUNK: Final = 2_000


async def sow(folder: Path, count: int) -> None:
    """Put `count` memories of the default user into a data directory."""
    store = Container(Settings(data_dir=folder))
    async with store.at_rest():
        await store.embedder.open()
        said = _texts(count)
        made = await _vectors(store, said)
        for start in range(0, count, _CHUNK):
            await _sow(store, said[start : start + _CHUNK], made[start : start + _CHUNK])


def _texts(count: int) -> list[str]:
    if count > _EMBEDDED:
        return seeding.texts(count)
    return [f"{FACTS[i % len(FACTS)]}, note {i}" for i in range(count)]


async def _vectors(store: Container, said: list[str]) -> list[Matrix]:
    if len(said) <= _EMBEDDED:
        return await store.embedder.embed_documents(said)
    made = seeding.vectors(len(said), store.embedder.dimensions)
    return [made[i : i + 1] for i in range(len(said))]


async def _sow(store: Container, said: list[str], made: list[Matrix]) -> None:
    now = datetime.now(UTC)
    async with store.database.write() as connection:
        caller = Caller(DEFAULT_PROJECT, USER, None)
        user = await apps.ensure_user(connection, DEFAULT_PROJECT, USER, now)
        for name in APPS:
            await apps.touch_app(connection, user, replace(caller, app=name), now)
        write = await Write.start(connection, caller, ActionKind.ADD, user_id=USER, now=now)
        first = await apps.take_numbers(connection, user, len(said))
        new = [_memory(text, first + i, write) for i, text in enumerate(said)]
        await write.insert(new)
        await write.finish()
        change = await rows.next_change(connection)
        embedded = {(memory.id, 1): made[i] for i, memory in enumerate(new)}
        await rows.store_vectors(connection, store.embedder.name, embedded, change=change)


def _memory(text: str, number: int, write: Write) -> Memory:
    chance = random.Random(number)
    made = write.now - timedelta(hours=24 * 90 * chance.random(), microseconds=number)
    state = State.PAUSED if number % 20 == 0 else State.ACTIVE
    return Memory(
        id=f"00000000-0000-4000-8000-{number:012d}",
        number=number,
        project_id=DEFAULT_PROJECT,
        entities=EntityIds(user_id=USER),
        app=APPS[math.isqrt(number) % len(APPS)],
        text=text,
        metadata={"source": "notes"} if number % 3 == 0 else None,
        categories=(CATEGORIES[number % len(CATEGORIES)],),
        tags=(),
        state=state,
        lifecycle=Lifecycle.ACTIVE,
        created_at=made,
        updated_at=made,
        expiration_date=None,
        source_event_id=write.action_id,
        change=write.change,
    )
