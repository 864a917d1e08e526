"""Who the store is told is calling."""

import httpx
import pytest
from mcp import Client
from mcp.types import Implementation

from openmemory_mcp.backends.rest import RestBackend
from openmemory_mcp.caller import Launch, is_slug, label, version_of
from openmemory_mcp.server import MemoryServer, create_server
from tests.mcp.recorder import Recorder

MODES = ("legacy", "auto", "2026-07-28")
IDENTITY = ("authorization", "x-api-key", "x-openmemory-user", "x-openmemory-app")


@pytest.mark.parametrize(
    ("name", "cleaned"),
    [
        ("claude-code", "claude-code"),
        ("Visual Studio Code", "visual-studio-code"),
        ("cursor (via mcp-remote 0.15.1)", "cursor"),
        ("@cline/core", "@cline-core"),
        ("mcp-test-client", "mcp-test-client"),
        ("qwen-cli-mcp-client-Mémoire\r\nX-Evil: 1", "qwen-cli-mcp-client-m-moire-x-evil-1"),
        ("x" * 200, "x" * 64),
        ("  ", "unknown"),
        ("記憶", "unknown"),
    ],
)
def test_a_clients_name_becomes_a_label(name: str, cleaned: str) -> None:
    assert label(Implementation(name=name, version="1")) == cleaned


def test_a_client_without_a_name_is_unknown() -> None:
    assert label(None) == "unknown"
    assert version_of(None) is None


@pytest.mark.parametrize(
    ("version", "cleaned"),
    [
        ("2.1.330", "2.1.330"),
        ("1.0.0+build", "1.0.0+build"),
        ("2.1 (native)\r\nX-Evil: 1", "2.1-native-X-Evil-1"),
        ("9" * 200, "9" * 64),
        ("", None),
        ("版", None),
    ],
)
def test_a_clients_version_is_cleaned(version: str, cleaned: str | None) -> None:
    assert version_of(Implementation(name="zed", version=version)) == cleaned


@pytest.mark.parametrize("value", ["alice", "a.b@c-d_e+f", "_x", "9", "A" * 128])
def test_ordinary_names_may_stand_in_a_path(value: str) -> None:
    assert is_slug(value)


@pytest.mark.parametrize("value", ["", "a b", "a/b", "a?b", "a#b", "é", "-a", "a\n", "A" * 129])
def test_names_that_could_break_a_header_or_a_url_may_not(value: str) -> None:
    assert not is_slug(value)


@pytest.mark.parametrize("mode", MODES)
async def test_a_client_is_labelled_in_every_era(
    server: MemoryServer, recorder: Recorder, mode: str
) -> None:
    recorder.answer = {"results": []}
    me = Implementation(name="Claude Code", version="2.1")

    async with Client(server, mode=mode, client_info=me) as client:
        await client.call_tool("list_memories", {})

    assert recorder.last.headers["x-openmemory-client"] == "claude-code"
    assert recorder.last.headers["x-openmemory-client-version"] == "2.1"
    assert recorder.last.headers["x-openmemory-surface"] == "mcp-stdio"
    assert not [name for name in IDENTITY if name in recorder.last.headers]


async def test_no_call_reaches_the_store_before_a_tool_is_called(
    server: MemoryServer, recorder: Recorder
) -> None:
    for mode in MODES:
        async with Client(server, mode=mode) as client:
            await client.list_tools()

    assert recorder.asked == []


async def test_launch_flags_name_user_and_app(backend: RestBackend, recorder: Recorder) -> None:
    recorder.answer = {"results": []}
    server = create_server(backend, Launch(user="alice", app="zed"))

    async with Client(server) as client:
        await client.call_tool("list_memories", {})

    assert recorder.last.headers["x-openmemory-user"] == "alice"
    assert recorder.last.headers["x-openmemory-app"] == "zed"


async def test_a_store_that_is_down_is_reported_with_the_command_that_starts_it() -> None:
    async with (
        httpx.AsyncClient(base_url="http://127.0.0.1:9") as http,
        Client(create_server(RestBackend(http))) as client,
    ):
        result = await client.call_tool("list_memories", {})

    assert result.is_error
    assert "openmemory serve" in result.model_dump_json()
