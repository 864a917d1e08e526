"""Agents beside the browser: MCP clients over HTTP, each an app of its own."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from anyio.from_thread import BlockingPortal

from tests.acceptance.agents import call, over_http, said


class Agent:
    """A connected app. The browser's driver holds this thread's loop, so it runs in another's."""

    def __init__(self, portal: BlockingPortal, client: Any, name: str) -> None:
        self.name = name
        self._portal = portal
        self._client = client

    def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """The facts of an answer that is none of an error."""

        async def calling() -> dict[str, Any]:
            return await call(self._client, tool, **arguments)

        return self._portal.call(calling)

    def refused(self, tool: str, **arguments: Any) -> str:
        """What the model reads of an error; a call that succeeds fails the test."""

        async def calling() -> tuple[bool, str]:
            result = await self._client.call_tool(tool, arguments)
            return bool(result.is_error), said(result)

        is_error, text = self._portal.call(calling)
        assert is_error, f"{tool} was not refused: {text}"
        return text

    def add(self, text: str) -> str:
        """Remember something; answers its short id."""
        [change] = self.call("add_memories", text=text)["changes"]
        return change["id"]

    def search(self, query: str, limit: int = 50) -> list[str]:
        """The texts that it finds, the best first."""
        found = self.call("search_memory", query=query, limit=limit)
        return [memory["text"] for memory in found["memories"]]


@contextmanager
def connected(portal: BlockingPortal, url: str, name: str) -> Generator[Agent]:
    """An agent for as long as the block lasts."""
    with portal.wrap_async_context_manager(over_http(f"{url}/mcp", name)) as client:
        yield Agent(portal, client, name)
