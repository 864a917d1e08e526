"""Crashes, broken models, many callers at once: SQL is the truth and the index follows it."""

import logging
import sqlite3
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path

import anyio
import numpy as np
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from openmemory_api.container import Container
from openmemory_api.db import schema
from openmemory_api.db.schema import HEADS, ForeignDatabase, History, migrate, refuse_foreign
from openmemory_api.db.session import open_sqlite
from openmemory_api.db.tables import memories, metadata, read_metadata, vectors
from openmemory_api.domain.errors import StoreError, Unavailable
from openmemory_api.domain.filters import ALL
from openmemory_api.domain.memory import State
from openmemory_api.domain.protocols import Matrix
from openmemory_api.domain.requests import ListRequest, SearchRequest, UpdateRequest
from openmemory_api.settings import Settings
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
from tests.fakes import FrozenClock, HashEmbedder


@asynccontextmanager
async def reopened(store: Container, embedder: HashEmbedder) -> AsyncGenerator[Container]:
    """Another server's life on the same file, with an empty index."""
    container = Container(store.settings, embedder=embedder, clock=FrozenClock())
    async with container.open():
        await container.ready()
        yield container


async def found(store: Container, query: str) -> list[tuple[str, set[str]]]:
    result = await store.search.search(ANNA, SearchRequest(query=query, threshold=0.0))
    return [
        (hit.memory.text, {leg for leg, value in hit.breakdown.items() if value})
        for hit in result.hits
    ]


async def drop_vectors(store: Container, *ids: str) -> None:
    async with store.database.write() as connection:
        await connection.execute(sa.delete(vectors).where(vectors.c.memory_id.in_(ids)))
        bare = sa.update(memories).where(memories.c.id.in_(ids)).values(embedded=None)
        await connection.execute(bare)


async def test_rows_without_vectors_are_found_by_words_at_once_and_by_meaning_after(
    store: Container, embedder: HashEmbedder
):
    await put(store, *(a_memory(n, text=f"green tea number {n}") for n in range(1, 81)))
    embedder.broken = True
    await drop_vectors(store, *(uuid(n) for n in range(1, 61)))
    request = SearchRequest(query="green tea", top_k=100)
    repaired = HashEmbedder()
    repaired.broken = True

    async with reopened(store, repaired) as again:
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
    store: Container, embedder: HashEmbedder
):
    added = await add(store, ANNA, "green tea", "black tea", "coffee", "old")
    ids = [change.memory.id for change in added.changes]
    await store.memories.delete(ANNA, [ids[2]])
    await store.memories.update(ANNA, ids[3], UpdateRequest(text="mint tea"))
    await settle(store)
    before = await store.search.search(ANNA, SearchRequest(query="tea", threshold=0.0))

    async with reopened(store, embedder) as again:
        after = await again.search.search(ANNA, SearchRequest(query="tea", threshold=0.0))
        assert await again.index.applied() == await latest_change(store)

    assert after == before


async def test_vectors_of_an_older_text_are_not_used(store: Container, embedder: HashEmbedder):
    memory = await add_one(store, ANNA, "green tea")
    async with store.database.write() as connection:
        older = sa.update(memories).where(memories.c.id == memory.id)
        await connection.execute(older.values(text="coffee", text_version=2, embedded=None))
    embedder.broken = True

    async with reopened(store, embedder) as again:
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
    await store.indexer.run_once()
    assert await found(store, "tea") == [("green tea", {"bm25"})]
    assert (await store.health())["status"] == "degraded"

    embedder.broken = False
    await settle(store)
    assert "semantic" in (await found(store, "green tea"))[0][1]
    assert (await store.health())["status"] == "ok"


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
        await store.indexer.run_once()

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
    assert "Checked out connections: 0" in store.database.engine.pool.status()


def foreign(path: Path, *, journal: str = "delete") -> sqlite3.Connection:
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA journal_mode={journal}")
    connection.execute("CREATE TABLE memories (id TEXT, content TEXT)")
    connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
    connection.execute("INSERT INTO memories VALUES ('1', 'theirs')")
    connection.commit()
    return connection


def names_in(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


async def test_a_foreign_database_is_refused_with_its_bytes_untouched(tmp_path: Path):
    path = tmp_path / "openmemory.db"
    foreign(path).close()
    before = path.read_bytes(), path.stat().st_mtime_ns

    container = Container(Settings(data_dir=tmp_path), embedder=HashEmbedder())
    async with container.open():
        with pytest.raises(Unavailable, match="another program"):
            await container.ready()
        assert (await container.health())["status"] == "failed"

    assert (path.read_bytes(), path.stat().st_mtime_ns) == before
    assert names_in(tmp_path) == ["openmemory.db"]


def test_a_foreign_database_whose_tables_are_still_in_its_log_is_refused_untouched(
    tmp_path: Path,
):
    path = tmp_path / "openmemory.db"
    with closing(foreign(path, journal="wal")):
        files = {each: each.read_bytes() for each in tmp_path.iterdir()}
        assert b"theirs" not in files[path]

        with pytest.raises(ForeignDatabase):
            refuse_foreign(path)

        assert {each: each.read_bytes() for each in tmp_path.iterdir()} == files


async def test_our_own_database_is_recognised_after_a_crash(store: Container):
    await add(store, ANNA, "tea")

    assert "openmemory.db-wal" in names_in(store.settings.data_dir)
    refuse_foreign(store.settings.database_path)


@pytest.mark.parametrize("content", [b"not a database, but longer than a header" * 9, b"short"])
def test_a_file_that_is_no_database_is_refused(tmp_path: Path, content: bytes):
    path = tmp_path / "openmemory.db"
    path.write_bytes(content)

    with pytest.raises(ForeignDatabase):
        refuse_foreign(path)
    assert path.read_bytes() == content


async def test_a_database_of_a_newer_version_is_refused(tmp_path: Path):
    database = open_sqlite(tmp_path / "openmemory.db")
    await migrate(database)
    async with database.write() as connection:
        await connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    await database.close()

    container = Container(Settings(data_dir=tmp_path), embedder=HashEmbedder())
    async with container.open():
        with pytest.raises(Unavailable, match="newer version"):
            await container.ready()


@pytest.mark.parametrize(("history", "tables"), [("store", metadata), ("reads", read_metadata)])
async def test_migrations_make_exactly_the_tables_of_the_code(
    tmp_path: Path, history: History, tables: sa.MetaData
):
    database = open_sqlite(tmp_path / "fresh.db")
    await migrate(database, history)
    await migrate(database, history)

    def differences(connection: sa.Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), tables))

    async with database.read() as connection:
        assert await connection.run_sync(differences) == []
        version = await connection.execute(sa.text("SELECT version_num FROM alembic_version"))
        assert version.scalar_one() == HEADS[history]
    await database.close()


@pytest.mark.parametrize("history", ["store", "reads"])
def test_the_named_head_is_the_newest_migration(history: History):
    migrations = Path(schema.__file__).parent / "migrations"
    scripts = ScriptDirectory(
        str(migrations), version_locations=[str(migrations / history / "versions")]
    )

    assert scripts.get_heads() == [HEADS[history]]
