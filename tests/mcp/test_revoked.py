"""What a key holds open ends with it: streams, sessions and calls that wait. Over real HTTP."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import anyio
import httpx
import pytest
from fastapi import FastAPI
from mcp import Client
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from mcp.shared.exceptions import MCPError
from mcp.types import ElicitRequestParams, ElicitResult

from openmemory_api.app import create_app
from openmemory_api.container import DEFAULT_PROJECT, Container
from openmemory_api.domain.access import Caller
from openmemory_api.domain.errors import Unavailable
from openmemory_api.domain.keys import KeyWish
from openmemory_api.key_gate import KeyGate, OpenCalls
from openmemory_api.settings import Settings
from tests.api.keys import KEYS, bearer, make
from tests.fakes import FrozenClock, HashEmbedder
from tests.mcp.loopback import serving
from tests.mcp.test_http import LIST, endpoint_of, initialize
from tests.postgres.fixtures import BOTH

DATABASES = BOTH
ACCEPT = {"Accept": "application/json, text/event-stream"}
OWNER = Caller(DEFAULT_PROJECT, None, None)
SSE = "/mcp/cursor/sse/anna"
PATHS = ("/mcp", "/mcp/cursor/http/anna")


@dataclass(frozen=True, slots=True)
class Site:
    url: str
    http: httpx.AsyncClient
    key: dict[str, Any]

    @property
    def mine(self) -> dict[str, str]:
        return bearer(self.key)

    async def opened(self, path: str = "/mcp") -> dict[str, str]:
        """The headers of a call in a new session of the key's."""
        answer = await self.http.post(path, json=initialize(), headers=self.mine)
        assert answer.status_code == 200, answer.text
        return {**self.mine, "mcp-session-id": answer.headers["mcp-session-id"]}

    async def revoke(self) -> None:
        assert (await self.http.delete(f"{KEYS}/{self.key['id']}")).status_code == 200


@pytest.fixture
async def site(
    settings: Settings, embedder: HashEmbedder, clock: FrozenClock
) -> AsyncGenerator[Site]:
    app = create_app(
        settings, Container(settings, embedder=embedder, clock=clock), local_secret="omk_local"
    )
    async with serving(app) as url, httpx.AsyncClient(base_url=url, headers=ACCEPT) as http:
        yield Site(url, http, await make(http, user_id="anna", app="cursor"))


async def rest(lines: AsyncIterator[str]) -> str:
    """What a stream still says before it ends by itself."""
    with anyio.fail_after(20):
        return "\n".join([line async for line in lines])


async def test_a_revoked_key_ends_its_open_sse_stream(site: Site) -> None:
    async with site.http.stream("GET", SSE, headers=site.mine) as stream:
        lines = stream.aiter_lines()
        endpoint = await endpoint_of(lines)
        assert (await site.http.post(endpoint, json=initialize(), headers=site.mine)).is_success
        await site.revoke()
        assert "list_memories" not in await rest(lines)
    late = await site.http.post(endpoint, json=LIST, headers=site.mine)
    assert late.status_code == 401
    assert "Authorization: Token" in late.json()["detail"]


@pytest.mark.parametrize("path", PATHS)
async def test_a_revoked_key_ends_its_streamable_session_and_its_stream(
    site: Site, path: str
) -> None:
    session = await site.opened(path)
    async with site.http.stream("GET", path, headers=session) as stream:
        assert stream.status_code == 200
        await site.revoke()
        assert await rest(stream.aiter_lines()) == ""
    assert (await site.http.post(path, json=LIST, headers=session)).status_code == 401
    without = {"mcp-session-id": session["mcp-session-id"]}
    assert (await site.http.post(path, json=LIST, headers=without)).status_code == 404


async def test_a_revoked_key_is_no_missing_key_where_none_is_needed(site: Site) -> None:
    assert (await site.http.post("/mcp", json=initialize())).status_code == 200
    await site.revoke()
    for path in PATHS:
        refused = await site.http.post(path, json=initialize(), headers=site.mine)
        assert refused.status_code == 401
    assert (await site.http.get(SSE, headers=site.mine)).status_code == 401


