"""A tool server over a recording stand-in for the store."""

from collections.abc import AsyncGenerator

import httpx
import pytest

from openmemory_mcp.backends.rest import RestBackend
from openmemory_mcp.server import MemoryServer, create_server
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
