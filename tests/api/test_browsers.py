"""What browsers are told and refused: origins, headers, pages of other sites, proxies."""

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request
from pydantic import ValidationError

from openmemory_api import hosted
from openmemory_api.app import create_app
from openmemory_api.container import Container
from openmemory_api.headers import CONTENT_POLICY
from openmemory_api.settings import Settings
from tests.fakes import HashEmbedder

ORIGIN = "https://app.example"
KEY = "a-long-random-text"
PATHS = ("/v1/ping/", "/health", "/mcp", "/mcp/cursor/sse/anna", "/nowhere", "/docs", "/")


@asynccontextmanager
async def serving(
    folder: Path, *, client: str = "192.0.2.9", **settings: Any
) -> AsyncGenerator[tuple[FastAPI, httpx.AsyncClient]]:
    chosen = Settings.model_validate({"data_dir": folder / "data", **settings})
    container = Container(chosen, embedder=HashEmbedder())
    app = create_app(chosen, container)
    async with app.router.lifespan_context(app):
        await container.ready()
        transport = httpx.ASGITransport(app, client=(client, 1), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
            yield app, http


# -- what every answer carries


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "headers", [{}, {"host": "evil.example"}, {"origin": "https://evil.example"}]
)
async def test_every_answer_makes_a_browser_careful(
    http: httpx.AsyncClient, path: str, headers: dict[str, str]
) -> None:
    method = "OPTIONS" if path.startswith("/mcp") else "GET"
    answer = await http.request(method, path, headers=headers)
    assert answer.headers["content-security-policy"] == CONTENT_POLICY
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert "no-store" in answer.headers["cache-control"]
    assert "strict-transport-security" not in answer.headers
    assert "frame-ancestors 'none'" in CONTENT_POLICY
    assert "unsafe" not in CONTENT_POLICY.replace("style-src 'self' 'unsafe-inline'", "")


async def test_an_answer_to_a_crash_and_to_too_much_does_too(tmp_path: Path) -> None:
    async with serving(tmp_path, client="127.0.0.1", allowed_origins=ORIGIN) as (app, http):

        def fails() -> None:
            raise RuntimeError("an inside matter")

        app.add_api_route("/fails", fails)
        for answer in (
            await http.get("/fails", headers={"origin": ORIGIN}),
            await http.post("/v3/memories/", content=b"x" * 5_000_000, headers={"origin": ORIGIN}),
        ):
            assert answer.status_code in (413, 500)
            assert answer.headers["content-security-policy"] == CONTENT_POLICY
            assert answer.headers["access-control-allow-origin"] == ORIGIN


async def test_a_server_without_a_store_does_too(tmp_path: Path) -> None:
    settings = Settings.model_validate(
        {"data_dir": tmp_path, "backend": "hosted", "hosted_key": "m0-key"}
    )
    transport = httpx.ASGITransport(hosted.create_app(settings))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        for path in ("/health", "/v1/memories/"):
            headers = (await http.get(path)).headers
            assert headers["content-security-policy"] == CONTENT_POLICY


async def test_the_documentation_runs_under_that_policy(http: httpx.AsyncClient) -> None:
    page = (await http.get("/docs/")).text
    assert re.findall(r"<script(?![^>]* src=)", page) == []
    assert re.findall(r"\son\w+=", page) == []
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(addresses) == 4
    for address in addresses:
        asset = await http.get(address)
        assert asset.status_code == 200
        assert "max-age" in asset.headers["cache-control"]
    script = await http.get("/docs/assets/start.js")
    assert script.headers["content-type"].startswith("text/javascript")
    assert "openapi.json" in script.text


# -- other sites


