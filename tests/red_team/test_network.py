"""A server on a network, where every call needs a key: strangers, thieves and revoked keys."""

from collections.abc import AsyncGenerator
from pathlib import Path

import anyio
import httpx
import pytest
from pydantic import SecretStr

from openmemory_api.app import create_app
from openmemory_api.container import Container
from openmemory_api.settings import Settings
from tests.api.keys import KEYS, bearer, make
from tests.fakes import HashEmbedder
from tests.mcp.loopback import serving
from tests.mcp.test_http import LIST, endpoint_of, initialize

MASTER = "the-key-of-an-administrator"
BY_MASTER = {"Authorization": f"Bearer {MASTER}"}


@pytest.fixture
async def site(tmp_path: Path, embedder: HashEmbedder) -> AsyncGenerator[httpx.AsyncClient]:
    settings = Settings(data_dir=tmp_path, auth="required", api_key=SecretStr(MASTER))
    app = create_app(settings, Container(settings, embedder=embedder), local_secret="omk_local")
    accept = {"Accept": "application/json, text/event-stream"}
    async with serving(app) as url, httpx.AsyncClient(base_url=url, headers=accept) as http:
        yield http


@pytest.mark.parametrize(
    "bearer_of_any_kind",
    ["", "Bearer x", "Bearer omk_0000000000000000_x", "Token None", "Basic YTpi", MASTER],
)
async def test_the_tool_server_takes_no_bearer_but_a_key(
    site: httpx.AsyncClient, bearer_of_any_kind: str
) -> None:
    headers = {"Authorization": bearer_of_any_kind} if bearer_of_any_kind else {}

    for path in ("/mcp", "/mcp/cursor/http/anna"):
        assert (await site.post(path, json=initialize(), headers=headers)).status_code == 401
    opened = await site.get("/mcp/cursor/sse/anna", headers=headers)
    assert opened.status_code == 401
    assert (await site.get("/v1/ping/", headers=headers)).status_code == 401


async def test_a_stolen_session_is_of_no_use_without_its_key(site: httpx.AsyncClient) -> None:
    mine = bearer(await make(site, BY_MASTER, user_id="anna", app="cursor"))
    other = bearer(await make(site, BY_MASTER, user_id="bob"))
    opened = await site.post("/mcp", json=initialize(), headers=mine)
    session = {"mcp-session-id": opened.headers["mcp-session-id"]}

    stolen = await site.post("/mcp", json=LIST, headers={**other, **session})
    bare = await site.post("/mcp", json=LIST, headers=session)
    moved = await site.post("/mcp/cursor/http/anna", json=LIST, headers={**mine, **session})

    assert (stolen.status_code, bare.status_code, moved.status_code) == (404, 401, 404)


async def test_a_revoked_keys_stream_ends_and_its_session_is_closed(
    site: httpx.AsyncClient,
) -> None:
    key = await make(site, BY_MASTER, user_id="anna", app="cursor")
    mine = bearer(key)
    opened = await site.post("/mcp", json=initialize(), headers=mine)
    session = {"mcp-session-id": opened.headers["mcp-session-id"]}
    async with site.stream("GET", "/mcp/cursor/sse/anna", headers=mine) as stream:
        lines = stream.aiter_lines()
        await endpoint_of(lines)
        revoked = await site.delete(f"{KEYS}/{key['id']}", headers=BY_MASTER)
        with anyio.fail_after(20):
            left = [line async for line in lines if line.startswith("data:")]

    assert revoked.status_code == 200
    assert left == []
    late = await site.post("/mcp", json=LIST, headers={**mine, **session})
    assert late.status_code == 401


async def test_nobody_without_a_key_learns_how_much_is_remembered(site: httpx.AsyncClient) -> None:
    health = (await site.get("/health")).json()

    assert health["memories"] is None
    for path in ("/v1/memories/?user_id=anna", "/api/v1/activity", "/v1/entities/"):
        assert (await site.get(path)).status_code == 401