@pytest.mark.parametrize(
    ("header", "value", "expected"),
    [
        ("X-OpenMemory-User", "bob", 403),
        ("X-OpenMemory-App", "evil", 403),
        ("X-OpenMemory-User", "anna", 200),
        ("X-OpenMemory-App", "Cursor", 200),
        ("X-OpenMemory-App", "a\x7fb", 400),
    ],
)
@pytest.mark.parametrize("path", PATHS)
async def test_headers_must_not_contradict_a_key_beside_a_path_either(
    site: Site, path: str, header: str, value: str, expected: int
) -> None:
    headers = {**site.mine, header: value}
    answer = await site.http.post(path, json=initialize(), headers=headers)
    assert answer.status_code == expected, answer.text


@pytest.mark.parametrize("transport", ["sse", "http"])
async def test_a_client_that_is_at_work_gets_nothing_more(site: Site, transport: str) -> None:
    async with create_mcp_http_client(headers=site.mine) as carrying:
        over = (
            sse_client(f"{site.url}{SSE}", headers=site.mine)
            if transport == "sse"
            else streamable_http_client(f"{site.url}/mcp", http_client=carrying)
        )
        async with Client(over, mode="legacy") as client:
            assert not (await client.call_tool("list_memories", {})).is_error
            await site.revoke()
            with anyio.fail_after(20), pytest.raises(MCPError):
                await client.call_tool("list_memories", {})


async def test_a_yes_that_comes_after_the_revocation_deletes_nothing(site: Site) -> None:
    body = {"messages": [{"role": "user", "content": "likes tea"}]}
    assert (await site.http.post("/v3/memories/add/", json=body, headers=site.mine)).is_success
    asked: list[bool] = []

    async def agree(context: object, params: ElicitRequestParams) -> ElicitResult:
        asked.append(True)
        await site.revoke()
        return ElicitResult(action="accept", content={"confirm": True})

    async with create_mcp_http_client(headers=site.mine) as carrying:
        over = streamable_http_client(f"{site.url}/mcp", http_client=carrying)
        with anyio.move_on_after(20), suppress(Exception):
            async with Client(over, mode="legacy", elicitation_callback=agree) as client:
                await client.call_tool("delete_all", {})
    assert asked
    left = await site.http.post("/v3/memories/", json={"filters": {"user_id": "anna"}})
    assert [row["memory"] for row in left.json()["results"]] == ["likes tea"]


# -- keys that end by themselves


async def test_a_stream_ends_when_its_key_expires(site: Site) -> None:
    soon = await make(site.http, user_id="anna", expires_in_days=0.5 / 86_400)
    async with site.http.stream("GET", SSE, headers=bearer(soon)) as stream:
        assert await rest(stream.aiter_lines())


async def test_a_stream_ends_with_the_overlap_of_its_rotated_key(site: Site) -> None:
    async with site.http.stream("GET", SSE, headers=site.mine) as stream:
        lines = stream.aiter_lines()
        await endpoint_of(lines)
        overlap = {"overlap_hours": 0.2 / 3600}
        path = f"{KEYS}/{site.key['id']}/rotate"
        assert (await site.http.post(path, json=overlap)).status_code == 201
        await rest(lines)


async def test_another_key_s_stream_goes_on(site: Site) -> None:
    other = await make(site.http, user_id="anna", app="zed")
    async with site.http.stream("GET", "/mcp/zed/sse/anna", headers=bearer(other)) as stream:
        lines = stream.aiter_lines()
        endpoint = await endpoint_of(lines)
        await site.revoke()
        await site.http.post(endpoint, json=initialize(), headers=bearer(other))
        with anyio.fail_after(20):
            async for line in lines:
                if "serverInfo" in line:
                    break
            else:
                raise AssertionError("the stream ended")


# -- whose session it is


@pytest.mark.parametrize("path", PATHS)
async def test_a_stolen_session_is_nothing_to_another_key_path_or_nobody(
    site: Site, path: str
) -> None:
    session = (await site.opened(path))["mcp-session-id"]
    twin = await make(site.http, user_id="anna", app="cursor")
    elsewhere = PATHS[1 - PATHS.index(path)]
    for where, headers in ((path, bearer(twin)), (path, {}), (elsewhere, site.mine)):
        for method, body in (("POST", LIST), ("GET", None), ("DELETE", None)):
            stolen = {**headers, "mcp-session-id": session}
            answer = await site.http.request(method, where, json=body, headers=stolen)
            assert answer.status_code == 404
    own = {**site.mine, "mcp-session-id": session}
    assert (await site.http.post(path, json=LIST, headers=own)).status_code == 200


