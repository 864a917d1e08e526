"""`openmemory mcp` as a client starts it, with the real server behind it."""

import os
import signal
import socket
import sys
from collections import Counter
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio
import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.types import CallToolResult, Implementation, TextContent

from openmemory_mcp import serverfile
from tests.mcp.loopback import free_port

pytestmark = pytest.mark.timeout(180)


@dataclass(frozen=True, slots=True)
class Machine:
    """A data directory and a port that no other test uses."""

    data_dir: Path
    port: int

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "OPENMEMORY_DATA_DIR": str(self.data_dir),
            "OPENMEMORY_PORT": str(self.port),
        }

    def stop_server(self, how: int = signal.SIGTERM) -> None:
        running = serverfile.read(self.data_dir)
        if running is not None:
            os.kill(running.pid, how)
            with serverfile.lock(self.data_dir).acquire(timeout=30):
                serverfile.remove(self.data_dir)


@pytest.fixture
def machine(tmp_path: Path) -> Generator[Machine]:
    machine = Machine(tmp_path / "data", free_port())
    yield machine
    machine.stop_server()


@asynccontextmanager
async def bridge(machine: Machine, *flags: str, mode: str = "auto") -> AsyncGenerator[Client]:
    command = StdioServerParameters(
        command=sys.executable,
        args=["-m", "openmemory_mcp", "mcp", *flags],
        env=machine.environment,
    )
    name = Implementation(name="Claude Code", version="1")
    async with Client(stdio_client(command), mode=mode, client_info=name) as client:
        yield client


def text_of(result: CallToolResult) -> str:
    (block,) = result.content
    assert isinstance(block, TextContent)
    return block.text


async def listed(client: Client) -> str:
    """The memories, as soon as the server that is being started answers."""
    with anyio.fail_after(90):
        while True:
            result = await client.call_tool("list_memories", {})
            if not result.is_error:
                return text_of(result)
            assert "openmemory serve" in text_of(result)


@pytest.mark.parametrize("mode", ["legacy", "auto", "2026-07-28"])
async def test_a_bridge_starts_the_server_and_remembers(machine: Machine, mode: str) -> None:
    async with bridge(machine, mode=mode) as client:
        assert await listed(client) == "No memories found."
        added = await client.call_tool("add_memories", {"text": "likes tea", "infer": False})
        found = await client.call_tool("search_memory", {"query": "tea"})

    assert text_of(added) == "added [m1] likes tea"
    assert text_of(found) == "[m1 claude-code] likes tea"
    assert found.structured_content is not None
    assert found.structured_content["memories"][0]["app"] == "claude-code"


async def test_launch_flags_say_for_which_app_and_user(machine: Machine) -> None:
    async with bridge(machine, "--app", "zed", "--user", "Zoë") as zoe:
        await listed(zoe)
        await zoe.call_tool("add_memories", {"text": "likes tea", "infer": False})
        found = await zoe.call_tool("search_memory", {"query": "tea"})
    async with bridge(machine) as somebody_else:
        nothing = await listed(somebody_else)

    assert found.structured_content is not None
    assert found.structured_content["memories"][0]["app"] == "zed"
    assert nothing == "No memories found."


async def test_five_bridges_at_once_start_one_server(machine: Machine) -> None:
    answers: Counter[str] = Counter()

    async def use() -> None:
        async with bridge(machine) as client:
            answers[await listed(client)] += 1

    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(use)

    assert answers == {"No memories found.": 5}
    assert log_of(machine).count("Started server process") == 1
    assert "already runs" not in log_of(machine)


def log_of(machine: Machine) -> str:
    return serverfile.log_path(machine.data_dir).read_text()


async def test_a_bridge_outlives_its_server(machine: Machine) -> None:
    async with bridge(machine) as client:
        await listed(client)
        await client.call_tool("add_memories", {"text": "likes tea", "infer": False})
        machine.stop_server(signal.SIGKILL)

        assert await listed(client) == "[m1 claude-code] likes tea"


async def test_a_server_that_cannot_start_is_reported_by_every_call(machine: Machine) -> None:
    with socket.create_server(("127.0.0.1", machine.port)):
        async with bridge(machine) as client:
            await client.list_tools()
            said = ""
            with anyio.fail_after(90):
                while "server.log" not in said:
                    said = text_of(await client.call_tool("list_memories", {}))
                    assert "openmemory serve" in said

    assert f":{machine.port}" in log_of(machine)
