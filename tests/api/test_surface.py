"""The surface every request passes: hosts, origins, proxies, sizes and spellings of a path."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from openmemory_api.app import create_app, in_process
from openmemory_api.container import Container
from openmemory_api.limits import MAX_BODY
from openmemory_api.middleware import Surface, SurfacePolicy, normalised
from openmemory_api.settings import Settings
from tests.fakes import HashEmbedder

PATHS = ["/v1/ping/", "/health", "/mcp", "/nowhere", "/docs"]
KEY = "omk_the-key-of-this-test"


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("host", ["evil.example", "evil.example:8765", "127.0.0.1.evil.example"])
async def test_a_foreign_host_is_refused_on_every_path(
    http: httpx.AsyncClient, path: str, host: str
) -> None:
    answer = await http.get(path, headers={"host": host})
    assert answer.status_code == 421
    assert "OPENMEMORY_ALLOWED_HOSTS" in answer.json()["detail"]


async def test_the_tool_servers_client_keeps_no_cookie_of_any_caller() -> None:
    asked: list[str | None] = []

    async def answer(request: Request) -> Response:
        asked.append(request.headers.get("cookie"))
        return Response(headers={"set-cookie": "session=anna; Path=/"})

    async with in_process(Starlette(routes=[Route("/", answer)])) as http:
        for _ in range(2):
            assert "set-cookie" in (await http.get("/")).headers
    assert asked == [None, None]


@pytest.mark.parametrize("path", PATHS)
async def test_a_foreign_page_is_refused_on_every_path(http: httpx.AsyncClient, path: str) -> None:
    answer = await http.get(path, headers={"origin": "https://evil.example"})
    assert answer.status_code == 403
    assert answer.json()["detail"] == answer.json()["error"]


@pytest.mark.parametrize(
    "origin", ["http://127.0.0.1:8765", "http://localhost:3000", "https://[::1]:1"]
)
async def test_pages_of_this_machine_are_admitted(http: httpx.AsyncClient, origin: str) -> None:
    assert (await http.get("/v1/ping/", headers={"origin": origin})).status_code == 200


@pytest.mark.parametrize(
    "header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via", "X-Forwarded-Host"]
)
async def test_a_proxy_cannot_make_the_internet_local(http: httpx.AsyncClient, header: str) -> None:
    answer = await http.get("/v1/ping/", headers={header: "198.51.100.7"})
    assert answer.status_code == 421
    assert "OPENMEMORY_AUTH=required" in answer.json()["detail"]


def test_listed_hosts_and_origins_are_served() -> None:
    policy = SurfacePolicy(
        trusts_local=False,
        allowed_hosts=("memory.example",),
        allowed_origins=("https://app.example",),
    )
    for host in ("memory.example", "memory.example:8000", "192.0.2.1:8000", "[2001:db8::1]:8000"):
        policy.check(_headers(host=host, origin="https://app.example"))
        policy.check(_headers(host=host, origin=f"http://{host}"))


async def test_white_space_around_a_header_is_none_of_it() -> None:
    served: list[Headers] = []

    async def app(scope: Any, *_: object) -> None:
        served.append(Headers(scope=scope))

    async def nothing(*_: object) -> Any:
        raise AssertionError

    sent = [(b"host", b" 127.0.0.1 "), (b"mcp-method", b"\t tools/list \t")]
    scope = {"type": "http", "path": "/mcp", "raw_path": b"/mcp", "headers": sent}
    await Surface(app, SurfacePolicy(trusts_local=True))(scope, nothing, nothing)

    assert [headers["mcp-method"] for headers in served] == ["tools/list"]


def _headers(**values: str) -> Headers:
    return Headers(values)


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_that_is_too_large_is_answered_and_nothing_is_stored(
    http: httpx.AsyncClient, *, chunked: bool
) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(5):
            yield b"x" * (MAX_BODY // 4)

    content = chunks() if chunked else b"x" * (MAX_BODY + 1)
    answer = await http.post("/v3/memories/add/", content=content)
    assert answer.status_code == 413
    assert "4 MB" in answer.json()["detail"]
    assert (await http.post("/v3/memories/", json={})).json()["count"] == 0


async def test_a_senseless_content_length_is_no_crash(http: httpx.AsyncClient) -> None:
    answer = await http.get("/v1/ping/", headers={"content-length": "many"})
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("sent", "served"),
    [
        ("/v1/ping", "/v1/ping/"),
        ("//v1//ping//", "/v1/ping/"),
        ("/v2/entities/user/al%2Fice", "/v2/entities/user/al%2Fice/"),
        ("/health/", "/health"),
        ("/", "/"),
        ("/api/v1/orgs/organizations", "/api/v1/orgs/organizations/"),
        ("/api/v1/actions/", "/api/v1/actions"),
        ("/v10/x", "/v10/x"),
        ("//mcp//cursor/sse/anna/messages/", "/mcp/cursor/sse/anna/messages/"),
        ("/mcp", "/mcp"),
    ],
)
def test_each_path_has_one_spelling(sent: str, served: str) -> None:
    assert normalised({"path": sent, "raw_path": sent.encode()})["path"] == served


@pytest.mark.parametrize("sent", ["/mem0/v1/ping", "/v1/ping", "/mem0//v1/ping/"])
def test_a_path_prefix_is_served_whether_or_not_the_proxy_strips_it(sent: str) -> None:
    scope = normalised({"path": sent, "raw_path": sent.encode()}, "/mem0")
    assert (scope["path"], scope["root_path"]) == ("/mem0/v1/ping/", "/mem0")


async def test_the_documentation_needs_no_other_origin(http: httpx.AsyncClient) -> None:
    page = (await http.get("/docs")).text
    assert "http://" not in page.replace("http://127.0.0.1:8765", "")
    assert "https://" not in page
    for name in ("swagger-ui-bundle.js", "swagger-ui.css", "favicon.png"):
        assert f"/docs/assets/{name}" in page
        assert (await http.get(f"/docs/assets/{name}")).status_code == 200
    assert (await http.get("/docs/assets/core.py")).status_code == 404
    assert (await http.get("/openapi.json")).json()["info"]["title"] == "OpenMemory"


async def test_the_first_page_says_how_to_connect_and_escapes_the_host(
    http: httpx.AsyncClient,
) -> None:
    page = (await http.get("/", headers={"host": "localhost:8765"})).text
    assert "claude mcp add --transport http -s user openmemory http://localhost:8765/mcp" in page
    odd = await http.get("/", headers={"host": "localhost:<b>"})
    assert "<b>" not in odd.text


async def test_health_tells_what_is_claimed_and_nothing_private(http: httpx.AsyncClient) -> None:
    health = (await http.get("/health")).json()
    assert health["status"] == "ok"
    assert health["service"] == "openmemory"
    assert health["auth"] == {"mode": "auto", "key_required": False, "app_identity": "claimed"}
    assert health["memories"] == health["index"]["pending"] == 0


@pytest.fixture
async def guarded(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    settings = Settings.model_validate(
        {"data_dir": tmp_path / "data", "host": "0.0.0.0", "api_key": KEY}
    )
    container = Container(settings, embedder=HashEmbedder())
    app = create_app(settings, container, local_secret="omk_local")
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, client=("192.0.2.9", 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://192.0.2.1") as client:
            yield client


@pytest.mark.parametrize("path", ["/v1/ping/", "/api/v1/actions", "/v1/events/", "/v1/entities/"])
async def test_where_a_key_is_demanded_nothing_answers_without_it(
    guarded: httpx.AsyncClient, path: str
) -> None:
    refused = await guarded.get(path)
    assert refused.status_code == 401
    assert "Authorization: Token" in refused.json()["detail"]
    for headers in (
        {"Authorization": f"Token {KEY}"},
        {"Authorization": f"Bearer {KEY}"},
        {"X-API-Key": KEY},
        {"Authorization": "Token omk_local"},
    ):
        assert (await guarded.get(path, headers=headers)).status_code == 200


async def test_where_a_key_is_demanded_no_tool_session_opens_without_it(
    guarded: httpx.AsyncClient,
) -> None:
    call: dict[str, Any] = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {
            "name": "list_memories",
            "arguments": {},
            "_meta": {
                "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientCapabilities": {},
            },
        },
    }
    headers = {
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": "2026-07-28",
        "Mcp-Method": "tools/call",
        "Mcp-Name": "list_memories",
    }
    refused = await guarded.post("/mcp", json=call, headers=headers)
    assert refused.status_code == 401
    assert "Authorization: Token" in refused.json()["detail"]
    assert refused.headers["www-authenticate"].startswith("Bearer")
    assert (await guarded.get("/mcp/cursor/sse/anna")).status_code == 401
    served = await guarded.post("/mcp", json=call, headers={**headers, "X-API-Key": KEY})
    assert "No memories found." in served.text


async def test_a_host_name_is_served_only_when_it_is_listed(guarded: httpx.AsyncClient) -> None:
    headers = {"X-API-Key": KEY, "host": "memory.example"}
    assert (await guarded.get("/v1/ping/", headers=headers)).status_code == 421


@pytest.mark.parametrize(
    ("name", "value"),
    [("X-OpenMemory-App", "not a name"), ("X-OpenMemory-Surface", "telepathy")],
)
async def test_an_identity_that_cannot_be_is_refused(
    http: httpx.AsyncClient, name: str, value: str
) -> None:
    assert (await http.get("/v1/ping/", headers={name: value})).status_code == 400


async def test_names_reach_the_store_as_they_were_meant(
    http: httpx.AsyncClient, app: FastAPI
) -> None:
    headers = httpx.Headers({"X-OpenMemory-User": "Zoë", "X-OpenMemory-App": "Cursor"}, "utf-8")
    body = {"messages": [{"role": "user", "content": "likes tea"}]}
    await http.post("/v3/memories/add/", json=body, headers=headers)
    (row,) = (await http.post("/v3/memories/", json={})).json()["results"]
    assert (row["user_id"], row["app"]) == ("Zoë", "cursor")


async def test_an_error_nobody_foresaw_has_the_shape_of_all_errors(app: FastAPI) -> None:
    def fails() -> None:
        raise RuntimeError("an inside matter")

    app.add_api_route("/fails", fails)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        answer = await client.get("/fails")
    assert answer.status_code == 500
    assert answer.json()["detail"] == answer.json()["error"]
    assert "inside" not in answer.text
