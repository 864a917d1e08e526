"""Crashes, broken models, many callers at once: SQL is the truth and the index follows it."""

import logging
import sqlite3
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

import anyio
import numpy as np
import pytest
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from openmemory_api.container import Container
from openmemory_api.db import memories as memory_rows
from openmemory_api.db.tables import memories, vectors
from openmemory_api.domain.errors import StoreError, Unavailable
from openmemory_api.domain.filters import ALL
from openmemory_api.domain.memory import State
from openmemory_api.domain.protocols import Matrix, Point, Space, VectorIndex
from openmemory_api.domain.requests import ListRequest, SearchRequest, UpdateRequest
from openmemory_api.settings import Settings
from openmemory_api.vectors.exact import ExactIndex
from tests.api.stores import (
    ANNA,
    a_memory,
    add,
    add_one,
    app_of,
    ids_of,
    latest_change,
    put,
    settle,
    stored,
    uuid,
)
from tests.api.waiting import eventually
from tests.fakes import FrozenClock, HashEmbedder
from tests.postgres.fixtures import BOTH

DATABASES = BOTH


@asynccontextmanager
async def opened(
    settings: Settings, embedder: HashEmbedder, index: VectorIndex | None = None
) -> AsyncGenerator[Container]:
    """One server's life on a database, with an index that is empty at first if none is given."""
    container = Container(settings, embedder=embedder, clock=FrozenClock(), index=index)
    async with container.open():
        await container.ready()
        yield container


class KeptIndex(ExactIndex):
    """An index that outlives its server, as one on a disk or another machine does."""

    async def close(self) -> None:
        """Keep everything."""


async def found(store: Container, query: str) -> list[tuple[str, set[str]]]:
    result = await store.search.search(ANNA, SearchRequest(query=query, threshold=0.0))
    return [
        (hit.memory.text, {leg for leg in ("semantic", "bm25") if hit.breakdown[leg]})
        for hit in result.hits
    ]


async def drop_vectors(store: Container, *ids: str) -> None:
    async with store.database.write() as connection:
        await connection.execute(sa.delete(vectors).where(vectors.c.memory_id.in_(ids)))
        bare = sa.update(memories).where(memories.c.id.in_(ids)).values(embedded=None)
        await connection.execute(bare)


async def test_rows_without_vectors_are_found_by_words_at_once_and_by_meaning_after(
    settings: Settings, embedder: HashEmbedder
):
    async with opened(settings, embedder) as store:
        await put(store, *(a_memory(n, text=f"green tea number {n}") for n in range(1, 81)))
        embedder.broken = True
        await drop_vectors(store, *(uuid(n) for n in range(1, 61)))
    request = SearchRequest(query="green tea", top_k=100)
    repaired = HashEmbedder()
    repaired.broken = True

    async with opened(settings, repaired) as again:
        at_once = await again.search.search(ANNA, request)
        assert len(at_once.hits) == 80
        assert at_once.degraded is not None
        repaired.broken = False
        await settle(again)
        after = await again.search.search(ANNA, request)
        assert len(after.hits) == 80
        assert after.degraded is None
        assert all(hit.breakdown["semantic"] > 0 for hit in after.hits)


async def test_a_reopened_store_answers_as_the_one_before_it(
    settings: Settings, embedder: HashEmbedder
):
    async with opened(settings, embedder) as store:
        added = await add(store, ANNA, "green tea", "black tea", "coffee", "old")
        ids = [change.memory.id for change in added.changes]
        await store.memories.delete(ANNA, [ids[2]])
        await store.memories.update(ANNA, ids[3], UpdateRequest(text="mint tea"))
        await settle(store)
        before = await store.search.search(ANNA, SearchRequest(query="tea", threshold=0.0))

    async with opened(settings, embedder) as again:
        after = await again.search.search(ANNA, SearchRequest(query="tea", threshold=0.0))
        assert await again.index.applied() == await latest_change(again)

    assert after == before


async def test_vectors_of_an_older_text_are_not_used(settings: Settings, embedder: HashEmbedder):
    async with opened(settings, embedder) as store:
        memory = await add_one(store, ANNA, "green tea")
        async with store.database.write() as connection:
            older = sa.update(memories).where(memories.c.id == memory.id)
            await connection.execute(older.values(text="coffee", text_version=2, embedded=None))

    embedder.broken = True

    async with opened(settings, embedder) as again:
        assert await found(again, "green tea") == []
        assert [text for text, _ in await found(again, "coffee")] == ["coffee"]
        embedder.broken = False
        await settle(again)


