"""What only PostgreSQL has: a server that goes away, other processes, somebody else's tables."""

import logging
import os
import re
import subprocess
import sys
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import httpx
import pytest
import sqlalchemy as sa
from anyio.lowlevel import checkpoint
from pydantic import SecretStr
from sqlalchemy.exc import ProgrammingError

from openmemory_api.app import create_app
from openmemory_api.container import Container
from openmemory_api.db import memories as rows
from openmemory_api.db import postgres as postgres_module
from openmemory_api.db import requirements
from openmemory_api.db.postgres import MissingDriver, open_postgres
from openmemory_api.db.schema import ForeignDatabase, migrate
from openmemory_api.db.session import Database
from openmemory_api.db.tables import apps, counters
from openmemory_api.domain.access import Access, Base
from openmemory_api.domain.errors import Invalid, Unavailable
from openmemory_api.domain.requests import ListRequest, SearchRequest
from openmemory_api.settings import Settings
from tests.api.stores import ANNA, add, app_of
from tests.fakes import FrozenClock, HashEmbedder
from tests.postgres.server import Server

DATABASES = ("postgresql",)
CURSOR = app_of(ANNA)


@pytest.fixture
def url(database_url: SecretStr | None) -> str:
    assert database_url is not None
    return database_url.get_secret_value()


@asynccontextmanager
async def opened(url: str) -> AsyncGenerator[Database]:
    database = open_postgres(url)
    try:
        yield database
    finally:
        await database.close()


@asynccontextmanager
async def another(settings: Settings) -> AsyncGenerator[Container]:
    """Another server on the same database; its index is its own."""
    container = Container(settings, embedder=HashEmbedder(), clock=FrozenClock())
    async with container.open():
        await container.ready()
        yield container


async def taken(database: Database) -> int:
    async with database.read() as connection:
        found = sa.select(counters.c.value).where(counters.c.name == "change")
        return (await connection.execute(found)).scalar_one()


# -- the URL, and what is said of it


@pytest.mark.parametrize(
    "scheme", ["postgres", "postgresql", "postgres+asyncpg", "postgresql+asyncpg"]
)
async def test_a_url_may_be_written_as_people_write_it(url: str, scheme: str):
    async with opened(url.replace("postgres", scheme, 1)) as database:
        assert await taken(database) == 0


@pytest.mark.parametrize(
    "broken",
    [
        "postgres://anna:hunter2:x@127.0.0.1:port/db",
        "postgres://anna:hunt#er2@127.0.0.1/db",
        "postgres://anna:hunter2/x@127.0.0.1/db",
        "postgres://anna:hunter2[@127.0.0.1/db",
        "postgres://anna:hunt@er2@127.0.0.1/db",
    ],
)
def test_a_url_that_cannot_be_read_is_refused_without_showing_it(broken: str):
    with pytest.raises(ValueError, match="percent-encoded") as error:
        open_postgres(broken)
    assert "hunt" not in str(error.value)
    assert error.value.__context__ is None


