"""`openmemory mcp`: many start one server, and find a new one when theirs is gone."""

import os
from collections.abc import Generator
from pathlib import Path

import anyio
import pytest

from openmemory_mcp import serverfile
from tests.acceptance.agents import insist, over_stdio
from tests.acceptance.processes import OPENMEMORY, Home, Server, running_server, stop, until_serving
from tests.acceptance.store import Store

pytestmark = pytest.mark.ci


@pytest.fixture
def machine(home: Home) -> Generator[Home]:
    """A machine on which OpenMemory has never run."""
    yield home
    stop(home)


@pytest.mark.parametrize("bridges", [5])
async def test_bridges_started_together_start_one_server(machine: Home, bridges: int) -> None:
    async def use(app: str) -> None:
        async with over_stdio(machine, app) as agent:
            await insist(agent, "add_memories", text=f"Added by {app}")

    apps = [f"app-{number}" for number in range(bridges)]
    async with anyio.create_task_group() as tasks:
        for app in apps:
            tasks.start_soon(use, app)

    assert len(_server_processes(machine)) == 1
    assert _starts(machine) == 1
    store = Store(machine.data_dir / "openmemory.db")
    assert store.texts() == [f"Added by {app}" for app in apps]


@pytest.mark.parametrize("way", ["kill -9", "openmemory stop"])
async def test_a_bridge_outlives_its_server(machine: Home, way: str) -> None:
    store = Store(machine.data_dir / "openmemory.db")
    async with over_stdio(machine, "cursor") as agent:
        await insist(agent, "add_memories", text="Before the end.")
        first = until_serving(machine)

        await anyio.to_thread.run_sync(_end, machine, first, way)
        assert running_server(machine) is None
        await insist(agent, "add_memories", text="After it.")
        found = await insist(agent, "list_memories")

    assert [memory["text"] for memory in found["memories"]] == ["After it.", "Before the end."]
    assert store.texts() == ["After it.", "Before the end."]
    second = until_serving(machine)
    assert second.pid != first.pid
    assert _server_processes(machine) == [second.pid]


def _end(machine: Home, running: Server, way: str) -> None:
    if way == "kill -9":
        running.kill()
    else:
        done = machine.run(OPENMEMORY, "stop")
        assert done.returncode == 0, done.stdout + done.stderr


def _starts(machine: Home) -> int:
    """How many servers ever got as far as starting, or as far as being refused."""
    log = serverfile.log_path(machine.data_dir).read_text()
    return log.count("Started server process") + log.count("A server already runs")


def _server_processes(machine: Home) -> list[int]:
    found: list[int] = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().split(b"\0")
            environment = (process / "environ").read_bytes().split(b"\0")
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
        if b"serve" in command and b"HOME=" + os.fsencode(machine.path) in environment:
            found.append(int(process.name))
    return found
