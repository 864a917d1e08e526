"""`openmemory serve` and `openapi`, as a shell would call them."""

import gc
import importlib
import json
import signal
import socket
import sqlite3
import sys
import threading
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
import uvicorn
from pydantic import SecretStr
from typer import Typer
from typer.testing import CliRunner

from openmemory_api import commands
from openmemory_api.container import DEFAULT_PROJECT, Container
from openmemory_api.domain.access import EVERY_SCOPE, Caller, KeyScope
from openmemory_api.domain.keys import KeyWish
from openmemory_api.settings import Settings
from openmemory_mcp import serverfile
from openmemory_mcp.settings import url_of

runner = CliRunner()


def cli() -> Typer:
    app = Typer()
    app.command()(commands.serve)
    app.command()(commands.openapi)
    app.command()(commands.reindex)
    return app


def test_serve_answers_publishes_itself_and_withdraws(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[serverfile.ServerFile | None] = []

    def run(server: uvicorn.Server, sockets: list[Any]) -> None:
        seen.append(serverfile.read(tmp_path))
        for listener in sockets:
            listener.close()

    # The loop is uvicorn's own business; what stands around it is tested here, and the real thing
    # in tests/mcp/test_stdio.py and tests/acceptance.
    monkeypatch.setattr(uvicorn.Server, "run", run)
    result = runner.invoke(cli(), ["serve", "--port", "0", "--data-dir", str(tmp_path)])
    assert result.exit_code == 0
    (published,) = seen
    assert published is not None
    assert published.url in result.output
    assert published.secret not in result.output
    assert "claimed, not proven" in result.output
    assert serverfile.read(tmp_path) is None


def test_a_server_that_is_asked_to_end_withdraws(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(_: uvicorn.Server, sockets: list[Any]) -> None:
        for listener in sockets:
            listener.close()
        assert serverfile.read(tmp_path) is not None
        # As uvicorn does once it has shut down.
        signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(uvicorn.Server, "run", run)
    result = runner.invoke(cli(), ["serve", "--port", "0", "--data-dir", str(tmp_path)])
    assert result.exit_code == 0
    assert serverfile.read(tmp_path) is None


def test_a_folder_that_cannot_be_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    arguments = ["serve", "--port", "0", "--data-dir", str(tmp_path / "file" / "data")]
    result = runner.invoke(cli(), arguments)
    assert result.exit_code == 1
    assert str(tmp_path) in result.output.replace("\n", "")
    assert "Traceback" not in result.output


def test_a_second_server_on_the_same_data_is_refused(tmp_path: Path) -> None:
    with serverfile.lock(tmp_path):
        outcome: list[Any] = []
        arguments = ["serve", "--port", "0", "--data-dir", str(tmp_path)]
        other = threading.Thread(target=lambda: outcome.append(runner.invoke(cli(), arguments)))
        other.start()
        other.join()
    assert outcome[0].exit_code == 1
    assert "already runs on this data" in outcome[0].output


def test_a_taken_port_is_named_with_the_command_that_looks_at_it(tmp_path: Path) -> None:
    listener = commands._listen("127.0.0.1", 0)  # pyright: ignore[reportPrivateUsage]
    with closing(listener):
        listener.listen()
        port = str(listener.getsockname()[1])
        result = runner.invoke(cli(), ["serve", "--port", port, "--data-dir", str(tmp_path)])
    assert result.exit_code == 1
    assert f"127.0.0.1:{port}" in result.output
    assert "openmemory doctor" in result.output


def test_another_programs_database_is_left_untouched(tmp_path: Path) -> None:
    file = tmp_path / "openmemory.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE memories (id TEXT)")
        connection.commit()
    before = file.read_bytes()
    result = runner.invoke(cli(), ["serve", "--port", "0", "--data-dir", str(tmp_path)])
    assert result.exit_code == 1
    assert "openmemory import" in result.output
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("OPENMEMORY_HOST", "0.0.0.0", "Set OPENMEMORY_API_KEY, or make one with `openmemory keys"),
        ("OPENMEMORY_AUTH", "required", "openmemory keys create --scope admin"),
        ("OPENMEMORY_DATABASE_URL", "mysql://x", "supported: sqlite:///PATH"),
        ("OPENMEMORY_AUTH", "maybe", "auto"),
    ],
)
def test_a_setting_that_cannot_be_is_said_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(name, value)
    result = runner.invoke(cli(), ["serve", "--port", "0", "--data-dir", str(tmp_path)])
    assert result.exit_code == 1
    assert said in result.output
    assert "Traceback" not in result.output


def test_a_server_of_the_platform_s_memories_has_no_keys_but_the_configured_one(
    tmp_path: Path,
) -> None:
    settings = Settings(data_dir=tmp_path, backend="hosted", auth="required")
    with pytest.raises(ValueError, match=r"Set OPENMEMORY_API_KEY$"):
        commands.application(settings)


