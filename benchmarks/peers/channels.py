"""How a peer is asked: MCP through the SDK's client, or REST; both through the same four lines."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

import httpx
from mcp import Client
from mcp.types import TextContent

_PATIENCE = 900.0
"""Seconds a call may take: a slow answer is a result, not an error."""


class CallFailed(Exception):
    """The peer answered, but not with what was asked for."""


class Session(Protocol):
    """One client's connection."""

    async def search(self, query: str) -> str:
        """The answer's text.

        Raises:
            CallFailed: it is an error, in whatever form this peer gives one.
        """
        ...

    async def add(self, text: str) -> str:
        """The answer's text; raises as `search` does."""
        ...


Connect: TypeAlias = Callable[[], AbstractAsyncContextManager[Session]]


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool, the argument that takes the text, and the others."""

    name: str
    argument: str
    others: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class McpChannel:
    """Streamable HTTP; a session of the SDK's client per connection."""

    url: str
    search_tool: Tool
    add_tool: Tool
    failure: str | None = None
    """How an answer begins that is an error in words, for a peer that does not set `isError`."""

    @asynccontextmanager
    async def connect(self) -> AsyncGenerator[Session]:
        """A session of its own."""
        async with Client(self.url, read_timeout_seconds=_PATIENCE) as client:
            # As an agent does first; the client would otherwise do it within its first call.
            await client.list_tools()
            yield _McpSession(self, client)


@dataclass(frozen=True, slots=True)
class _McpSession:
    channel: McpChannel
    client: Client

    async def search(self, query: str) -> str:
        return await self._call(self.channel.search_tool, query)

    async def add(self, text: str) -> str:
        return await self._call(self.channel.add_tool, text)

    async def _call(self, tool: Tool, text: str) -> str:
        answer = await self.client.call_tool(tool.name, {tool.argument: text, **tool.others})
        said = "\n".join(part.text for part in answer.content if isinstance(part, TextContent))
        failure = self.channel.failure
        if answer.is_error or (failure is not None and said.startswith(failure)):
            raise CallFailed(said[:200])
        return said


Body: TypeAlias = Callable[[str], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class RestChannel:
    """JSON over HTTP; a connection of its own per client."""

    base: str
    search_path: str
    search_body: Body
    add_path: str
    add_body: Body

    @asynccontextmanager
    async def connect(self) -> AsyncGenerator[Session]:
        """A connection of its own."""
        async with httpx.AsyncClient(
            base_url=self.base, timeout=_PATIENCE, trust_env=False
        ) as client:
            yield _RestSession(self, client)


@dataclass(frozen=True, slots=True)
class _RestSession:
    channel: RestChannel
    client: httpx.AsyncClient

    async def search(self, query: str) -> str:
        return await self._post(self.channel.search_path, self.channel.search_body(query))

    async def add(self, text: str) -> str:
        return await self._post(self.channel.add_path, self.channel.add_body(text))

    async def _post(self, path: str, body: dict[str, Any]) -> str:
        answer = await self.client.post(path, json=body)
        if not answer.is_success:
            raise CallFailed(f"{answer.status_code} {answer.text[:200]}")
        return answer.text
