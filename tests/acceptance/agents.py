"""Agents under test: the current SDK's client, named as the agents name themselves."""

from typing import Any, Final

import anyio
from mcp import Client, StdioServerParameters
from mcp.types import CallToolResult, Implementation, TextContent

from tests.acceptance.processes import OPENMEMORY, Home

_WITHIN: Final = 30.0


def over_http(url: str, name: str) -> Client:
    """An agent that connects to the server's address."""
    return Client(url, client_info=Implementation(name=name, version="1"))


def over_stdio(home: Home, app: str, *options: str) -> Client:
    """An agent that starts `openmemory mcp` for itself."""
    bridge = StdioServerParameters(
        command=OPENMEMORY, args=["mcp", "--app", app, *options], env=home.environment()
    )
    return Client(bridge, client_info=Implementation(name="any", version="1"))


async def call(agent: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    """The facts of an answer that is none of an error."""
    result = await agent.call_tool(tool, arguments)
    assert not result.is_error, said(result)
    assert result.structured_content is not None
    return result.structured_content


async def insist(agent: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    """The same, repeated while the server starts: such an answer says that nothing was sent."""
    with anyio.fail_after(_WITHIN):
        while True:
            result = await agent.call_tool(tool, arguments)
            if not result.is_error:
                assert result.structured_content is not None
                return result.structured_content
            assert "OpenMemory cannot be reached" in said(result)


def said(result: CallToolResult) -> str:
    """What a model reads."""
    return "\n".join(block.text for block in result.content if isinstance(block, TextContent))
