"""`openmemory status`, `stop` and `logs`: the server in the background, seen from outside."""

import os
import signal
import time
from collections import deque
from pathlib import Path
from typing import Annotated, Final, TextIO

import anyio
import typer
from filelock import Timeout
from rich.console import Console

from openmemory_mcp import serverfile
from openmemory_mcp.backends.health import Health, health_of
from openmemory_mcp.backends.local import find
from openmemory_mcp.commands.configured import configured
from openmemory_mcp.settings import McpSettings

NOT_RUNNING: Final = 3
"""Exit code of `status`, as with service managers."""

_STOP_SECONDS: Final = 20.0
_FOLLOW_SECONDS: Final = 0.3

_console = Console(highlight=False, soft_wrap=True)


def status() -> None:
    """Show whether the server runs, and what it holds."""
    settings = configured()
    url, health = anyio.run(_look, settings)
    if health is None:
        _console.print(f"OpenMemory is not running at {url}. Start it with `openmemory serve`.")
        if settings.backend == "hosted":
            _console.print("`openmemory mcp` needs no server: memories are the Mem0 platform's.")
        raise typer.Exit(NOT_RUNNING)
    _console.print(f"OpenMemory {health.version} at {url}")
    _console.print(f"status    {health.status}")
    _console.print(f"pid       {health.pid}")
    _console.print(f"auth      {health.auth.mode}, app identity {health.auth.app_identity}")
    _console.print(f"memories  {_memories(health)}")


def stop() -> None:
    """Stop the server, and wait until it has closed its database."""
    data_dir = configured().data_dir
    known = serverfile.read(data_dir)
    # The process id is only trusted while the server itself confirms it: ids are reused.
    health = anyio.run(health_of, known.url, known.certificate) if known else None
    if known is None or health is None or health.pid != known.pid:
        _console.print(f"No server started from {data_dir} is running.")
        return
    os.kill(known.pid, signal.SIGTERM)
    _await_end(data_dir)
    _console.print(f"Stopped the server at {known.url}.")


def logs(
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Wait for more.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="How many to show.")] = 50,
) -> None:
    """Show what a server in the background has logged."""
    path = serverfile.log_path(configured().data_dir)
    if not path.exists():
        _console.print(f"No log yet: {path} is written by servers started in the background.")
        raise typer.Exit(1)
    with path.open(encoding="utf-8", errors="replace") as log:
        for line in deque(log, maxlen=lines):
            typer.echo(line, nl=False)
        if follow:
            _follow(log)


def _memories(health: Health) -> str:
    if health.backend == "hosted":
        return "kept by the Mem0 platform"
    return "unknown" if health.memories is None else str(health.memories)


async def _look(settings: McpSettings) -> tuple[str, Health | None]:
    address = await find(settings)
    if address is None:
        return settings.default_url, None
    return address.url, await health_of(address.url, address.certificate)


def _await_end(data_dir: Path) -> None:
    # The server holds its lock to the very end, so getting it means that the process is done.
    held = serverfile.lock(data_dir)
    try:
        held.acquire(timeout=_STOP_SECONDS)
    except Timeout:
        _console.print(f"The server has not ended within {_STOP_SECONDS:.0f} seconds.")
        raise typer.Exit(1) from None
    # Left behind where a process cannot be asked to end, only ended (Windows).
    serverfile.remove(data_dir)
    held.release()


def _follow(log: TextIO) -> None:
    while True:
        line = log.readline()
        if line:
            typer.echo(line, nl=False)
        else:
            time.sleep(_FOLLOW_SECONDS)
