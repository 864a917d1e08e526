"""examples/get_memory_client.py, run as a person would, in both modes."""

import os
import subprocess
import sys
from pathlib import Path

import anyio
import httpx
import pytest

from tests.mcp.hosted import Site
from tests.mcp.loopback import serving
from tests.mcp.platform import KEY, Platform

EXAMPLE = Path(__file__).parents[2] / "examples" / "get_memory_client.py"
FACT = "I prefer aisle seats and vegetarian meals"


async def ran(
    home: Path, *arguments: str, fails: bool = False, **env: str
) -> "subprocess.CompletedProcess[bytes]":
    return await anyio.run_process(
        [sys.executable, str(EXAMPLE), *arguments],
        env={**os.environ, "HOME": str(home), "MEM0_DIR": str(home / ".mem0"), **env},
        check=not fails,
    )


async def test_hosted_the_client_speaks_to_the_platform_with_the_key(
    site: Site, tmp_path: Path
) -> None:
    result = await ran(tmp_path, "hosted", MEM0_API_KEY=KEY, MEM0_BASE_URL=site.url)

    assert result.stdout.decode().splitlines() == ["SUCCEEDED", FACT]
    # The fixture sees to it that each of them carried the key.
    assert [each.path for each in site.platform.asked] == [
        "/v1/ping/",
        "/v3/memories/add/",
        "/v3/memories/search/",
    ]
    assert list(await site.kept()) == [FACT]


async def test_local_the_same_client_speaks_to_the_server_of_the_machine(
    http: httpx.AsyncClient, tmp_path: Path
) -> None:
    recorded = Platform(http)
    async with serving(recorded) as url:
        result = await ran(tmp_path, "local", OPENMEMORY_URL=url, MEM0_API_KEY=KEY)

    assert result.stdout.decode().splitlines() == ["SUCCEEDED", FACT]
    assert {each.headers["authorization"] for each in recorded.asked} == {"Token local"}


@pytest.mark.parametrize("arguments", [(), ("cloud",)])
async def test_any_other_mode_is_refused(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    result = await ran(tmp_path, *arguments, fails=True)

    assert result.returncode == 1
    assert b"hosted|local" in result.stderr