@pytest.mark.parametrize("path", PATHS)
async def test_a_page_of_another_site_loads_nothing_by_the_side(
    http: httpx.AsyncClient, path: str
) -> None:
    """Browsers send no Origin with images and scripts; they say from where they are embedded."""
    headers = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}
    assert (await http.get(path, headers=headers)).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"},
        {"sec-fetch-site": "none", "sec-fetch-mode": "navigate"},
        {"sec-fetch-site": "same-origin", "sec-fetch-mode": "cors"},
        {"sec-fetch-site": "same-site", "sec-fetch-mode": "no-cors"},
        {"sec-fetch-mode": "cors"},
    ],
)
async def test_a_link_a_bookmark_and_our_own_pages_are_served(
    http: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    assert (await http.get("/docs", headers=headers)).status_code == 200


@pytest.mark.parametrize("headers", [{"host": "evil.example"}, {"origin": "https://evil.example"}])
@pytest.mark.parametrize("path", ["/", "/mcp", "/nowhere"])
async def test_a_websocket_of_another_site_is_closed_before_it_opens(
    app: FastAPI, path: str, headers: dict[str, str]
) -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def nothing() -> Any:
        raise AssertionError

    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    given = raw if "host" in headers else [*raw, (b"host", b"127.0.0.1")]
    scope = {"type": "websocket", "path": path, "headers": given, "client": ("127.0.0.1", 1)}
    await app({**scope, "query_string": b"", "subprotocols": []}, nothing, send)
    assert sent == [{"type": "websocket.close", "code": 1008}]


# -- listed origins


async def test_nobody_gets_cors_headers_unless_listed(http: httpx.AsyncClient) -> None:
    for origin in ("http://localhost:3000", "http://127.0.0.1:8765"):
        asked = {"origin": origin, "access-control-request-method": "POST"}
        for answer in (
            await http.get("/v1/ping/", headers={"origin": origin}),
            await http.options("/v3/memories/", headers=asked),
        ):
            assert not [name for name in answer.headers if name.startswith("access-control")]


async def test_a_listed_origin_is_answered_and_exactly_that(tmp_path: Path) -> None:
    listed = f"{ORIGIN}, https://Other.example/"
    async with serving(tmp_path, allowed_origins=listed, host="0.0.0.0", api_key=KEY) as (_, http):
        asked = {
            "origin": ORIGIN,
            "access-control-request-method": "DELETE",
            "access-control-request-headers": "authorization,x-openmemory-user",
        }
        for path in ("/v3/memories/", "/mcp", "/nowhere"):
            allowed = await http.options(path, headers=asked)
            assert allowed.status_code == 200
            assert allowed.headers["access-control-allow-origin"] == ORIGIN
            assert "DELETE" in allowed.headers["access-control-allow-methods"]
            assert "authorization" in allowed.headers["access-control-allow-headers"]
            assert "access-control-allow-credentials" not in allowed.headers

        for key, status in ((KEY, 200), ("wrong", 401)):
            headers = {"origin": "https://other.example", "x-api-key": key}
            answer = await http.get("/v1/ping/", headers=headers)
            assert answer.status_code == status
            assert answer.headers["access-control-allow-origin"] == "https://other.example"
            assert "X-Request-ID" in answer.headers["access-control-expose-headers"]

        for origin in ("http://localhost:1", "https://app.example.evil.example", "null", None):
            headers = {"x-api-key": KEY, **({"origin": origin} if origin else {})}
            answer = await http.get("/v1/ping/", headers=headers)
            assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    "origins",
    ["*", "https://*.example", "null", "app.example", "ftp://a", "https://a/b", "https://u@a", ""],
)
def test_what_is_no_origin_is_refused_at_the_start(origins: str) -> None:
    if not origins:
        assert Settings.model_validate({"allowed_origins": origins}).allowed_origins == ()
        return
    with pytest.raises(ValidationError, match="OPENMEMORY_ALLOWED_ORIGINS"):
        Settings.model_validate({"allowed_origins": origins})


# -- proxies


async def seen_by(http: httpx.AsyncClient, **headers: str) -> tuple[str, str]:
    """Client and scheme as the application sees them."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    seen = await http.get("/seen", headers={**sent, "x-api-key": KEY})
    return seen.json()["client"], seen.json()["scheme"]


def tell(app: FastAPI) -> None:
    async def seen(request: Request) -> dict[str, str]:
        assert request.client
        return {"client": request.client.host, "scheme": request.url.scheme}

    app.add_api_route("/seen", seen)


async def test_a_trusted_proxy_says_who_calls_and_how(tmp_path: Path) -> None:
    proxied = {"host": "0.0.0.0", "api_key": KEY, "trusted_proxies": "192.0.2.0/24, 10.1.1.1"}
    async with serving(tmp_path, **proxied) as (app, http):
        tell(app)
        own = ("192.0.2.9", "http")
        assert await seen_by(http) == own
        told = await seen_by(http, x_forwarded_for="198.51.100.7", x_forwarded_proto="https")
        assert told == ("198.51.100.7", "https")
        # What the caller wrote itself stands to the left of what the proxies added.
        chain = await seen_by(http, x_forwarded_for="127.0.0.1, 198.51.100.7, 10.1.1.1")
        assert chain == ("198.51.100.7", "http")
        assert await seen_by(http, x_forwarded_proto="gopher") == own
        secure = {"x-forwarded-proto": "https", "x-api-key": KEY, "host": "192.0.2.1"}
        answer = await http.get("/v1/ping/", headers=secure)
        assert answer.headers["strict-transport-security"] == "max-age=31536000"


async def test_anybody_else_who_says_so_is_not_believed(tmp_path: Path) -> None:
    proxied = {"host": "0.0.0.0", "api_key": KEY, "trusted_proxies": "10.1.1.1"}
    async with serving(tmp_path, **proxied) as (app, http):
        tell(app)
        told = await seen_by(http, x_forwarded_for="127.0.0.1", x_forwarded_proto="https")
        assert told == ("192.0.2.9", "http")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"trusted_proxies": "127.0.0.1"}, "only for a server that demands keys"),
        ({"trusted_proxies": "127.0.0.1", "auth": "off"}, "only for a server that demands keys"),
        ({"trusted_proxies": "*", "auth": "required", "api_key": KEY}, "not '\\*'"),
        ({"trusted_proxies": "proxy", "auth": "required", "api_key": KEY}, "not 'proxy'"),
        ({"trusted_proxies": "0.0.0.0/0", "auth": "required", "api_key": KEY}, "everyone"),
        ({"trusted_proxies": "::/0", "auth": "required", "api_key": KEY}, "everyone"),
    ],
)
def test_proxies_that_cannot_be_trusted_are_refused_at_the_start(
    settings: dict[str, str], said: str
) -> None:
    with pytest.raises(ValidationError, match=said):
        Settings.model_validate(settings)
