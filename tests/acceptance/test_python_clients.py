"""Clients of other generations and makers, each in a venv of its own."""

import json
from typing import Any

import pytest

from tests.acceptance import installs
from tests.acceptance.processes import OPENMEMORY, Server
from tests.acceptance.store import Store
from tests.acceptance.test_inspector import TOOLS

pytestmark = pytest.mark.ci


def _ran(server: Server, client: str, script: str, *arguments: str) -> Any:
    path = installs.CLIENTS / f"{script}.py"
    done = server.home.run(installs.python_of(client), str(path), *arguments)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("transport", ["stdio", "sse", "http"])
def test_the_first_sdk_generation(server: Server, store: Store, user: str, transport: str) -> None:
    target = f"{server.url}/mcp/sdk-v1/{transport}/{user}"
    if transport == "stdio":
        args = ["mcp", "--app", "sdk-v1", "--user", user]
        environment = server.home.environment()
        target = json.dumps({"command": OPENMEMORY, "args": args, "env": environment})

    got = _ran(server, "sdk-v1", "sdk_v1", transport, target, "Has a dog, Rex.", "pets?")

    assert got["protocol"] == "2025-11-25"
    assert set(got["tools"]) == TOOLS
    [stored] = store.active(user_id=user)
    assert (stored.text, stored.app) == ("Has a dog, Rex.", "sdk-v1")
    assert stored.surface == f"mcp-{transport}"
    change = {"id": f"m{stored.number}", "event": "added", "text": stored.text}
    assert got["add"]["structuredContent"]["changes"] == [change]
    assert got["add"]["content"][0]["text"] == f"added [m{stored.number}] {stored.text}"
    [found] = got["search"]["structuredContent"]["memories"]
    assert (found["id"], found["text"], found["app"]) == (change["id"], stored.text, "sdk-v1")
    assert got["refused"]["isError"]
    assert "no such memory: m999" in got["refused"]["content"][0]["text"]


def test_an_agent_framework_over_sse(server: Server, store: Store, user: str) -> None:
    url = f"{server.url}/mcp/langchain/sse/{user}"

    got = _ran(server, "langchain", "langchain_sse", url, "Speaks Rumantsch.", "languages?")

    assert set(got["tools"]) == TOOLS
    [stored] = store.active(user_id=user)
    assert (stored.text, stored.app, stored.surface) == (
        "Speaks Rumantsch.",
        "langchain",
        "mcp-sse",
    )
    assert f"added [m{stored.number}] {stored.text}" in json.dumps(got["added"])
    assert f"[m{stored.number} langchain] {stored.text}" in json.dumps(got["found"])
