"""The log of a real server: killed, and called by many tools at once."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path

import anyio
import httpx
from mcp import Client
from pydantic import SecretStr

from openmemory_api.app import create_app
from openmemory_api.container import Container
from openmemory_api.hosted import create_app as create_hosted
from openmemory_api.settings import Settings
from tests.api.activity.test_log import calls
from tests.fakes import HashEmbedder
from tests.mcp.loopback import free_port, serving


@contextmanager
def started(data_dir: Path) -> Generator[tuple[subprocess.Popen[bytes], httpx.Client]]:
    """A server process of its own, which must be told to end."""
    port = free_port()
    command = [sys.executable, "-m", "openmemory_mcp", "serve", "--port", str(port)]
    with (data_dir / "output").open("wb") as output:
        server = subprocess.Popen(
            [*command, "--data-dir", str(data_dir)], stdout=output, stderr=output
        )
    url = f"http://127.0.0.1:{port}"
    try:
        with httpx.Client(base_url=url, timeout=60, trust_env=False) as http:
            while not _answers(http):
                assert server.poll() is None, (data_dir / "output").read_text()
                time.sleep(0.05)
            yield server, http
    finally:
        server.kill()
        server.wait()


def _answers(http: httpx.Client) -> bool:
    try:
        return http.get("/v1/ping/").is_success
    except httpx.TransportError:
        return False


def marked(http: httpx.Client, prefix: str) -> set[str]:
    rows = http.get("/api/v1/activity", params={"limit": 200}).json()["results"]
    return {row["request_id"] for row in rows if row["request_id"].startswith(prefix)}


def test_a_killed_server_loses_what_was_not_flushed_and_nothing_else(tmp_path: Path) -> None:
    before = {f"before-{i}" for i in range(30)}
    with started(tmp_path) as (server, http):
        for each in before:
            http.get("/v1/ping/", headers={"X-Request-ID": each})
        # What the log has shown is written.
        assert marked(http, "before-") == before
        for i in range(30):
            http.get("/v1/ping/", headers={"X-Request-ID": f"after-{i}"})
        os.kill(server.pid, signal.SIGKILL)
        server.wait()
    with closing(sqlite3.connect(tmp_path / "activity.db")) as file:
        assert file.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    with started(tmp_path) as (_, http):
        assert marked(http, "before-") == before
        assert marked(http, "after-") <= {f"after-{i}" for i in range(30)}
        assert http.get("/health").json()["activity"]["problem"] is None


async def test_tools_of_many_sessions_never_mix(settings: Settings, embedder: HashEmbedder) -> None:
    """Each session is one long request, within which others are served one after the other."""
    app = create_app(settings, Container(settings, embedder=embedder), local_secret="omk_local")

    async def ask(url: str, user: str, name: str) -> None:
        async with Client(f"{url}/mcp/{name}/http/{user}") as client:
            for i in range(5):
                await client.call_tool("search_memory", {"query": f"{user} {name} {i}"})

    async with serving(app) as url:
        async with anyio.create_task_group() as tasks:
            for user in ("anna", "bob"):
                for name in ("cursor", "claude"):
                    tasks.start_soon(ask, url, user, name)
        async with httpx.AsyncClient(base_url=url) as http:
            rows = await calls(http, operation="search_memory", limit=200)
            assert await calls(http, kind="write") == []
    assert sorted((row["user_id"], row["app"], row["query"]) for row in rows) == [
        (user, name, f"{user} {name} {i}")
        for user in ("anna", "bob")
        for name in ("claude", "cursor")
        for i in range(5)
    ]
    assert {row["surface"] for row in rows} == {"mcp-http"}
    assert len({row["request_id"] for row in rows}) == 20


async def test_a_server_without_a_store_names_its_answers_too(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, hosted_key=SecretStr("m0-x"))
    app = create_hosted(settings)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8765") as http:
        answer = await http.get("/health", headers={"X-Request-ID": "mine"})
    assert answer.headers["X-Request-ID"] == "mine"
