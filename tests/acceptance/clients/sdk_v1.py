# pyright: basic, reportMissingImports=false, reportAttributeAccessIssue=false, reportCallIssue=false
"""The previous generation of the MCP SDK: lists the tools, adds, searches; prints what it got."""

import json
import sys
from contextlib import asynccontextmanager
from typing import Any

import anyio
from mcp import ClientSession, StdioServerParameters, stdio_client
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamablehttp_client


@asynccontextmanager
async def connected(transport: str, target: str):
    if transport == "stdio":
        async with stdio_client(StdioServerParameters(**json.loads(target))) as streams:
            yield streams
    elif transport == "sse":
        async with sse_client(target) as streams:
            yield streams
    else:
        async with streamablehttp_client(target) as (reader, writer, _):
            yield reader, writer


async def main(transport: str, target: str, text: str, query: str) -> None:
    async with (
        connected(transport, target) as (reader, writer),
        ClientSession(reader, writer) as mcp,
    ):
        started = await mcp.initialize()
        tools = (await mcp.list_tools()).tools
        results: dict[str, Any] = {
            "add": await mcp.call_tool("add_memories", {"text": text}),
            "search": await mcp.call_tool("search_memory", {"query": query}),
            "refused": await mcp.call_tool("update_memory", {"id": "m999", "text": "x"}),
        }
        shown = {name: result.model_dump(mode="json") for name, result in results.items()}
        said = {"protocol": started.protocolVersion, "instructions": started.instructions}
        sys.stdout.write(json.dumps({**said, "tools": [tool.name for tool in tools], **shown}))


anyio.run(lambda: main(*sys.argv[1:]))
