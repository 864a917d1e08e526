"""The log under trouble: it is bounded, it never fails a call, and it says how it fares."""

import sqlite3
import stat
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from openmemory_api.container import Container
from openmemory_api.db.activity import Wanted
from openmemory_api.domain.requests import SearchRequest
from openmemory_api.services import batch, recorder
from openmemory_api.services.activity import Entry, Kind, current, note
from openmemory_api.settings import Settings
from tests.api.activity.test_log import ANNA, added, calls, searched
from tests.api.stores import ADMIN, add_one
from tests.api.stores import ANNA as ANNA_CALLER
from tests.fakes import START, FrozenClock, HashEmbedder
from tests.postgres.fixtures import BOTH

DATABASES = BOTH


@pytest.fixture
def file(settings: Settings) -> Path:
    """The log's file; the tests that look at it are SQLite's."""
    if settings.database_path is None:
        pytest.skip("the log is no file on PostgreSQL")
    return settings.data_dir / "activity.db"


async def health(http: httpx.AsyncClient) -> dict[str, Any]:
    return (await http.get("/health")).json()["activity"]


def an_entry(number: int = 1, **fields: Any) -> Entry:
    fields = {"operation": "GET /v1/ping/", "status": 200, "caller": ADMIN, **fields}
    return Entry(f"r{number}", "default", **fields)


async def test_memories_and_log_are_readable_by_their_owner_alone(
    http: httpx.AsyncClient, store: Container, file: Path
) -> None:
    await searched(http, "tea")
    await store.recorder.flush()
    files = [*file.parent.glob("activity.db*"), *file.parent.glob("openmemory.db*")]
    assert {path.name for path in files} >= {"activity.db", "openmemory.db", "openmemory.db-wal"}
    for path in files:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_what_waits_is_written_when_the_server_stops(
    settings: Settings, embedder: HashEmbedder, clock: FrozenClock
) -> None:
    first = Container(settings, embedder=embedder, clock=clock)
    async with first.open():
        await first.ready()
        await first.recorder.flush()
        first.recorder.put(an_entry())
    second = Container(settings, embedder=embedder, clock=clock)
    async with second.open():
        await second.ready()
        found, _ = await second.calls.page(ADMIN, Wanted("default"), cursor=None, limit=10)
    assert [call.request_id for call in found] == ["r1"]


async def test_a_queue_that_is_full_lets_the_oldest_go_and_says_so(
    store: Container, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "QUEUE", 3)
    for number in range(5):
        store.recorder.put(an_entry(number))
    assert (await health(http))["dropped"] == 2
    found, _ = await store.calls.page(ADMIN, Wanted("default"), cursor=None, limit=10)
    assert [call.request_id for call in found] == ["r4", "r3", "r2"]


async def shown(store: Container) -> list[str]:
    return [call.request_id async for call in store.calls.all(ADMIN, Wanted("default"))]


async def test_strangers_cost_nobody_a_row_in_the_queue(
    store: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "QUEUE", 3)
    monkeypatch.setattr(batch, "STRANGERS", 2)
    store.recorder.put(an_entry(0))
    for number in range(1, 6):
        store.recorder.put(an_entry(number, caller=None, status=401))
    store.recorder.put(an_entry(6))
    assert (store.recorder.waiting, store.recorder.dropped) == (4, 3)
    # Theirs in the order of all; the newest of them went.
    assert await shown(store) == ["r6", "r2", "r1", "r0"]


async def test_strangers_cost_nobody_a_row_on_disk(
    store: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "KEEP_CALLS", 3)
    monkeypatch.setattr(recorder, "KEEP_STRANGERS", 1)
    store.recorder.put(an_entry(0))
    store.recorder.put(an_entry(1, status=403))
    for number in range(2, 7):
        store.recorder.put(an_entry(number, caller=None, status=401))
    await store.recorder.flush()
    await store.recorder.sweep()
    # An administrator is nobody in particular, but one whose refusals are few.
    assert await shown(store) == ["r6", "r0"]
    for number in range(7, 10):
        store.recorder.put(an_entry(number))
    await store.recorder.flush()
    await store.recorder.sweep()
    assert await shown(store) == ["r9", "r8", "r7"]


