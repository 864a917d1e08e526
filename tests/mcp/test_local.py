"""How a client on this machine finds its server, and what it sends there."""

import os
from collections.abc import AsyncGenerator
from pathlib import Path

import anyio
import httpx
import pytest
from anyio.abc import SocketAttribute, SocketStream, TaskStatus
from pydantic import SecretStr

from openmemory_mcp import serverfile
from openmemory_mcp.backends.base import BackendError
from openmemory_mcp.backends.local import Address, find, local_client
from openmemory_mcp.backends.rest import RestBackend
from openmemory_mcp.caller import Caller
from openmemory_mcp.serverfile import ServerFile
from openmemory_mcp.settings import McpSettings
from tests.mcp.loopback import free_port, serving
from tests.mcp.recorder import Recorder

CALLER = Caller("mcp-stdio", "cursor")
SECRET = "omk_local"


def ours(pid: int = os.getpid()) -> Recorder:
    """A server that answers /health as ours does, and any list with nothing."""
    return Recorder(answer={"service": "openmemory", "status": "ok", "pid": pid, "results": []})


@pytest.fixture
async def here() -> AsyncGenerator[tuple[str, Recorder]]:
    recorder = ours()
    async with serving(recorder) as url:
        yield url, recorder


def publish(data_dir: Path, url: str, pid: int = os.getpid()) -> None:
    serverfile.write(data_dir, ServerFile("0", url, pid, SECRET, "2026-11-23T10:00:00+00:00"))


def settings_of(data_dir: Path, url: str | None = None, key: str | None = None) -> McpSettings:
    return McpSettings(
        data_dir=data_dir, url=url, api_key=SecretStr(key) if key else None, port=free_port()
    )


def test_a_folder_is_the_one_the_server_takes_it_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert settings_of(Path("data")).data_dir == tmp_path / "data"
    assert settings_of(Path("~/data")).data_dir == Path.home() / "data"


async def listed(settings: McpSettings) -> None:
    async with local_client(settings) as http:
        await RestBackend(http).list(CALLER, limit=1, cursor=None)


async def test_the_server_file_leads_to_the_server_and_its_secret(
    here: tuple[str, Recorder], tmp_path: Path
) -> None:
    url, recorder = here
    publish(tmp_path, url)

    await listed(settings_of(tmp_path))

    assert recorder.last.headers["authorization"] == f"Token {SECRET}"
    assert f"http://{recorder.last.headers['host']}" == url


async def test_a_configured_key_is_used_instead_of_the_secret(
    here: tuple[str, Recorder], tmp_path: Path
) -> None:
    url, recorder = here
    publish(tmp_path, url)

    await listed(settings_of(tmp_path, key="omk_mine"))

    assert recorder.last.headers["authorization"] == "Token omk_mine"


async def test_whoever_inherited_a_dead_servers_port_is_not_told_its_secret(
    tmp_path: Path,
) -> None:
    async with serving(ours(pid=4_000_000)) as url:
        publish(tmp_path, url)
        settings = settings_of(tmp_path).model_copy(update={"port": httpx.URL(url).port})

        assert await find(settings) == Address(url, key=None)


async def test_something_else_on_the_default_port_is_not_our_server(tmp_path: Path) -> None:
    async with serving(Recorder(answer={"service": "another"})) as url:
        settings = settings_of(tmp_path).model_copy(update={"port": httpx.URL(url).port})

        assert await find(settings) is None


async def test_a_configured_url_is_used_as_it_is(
    here: tuple[str, Recorder], tmp_path: Path
) -> None:
    url, recorder = here

    await listed(settings_of(tmp_path, url=f"{url}/memory/", key="k"))

    assert recorder.last.path == "/memory/v3/memories/?page_size=1"
    assert recorder.last.headers["authorization"] == "Token k"


async def test_the_secret_goes_to_a_configured_url_only_if_the_file_names_it_too(
    here: tuple[str, Recorder], tmp_path: Path
) -> None:
    url, _ = here
    publish(tmp_path, url)

    assert await find(settings_of(tmp_path, url=f"{url}/")) == Address(url, SECRET)
    assert await find(settings_of(tmp_path, url=f"{url}/other")) == Address(f"{url}/other")


async def test_a_configured_url_where_nobody_answers_starts_nothing(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, url=f"http://127.0.0.1:{free_port()}")

    async with local_client(settings) as http:
        with pytest.raises(BackendError, match="openmemory serve"):
            await RestBackend(http).list(CALLER, limit=1, cursor=None)

    assert not is_anything_in(tmp_path)


def is_anything_in(folder: Path) -> bool:
    return any(folder.iterdir())


async def test_a_server_that_moved_is_found_on_the_next_call(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    first, second = ours(), ours()
    stop, stopped = anyio.Event(), anyio.Event()

    async def serve_first(*, task_status: TaskStatus[str]) -> None:
        async with serving(first) as url:
            task_status.started(url)
            await stop.wait()
        stopped.set()

    async with serving(second) as new_url, anyio.create_task_group() as tasks:
        publish(tmp_path, await tasks.start(serve_first))
        async with local_client(settings) as http:
            await RestBackend(http).list(CALLER, limit=1, cursor=None)
            stop.set()
            await stopped.wait()
            publish(tmp_path, new_url)
            await RestBackend(http).list(CALLER, limit=1, cursor=None)

    assert len(lists(first)) == len(lists(second)) == 1


def lists(recorder: Recorder) -> list[str]:
    return [asked.path for asked in recorder.asked if asked.path != "/health"]


async def test_a_write_that_was_cut_after_it_was_sent_is_not_repeated(tmp_path: Path) -> None:
    connections = 0

    async def hang_up(stream: SocketStream) -> None:
        nonlocal connections
        connections += 1
        async with stream:
            await stream.receive()

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    url = f"http://127.0.0.1:{listener.extra(SocketAttribute.local_port)}"
    async with listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, hang_up)
        async with local_client(settings_of(tmp_path, url=url)) as http:
            with pytest.raises(BackendError, match="may or may not"):
                await RestBackend(http).add(CALLER, "likes tea", infer=False)
        tasks.cancel_scope.cancel()

    assert connections == 1
