"""The tools where a language model reads what is added: they wait for it, for a while."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio
import httpx
import pytest
from mcp import Client
from mcp.types import Implementation, TextContent

from openmemory_api.container import DEFAULT_PROJECT, Container
from openmemory_api.domain.access import Caller
from openmemory_api.domain.extraction import Extraction
from openmemory_api.domain.filters import ALL
from openmemory_mcp.backends.rest import RestBackend
from openmemory_mcp.server import create_server
from tests.fakes import FakeExtractor

OWNER = Caller(DEFAULT_PROJECT, "default_user", None)


@pytest.fixture
def extractor() -> FakeExtractor:
    return FakeExtractor()


@asynccontextmanager
async def connected(http: httpx.AsyncClient, *, add_wait: float) -> AsyncGenerator[Client]:
    server = create_server(RestBackend(http, add_wait=add_wait))
    async with Client(server, client_info=Implementation(name="cursor", version="1")) as client:
        yield client


async def say(client: Client, tool: str, **arguments: object) -> str:
    (block,) = (await client.call_tool(tool, arguments)).content
    assert isinstance(block, TextContent)
    return block.text


async def test_an_add_is_answered_with_its_facts(http: httpx.AsyncClient) -> None:
    async with connected(http, add_wait=20) as client:
        assert await say(client, "add_memories", text="I like tea") == "added [m1] fact: I like tea"
        again = await say(client, "add_memories", text="I like tea")
        assert again == "unchanged [m1] fact: I like tea"
        assert "fact: I like tea" in await say(client, "search_memory", query="tea")


async def test_an_add_that_takes_long_is_queued(
    http: httpx.AsyncClient, store: Container, extractor: FakeExtractor
) -> None:
    extractor.gate = anyio.Event()
    async with connected(http, add_wait=0.6) as client:
        result = await client.call_tool("add_memories", {"text": "I like tea"})
        facts = result.structured_content
        assert facts is not None
        assert facts["changes"] == []
        extractor.gate.set()
        action = await store.actions.get(OWNER, facts["queued"])
        while action.completed_at is None:
            await store.jobs.some_end(within=1)
            action = await store.actions.get(OWNER, facts["queued"])
        assert action.status == "SUCCEEDED"


async def test_a_text_without_facts_is_said_to_hold_none(
    http: httpx.AsyncClient, extractor: FakeExtractor
) -> None:
    extractor.script = [Extraction(())]
    async with connected(http, add_wait=20) as client:
        assert "nothing to remember" in await say(client, "add_memories", text="hello")


async def test_an_add_that_was_deleted_meanwhile_is_an_error(
    http: httpx.AsyncClient, store: Container, extractor: FakeExtractor
) -> None:
    extractor.gate = anyio.Event()
    async with connected(http, add_wait=20) as client, anyio.create_task_group() as tasks:

        async def delete() -> None:
            await extractor.called.wait()
            await store.memories.delete_where(OWNER, ALL)

        tasks.start_soon(delete)
        result = await client.call_tool("add_memories", {"text": "I like tea"})
        assert result.is_error
        (block,) = result.content
        assert isinstance(block, TextContent)
        assert "OpenMemory could not take in this text" in block.text
        assert "deleted before" in block.text


async def test_verbatim_is_verbatim(http: httpx.AsyncClient, extractor: FakeExtractor) -> None:
    async with connected(http, add_wait=20) as client:
        said = await say(client, "add_memories", text="I like tea", infer=False)
        assert said == "added [m1] I like tea"
    assert extractor.passages == []
