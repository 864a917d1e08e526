"""A store that plays the platform behind its recording proxy, and clients of the tools over it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import httpx
from mcp import Client
from mcp.types import CallToolResult, ElicitRequestParams, ElicitResult, Implementation, TextContent
from pydantic import SecretStr

from openmemory_api.app import create_app
from openmemory_api.container import Container
from openmemory_api.domain.protocols import Clock, Embedder
from openmemory_api.settings import Settings
from openmemory_mcp.backends.hosted import HostedBackend
from openmemory_mcp.backends.platform import account
from openmemory_mcp.caller import Launch
from openmemory_mcp.server import create_server
from tests.mcp.platform import EVERYBODY, KEY, Platform


@dataclass(frozen=True, slots=True)
class Site:
    """The platform at an address, and what the test reads beside the tools."""

    url: str
    platform: Platform

    @asynccontextmanager
    async def client(
        self,
        app: str = "cursor",
        user: str | None = None,
        reads: Literal["all", "own"] = "all",
        add_wait: float = 2,
        patience: float = 20,
        **options: Any,
    ) -> AsyncGenerator[Client]:
        """A client whose name is its app; `patience` is how long an answer may take."""
        async with account(SecretStr(KEY), self.url) as http:
            http.timeout = httpx.Timeout(patience)
            backend = HostedBackend(http, reads=reads, add_wait=add_wait)
            name = Implementation(name=app, version="1")
            server = create_server(backend, Launch(user=user))
            async with Client(server, client_info=name, **options) as client:
                yield client

    async def kept(self) -> dict[str, dict[str, Any]]:
        """Every row of the platform by its text, read past the proxy."""
        rows: list[dict[str, Any]] = []
        for page in range(1, 100):
            response = await self.platform.store.post(
                f"/v3/memories/?page={page}&page_size=200",
                json={"filters": EVERYBODY},
                headers={"Authorization": f"Token {KEY}"},
            )
            if response.status_code == 404:
                break
            rows += response.json()["results"]
        return {row["memory"]: row for row in rows}

    async def seed(self, *texts: str, **ids: Any) -> None:
        """Memories that something else wrote, with exactly these ids."""
        messages = [{"role": "user", "content": text} for text in texts]
        response = await self.platform.store.post(
            "/v3/memories/add/",
            json={"messages": messages, "infer": False, **ids},
            headers={"Authorization": f"Token {KEY}"},
        )
        assert response.status_code == 200


@asynccontextmanager
async def store_as_platform(
    data_dir: Path, embedder: Embedder, clock: Clock
) -> AsyncGenerator[httpx.AsyncClient]:
    """A store that wants `KEY`, and a client of it that brings none."""
    settings = Settings(data_dir=data_dir, auth="required", api_key=SecretStr(KEY))
    container = Container(settings, embedder=embedder, clock=clock)
    app = create_app(settings, container, local_secret="omk_local")
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http,
    ):
        await container.ready()
        yield http


def text_of(result: CallToolResult) -> str:
    (block,) = result.content
    assert isinstance(block, TextContent)
    return block.text


async def say(client: Client, tool: str, **arguments: Any) -> str:
    return text_of(await client.call_tool(tool, arguments))


async def refused(client: Client, tool: str, **arguments: Any) -> str:
    result = await client.call_tool(tool, arguments)
    assert result.is_error
    return text_of(result)


async def remember(client: Client, *texts: str) -> list[str]:
    """The ids of what was added."""
    ids: list[str] = []
    for text in texts:
        result = await client.call_tool("add_memories", {"text": text})
        assert result.structured_content is not None, text_of(result)
        ids.append(result.structured_content["changes"][0]["id"])
    return ids


async def agree(context: object, params: ElicitRequestParams) -> ElicitResult:
    return ElicitResult(action="accept", content={"confirm": True})
