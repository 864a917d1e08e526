"""What the store's tests share: callers, memories with fixed ids, and rows put in directly."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

import anyio
import sqlalchemy as sa

from openmemory_api.container import Container
from openmemory_api.db import memories as rows
from openmemory_api.db.tables import counters, memories
from openmemory_api.domain.access import Caller
from openmemory_api.domain.filters import ALL
from openmemory_api.domain.memory import EntityIds, Json, Lifecycle, Memory, State
from openmemory_api.domain.requests import Added, AddRequest, Message
from openmemory_api.services.writing import fingerprint_of
from tests.fakes import START

ANNA = Caller("default", "anna", None)
BOB = Caller("default", "bob", None)
ADMIN = Caller("default", None, None)


def app_of(caller: Caller, name: str = "cursor") -> Caller:
    """An app that acts for the caller's user."""
    return replace(caller, app=name, surface="mcp-http")


def uuid(number: int) -> str:
    """An id that is the same in every run."""
    return str(UUID(int=number))


def a_memory(number: int = 1, **fields: Any) -> Memory:
    """A memory of Anna's; `user` names another, None for a memory without one."""
    user = fields.pop("user", "anna")
    plain: dict[str, Any] = {
        "id": uuid(number),
        "number": number if user else None,
        "project_id": "default",
        "entities": EntityIds(user_id=user, agent_id=None if user else "agent"),
        "app": None,
        "text": f"text {number}",
        "metadata": None,
        "categories": None,
        "tags": (),
        "state": State.ACTIVE,
        "lifecycle": Lifecycle.ACTIVE,
        "created_at": START,
        "updated_at": START,
        "expiration_date": None,
    }
    return Memory(**{**plain, **fields})


async def put(store: Container, *new: Memory) -> None:
    """Store memories as they are, each as a write of its own, and index them."""
    async with store.database.write() as connection:
        for memory in new:
            change = await rows.next_change(connection)
            written = replace(memory, change=change)
            await rows.insert(connection, [(written, fingerprint_of(written))])
    await settle(store)


async def put_state(store: Container, memory_id: str, state: State) -> None:
    """Put a memory into a state that has no API yet."""
    async with store.database.write() as connection:
        change = await rows.next_change(connection)
        chosen = sa.update(memories).where(memories.c.id == memory_id)
        await connection.execute(chosen.values(state=state, change=change))
    await settle(store)


async def settle(store: Container) -> None:
    """Wait until every text is in the index, and embedded if the embedder works."""
    change = await latest_change(store)
    everything = [memory.id for memory in await stored(store)]
    with anyio.fail_after(20):
        while not await store.indexer.found(everything, change, within=20):
            if getattr(store.embedder, "broken", False):
                return


async def latest_change(store: Container) -> int:
    """The highest change number that a memory carries."""
    async with store.database.read() as connection:
        found = await connection.execute(sa.select(sa.func.max(memories.c.change)))
        return found.scalar_one() or 0


async def taken_changes(store: Container) -> int:
    """How many change numbers were ever given."""
    async with store.database.read() as connection:
        taken = sa.select(counters.c.value).where(counters.c.name == "change")
        return (await connection.execute(taken)).scalar_one()


async def stored(store: Container) -> list[Memory]:
    """Every row, in whatever state."""
    async with store.database.read() as connection:
        return await rows.find(connection, ALL, limit=100_000)


async def add(
    store: Container,
    caller: Caller,
    *texts: str,
    metadata: dict[str, Json] | None = None,
    timestamp: datetime | None = None,
    entities: EntityIds | None = None,
) -> Added:
    """Add one memory per text."""
    request = AddRequest(
        messages=tuple(Message("user", text) for text in texts),
        entities=entities or EntityIds(user_id=caller.user_id),
        metadata=metadata,
        timestamp=timestamp,
    )
    return await store.adding.add(caller, request)


async def add_one(
    store: Container, caller: Caller, text: str, *, metadata: dict[str, Json] | None = None
) -> Memory:
    """Add one memory and answer it."""
    return (await add(store, caller, text, metadata=metadata)).changes[0].memory


def ids_of(found: Sequence[Memory]) -> set[str]:
    """The ids of memories."""
    return {memory.id for memory in found}
