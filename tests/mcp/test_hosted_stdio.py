"""`openmemory mcp --backend hosted` as a client starts it: no server, no data directory."""

import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.types import Implementation

from tests.mcp.hosted import Site, refused, say, text_of
from tests.mcp.loopback import free_port
from tests.mcp.platform import KEY, answering, cut, pending

pytestmark = pytest.mark.timeout(180)


@asynccontextmanager
async def bridge(
    site: Site, data_dir: Path, *flags: str, mode: str = "auto", **env: str
) -> AsyncGenerator[Client]:
    own = {
        "OPENMEMORY_DATA_DIR": str(data_dir),
        "OPENMEMORY_PORT": str(free_port()),
        "MEM0_API_KEY": KEY,
        "MEM0_BASE_URL": site.url,
    }
    command = StdioServerParameters(
        command=sys.executable,
        args=["-m", "openmemory_mcp", "mcp", *flags],
        env={**os.environ, **own, **env},
    )
    name = Implementation(name="Claude Code", version="1")
    async with Client(stdio_client(command), mode=mode, client_info=name) as client:
        yield client


@pytest.mark.parametrize("mode", ["legacy", "2026-07-28"])
async def test_a_bridge_keeps_memories_with_the_platform(
    site: Site, tmp_path: Path, mode: str
) -> None:
    folder = tmp_path / "data"
    async with bridge(site, folder, "--backend", "hosted", mode=mode) as client:
        added = await client.call_tool("add_memories", {"text": "likes tea"})
        found = await client.call_tool("search_memory", {"query": "tea"})

    row = (await site.kept())["likes tea"]
    assert text_of(added) == f"added [{row['id']}] likes tea"
    assert text_of(found) == f"[{row['id']} claude-code] likes tea"
    assert (row["user_id"], row["app_id"]) == ("default_user", "claude-code")
    assert not folder.exists()


async def test_launch_flags_and_settings_say_for_whom_and_how(site: Site, tmp_path: Path) -> None:
    await site.seed("likes mate", user_id="Zoë", app_id="cursor")
    pending(answering(200, {"status": "PENDING"}))(site.platform)
    settings = {
        "OPENMEMORY_BACKEND": "hosted",
        "OPENMEMORY_USER": "Zoë",
        "OPENMEMORY_HOSTED_READS": "own",
        "OPENMEMORY_ADD_WAIT": "0.1",
    }
    async with bridge(site, tmp_path, "--app", "zed", **settings) as client:
        assert await say(client, "list_memories") == "No memories found."
        with anyio.fail_after(5):
            assert "queued" in await say(client, "add_memories", text="likes tea")

    row = (await site.kept())["likes tea"]
    assert (row["user_id"], row["app_id"]) == ("Zoë", "zed")


async def test_a_write_that_is_cut_reaches_the_platform_once(site: Site, tmp_path: Path) -> None:
    site.platform.on("POST", "/v3/memories/add/", cut)
    async with bridge(site, tmp_path, "--backend", "hosted") as client:
        said = await refused(client, "add_memories", text="likes tea")

    assert "may or may not have been made" in said
    assert len(site.platform.writes) == 1
    assert list(await site.kept()) == ["likes tea"]