async def test_a_broken_embedder_degrades_and_recovers_by_itself(
    store: Container, embedder: HashEmbedder
):
    embedder.broken = True
    added = await add(store, ANNA, "green tea")
    assert not added.indexed
    assert await found(store, "tea") == [("green tea", {"bm25"})]
    assert (await store.health())["status"] == "degraded"

    embedder.broken = False
    await settle(store)
    assert "semantic" in (await found(store, "green tea"))[0][1]
    assert (await store.health())["status"] == "ok"


async def test_a_database_that_is_gone_after_a_write_makes_no_failure_of_it(
    store: Container, caplog: pytest.LogCaptureFixture
):
    await add(store, ANNA, "coffee")
    engine = store.database.engine.sync_engine

    def gone(*_: object) -> None:
        raise OperationalError(None, None, sqlite3.OperationalError("disk I/O error"))

    def go(_: object) -> None:
        event.listen(engine, "before_cursor_execute", gone)

    event.listen(engine, "commit", go, once=True)
    with caplog.at_level(logging.CRITICAL):
        added = await add(store, ANNA, "green tea")
        event.remove(engine, "before_cursor_execute", gone)
    assert not added.indexed
    await settle(store)
    assert "semantic" in (await found(store, "green tea"))[0][1]


class FullDisk(ExactIndex):
    """An index that cannot be written to."""

    async def apply(self, upserts: Sequence[Point], deletes: Sequence[str], *, change: int) -> None:
        raise OSError(28, "No space left on device", "/srv/anna/index")


async def test_what_an_index_fails_for_is_said_without_its_own_words(
    settings: Settings, caplog: pytest.LogCaptureFixture
):
    store = Container(settings, embedder=HashEmbedder(), index=FullDisk(), clock=FrozenClock())
    async with store.open():
        await store.ready()
        with caplog.at_level(logging.CRITICAL):
            assert not (await add(store, ANNA, "green tea")).indexed
        health = await store.health()
    assert health["status"] == "degraded"
    assert "/home" not in str(health)


class Saboteur(HashEmbedder):
    """An embedder during whose work something happens, once."""

    def __init__(self) -> None:
        super().__init__()
        self.meanwhile: Callable[[], Awaitable[object]] | None = None

    async def embed_documents(self, texts: Sequence[str]) -> list[Matrix]:
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            await meanwhile()
        return await super().embed_documents(texts)


class TestMeanwhile:
    @pytest.fixture
    def embedder(self) -> HashEmbedder:
        return Saboteur()

    async def test_a_text_erased_while_it_was_embedded_leaves_no_vector(
        self, store: Container, embedder: Saboteur
    ):
        async def erase() -> None:
            await store.memories.delete(ANNA, ["m1"])
            await store.trash.purge(ANNA, ["m1"])

        embedder.meanwhile = erase
        await add(store, ANNA, "green tea")
        await settle(store)

        async with store.database.read() as connection:
            assert (await connection.execute(sa.select(vectors))).all() == []

    async def test_a_text_changed_while_it_was_embedded_is_embedded_again(
        self, store: Container, embedder: Saboteur
    ):
        async def change() -> None:
            async with store.database.write() as connection:
                newer = memories.c.text_version + 1
                values = {"text": "black coffee", "text_version": newer, "embedded": None}
                await connection.execute(sa.update(memories).values(values))

        embedder.meanwhile = change
        await add(store, ANNA, "green tea")
        await settle(store)

        async with store.database.read() as connection:
            data = (await connection.execute(sa.select(vectors.c.data))).scalar_one()
        expected = (await embedder.embed_documents(["black coffee"]))[0][0]
        assert np.allclose(np.frombuffer(data, "<f4"), expected)

    async def test_a_pass_that_fails_does_not_end_the_server(
        self, store: Container, embedder: Saboteur, caplog: pytest.LogCaptureFixture
    ):
        async def fail() -> None:
            raise sqlite3.OperationalError("database or disk is full")

        embedder.meanwhile = fail
        with caplog.at_level(logging.CRITICAL):
            added = await add(store, ANNA, "green tea")
            assert not added.indexed
            await settle(store)
        assert "semantic" in (await found(store, "green tea"))[0][1]


