"""`openmemory serve` without a store: the tools of the hosted platform over HTTP, and the commands."""

import os
import subprocess
import sys
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from mcp import Client
from mcp.client.sse import sse_client
from mcp.types import Implementation
from pydantic import SecretStr
from typer.testing import CliRunner

from openmemory_api.hosted import create_app
from openmemory_api.settings import Settings
from openmemory_mcp import serverfile
from openmemory_mcp.backends.base import BackendError
from openmemory_mcp.backends.rest import RestBackend
from openmemory_mcp.caller import Caller
from openmemory_mcp.cli import create_app as command_line
from openmemory_mcp.commands.doctor import examine
from openmemory_mcp.settings import McpSettings
from tests.mcp.hosted import Site, say
from tests.mcp.loopback import free_port, serving
from tests.mcp.platform import KEY

STORE_ONLY = (
    "sqlalchemy",
    "aiosqlite",
    "alembic",
    "onnxruntime",
    "tokenizers",
    "numpy",
    "qdrant_edge",
)
ACCEPT = {"Accept": "application/json, text/event-stream"}
INITIALIZE: dict[str, Any] = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "probe", "version": "1"},
    },
}

LIST: dict[str, Any] = {
    "jsonrpc": "2.0",
    "id": 2,
    "method": "tools/call",
    "params": {"name": "list_memories", "arguments": {}},
}


@asynccontextmanager
async def served(url: str, data_dir: Path, **more: Any) -> AsyncGenerator[httpx.AsyncClient]:
    """The application without a store, over the platform at `url`."""
    settings = Settings(
        backend="hosted", hosted_key=SecretStr(KEY), hosted_url=url, data_dir=data_dir, **more
    )
    async with (
        serving(create_app(settings, local_secret="omk_local")) as here,
        httpx.AsyncClient(base_url=here, headers=ACCEPT) as http,
    ):
        yield http


@pytest.mark.parametrize("path", ["/mcp", "/mcp/cursor/http/alice", "/mcp/cursor/sse/alice"])
async def test_every_transport_leads_to_the_platform(site: Site, tmp_path: Path, path: str) -> None:
    async with served(site.url, tmp_path) as http:
        address = f"{http.base_url}".rstrip("/") + path
        transport, mode = (sse_client(address), "legacy") if "sse" in path else (address, "auto")
        zed = Implementation(name="Zed", version="1")
        async with Client(transport, mode=mode, client_info=zed) as client:
            assert (await say(client, "add_memories", text="likes tea")).startswith("added [")

    row = (await site.kept())["likes tea"]
    named = ("default_user", "zed") if path == "/mcp" else ("alice", "cursor")
    assert (row["user_id"], row["app_id"]) == named
    assert row["metadata"] == {"openmemory_app": named[1]}


async def test_a_clients_own_key_is_checked_here_and_goes_no_further(
    site: Site, tmp_path: Path
) -> None:
    mine = {"Authorization": "Bearer our-own-key", "X-API-Key": "our-own-key"}
    settings = {"auth": "required", "api_key": SecretStr("our-own-key")}
    async with served(site.url, tmp_path, **settings) as http:
        refused = await http.post("/mcp", json=INITIALIZE)
        opened = await http.post("/mcp", json=INITIALIZE, headers=mine)
        listed = await http.post(
            "/mcp",
            json=LIST,
            headers={**mine, "mcp-session-id": opened.headers["mcp-session-id"]},
        )

    assert refused.status_code == 401
    assert refused.headers["www-authenticate"].startswith("Bearer")
    assert "No memories found." in listed.text
    (asked,) = site.platform.asked
    assert "our-own-key" not in str(asked)


async def test_a_key_like_ours_is_verified_also_where_none_is_needed(
    site: Site, tmp_path: Path
) -> None:
    async with served(site.url, tmp_path) as http:
        answers = {
            key: (await http.post("/mcp", json=INITIALIZE, headers={"X-API-Key": key})).status_code
            for key in ("omk_revoked", "omk_local", "anything")
        }

    assert answers == {"omk_revoked": 401, "omk_local": 200, "anything": 200}


async def test_only_the_tools_and_health_are_there(site: Site, tmp_path: Path) -> None:
    async with served(site.url, tmp_path) as http:
        health = await http.get("/health")
        others = [
            await http.request(method, path)
            for method, path in (
                ("GET", "/"),
                ("GET", "/docs"),
                ("GET", "/v1/ping/"),
                ("POST", "/v3/memories/search/"),
                ("DELETE", "/v1/memories/?user_id=alice"),
                ("GET", "/api/v1/trash"),
            )
        ]
        wrong_method = await http.post("/health")

    assert health.json()["backend"] == "hosted"
    assert health.json()["status"] == "ok"
    assert KEY not in health.text
    assert [response.status_code for response in others] == [404] * len(others)
    assert all("keeps no memories itself" in each.json()["detail"] for each in others)
    assert wrong_method.status_code == 405
    assert site.platform.asked == []


async def test_a_client_that_wants_a_store_is_told_that_there_is_none(
    site: Site, tmp_path: Path
) -> None:
    async with served(site.url, tmp_path) as http:
        with pytest.raises(BackendError, match="this server keeps no memories itself"):
            await RestBackend(http).list(Caller("mcp-stdio", "zed"), limit=1, cursor=None)