@pytest.mark.parametrize(
    ("wish", "starts"),
    [
        (KeyWish(), False),
        (KeyWish(scopes=frozenset({KeyScope.ADMIN})), True),
        (KeyWish(every_user=True, scopes=EVERY_SCOPE), True),
        (KeyWish(scopes=EVERY_SCOPE, lifetime=timedelta(microseconds=1)), False),
    ],
)
def test_a_server_that_demands_keys_starts_once_somebody_can_make_them(
    tmp_path: Path, wish: KeyWish, starts: bool
) -> None:
    settings = Settings(data_dir=tmp_path, auth="required")

    async def make() -> None:
        async with Container(settings).at_rest() as store:
            await store.keys.create(Caller(DEFAULT_PROJECT, None, None), wish)

    anyio.run(make)
    if starts:
        assert commands.application(settings)
    else:
        with pytest.raises(ValueError, match="keys create --scope admin"):
            commands.application(settings)


async def test_a_database_that_is_away_is_no_reason_to_refuse(tmp_path: Path) -> None:
    away = SecretStr("postgresql://127.0.0.1:1/nothing")
    settings = Settings(data_dir=tmp_path, database_url=away, auth="required")
    assert await Container(settings).can_be_administered()


def test_the_openapi_document_is_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENMEMORY_DATA_DIR", str(tmp_path))
    document = json.loads(runner.invoke(cli(), ["openapi"]).stdout)
    assert "/v3/memories/search/" in document["paths"]


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:1"),
        ("0.0.0.0", "http://127.0.0.1:1"),
        ("::", "http://127.0.0.1:1"),
        ("::1", "http://[::1]:1"),
        ("[::1]", "http://[::1]:1"),
        ("[::]", "http://127.0.0.1:1"),
        ("localhost", "http://localhost:1"),
    ],
)
def test_the_address_that_is_printed_can_be_opened(host: str, url: str) -> None:
    assert url_of(host, 1) == url


def test_an_app_for_another_server_owns_the_store_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENMEMORY_DATA_DIR", str(tmp_path))
    main = importlib.import_module("openmemory_api.main")
    assert main.app.title == "OpenMemory"
    result = runner.invoke(cli(), ["serve", "--port", "0"])
    assert "already runs on this data" in result.output
    main._held.close()
    del sys.modules["openmemory_api.main"]


async def test_what_a_server_has_loaded_is_spared_full_collections(tmp_path: Path) -> None:
    app = commands.application(Settings(data_dir=tmp_path))
    before = gc.get_freeze_count()
    async with app.router.lifespan_context(app):
        await app.state.container.ready()
        frozen = gc.get_freeze_count()
    gc.unfreeze()
    assert frozen > before + 100_000


def test_reindex_without_a_server_leaves_it_to_the_next_start(tmp_path: Path) -> None:
    ids: list[int] = []
    for _ in range(2):
        result = runner.invoke(cli(), ["reindex", "--data-dir", str(tmp_path)])
        assert (result.exit_code, result.output) == (0, "The next start fills the index anew.\n")
        with closing(sqlite3.connect(tmp_path / "openmemory.db")) as database:
            query = "SELECT value FROM counters WHERE name = 'store'"
            ids.append(database.execute(query).fetchone()[0])
    assert ids[0] != ids[1]


def test_reindex_asks_the_server_that_holds_the_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, Any]] = []

    def post(url: str, **options: Any) -> httpx.Response:
        asked.append((url, options))
        return httpx.Response(202 if len(asked) == 1 else 503, request=httpx.Request("POST", url))

    monkeypatch.setattr(httpx, "post", post)
    arguments = ["reindex", "--data-dir", str(tmp_path)]
    with serverfile.lock(tmp_path):
        assert "starting or stopping" in runner.invoke(cli(), arguments).output
        serverfile.write(tmp_path, serverfile.ServerFile("1", "http://here", 1, "omk_s", "now"))
        done = runner.invoke(cli(), arguments)
        assert done.exit_code == 0
        assert "is being filled anew" in done.output
        failed = runner.invoke(cli(), arguments)
        assert failed.exit_code == 1
        assert "503" in failed.output
    # A proxy of the environment's would be handed the secret.
    expected = {
        "headers": {"Authorization": "Token omk_s"},
        "trust_env": False,
        "verify": True,
    }
    assert asked[0] == ("http://here/api/v1/reindex", expected)


async def nothing(*_: object) -> None:
    """No application."""


def test_a_signal_that_comes_before_uvicorn_listens_to_signals_is_kept_and_never_raised():
    server = uvicorn.Server(uvicorn.Config(nothing))
    commands._ending(server)(signal.SIGTERM, None)  # pyright: ignore[reportPrivateUsage]
    assert server.should_exit


def test_who_comes_before_the_server_is_ready_waits_and_is_not_refused():
    listener = commands._listen("127.0.0.1", 0)  # pyright: ignore[reportPrivateUsage]
    with listener, socket.create_connection(listener.getsockname(), timeout=5):
        accepted, _ = listener.accept()
        accepted.close()