def test_a_missing_driver_is_named_with_its_command(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    with pytest.raises(MissingDriver, match=r"pip install 'openmemory-server\[postgres\]'"):
        open_postgres("postgres://127.0.0.1/x")


async def test_a_password_is_shown_nowhere(
    url: str, settings: Settings, postgres: Server, caplog: pytest.LogCaptureFixture
):
    wrong = url.replace(":p%40ss", ":other%40ss")
    shown = [repr(settings)]
    with caplog.at_level(logging.DEBUG):
        async with opened(wrong) as database:
            with pytest.raises(Unavailable, match="password authentication failed") as error:
                await migrate(database)
            shown += [repr(error.value), repr(error.value.__cause__)]
        async with another(settings) as container:
            shown.append(repr(await container.health()))
    for text in (*shown, caplog.text):
        assert "p@ss" not in text
        assert "p%40ss" not in text
        assert "other@ss" not in text
        assert "other%40ss" not in text


# -- whose database it is


async def test_a_database_of_others_is_refused_and_left_as_it_is(
    postgres: Server, empty_database: str
):
    for tables in (
        "CREATE TABLE memories (id text, content text); INSERT INTO memories VALUES ('1', 'theirs');"
        "CREATE TABLE alembic_version (version_num text)",
        "CREATE TABLE orders (id int)",
    ):
        postgres.psql(empty_database, f"DROP SCHEMA public CASCADE; CREATE SCHEMA public; {tables}")
        before = postgres.dump(empty_database)
        async with opened(postgres.url(empty_database)) as database:
            with pytest.raises(ForeignDatabase, match="openmemory import"):
                await migrate(database)
        assert without_tokens(postgres.dump(empty_database)) == without_tokens(before)


def without_tokens(dump: str) -> list[str]:
    # pg_dump guards each of its outputs with a random word.
    return [
        line for line in dump.splitlines() if not line.startswith(("\\restrict", "\\unrestrict"))
    ]


async def test_two_stores_in_two_schemas_of_one_database_are_strangers(
    postgres: Server, empty_database: str
):
    postgres.psql(empty_database, "CREATE TABLE theirs (id int); CREATE SCHEMA a; CREATE SCHEMA b")
    base = postgres.url(empty_database)
    async with (
        opened(f"{base}?search_path=a") as one,
        opened(f"{base}?search_path=b") as other,
        opened(f"{base}?search_path=nowhere") as nowhere,
    ):
        await migrate(one)
        await migrate(other)
        async with one.write() as connection:
            assert await rows.next_change(connection) == 1
            # The other is not kept waiting.
            async with other.write() as beside:
                assert await rows.next_change(beside) == 1
        assert await one.leads()
        assert await other.leads()
        with pytest.raises(Unavailable, match="search_path"):
            await migrate(nowhere)


async def test_a_server_that_cannot_keep_memories_is_refused(
    postgres: Server, empty_database: str, monkeypatch: pytest.MonkeyPatch
):
    postgres.psql("postgres", "CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1'")
    async with opened(postgres.url("latin")) as database:
        with pytest.raises(Unavailable, match="UTF8"):
            await migrate(database)
    monkeypatch.setattr(requirements, "_OLDEST", 990_000)
    async with opened(postgres.url(empty_database)) as database:
        with pytest.raises(Unavailable, match="too old"):
            await migrate(database)
    assert (
        postgres.psql(empty_database, "SELECT count(*) FROM pg_tables WHERE schemaname='public'")
        == "0"
    )


async def test_servers_that_start_at_once_make_one_schema(postgres: Server, empty_database: str):
    async with (
        opened(postgres.url(empty_database)) as one,
        opened(postgres.url(empty_database)) as two,
        opened(postgres.url(empty_database)) as three,
    ):
        async with anyio.create_task_group() as tasks:
            for database in (one, two, three):
                tasks.start_soon(migrate, database)
        assert await taken(two) == 0


# -- writing, one at a time


async def until_somebody_waits(postgres: Server, url: str) -> None:
    waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    with anyio.fail_after(20):
        while await anyio.to_thread.run_sync(postgres.psql, url.rpartition("/")[2], waiting) == "0":
            await checkpoint()


async def test_a_write_sees_all_that_was_written_while_it_waited(url: str, postgres: Server):
    name = url.rpartition("/")[2]
    postgres.psql(name, f"ALTER DATABASE {name} SET default_transaction_isolation = 'serializable'")
    seen: list[int] = []

    async def write(database: Database) -> None:
        async with database.write() as connection:
            seen.append(await rows.next_change(connection))

    try:
        async with (
            opened(url) as one,
            opened(url) as other,
            anyio.create_task_group() as tasks,
            one.write() as connection,
        ):
            tasks.start_soon(write, other)
            await until_somebody_waits(postgres, url)
            assert await rows.next_change(connection) == 1
            assert seen == []
    finally:
        postgres.psql(name, f"ALTER DATABASE {name} RESET default_transaction_isolation")
    assert seen == [2]


async def test_many_writers_wait_in_line_and_leave_connections_for_readers(
    url: str, postgres: Server
):
    numbers: list[int] = []

    async def write(database: Database) -> None:
        async with database.write() as connection:
            numbers.append(await rows.next_change(connection))

    async with (
        opened(url) as database,
        opened(url) as other,
        anyio.create_task_group() as tasks,
        other.write(),
    ):
        for _ in range(60):
            tasks.start_soon(write, database)
        await until_somebody_waits(postgres, url)
        with anyio.fail_after(20):
            for _ in range(20):
                assert await taken(database) == 0
        assert numbers == []
    assert numbers == list(range(1, 61))


async def test_a_write_that_waits_too_long_gives_up_and_the_next_goes_on(
    url: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(postgres_module._HURRIED, "lock_timeout", "50ms")  # pyright: ignore[reportPrivateUsage]
    async with opened(url) as one, opened(url) as other:
        async with one.write():
            with pytest.raises(Unavailable, match="lock timeout"):
                async with other.write():
                    pytest.fail("both write")
        async with other.write() as connection:
            assert await rows.next_change(connection) == 1


async def test_a_value_that_cannot_be_kept_is_the_callers_mistake(url: str):
    async with opened(url) as database:
        for value in ("a\0b", "a\ud800"):
            with pytest.raises(Invalid, match="NUL"):
                async with database.read() as connection:
                    await rows.ids_of_numbers(connection, "default", value, [1])
        with pytest.raises(ProgrammingError):
            async with database.read() as connection:
                await connection.exec_driver_sql("SELECT nothing FROM nowhere")
        assert "Checked out connections: 0" in database.engine.pool.status()


@pytest.mark.parametrize("path", ["/v1/users/a%00b/memories/", "/v1/memories/?user_id=a%00b"])
async def test_a_nul_in_a_request_is_no_failure_of_the_server(http: httpx.AsyncClient, path: str):
    assert (await http.get(path)).status_code < 500


# -- leading


async def test_one_leads_until_it_closes_or_its_connection_ends(url: str, postgres: Server):
    name = url.rpartition("/")[2]
    leader = (
        "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted "
        f"AND database = (SELECT oid FROM pg_database WHERE datname = '{name}')"
    )
    async with opened(url) as third:
        async with opened(url) as one, opened(url) as other:
            assert [await each.leads() for each in (one, other, third)] == [True, False, False]
            assert [await each.leads() for each in (one, other, third)] == [True, False, False]
            assert postgres.psql(name, leader) == "t"
            assert await other.leads()
            with pytest.raises(Unavailable):
                await one.leads()
            assert not await one.leads()
        assert await third.leads()


async def test_who_asks_twice_at_once_is_one_leader(url: str):
    async with opened(url) as one, opened(url) as other:
        async with anyio.create_task_group() as tasks:
            for _ in range(20):
                tasks.start_soon(one.leads)
        assert await one.leads()
        assert not await other.leads()


# -- a server that goes away


@pytest.fixture
def _up_afterwards(postgres: Server) -> Generator[None]:
    yield
    postgres.stop()
    postgres.start()


@pytest.mark.usefixtures("_up_afterwards")
async def test_a_restart_of_the_server_is_survived(
    store: Container, http: httpx.AsyncClient, postgres: Server
):
    await add(store, ANNA, "before")
    listing = "/v1/memories/?user_id=anna"
    await anyio.to_thread.run_sync(postgres.stop)

    down = await http.get(listing)
    assert (down.status_code, down.json()["detail"]) == (503, "The database cannot be reached")
    assert (await http.get("/health")).json()["memories"] is None

    await anyio.to_thread.run_sync(postgres.start)
    assert (await http.get(listing)).status_code == 200
    added = await add(store, ANNA, "after")
    assert added.indexed
    found = await store.search.search(ANNA, SearchRequest(query="after", threshold=0))
    assert "after" in [hit.memory.text for hit in found.hits]


@pytest.mark.usefixtures("_up_afterwards")
async def test_a_server_that_starts_later_is_waited_for(
    settings: Settings, postgres: Server, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("openmemory_api.container._REOPEN_SECONDS", 0.05)
    await anyio.to_thread.run_sync(postgres.stop)
    container = Container(settings, embedder=HashEmbedder(), clock=FrozenClock())
    app = create_app(settings, container, local_secret="omk_local")
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8765") as http,
    ):
        assert (await http.get("/v1/memories/?user_id=anna")).status_code == 503
        await anyio.to_thread.run_sync(postgres.start)
        with anyio.fail_after(20):
            while (await http.get("/v1/memories/?user_id=anna")).status_code != 200:
                await checkpoint()
        assert (await http.get("/health")).json()["status"] == "ok"


# -- two servers


async def test_a_rule_set_in_one_server_holds_in_the_other_on_the_next_call(store: Container):
    await add(store, ANNA, "green tea")
    async with another(store.settings) as other:
        assert (await other.memories.page(CURSOR, ListRequest())).count == 1
        await store.access.configure(ANNA, "cursor", Access(read=Base.NOTHING))
        assert (await other.memories.page(CURSOR, ListRequest())).count == 0
        await other.access.configure(ANNA, "cursor", Access())
        assert (await store.memories.page(CURSOR, ListRequest())).count == 1


async def test_when_an_app_was_last_seen_never_goes_back(store: Container, clock: FrozenClock):
    await store.memories.page(CURSOR, ListRequest())
    async with another(store.settings) as other:
        await other.memories.page(CURSOR, ListRequest())
        ours = clock.now
        await other.access.record_seen()
        later = FrozenClock(ours.replace(year=ours.year + 1))
        async with store.database.write() as connection:
            await connection.execute(sa.update(apps).values(last_seen_at=later.now))
        await store.access.record_seen()
        async with store.database.read() as connection:
            seen = (await connection.execute(sa.select(apps.c.last_seen_at))).scalar_one()
        assert seen == later.now


async def test_what_a_follower_adds_is_embedded_by_the_leader_and_found_by_both(store: Container):
    async with another(store.settings) as follower:
        assert (store.indexer.leads, follower.indexer.leads) == (True, False)
        with anyio.fail_after(20):
            added = await add(follower, ANNA, "green tea")
            assert added.indexed
        for each in (store, follower):
            hits = []
            with anyio.fail_after(20):
                while not hits:
                    question = SearchRequest(query="green tea", threshold=0)
                    hits = (await each.search.search(ANNA, question)).hits
            assert hits[0].breakdown["semantic"] > 0


# -- `openmemory serve`


def serve(url: str, folder: Path) -> "subprocess.Popen[str]":
    command = [str(Path(sys.executable).with_name("openmemory")), "serve", "--port", "0"]
    return subprocess.Popen(
        [*command, "--data-dir", str(folder)],
        env={**os.environ, "OPENMEMORY_DATABASE_URL": url},
        cwd=folder.parent,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_database_that_cannot_be_used_is_said_in_one_line(
    postgres: Server, empty_database: str, tmp_path: Path
):
    postgres.psql(empty_database, "CREATE TABLE orders (id int)")
    url = postgres.url(empty_database)
    for each, said in (
        (url, "openmemory import"),
        (url.replace(":p%40ss", ":wrong"), "password authentication failed"),
        (f"{url}x", "does not exist"),
        (url.replace("postgres:", "mysql:", 1), "supported: sqlite:///PATH, postgresql://"),
    ):
        with serve(each, tmp_path / "data") as process:
            _, printed = process.communicate(timeout=60)
        assert process.returncode == 1
        assert said in printed
        assert "Traceback" not in printed
        assert "p%40ss" not in printed
    assert (
        postgres.psql(empty_database, "SELECT count(*) FROM pg_tables WHERE schemaname='public'")
        == "1"
    )


def test_two_servers_share_a_database_but_never_a_data_directory(
    postgres: Server, empty_database: str, tmp_path: Path
):
    url = postgres.url(empty_database)
    with serve(url, tmp_path / "one") as one, serve(url, tmp_path / "two") as other:
        try:
            body = {
                "messages": [{"role": "user", "content": "I like green tea"}],
                "user_id": "anna",
            }
            with (
                httpx.Client(base_url=address(one), timeout=60) as http,
                httpx.Client(base_url=address(other), timeout=60) as there,
            ):
                added = there.post("/v3/memories/add/", json=body).json()
                assert added["status"] == "SUCCEEDED"
                for each in (http, there):
                    listed = each.get("/v1/memories/?user_id=anna").json()
                    assert [row["memory"] for row in listed] == ["I like green tea"]
            with serve(url, tmp_path / "one") as third:
                _, printed = third.communicate(timeout=60)
            assert "already runs on this data" in printed
        finally:
            one.terminate()
            other.terminate()


def address(process: "subprocess.Popen[str]") -> str:
    assert process.stderr is not None
    for line in process.stderr:
        if found := re.search(r"OpenMemory \S+ on (http://\S+)", line):
            return found.group(1)
    raise AssertionError("it does not serve")
