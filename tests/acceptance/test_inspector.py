"""MCP Inspector's CLI: every tool, over every transport, in every protocol era."""

import json
from itertools import product
from pathlib import Path
from typing import Any, Final, Self

import pytest

from tests.acceptance import installs
from tests.acceptance.processes import OPENMEMORY, Home, Server
from tests.acceptance.store import Store

TOOLS: Final = {
    "search_memory",
    "add_memories",
    "list_memories",
    "update_memory",
    "delete_memories",
    "delete_all",
}
EVERY: Final = list(product(("http", "sse", "stdio"), ("legacy", "auto", "modern")))
IN_CI: Final = [("http", "modern"), ("sse", "legacy"), ("stdio", "auto")]
_TOOL_FAILED: Final = 5
"""The Inspector's exit code for an answer with `isError`."""


class Inspector:
    """The Inspector, connected anew for each call."""

    def __init__(self, modules: Path, home: Home, target: list[str], transport: str) -> None:
        launcher = "@modelcontextprotocol/inspector/clients/launcher/build/index.js"
        self._home = home
        self._command = [installs.NODE, str(modules / launcher), "--cli", *target]
        self._command += ["--transport", transport]

    def in_era(self, era: str) -> Self:
        """The same, speaking the protocol of one era."""
        self._command += ["--protocol-era", era]
        return self

    def ask(self, method: str, *options: str) -> tuple[int, dict[str, Any], str]:
        """Exit code, result and what else was printed."""
        done = self._home.run(*self._command, "--method", method, "-q", *options)
        result: dict[str, Any] = json.loads(done.stdout or "{}")
        return done.returncode, result, done.stderr

    def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """The facts that a tool answers with."""
        code, result, said = self._call(tool, arguments)
        assert code == 0, said
        assert result["content"][0]["text"]
        return result["structuredContent"]

    def refusal(self, tool: str, **arguments: Any) -> str:
        """The text with which a tool refuses."""
        code, result, said = self._call(tool, arguments)
        assert code == _TOOL_FAILED, said
        return result["content"][0]["text"]

    def _call(self, tool: str, arguments: dict[str, Any]) -> tuple[int, dict[str, Any], str]:
        chosen = ("--tool-name", tool, "--tool-args-json", json.dumps(arguments))
        return self.ask("tools/call", *chosen)


@pytest.fixture
def inspector(
    request: pytest.FixtureRequest, node_modules: Path, server: Server, user: str
) -> Inspector:
    transport, era = request.param
    target = [f"{server.url}/mcp/inspector/{transport}/{user}"]
    if transport == "stdio":
        launched = {
            "OPENMEMORY_PORT": str(server.home.port),
            "OPENMEMORY_USER": user,
            "OPENMEMORY_APP": "inspector",
        }
        settings = [word for name, value in launched.items() for word in ("-e", f"{name}={value}")]
        target = [OPENMEMORY, "mcp", *settings]
    return Inspector(node_modules, server.home, target, transport).in_era(era)


@pytest.mark.ci
def test_version(node_modules: Path) -> None:
    package = node_modules / "@modelcontextprotocol" / "inspector" / "package.json"
    assert json.loads(package.read_text())["version"] == "2.12.0"


@pytest.mark.ci
@pytest.mark.parametrize("inspector", EVERY, indirect=True, ids="-".join)
def test_the_listing_has_no_problem(inspector: Inspector) -> None:
    code, result, problems = inspector.ask("tools/list", "--strict")

    assert (code, problems) == (0, "")
    assert {tool["name"] for tool in result["tools"]} == TOOLS


@pytest.mark.parametrize(
    "inspector",
    [pytest.param(each, marks=[pytest.mark.ci] if each in IN_CI else []) for each in EVERY],
    indirect=True,
    ids="-".join,
)
def test_every_tool(inspector: Inspector, store: Store, user: str) -> None:
    added = inspector.call("add_memories", text="Drinks green tea.")
    inspector.call("add_memories", text="Rides a red bicycle.", infer=False)
    [tea, bicycle] = store.active(user_id=user)
    assert added["changes"] == [{"id": f"m{tea.number}", "event": "added", "text": tea.text}]
    assert {memory.app for memory in (tea, bicycle)} == {"inspector"}

    found = inspector.call("search_memory", query="What does the user drink?", limit=1)
    assert [memory["id"] for memory in found["memories"]] == [f"m{tea.number}"]

    listed = inspector.call("list_memories", limit=1)
    rest = inspector.call("list_memories", cursor=listed["next"])
    pages = [*listed["memories"], *rest["memories"]]
    assert [memory["text"] for memory in pages] == [bicycle.text, tea.text]

    inspector.call("update_memory", id=f"m{tea.number}", text="Drinks black tea.")
    assert store.texts(user_id=user) == ["Drinks black tea.", bicycle.text]

    assert inspector.call("delete_memories", ids=[f"m{bicycle.number}"])["deleted"] == 1
    assert store.texts(user_id=user) == ["Drinks black tea."]

    assert "confirm=true" in inspector.refusal("delete_all")
    assert store.texts(user_id=user) == ["Drinks black tea."]
    assert inspector.call("delete_all", confirm=True)["deleted"] == 1
    assert store.texts(user_id=user) == []


@pytest.mark.ci
def test_the_plain_address_names_the_client_by_its_label(
    node_modules: Path, server: Server, store: Store, user: str
) -> None:
    inspector = Inspector(node_modules, server.home, [f"{server.url}/mcp"], "http")

    inspector.call("add_memories", text=f"Said without a path: {user}")

    [memory] = [each for each in store.active() if each.text.endswith(user)]
    assert (memory.user_id, memory.app) == ("default_user", "inspector-cli")
