"""What a running tool server was started with, and how a request gets at it."""

from dataclasses import dataclass
from typing import Any, TypeAlias

from mcp.server.context import ServerRequestContext

from openmemory_mcp.backends.base import MemoryBackend
from openmemory_mcp.caller import Caller, Launch, caller_of


@dataclass(frozen=True, slots=True)
class Connection:
    """The SDK's lifespan value: where memories live, and who started the server."""

    backend: MemoryBackend
    launch: Launch


RequestContext: TypeAlias = ServerRequestContext[Connection, Any]


def called(context: RequestContext) -> tuple[MemoryBackend, Caller]:
    """The backend, and on whose behalf this request may use it."""
    connection = context.lifespan_context
    return connection.backend, caller_of(context, connection.launch)