@pytest.mark.parametrize("path", ["/mcp", "/health", "/nothing"])
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 421),
        ({"Origin": "https://evil.example"}, 403),
        ({"X-Forwarded-For": "1.2.3.4"}, 421),
    ],
)
async def test_foreign_hosts_origins_and_proxies_are_refused(
    site: Site, tmp_path: Path, path: str, headers: dict[str, str], status: int
) -> None:
    async with served(site.url, tmp_path) as http:
        assert (await http.post(path, json=INITIALIZE, headers=headers)).status_code == status


# -- as commands


def environment(data_dir: Path, port: int, **more: str) -> dict[str, str]:
    own = {
        "OPENMEMORY_BACKEND": "hosted",
        "OPENMEMORY_DATA_DIR": str(data_dir),
        "OPENMEMORY_PORT": str(port),
    }
    return {**os.environ, **own, "COLUMNS": "200", "NO_COLOR": "1", **more}


def run(env: dict[str, str], *arguments: str) -> tuple[int, str]:
    result = CliRunner(env=env).invoke(command_line(), arguments)
    return result.exit_code, result.output


def test_serving_the_platform_imports_nothing_of_a_store(tmp_path: Path) -> None:
    program = (
        "import sys; from openmemory_api.commands import application;"
        "from openmemory_api.settings import Settings; application(Settings());"
        f"print(*[m for m in {STORE_ONLY} if m in sys.modules])"
    )
    env = environment(tmp_path, 0, MEM0_API_KEY=KEY)
    command = [sys.executable, "-c", program]
    ran = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, check=True)

    assert ran.stdout.strip() == ""


@dataclass(frozen=True, slots=True)
class Running:
    """A real `openmemory serve` over a platform that is not there, and what it printed."""

    env: dict[str, str]
    process: "subprocess.Popen[str]"
    printed: list[str]

    def read(self, until: str | None = None) -> str:
        """What it printed so far: up to the line that says `until`, else to its end."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.printed.append(line)
            if until is not None and until in line:
                break
        return "".join(self.printed)


@pytest.fixture
def running(tmp_path: Path) -> Generator[Running]:
    nowhere = f"http://127.0.0.1:{free_port()}"
    env = environment(tmp_path, free_port(), MEM0_API_KEY=KEY, MEM0_BASE_URL=nowhere)
    command = [sys.executable, "-X", "importtime", "-m", "openmemory_mcp", "serve"]
    with subprocess.Popen(
        command, env=env, cwd=tmp_path, stderr=subprocess.PIPE, text=True
    ) as process:
        server = Running(env, process, [])
        assert "startup complete" in server.read(until="startup complete")
        try:
            yield server
        finally:
            process.terminate()
            server.read()


def test_a_server_without_a_store_is_found_looked_at_and_stopped(
    running: Running, tmp_path: Path
) -> None:
    status, doctor = run(running.env, "status"), run(running.env, "doctor")
    stopped = run(running.env, "stop")
    log = running.read()

    assert status[0] == 0
    assert "kept by the Mem0 platform" in status[1]
    # The one fault: nobody is where the platform should be.
    assert doctor[0] == 1
    assert doctor[1].count("!!") == 1
    assert "MEM0_BASE_URL" in doctor[1].replace("\n", " ")
    assert "Stopped" in stopped[1]
    assert "Memories: kept by the Mem0 platform at 127.0.0.1" in log
    assert KEY not in log
    imported = {line.rpartition("|")[2].strip() for line in log.splitlines()}
    assert "httpx" in imported
    assert not imported & set(STORE_ONLY)
    assert list(tmp_path.glob("*.db*")) == []
    assert serverfile.read(tmp_path) is None


@pytest.mark.parametrize("arguments", [("serve",), ("mcp",), ("mcp", "--backend", "hosted")])
def test_without_a_key_nothing_starts(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    code, said = run(environment(tmp_path, 0), *arguments)

    assert code in (1, 2)
    assert "set MEM0_API_KEY" in " ".join(said.replace("│", " ").split())
    assert serverfile.read(tmp_path) is None


def test_a_key_in_the_environment_chooses_nothing(tmp_path: Path) -> None:
    env = environment(tmp_path, free_port(), MEM0_API_KEY=KEY, OPENMEMORY_BACKEND="")

    assert "Mem0 platform" not in run(env, "doctor")[1]
    assert "Mem0 platform" not in run(env, "status")[1]


def test_status_says_that_a_client_of_the_platform_needs_no_server(tmp_path: Path) -> None:
    code, said = run(environment(tmp_path, free_port()), "status")

    assert code == 3
    assert "needs no server" in said


def test_a_backend_that_is_none_is_refused(tmp_path: Path) -> None:
    code, said = run(environment(tmp_path, 0, OPENMEMORY_BACKEND="cloud"), "serve")

    assert code == 1
    assert "'local' or 'hosted'" in said


async def test_the_doctor_tries_the_key_on_the_platform(site: Site, tmp_path: Path) -> None:
    def settings(key: str | None) -> McpSettings:
        secret = SecretStr(key) if key else None
        return McpSettings(
            backend="hosted",
            hosted_key=secret,
            hosted_url=site.url,
            data_dir=tmp_path,
            port=free_port(),
        )

    checks = {check.name: check for check in await examine(settings(KEY))}
    keyless = {check.name: check for check in await examine(settings(None))}

    assert all(check.remedy is None for check in checks.values())
    assert site.url in checks["Mem0 platform"].found
    assert keyless["Mem0 platform"].remedy is not None
    assert "MEM0_API_KEY" in keyless["Mem0 platform"].remedy
    assert "embedding model" not in checks