async def test_a_queue_of_long_queries_and_many_hits_is_bounded_in_bytes(
    store: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "QUEUE_BYTES", 30_000)
    long = "x" * 20_000
    for number in range(5):
        store.recorder.put(an_entry(number, query=long, hits=[("a", 0.5)]))
    assert await shown(store) == ["r4", "r3", "r2"]
    found, _ = await store.calls.page(ADMIN, Wanted("default"), cursor=None, limit=1)
    assert found[0].query == long[:2_000]
    entry = an_entry(5, query="all", hits=[(str(number), None) for number in range(1_001)])
    store.recorder.put(entry)
    # Whether what was found beyond them is erased some day, nobody would know.
    assert (len(entry.hits), entry.query) == (1_000, None)


class TestRedacting:
    """Where secrets are taken out of what is stored."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"redact": "redact"})

    async def test_the_log_keeps_no_secret_either(
        self, http: httpx.AsyncClient, store: Container
    ) -> None:
        key = "sk-ant-api03-" + "aB3" * 31 + "-xyz12AA"
        await searched(http, f"is {key} known")
        await searched(http, "x" * 1_980 + " " + key)
        cut, whole = await calls(http, kind="read")
        assert whole["query"].startswith("is [redacted")
        assert "sk-ant" not in whole["query"] + cut["query"]
        # Nor does it keep what it is asked for.
        assert await calls(http, q=f"is {key} known", kind="read") == [whole]


async def test_ten_thousand_searches_stay_bounded(
    store: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In memory by the queue, on disk by the number of rows."""
    monkeypatch.setattr(recorder, "KEEP_CALLS", 1_000)
    await add_one(store, ANNA_CALLER, "likes tea")
    request = SearchRequest(query="tea", threshold=0)
    longest = 0
    for number in range(10_000):
        entry = an_entry(number)
        token = current.set(entry)
        if number % 100 == 0:
            await store.search.search(ANNA_CALLER, request)
        else:
            note(query="tea", hits=[("found", 0.5)])
        current.reset(token)
        store.recorder.put(entry)
        longest = max(longest, store.recorder.waiting)
        if number % 2_500 == 2_499:
            await store.recorder.sweep()
            await store.recorder.flush()
    await store.recorder.sweep()
    left = [call async for call in store.calls.all(ADMIN, Wanted("default"))]
    assert len(left) == 1_000
    assert left[0].request_id == "r9999"
    assert longest <= batch.QUEUE
    assert store.recorder.dropped == 0


async def test_rows_go_with_their_time_and_counts_much_later(
    http: httpx.AsyncClient, store: Container, clock: FrozenClock
) -> None:
    await searched(http, "old")
    await store.recorder.flush()
    clock.advance(timedelta(days=89))
    await searched(http, "new")
    await store.recorder.flush()
    clock.advance(timedelta(days=2))
    await store.recorder.sweep()
    assert [row["query"] for row in await calls(http, kind="read")] == ["new"]
    first = START.date().isoformat()
    usage = {"from": first, "to": "2028-01-01"}
    assert len((await http.get("/api/v1/usage", params=usage)).json()["results"]) == 3
    await store.recorder.flush()
    clock.advance(timedelta(days=401))
    await store.recorder.sweep()
    assert await calls(http, kind="read") == []
    assert len((await http.get("/api/v1/usage", params=usage)).json()["results"]) == 1


async def test_a_log_that_another_program_holds_fails_no_call_and_is_written_later(
    http: httpx.AsyncClient, store: Container, file: Path
) -> None:
    await store.recorder.flush()
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        await added(http)
        await searched(http, "tea")
        await store.recorder.flush()
        fares = await health(http)
        assert fares["problem"] == "The log of calls is not written: Unavailable"
        assert (fares["waiting"], fares["dropped"]) == (2, 0)
    assert [row["query"] for row in await calls(http, kind="read")] == ["tea"]
    assert (await health(http))["problem"] is None


async def test_a_full_disk_fails_no_call(
    http: httpx.AsyncClient, store: Container, file: Path
) -> None:
    await store.recorder.flush()
    async with store.recorder.database.read() as connection:
        pages = await connection.exec_driver_sql("PRAGMA page_count")
        limit = f"PRAGMA max_page_count={pages.scalar_one()}"
        await connection.exec_driver_sql(limit)
    store.recorder.put(an_entry(query="x" * 1_000, hits=[(str(i), 0.5) for i in range(1_000)]))
    await store.recorder.flush()
    assert (await health(http))["problem"] == "The log of calls is not written: Unavailable"
    assert (await http.get("/v1/ping/")).status_code == 200
    async with store.recorder.database.read() as connection:
        await connection.exec_driver_sql("PRAGMA max_page_count=1000000")
    await store.recorder.flush()
    assert (await health(http))["problem"] is None


