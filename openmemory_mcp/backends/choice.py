"""Where a tool server of its own keeps memories: the one place that chooses."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from openmemory_mcp.backends.base import MemoryBackend
from openmemory_mcp.backends.hosted import HostedBackend
from openmemory_mcp.backends.local import local_client
from openmemory_mcp.backends.ownership import DEFAULT_USER
from openmemory_mcp.backends.platform import account
from openmemory_mcp.backends.rest import RestBackend
from openmemory_mcp.settings import McpSettings


@asynccontextmanager
async def backend_of(settings: McpSettings) -> AsyncGenerator[MemoryBackend]:
    """The backend that the settings name.

    Raises:
        AccountError: it is the hosted platform, and no key is there to use it with.
    """
    if settings.backend == "local":
        async with local_client(settings) as http:
            yield RestBackend(http, add_wait=settings.add_wait)
        return
    async with account(settings.hosted_key, settings.hosted_url) as http:
        yield HostedBackend(
            http,
            default_user=settings.user or DEFAULT_USER,
            reads=settings.hosted_reads,
            add_wait=settings.add_wait,
        )
