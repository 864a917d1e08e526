"""The HTTP transports: paths, who is served on them, and whose session is whose."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from mcp import Client
from mcp.client.sse import sse_client
from mcp.server.transport_security import TransportSecuritySettings
from mcp.types import Implementation
from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

from openmemory_mcp.backends.rest import RestBackend
from openmemory_mcp.http import KEY, McpHttp
from openmemory_mcp.server import create_server
from tests.mcp.loopback import serving
from tests.mcp.recorder import Recorder

PATHS = ("/mcp", "/mcp/", "/mcp/cursor/http/alice")
ACCEPT = {"Accept": "application/json, text/event-stream"}
LOCAL = TransportSecuritySettings(
    allowed_hosts=["127.0.0.1:*"], allowed_origins=["http://127.0.0.1:*"]
)
HERE = "http://127.0.0.1:8765"
CURSOR = Implementation(name="Cursor", version="1")


@dataclass(frozen=True, slots=True)
class Site:
    url: str
    http: httpx.AsyncClient


@asynccontextmanager
async def site_of(backend: RestBackend, max_sessions: int = 100) -> AsyncGenerator[Site]:
    mcp = McpHttp(create_server(backend), LOCAL, max_sessions=max_sessions)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        async with mcp.running():
            yield

    app = Starlette(routes=mcp.routes(), lifespan=lifespan)
    async with serving(app) as url, httpx.AsyncClient(base_url=url, headers=ACCEPT) as http:
        yield Site(url, http)


@pytest.fixture
async def site(backend: RestBackend, recorder: Recorder) -> AsyncGenerator[Site]:
    recorder.answer = {"results": []}
    async with site_of(backend) as running:
        yield running


def initialize(version: str = "2025-11-25") -> dict[str, Any]:
    info = {"name": "probe", "version": "1"}
    params = {"protocolVersion": version, "capabilities": {}, "clientInfo": info}
    return {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}


LIST: dict[str, Any] = {
    "jsonrpc": "2.0",
    "id": 2,
    "method": "tools/call",
    "params": {"name": "list_memories", "arguments": {}},
}


async def opened(site: Site, path: str, **headers: str) -> str:
    response = await site.http.post(path, json=initialize(), headers=headers)
    assert response.status_code == 200
    return response.headers["mcp-session-id"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("mode", ["legacy", "auto", "2026-07-28"])
async def test_every_path_serves_every_era(
    site: Site, recorder: Recorder, path: str, mode: str
) -> None:
    async with Client(f"{site.url}{path}", mode=mode, client_info=CURSOR) as client:
        result = await client.call_tool("list_memories", {})

    assert not result.is_error
    assert recorder.last.headers["x-openmemory-surface"] == "mcp-http"
    assert recorder.last.headers["x-openmemory-client"] == "cursor"


@pytest.mark.parametrize("version", ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"])
async def test_every_revision_with_a_handshake_is_spoken(site: Site, version: str) -> None:
    response = await site.http.post("/mcp", json=initialize(version))

    assert f'"protocolVersion":"{version}"' in response.text
    assert response.headers["content-type"].startswith("text/event-stream")


@pytest.mark.parametrize("path", PATHS)
async def test_no_path_redirects(site: Site, path: str) -> None:
    assert (await site.http.post(path, json=initialize())).status_code == 200


async def test_the_path_names_app_and_user_and_wins_over_headers(
    site: Site, recorder: Recorder
) -> None:
    headers = {"X-OpenMemory-User": "mallory", "X-OpenMemory-App": "evil"}
    session = await opened(site, "/mcp/cursor/http/alice", **headers)

    await site.http.post(
        "/mcp/cursor/http/alice", json=LIST, headers={**headers, "mcp-session-id": session}
    )

    assert recorder.last.headers["x-openmemory-user"] == "alice"
    assert recorder.last.headers["x-openmemory-app"] == "cursor"


async def test_headers_and_credentials_are_passed_on(site: Site, recorder: Recorder) -> None:
    headers = {
        "X-OpenMemory-User": "alice",
        "X-OpenMemory-App": "zed",
        "Authorization": "Bearer k1",
        "X-API-Key": "k2",
    }
    session = await opened(site, "/mcp", **headers)

    await site.http.post("/mcp", json=LIST, headers={**headers, "mcp-session-id": session})

    sent = recorder.last.headers
    assert {name: sent[name.lower()] for name in headers} == headers


async def test_without_a_path_or_headers_nothing_is_claimed(site: Site, recorder: Recorder) -> None:
    session = await opened(site, "/mcp")

    await site.http.post("/mcp", json=LIST, headers={"mcp-session-id": session})

    claimed = {"x-openmemory-user", "x-openmemory-app", "authorization", "x-api-key"}
    assert not claimed & recorder.last.headers.keys()
    assert recorder.last.headers["x-openmemory-client"] == "probe"


@pytest.mark.parametrize(
    "path",
    [
        "/mcp/-x/http/alice",
        "/mcp/cursor/http/a%20b",
        "/mcp/cursor/http/%23",
        "/mcp/cursor/sse/a%0Ab",
        "/mcp/%3Fx/sse/alice",
    ],
)
async def test_path_values_that_are_no_names_are_not_found(site: Site, path: str) -> None:
    response = await site.http.request("GET" if "sse" in path else "POST", path)

    assert response.status_code == 404


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/mcp/cursor/http/mallory", {"Authorization": "Bearer k1"}),
        ("/mcp/zed/http/alice", {"Authorization": "Bearer k1"}),
        ("/mcp", {"Authorization": "Bearer k1"}),
        ("/mcp/cursor/http/alice", {"Authorization": "Bearer k2"}),
        ("/mcp/cursor/http/alice", {}),
        ("/mcp/cursor/http/alice", {"Authorization": "Bearer k1", "X-API-Key": "k3"}),
    ],
)
async def test_a_stolen_session_is_not_found_under_another_path_or_credential(
    site: Site, recorder: Recorder, path: str, headers: dict[str, str]
) -> None:
    session = await opened(site, "/mcp/cursor/http/alice", Authorization="Bearer k1")

    for method, body in (("POST", LIST), ("GET", None), ("DELETE", None)):
        stolen = {**headers, "mcp-session-id": session}
        response = await site.http.request(method, path, json=body, headers=stolen)
        assert response.status_code == 404

    assert recorder.asked == []


async def test_an_unknown_session_is_not_found(site: Site) -> None:
    response = await site.http.post("/mcp", json=LIST, headers={"mcp-session-id": "0" * 32})

    assert response.status_code == 404


async def test_a_session_that_its_client_ended_is_not_found(site: Site) -> None:
    session = {"mcp-session-id": await opened(site, "/mcp")}

    assert (await site.http.delete("/mcp", headers=session)).status_code == 200
    assert (await site.http.post("/mcp", json=LIST, headers=session)).status_code == 404


async def keyed(mcp: McpHttp, key: str) -> str:
    """A session that is opened with a key, as whoever verifies keys hands the request on."""
    transport = httpx.ASGITransport(Keyed(mcp, key))
    async with httpx.AsyncClient(transport=transport, base_url=HERE) as http:
        answer = await http.post("/mcp", json=initialize(), headers=ACCEPT)
    return answer.headers.get("mcp-session-id", str(answer.status_code))


class Keyed:
    """The tool server behind something that has verified a key."""

    def __init__(self, mcp: McpHttp, key: str) -> None:
        self._app = Starlette(routes=mcp.routes())
        self._key = key

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app({**scope, KEY: self._key}, receive, send)


async def test_a_key_that_ends_takes_its_sessions_along_and_no_others(
    backend: RestBackend,
) -> None:
    mcp = McpHttp(create_server(backend), LOCAL, max_sessions=2)
    async with mcp.running():
        await keyed(mcp, "one")
        other = await keyed(mcp, "another")
        assert await keyed(mcp, "one") == "503"
        await mcp.end("one")
        await mcp.end("unheard of")
        again = await keyed(mcp, "one")
        assert len(again) == len(other)
        assert await keyed(mcp, "one") == "503"
        await mcp.end("another")
        assert len(await keyed(mcp, "another")) == len(other)


async def test_sessions_that_ended_by_themselves_are_not_kept_in_mind(
    backend: RestBackend,
) -> None:
    mcp = McpHttp(create_server(backend), LOCAL, max_sessions=1)
    async with mcp.running():
        for _ in range(3):
            session = {**ACCEPT, "mcp-session-id": await keyed(mcp, "one")}
            transport = httpx.ASGITransport(Keyed(mcp, "one"))
            async with httpx.AsyncClient(transport=transport, base_url=HERE) as http:
                assert (await http.delete("/mcp", headers=session)).status_code == 200
        await mcp.end("one")
        assert len(await keyed(mcp, "one")) > 3


async def test_no_more_sessions_are_opened_than_allowed(backend: RestBackend) -> None:
    async with site_of(backend, max_sessions=2) as site:
        sessions = [await opened(site, "/mcp"), await opened(site, "/mcp")]
        refused = await site.http.post("/mcp", json=initialize())
        await site.http.delete("/mcp", headers={"mcp-session-id": sessions[0]})
        admitted = await site.http.post("/mcp", json=initialize())

    assert (refused.status_code, admitted.status_code) == (503, 200)


@pytest.mark.parametrize("path", [*PATHS, "/mcp/cursor/sse/alice"])
@pytest.mark.parametrize(
    ("headers", "status"),
    [({"Host": "evil.example"}, 421), ({"Origin": "https://evil.example"}, 403)],
)
async def test_foreign_hosts_and_origins_are_refused(
    site: Site, path: str, headers: dict[str, str], status: int
) -> None:
    if path.endswith("sse/alice"):
        response = await site.http.get(path, headers=headers)
    else:
        response = await site.http.post(path, json=initialize(), headers=headers)

    assert response.status_code == status


async def test_a_page_of_this_machine_may_call(site: Site) -> None:
    response = await site.http.post("/mcp", json=initialize(), headers={"Origin": site.url})

    assert response.status_code == 200


async def test_a_form_post_from_a_web_page_is_refused(site: Site) -> None:
    response = await site.http.post("/mcp", content="{}", headers={"Content-Type": "text/plain"})

    assert response.status_code == 400


async def test_over_sse_the_path_names_app_and_user(site: Site, recorder: Recorder) -> None:
    transport = sse_client(f"{site.url}/mcp/cursor/sse/alice")

    async with Client(transport, mode="legacy", client_info=CURSOR) as client:
        result = await client.call_tool("list_memories", {})

    assert not result.is_error
    assert recorder.last.headers["x-openmemory-surface"] == "mcp-sse"
    assert recorder.last.headers["x-openmemory-user"] == "alice"
    assert recorder.last.headers["x-openmemory-app"] == "cursor"


async def test_a_stolen_sse_session_is_not_found_under_another_path_or_credential(
    site: Site, recorder: Recorder
) -> None:
    mine = {"Authorization": "Bearer k1"}
    async with site.http.stream("GET", "/mcp/cursor/sse/alice", headers=mine) as stream:
        lines = stream.aiter_lines()  # Held: a stream whose reader is dropped is closed.
        endpoint = await endpoint_of(lines)
        assert endpoint.startswith("/mcp/cursor/sse/alice/messages/?session_id=")
        stolen = [
            await site.http.post(endpoint.replace("alice", "mallory"), json=LIST, headers=mine),
            await site.http.post(endpoint.replace("cursor", "zed"), json=LIST, headers=mine),
            await site.http.post(endpoint, json=LIST),
            await site.http.post(endpoint, json=LIST, headers={"Authorization": "Bearer k2"}),
        ]
        own = await site.http.post(endpoint, json=initialize(), headers=mine)

    assert [response.status_code for response in stolen] == [404] * 4
    assert own.status_code == 202
    assert recorder.asked == []


async def endpoint_of(lines: AsyncIterator[str]) -> str:
    async for line in lines:
        if line.startswith("data: "):
            return line.removeprefix("data: ")
    raise AssertionError("the stream ended without an endpoint")


async def test_no_more_sse_streams_are_served_than_allowed(backend: RestBackend) -> None:
    async with (
        site_of(backend, max_sessions=1) as site,
        site.http.stream("GET", "/mcp/cursor/sse/alice") as stream,
    ):
        lines = stream.aiter_lines()
        await endpoint_of(lines)
        refused = await site.http.get("/mcp/cursor/sse/bob")

    assert refused.status_code == 503