async def test_a_row_that_no_database_takes_ends_nothing(
    http: httpx.AsyncClient, store: Container
) -> None:
    store.recorder.put(an_entry(operation="half a character \ud83d"))
    await store.recorder.flush()
    assert (await health(http))["problem"] is not None
    await searched(http, "after it")
    assert [row["query"] for row in await calls(http, kind="read")] == ["after it"]
    assert (await health(http))["problem"] is None


async def test_half_a_character_costs_no_row(http: httpx.AsyncClient, store: Container) -> None:
    await searched(http, "before it")
    store.recorder.put(an_entry(query="half a character \ud83d", caller=ANNA_CALLER))
    await searched(http, "after it")
    noted = [row["query"] for row in await calls(http, kind="read")]
    assert noted == ["after it", "half a character ?", "before it"]
    assert (await health(http))["dropped"] == 0


async def test_a_deleted_file_is_made_anew(
    http: httpx.AsyncClient, store: Container, file: Path
) -> None:
    await searched(http, "lost")
    await store.recorder.flush()
    for path in file.parent.glob("activity.db*"):
        path.unlink()
    await searched(http, "kept")
    assert [row["query"] for row in await calls(http, kind="read")] == ["kept"]
    fares = await health(http)
    assert (fares["dropped"], fares["problem"]) == (0, None)


async def test_a_file_that_is_no_database_fails_no_call_and_is_left_as_it_is(
    settings: Settings, embedder: HashEmbedder, clock: FrozenClock, file: Path
) -> None:
    rubbish = b"not a database" * 100
    await anyio.Path(file.parent).mkdir()
    await anyio.Path(file).write_bytes(rubbish)
    store = Container(settings, embedder=embedder, clock=clock)
    async with store.open():
        await store.ready()
        store.recorder.put(an_entry())
        await store.recorder.flush()
        assert store.recorder.health()["problem"] is not None
        assert store.recorder.dropped == 1
        await store.recorder.sweep()
        assert await store.recorder.calls_of_key("0123456789abcdef", "2026-03-01") == 0
        await add_one(store, ANNA_CALLER, "likes tea")
    assert await anyio.Path(file).read_bytes() == rubbish


async def test_counts_and_failures_that_could_not_be_written_are_not_lost(
    http: httpx.AsyncClient, store: Container, file: Path
) -> None:
    await http.get("/v1/ping/", headers=ANNA)
    await store.recorder.flush()
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        store.recorder.put(an_entry(1, caller=ANNA_CALLER))
        store.recorder.put(Entry("r2", "default", operation="GET /v1/ping/", status=503))
        await store.recorder.flush()
        store.recorder.put(an_entry(3, caller=ANNA_CALLER))
        await store.recorder.flush()
    usage = (await http.get("/api/v1/usage", params={"by": "user"})).json()["results"]
    counts = {row["name"]: (row["calls"], row["errors"]) for row in usage}
    assert counts == {"anna": (3, 0), None: (1, 1)}
    (failure,) = (await http.get("/api/v1/errors")).json()["results"]
    assert (failure["request_id"], failure["status"]) == ("r2", 503)


async def test_only_the_newest_failures_are_kept(
    store: Container, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "KEEP_ERRORS", 2)
    for number in range(4):
        store.recorder.put(Entry(f"r{number}", "default", operation="GET /", status=500))
        await store.recorder.flush()
    rows = (await http.get("/api/v1/errors")).json()["results"]
    assert [row["request_id"] for row in rows] == ["r3", "r2"]


def test_outside_a_call_there_is_nothing_to_note() -> None:
    note(query="tea", count=1, operation="x")
    assert current.get() is None


def test_a_note_names_the_call_and_its_count() -> None:
    entry = an_entry(kind=Kind.READ)
    token = current.set(entry)
    note(hits=[("a", None)], count=5, operation="import")
    current.reset(token)
    assert (entry.operation, entry.count, entry.hits) == ("import", 5, [("a", None)])