async def test_fifty_callers_at_once_leave_sql_and_index_equal(store: Container):
    await add(store, ANNA, *(f"tea {n}" for n in range(30)))
    unexpected: list[Exception] = []

    async def work(n: int) -> None:
        caller = app_of(ANNA, f"app-{n % 7}")
        try:
            if n % 5 == 0:
                await add(store, caller, f"tea new {n}", f"tea newer {n}")
            elif n % 5 == 1:
                changed = UpdateRequest(text=f"green tea {n}")
                await store.memories.update(caller, f"m{n % 30 + 1}", changed)
            elif n % 5 == 2:
                await store.memories.delete(caller, [f"m{n % 30 + 1}"])
            elif n % 5 == 3:
                hits = (await store.search.search(caller, SearchRequest(query="tea"))).hits
                assert {hit.memory.state for hit in hits} <= {State.ACTIVE}
            else:
                await store.memories.page(caller, ListRequest())
        except StoreError:
            pass  # another caller had deleted it
        except Exception as error:  # noqa: BLE001  reported below, with all the others
            unexpected.append(error)

    async with anyio.create_task_group() as tasks:
        for n in range(50):
            tasks.start_soon(work, n)
    await settle(store)

    assert unexpected == []
    active = [memory for memory in await stored(store) if memory.state is State.ACTIVE]
    hits = await store.index.search("tea", None, scope=ALL, limit=1_000)
    assert {hit.id for hit in hits} == ids_of(active)
    numbers = [memory.number for memory in await stored(store) if memory.number is not None]
    assert len(set(numbers)) == len(numbers)


async def test_a_write_that_is_cancelled_is_whole_or_absent_and_frees_the_store(store: Container):
    for steps in range(40):
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(add, store, ANNA, f"one {steps}", f"two {steps}")
                for _ in range(steps):
                    await anyio.lowlevel.checkpoint()
                scope.cancel()
    with anyio.fail_after(5):
        await add(store, ANNA, "after")
        await settle(store)

    texts = {memory.text for memory in await stored(store)}
    for steps in range(40):
        assert (f"one {steps}" in texts) == (f"two {steps}" in texts)
    assert "after" in texts


async def test_a_read_that_is_cancelled_leaves_no_connection_behind(store: Container):
    for steps in range(40):
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(store.memories.page, ANNA, ListRequest())
                for _ in range(steps):
                    await anyio.lowlevel.checkpoint()
                scope.cancel()
    # The server's own loops look into the database now and then.
    with anyio.fail_after(5):
        while "Checked out connections: 0" not in store.database.engine.pool.status():
            await anyio.lowlevel.checkpoint()


async def test_an_index_that_is_ahead_of_the_database_is_filled_anew(
    settings: Settings, embedder: HashEmbedder
):
    """A database was put back to an older copy: its next writes repeat change numbers."""
    index = KeptIndex()
    async with opened(settings, embedder, index) as store:
        await add(store, ANNA, "green tea")
        async with store.database.write() as connection:
            ahead = await memory_rows.last_change(connection) + 100
        await index.apply([], [], change=ahead)

    async with opened(settings, embedder, index) as again:
        await add(again, ANNA, "black tea")
        assert {text for text, _ in await found(again, "tea")} == {"green tea", "black tea"}
        assert await index.applied() < ahead


async def test_a_rebuilt_index_answers_as_before_and_nothing_is_embedded_again(store: Container):
    await add(store, ANNA, "green tea", "black tea", "coffee")
    await settle(store)
    before = await found(store, "tea")
    asked: list[str] = []
    embed = store.embedder.embed_documents

    async def counted(texts: Sequence[str]) -> list[Matrix]:
        asked.extend(texts)
        return await embed(texts)

    store.embedder.embed_documents = counted  # type: ignore[method-assign]
    await store.indexer.rebuild()

    async def as_before() -> bool:
        return await found(store, "tea") == before

    await eventually(as_before)
    assert asked == []


class AwayOnce(ExactIndex):
    """An index that cannot be opened when it is opened for the second time."""

    def __init__(self) -> None:
        super().__init__()
        self.opened: list[Space] = []

    async def open(self, space: Space) -> None:
        self.opened.append(space)
        if len(self.opened) == 2:
            raise Unavailable("the index is away")
        await super().open(space)


async def test_an_index_that_is_away_while_it_is_to_be_rebuilt_is_rebuilt_afterwards(
    settings: Settings, embedder: HashEmbedder
):
    index = AwayOnce()
    async with opened(settings, embedder, index) as store:
        await add(store, ANNA, "green tea")
        await store.indexer.rebuild()

        async def opened_again() -> bool:
            return len(index.opened) == 3

        await eventually(opened_again)
        await settle(store)
        assert "semantic" in (await found(store, "green tea"))[0][1]
    assert index.opened[2].store != index.opened[0].store
