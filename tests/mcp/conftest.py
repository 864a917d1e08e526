"""A tool server over a recording stand-in for the store."""

from collections.abc import AsyncGenerator
from pathlib import Path

import httpx
import pytest

from openmemory_mcp.backends.rest import RestBackend
from openmemory_mcp.server import MemoryServer, create_server
from tests.fakes import FrozenClock, HashEmbedder
from tests.mcp.hosted import Site, store_as_platform
from tests.mcp.loopback import serving
from tests.mcp.platform import Platform, check_contract
from tests.mcp.recorder import Recorder


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
async def backend(recorder: Recorder) -> AsyncGenerator[RestBackend]:
    transport = httpx.ASGITransport(recorder)
    async with httpx.AsyncClient(transport=transport, base_url="http://store") as http:
        yield RestBackend(http)


@pytest.fixture
def server(backend: RestBackend) -> MemoryServer:
    return create_server(backend)


@pytest.fixture
async def platform(
    tmp_path: Path, embedder: HashEmbedder, clock: FrozenClock
) -> AsyncGenerator[Platform]:
    async with store_as_platform(tmp_path / "platform", embedder, clock) as store:
        yield Platform(store)


@pytest.fixture
async def site(platform: Platform) -> AsyncGenerator[Site]:
    """The platform at an address; in the end it is looked at what it was sent."""
    async with serving(platform) as url:
        yield Site(url, platform)
    check_contract(platform.asked)
