"""What the tools cost a model, in tokens of o200k."""

import json
import sys

import bpe_openai  # pyright: ignore[reportMissingTypeStubs]
import pytest
from mcp import Client
from mcp.types import TextContent

from openmemory_mcp.server import MemoryServer
from tests.mcp.recorder import Recorder, memory

DEFINITIONS_LIMIT = 450
TEN_RESULTS_LIMIT = 160
MEMORIES = (
    "Prefers tea to coffee in the morning",
    "Lives in Lisbon since March 2025",
    "Works on a Python memory server called OpenMemory",
    "Wife is called Ana, daughter is called Mia",
    "Allergic to peanuts",
    "Uses pytest with plain functions, no classes",
    "Deadline of the tax report is 30 June",
    "Drives a blue electric car",
    "Wants answers short and in British English",
    "Decided to keep SQLite as the default database",
)

_o200k = bpe_openai.get_encoding("o200k_base")


def tokens(text: str) -> int:
    return len(_o200k.encode(text))


async def test_the_definitions_of_all_tools_are_cheap(server: MemoryServer) -> None:
    async with Client(server) as client:
        tools = (await client.list_tools()).tools
    shown = [
        {"name": tool.name, "description": tool.description, "inputSchema": tool.input_schema}
        for tool in tools
    ]

    cost = tokens(json.dumps(shown, separators=(",", ":"), ensure_ascii=False))

    sys.stdout.write(f"tool definitions: {cost} tokens\n")
    assert cost < DEFINITIONS_LIMIT


@pytest.mark.parametrize("first", [1, 4711])
async def test_ten_results_are_cheap(server: MemoryServer, recorder: Recorder, first: int) -> None:
    recorder.answer = {"results": [memory(first + i, text) for i, text in enumerate(MEMORIES)]}

    async with Client(server) as client:
        (block,) = (await client.call_tool("search_memory", {"query": "x"})).content
    assert isinstance(block, TextContent)
    cost = tokens(block.text)

    sys.stdout.write(f"ten results: {cost} tokens\n")
    assert cost < TEN_RESULTS_LIMIT
