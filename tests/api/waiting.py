"""Adds that wait for a model: adding one, and watching what becomes of it."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import anyio
import sqlalchemy as sa

from openmemory_api.container import Container
from openmemory_api.db.tables import jobs
from openmemory_api.domain.access import Caller
from openmemory_api.domain.extraction import ExtractionFailed, Usage
from openmemory_api.domain.memory import EntityIds, Memory, State
from openmemory_api.domain.requests import Action, Added, AddRequest, Message
from tests.api.stores import stored
from tests.fakes import FakeExtractor, FrozenClock


async def say(store: Container, caller: Caller, *texts: str, **options: Any) -> Added:
    """Add messages of which facts are wanted."""
    request = AddRequest(
        messages=tuple(Message("user", text) for text in texts),
        entities=EntityIds(user_id=caller.user_id or "anna"),
    )
    return await store.adding.add(caller, replace(request, **options))


async def event(store: Container, caller: Caller, added: Added) -> Action:
    """The event of an add, as it is now."""
    return await store.actions.get(caller, added.action_id)


async def ended(store: Container, caller: Caller, added: Added) -> Action:
    """The event of an add, once it has ended."""
    with anyio.fail_after(20):
        while (action := await event(store, caller, added)).completed_at is None:
            await store.jobs.some_end(within=0.05)
    return action


async def run_out(store: Container, clock: FrozenClock) -> None:
    """Let time pass until nothing waits any more."""
    with anyio.fail_after(20):
        while await store.jobs.waiting():
            clock.advance(timedelta(seconds=10))
            store.jobs.notice()
            await store.jobs.some_end(within=0.05)


async def asked(extractor: FakeExtractor, times: int) -> None:
    """Wait until the model was asked so often."""
    with anyio.fail_after(20):
        while len(extractor.passages) < times:
            await extractor.called.wait()


async def put_back(
    store: Container, caller: Caller, added: Added, *, attempts: int = 1
) -> dict[str, Any]:
    """What the event says once its add, after so many attempts, waits for the next."""
    with anyio.fail_after(20):
        while True:
            action = await event(store, caller, added)
            said = action.detail or {}
            if action.status == "PENDING" and said.get("attempts") == attempts:
                return said
            await store.jobs.some_end(within=0.05)


async def job_rows(store: Container) -> list[sa.Row[Any]]:
    """What is in the queue."""
    async with store.database.read() as connection:
        return list(await connection.execute(sa.select(jobs)))


async def active(store: Container) -> list[Memory]:
    """The memories in use, in the order they were said."""
    found = [memory for memory in await stored(store) if memory.state is State.ACTIVE]
    return sorted(found, key=lambda memory: memory.created_at)


async def texts(store: Container) -> list[str]:
    """What they say."""
    return [memory.text for memory in await active(store)]


def busy(again: bool = True, retry_after: float | None = None) -> ExtractionFailed:
    """A failure of the model, that has its price."""
    return ExtractionFailed(
        "the model is busy", again=again, retry_after=retry_after, usage=Usage(1, None)
    )


async def eventually(look: Callable[[], Awaitable[bool]]) -> None:
    """Wait until something is so."""
    with anyio.fail_after(20):
        while True:
            if await look():
                return
            await anyio.sleep(0.01)
