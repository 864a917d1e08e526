# pyright: basic, reportMissingImports=false, reportAttributeAccessIssue=false, reportCallIssue=false
"""LangChain's MCP adapters over SSE: loads the tools, adds, searches; prints what an agent gets."""

import json
import sys

import anyio
from langchain_mcp_adapters.client import MultiServerMCPClient


async def main(url: str, text: str, query: str) -> None:
    client = MultiServerMCPClient({"memory": {"transport": "sse", "url": url}})
    tools = {tool.name: tool for tool in await client.get_tools()}
    added = await tools["add_memories"].ainvoke({"text": text})
    found = await tools["search_memory"].ainvoke({"query": query})
    sys.stdout.write(json.dumps({"tools": sorted(tools), "added": added, "found": found}))


anyio.run(lambda: main(*sys.argv[1:]))
