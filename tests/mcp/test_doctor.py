"""What the doctor finds wrong."""

import os
from pathlib import Path

import httpx
import pytest

from openmemory_mcp.commands.doctor import Check, examine
from openmemory_mcp.settings import McpSettings
from openmemory_mcp.version import VERSION
from tests.mcp.loopback import free_port, serving
from tests.mcp.recorder import Recorder


async def found(settings: McpSettings, name: str) -> Check:
    (check,) = [check for check in await examine(settings) if check.name == name]
    return check


def at(data_dir: Path, url: str | None = None) -> McpSettings:
    port = httpx.URL(url).port if url else None
    return McpSettings(data_dir=data_dir, port=port or free_port())


async def test_another_program_on_the_port_is_named(tmp_path: Path) -> None:
    async with serving(Recorder(answer={"hello": "world"})) as url:
        check = await found(at(tmp_path, url), "address")

    assert check == Check(
        "address",
        f"another program answers at {url}",
        "Stop the other program, or set OPENMEMORY_PORT to a free port.",
    )


@pytest.mark.parametrize(
    ("version", "status", "name", "remedied"),
    [
        (VERSION, "ok", "server", False),
        ("0.0.1", "ok", "server", True),
        (VERSION, "ok", "store", False),
        (VERSION, "degraded", "store", True),
    ],
)
async def test_the_servers_own_word_decides_about_it(
    tmp_path: Path, version: str, status: str, name: str, remedied: bool
) -> None:
    health = Recorder(answer={"service": "openmemory", "status": status, "version": version})
    async with serving(health) as url:
        check = await found(at(tmp_path, url), name)

    assert (check.remedy is not None) is remedied


async def test_a_file_where_the_data_directory_should_be_is_found(tmp_path: Path) -> None:
    blocked = file_at(tmp_path / "data")

    check = await found(at(blocked / "deeper"), "data directory")

    assert check.remedy is not None
    assert "OPENMEMORY_DATA_DIR" in check.remedy


def file_at(path: Path) -> Path:
    path.write_text("")
    return path


async def test_a_clock_behind_the_data_is_found(tmp_path: Path) -> None:
    os.utime(file_at(tmp_path / "openmemory.db"), (4_000_000_000, 4_000_000_000))

    assert (await found(at(tmp_path), "clock")).remedy is not None
    assert (await found(at(tmp_path / "missing"), "clock")).remedy is None
