"""The running server opens no connection: seen by Python's audit hook, and by the kernel."""

import json
import re
import shutil
from pathlib import Path
from typing import Final

import httpx
import pytest

from tests.acceptance.agents import call, over_http
from tests.acceptance.installs import CLIENTS
from tests.acceptance.processes import Home, serving

pytestmark = pytest.mark.ci

_TRACED: Final = "connect,sendto,sendmsg,sendmmsg,bind"
_INTERNET: Final = re.compile(r"AF_INET6?, .*?(?:inet_addr\(|inet_pton\(AF_INET6, )\"([^\"]+)\"")
_LOOPBACK: Final = ("127.0.0.1", "::1")


async def test_python_connects_to_nothing(home: Home, tmp_path: Path) -> None:
    log = tmp_path / "audit.log"
    hooked = {"PYTHONPATH": str(CLIENTS / "audit"), "AUDIT_LOG": str(log)}

    with serving(home, **hooked) as server:
        await _use(server.url)

    events = [json.loads(line) for line in log.read_text().splitlines()]
    # The one thing it does with sockets is seen, so the hook was there.
    assert ["socket.bind", f"('127.0.0.1', {home.port})"] in events
    assert [event for event in events if event[0] != "socket.bind"] == []


@pytest.mark.skipif(shutil.which("strace") is None, reason="no strace here")
async def test_the_kernel_sees_no_connection(home: Home, tmp_path: Path) -> None:
    log = tmp_path / "strace.log"
    strace = ("strace", "-f", "-qq", "-e", f"trace={_TRACED}", "-o", str(log))

    with serving(home, *strace) as server:
        await _use(server.url)

    lines = log.read_text().splitlines()
    assert any("bind(" in line and f"htons({home.port})" in line for line in lines)
    elsewhere = [
        line
        for line in lines
        if "bind(" not in line
        for address in _INTERNET.findall(line)
        if address not in _LOOPBACK
    ]
    assert elsewhere == []
    assert [line for line in lines if "connect(" in line and "AF_INET" in line] == []


async def _use(url: str) -> None:
    """Everything that could be a reason to ask somebody else: models, telemetry, assets."""
    async with httpx.AsyncClient(base_url=url, timeout=30) as http:
        said = {"messages": [{"role": "user", "content": "Likes chess. " * 200}], "user_id": "u"}
        added = await http.post("/v3/memories/add/", json=said)
        assert added.json()["status"] == "SUCCEEDED"
        wanted = {"query": "chess?", "filters": {"user_id": "u"}}
        found = await http.post("/v3/memories/search/", json=wanted)
        assert found.json()["results"]
        for page in ("/", "/docs", "/openapi.json", "/health", "/v1/ping/", "/v1/entities/"):
            assert (await http.get(page)).status_code == 200
    async with over_http(f"{url}/mcp", "claude-code") as agent:
        await call(agent, "add_memories", text="Plays go as well.")
        await call(agent, "search_memory", query="games")