@pytest.mark.parametrize(
    "path", ["/mcp/cursor/http/bob", "/mcp/zed/http/anna", "/mcp/cursor/sse/bob"]
)
async def test_a_path_that_contradicts_the_key_opens_nothing(site: Site, path: str) -> None:
    method = "GET" if "/sse/" in path else "POST"
    refused = await site.http.request(method, path, json=initialize(), headers=site.mine)
    assert refused.status_code == 403
    spelled = await site.http.post("/mcp/CURSOR/http/anna", json=initialize(), headers=site.mine)
    assert spelled.status_code == 200


async def test_headers_that_contradict_the_key_open_nothing(site: Site) -> None:
    for name, value in (("X-OpenMemory-User", "bob"), ("X-OpenMemory-App", "zed")):
        headers = {**site.mine, name: value}
        refused = await site.http.post("/mcp", json=initialize(), headers=headers)
        assert refused.status_code == 403


# -- the gate itself


class Slow:
    """An app that says a first thing, and a second once it is told to."""

    def __init__(self) -> None:
        self.entered, self.begin = anyio.Event(), anyio.Event()
        self.began, self.go_on = anyio.Event(), anyio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.entered.set()
        await self.begin.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"first ", "more_body": True})
        self.began.set()
        await self.go_on.wait()
        await send({"type": "http.response.body", "body": b"second"})


async def test_nothing_passes_that_another_server_has_revoked(
    app: FastAPI, settings: Settings, clock: FrozenClock
) -> None:
    """With a shared database nobody tells this process: it asks before each message."""
    store: Container = app.state.container
    slow = Slow()
    gate = KeyGate(slow, app.state.identity.authenticator, OpenCalls(store.keys.left))
    issued = await store.keys.create(OWNER, KeyWish())
    answers: list[httpx.Response] = []

    async def call() -> None:
        transport = httpx.ASGITransport(gate)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
            answers.append(await http.get("/mcp", headers=bearer(issued.credential)))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(call)
        slow.begin.set()
        await slow.began.wait()
        if store.database.shared:
            other = Container(settings, embedder=HashEmbedder(), clock=clock)
            async with other.at_rest():
                await other.keys.revoke(OWNER, issued.key.id)
        else:
            await store.keys.revoke(OWNER, issued.key.id)
        slow.go_on.set()
    assert [answer.text for answer in answers] == ["first "]


async def test_a_call_that_had_not_answered_yet_is_told_why(app: FastAPI) -> None:
    store: Container = app.state.container
    slow = Slow()
    slow.go_on.set()
    gate = KeyGate(slow, app.state.identity.authenticator, OpenCalls(store.keys.left))
    issued = await store.keys.create(OWNER, KeyWish())
    scope = {
        "type": "http",
        "path": "/mcp",
        "headers": [(b"x-api-key", issued.credential.encode())],
    }
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        raise AssertionError("there is no body to ask for")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(gate, scope, receive, send)
        await slow.entered.wait()
        await store.keys.revoke(OWNER, issued.key.id)
        slow.begin.set()
    assert [message.get("status") for message in sent] == [401, None]


async def test_while_nobody_can_say_whether_a_key_counts_nothing_passes(app: FastAPI) -> None:
    store: Container = app.state.container
    known = True

    async def left(key_id: str) -> timedelta | None:
        if not known:
            raise Unavailable("the database is away")
        return await store.keys.left(key_id)

    slow = Slow()
    slow.go_on.set()
    gate = KeyGate(slow, app.state.identity.authenticator, OpenCalls(left))
    issued = await store.keys.create(OWNER, KeyWish())
    slow.begin.set()
    transport = httpx.ASGITransport(gate)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        before = await http.get("/mcp", headers=bearer(issued.credential))
        known = False
        after = await http.get("/mcp", headers=bearer(issued.credential))
    assert (before.status_code, after.status_code) == (200, 401)
