"""What is erased for good is erased from the log's queries, too."""

import sqlite3
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from openmemory_api.container import Container
from openmemory_api.db.activity import Wanted
from openmemory_api.domain.errors import Unavailable
from openmemory_api.domain.requests import SearchRequest
from openmemory_api.services.activity import Entry, current, identified
from openmemory_api.settings import Settings
from tests.api.activity.test_log import ANNA, added, calls, searched
from tests.api.stores import ANNA as ANNA_CALLER
from tests.api.stores import add_one
from tests.fakes import FrozenClock, HashEmbedder
from tests.postgres.fixtures import BOTH

DATABASES = BOTH


async def queries(http: httpx.AsyncClient) -> list[str | None]:
    rows = await calls(http, operation="POST /v3/memories/search/")
    return [row["query"] for row in rows]


async def trashed(http: httpx.AsyncClient, memory_id: str) -> None:
    await http.delete(f"/v1/memories/{memory_id}/", headers=ANNA)


async def purged(http: httpx.AsyncClient, memory_id: str) -> None:
    await trashed(http, memory_id)
    await http.post("/api/v1/trash/purge", json={"ids": [memory_id]}, headers=ANNA)


async def test_a_purge_erases_the_queries_that_found_it_and_no_others(
    http: httpx.AsyncClient,
) -> None:
    tea = await added(http, "likes tea")
    await searched(http, "written tea")
    assert await queries(http) == ["written tea"]
    await searched(http, "waiting tea")
    await purged(http, tea)
    await searched(http, "nothing there")
    assert await queries(http) == ["nothing there", None, None]
    # That it was found stays known.
    assert [hit["memory_id"] for hit in (await calls(http))[-2]["hits"]] == [tea]


async def test_the_trash_alone_erases_nothing_and_its_end_does(
    http: httpx.AsyncClient, store: Container, clock: FrozenClock
) -> None:
    tea = await added(http, "likes tea")
    await searched(http, "tea")
    await trashed(http, tea)
    assert await queries(http) == ["tea"]
    clock.advance(timedelta(days=31))
    await store.trash.sweep()
    assert await queries(http) == [None]


async def test_a_search_that_ends_after_the_erasure_keeps_no_query(
    http: httpx.AsyncClient, store: Container
) -> None:
    tea = await added(http, "likes tea")
    late = Entry("late", "default")
    token = current.set(late)
    identified(ANNA_CALLER)
    await store.search.search(ANNA_CALLER, SearchRequest(query="tea", threshold=0))
    current.reset(token)
    await purged(http, tea)
    late.status = 200
    store.recorder.put(late)
    (row,) = await calls(http, memory_id=tea, kind="read")
    assert (row["request_id"], row["query"]) == ("late", None)


async def test_a_start_erases_what_the_server_before_did_not_come_to(
    settings: Settings, embedder: HashEmbedder, clock: FrozenClock
) -> None:
    store = Container(settings, embedder=embedder, clock=clock)
    async with store.open():
        await store.ready()
        memory_id = await _found_by("tea", store)
    # The log is put back, or the process ended, between the one database and the other.
    again = Container(settings, embedder=embedder, clock=clock)
    async with again.open():
        await again.ready()
        await again.memories.delete(ANNA_CALLER, [memory_id])
        again.recorder.problem = "the log cannot be written"
        await again.trash.purge(ANNA_CALLER, [memory_id])
    third = Container(settings, embedder=embedder, clock=clock)
    async with third.open():
        await third.ready()
        assert await _kept(third) == [None]


async def _found_by(query: str, store: Container) -> str:
    memory = await add_one(store, ANNA_CALLER, "likes tea")
    entry = Entry("before", "default", caller=ANNA_CALLER, status=200)
    entry.query, entry.hits = query, [(memory.id, 0.5)]
    store.recorder.put(entry)
    return memory.id


async def _kept(store: Container) -> list[str | None]:
    found, _ = await store.calls.page(ANNA_CALLER, Wanted("default"), cursor=None, limit=10)
    return [call.query for call in found]


class TestWithoutATrash:
    """Where deleting is final."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"trash_days": 0})

    async def test_deleting_erases_the_queries_that_found_it(self, http: httpx.AsyncClient) -> None:
        tea = await added(http, "likes tea")
        await searched(http, "tea")
        await trashed(http, tea)
        assert await queries(http) == [None]


async def test_nothing_of_an_erased_query_stays_in_the_file(
    http: httpx.AsyncClient, store: Container, settings: Settings
) -> None:
    if settings.database_path is None:
        pytest.skip("PostgreSQL's own files are its server's")
    tea = await added(http, "likes tea")
    await searched(http, "zanzibar tea")
    await store.recorder.flush()
    folder = settings.data_dir
    assert _holds(folder, b"zanzibar")
    await purged(http, tea)
    assert not _holds(folder, b"zanzibar")


async def test_what_somebody_still_reads_is_forgotten_later(
    http: httpx.AsyncClient, store: Container, settings: Settings
) -> None:
    if settings.database_path is None:
        pytest.skip("PostgreSQL's own files are its server's")
    tea = await added(http, "likes quinoa")
    await searched(http, "zanzibar tea")
    await store.recorder.flush()
    names = ("activity.db", settings.database_path.name)
    folder = settings.data_dir
    readers = [sqlite3.connect(folder / name, isolation_level=None) for name in names]
    for reader in readers:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM sqlite_master").fetchall()
    await purged(http, tea)
    rows = len(await calls(http))
    for name, words in zip(names, (b"zanzibar", b"quinoa"), strict=True):
        assert words in (folder / f"{name}-wal").read_bytes() + (folder / name).read_bytes()
    for reader in readers:
        reader.close()
    await store.recorder.flush()
    await store.forget_again()
    assert not _holds(folder, b"zanzibar")
    assert not any(b"quinoa" in path.read_bytes() for path in folder.glob(f"{names[1]}*"))
    # And nothing was written twice meanwhile: the look itself is one more.
    assert len(await calls(http)) == rows + 1


async def test_what_was_written_is_not_written_again_where_forgetting_fails(
    http: httpx.AsyncClient, store: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[int] = []

    async def forget() -> None:
        tried.append(1)
        raise Unavailable("no disk")

    monkeypatch.setattr(store.recorder.database, "forget", forget)
    tea = await added(http, "likes tea")
    await searched(http, "tea")
    await purged(http, tea)
    await store.recorder.flush()
    await store.recorder.flush()
    ids = [row["request_id"] for row in await calls(http)]
    # Added, searched, trashed, purged.
    assert (len(ids), len(set(ids))) == (4, 4)
    assert len(tried) > 1


def _holds(folder: Path, words: bytes) -> bool:
    return any(words in path.read_bytes() for path in folder.glob("activity.db*"))
