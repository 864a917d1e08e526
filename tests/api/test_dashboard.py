"""How the built dashboard is served: what a browser gets, what a program gets, and what neither."""

import gzip
import json
from collections.abc import AsyncGenerator
from pathlib import Path
from urllib.parse import unquote

import anyio
import httpx
import pytest

from openmemory_api.app import create_app
from openmemory_api.container import Container
from openmemory_api.headers import CONTENT_POLICY
from openmemory_api.middleware import Message, Receive, Scope, Send, Surface, SurfacePolicy
from openmemory_api.routes.dashboard import Dashboard
from openmemory_api.settings import Settings
from tests.fakes import HashEmbedder

PAGE = '<!doctype html><html><head><base href="/" /><title>OpenMemory</title></head><body></body></html>'
SCRIPT = "console.log('what a page does')" * 40
SQUEEZED = b"as brotli"
BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
PROGRAM = {"accept": "application/json"}


@pytest.fixture
def built(tmp_path: Path) -> Path:
    folder = tmp_path / "static"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text(PAGE)
    (folder / "icon.svg").write_text("<svg/>")
    script = folder / "assets" / "index-1a2b.js"
    script.write_text(SCRIPT)
    script.with_suffix(".js.br").write_bytes(SQUEEZED)
    script.with_suffix(".js.gz").write_bytes(gzip.compress(SCRIPT.encode()))
    (tmp_path / "secret.txt").write_text("nobody's business")
    return folder


@pytest.fixture
def prefix() -> str:
    return ""


@pytest.fixture
async def http(built: Path, tmp_path: Path, prefix: str) -> AsyncGenerator[httpx.AsyncClient]:
    settings = Settings(data_dir=tmp_path / "data", root_path=prefix)
    app = create_app(settings, Container(settings, embedder=HashEmbedder()), dashboard=built)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8765"
        ) as client,
    ):
        yield client


@pytest.mark.parametrize(
    "path", ["/", "/index.html", "/memories", "/memories/a%2Fb", "/apps/my.app"]
)
async def test_a_browser_gets_the_page_on_every_address_of_it(
    http: httpx.AsyncClient, path: str
) -> None:
    answer = await http.get(path, headers=BROWSER)
    assert answer.status_code == 200
    assert answer.text == PAGE.replace('<base href="/" />', '\n    <base href="/">')
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["content-security-policy"] == CONTENT_POLICY


@pytest.mark.parametrize("prefix", ["/memory"])
@pytest.mark.parametrize("path", ["/memory/", "/memory", "/memory/access", "/access"])
async def test_under_a_prefix_the_page_knows_where_it_is(
    http: httpx.AsyncClient, path: str
) -> None:
    answer = await http.get(path, headers=BROWSER)
    assert '<base href="/memory/">' in answer.text
    script = await http.get("/memory/assets/index-1a2b.js", headers={"accept-encoding": ""})
    assert script.text == SCRIPT


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/memories", PROGRAM),
        ("/memories", {"accept": "*/*"}),
        ("/memories", {"accept": "text/html;q=0, */*"}),
        ("/assets/gone-99.js", {"accept": "*/*"}),
        ("/assets/gone-99.js", BROWSER),
        ("/assets", BROWSER),
        ("/favicon.ico", {"accept": "image/*"}),
        ("/assets/index-1a2b.js.br", BROWSER),
        ("/assets/index-1a2b.js.gz", PROGRAM),
        ("/api/v1/nope", BROWSER),
        ("/v1/nope", BROWSER),
        ("/docs/nope", BROWSER),
        ("/mcp/nope", BROWSER),
    ],
)
async def test_what_is_missing_is_missing(
    http: httpx.AsyncClient, path: str, headers: dict[str, str]
) -> None:
    answer = await http.get(path, headers=headers)
    assert answer.status_code == 404
    if not path.startswith("/mcp"):
        assert answer.json()["error"] == answer.json()["detail"]


@pytest.mark.parametrize("path", ["/health", "/docs", "/openapi.json", "/v1/ping/", "/api/v1/apps"])
async def test_every_other_route_wins(http: httpx.AsyncClient, built: Path, path: str) -> None:
    (built / path.strip("/").split("/")[0]).write_text("a file of the same name")
    answer = await http.get(path, headers=BROWSER)
    assert answer.status_code == 200
    assert answer.text != PAGE
    assert "of the same name" not in answer.text


async def test_only_looking_is_served(http: httpx.AsyncClient) -> None:
    for path in ("/memories", "/assets/index-1a2b.js"):
        assert (await http.post(path, headers=BROWSER)).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/assets/../index.html",
        "/assets/./index-1a2b.js",
        "/assets/../../secret.txt",
        "/%2e%2e/secret.txt",
        "/assets/..%2f..%2fsecret.txt",
        "/..%5csecret.txt",
        "/assets/%00",
        "/" + "a" * 4000,
    ],
)
async def test_nothing_outside_of_the_build_is_served(built: Path, path: str) -> None:
    """Sent as it is: a client's library would straighten it first."""
    settings = Settings(data_dir=built.parent / "data")
    answered: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        answered.append(message)

    async def elsewhere(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 404})

    app = create_app(settings, dashboard=built)
    served = Surface(
        Dashboard(elsewhere, lambda: app.routes, built), SurfacePolicy(trusts_local=True)
    )
    headers = [(b"host", b"127.0.0.1")]
    raw = path.encode()
    scope = {"type": "http", "method": "GET", "path": unquote(path), "raw_path": raw}
    await served({**scope, "headers": headers, "query_string": b""}, receive, send)
    assert [message.get("status") for message in answered] == [404]


async def test_a_link_out_of_the_build_leads_nowhere(http: httpx.AsyncClient, built: Path) -> None:
    (built / "link.txt").symlink_to(built.parent / "secret.txt")
    assert (await http.get("/link.txt")).status_code == 404


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [("gzip, deflate, br", "br"), ("gzip", "gzip"), ("br;q=0, gzip;q=0.5", "gzip"), ("", None)],
)
async def test_a_file_comes_as_small_as_the_browser_takes_it(
    http: httpx.AsyncClient, accepted: str, coding: str | None
) -> None:
    async with http.stream(
        "GET", "/assets/index-1a2b.js", headers={"accept-encoding": accepted}
    ) as answer:
        raw = b"".join([part async for part in answer.aiter_raw()])
    plain = {"br": SQUEEZED, "gzip": raw, None: SCRIPT.encode()}[coding]
    assert raw == plain
    assert answer.headers.get("content-encoding") == coding
    assert answer.headers["content-length"] == str(len(raw))
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["vary"] == "Accept-Encoding"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    if coding == "gzip":
        assert gzip.decompress(raw).decode() == SCRIPT


@pytest.mark.parametrize("path", ["/", "/icon.svg", "/assets/index-1a2b.js"])
async def test_what_a_browser_has_is_not_sent_again(http: httpx.AsyncClient, path: str) -> None:
    headers = {"accept-encoding": "gzip"}
    first = await http.get(path, headers=headers)
    again = await http.get(path, headers={**headers, "if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["cache-control"] == first.headers["cache-control"]
    other = await http.get(path, headers={"accept-encoding": "", "if-none-match": '"other"'})
    assert other.status_code == 200
    head = await http.head(path, headers=headers)
    assert head.headers["etag"] == first.headers["etag"]


async def test_a_new_build_is_served_at_once(http: httpx.AsyncClient, built: Path) -> None:
    before = await http.get("/")
    (built / "index.html").write_text(PAGE.replace("OpenMemory", "Newer"))
    after = await http.get("/", headers={"if-none-match": before.headers["etag"]})
    assert "Newer" in after.text


async def test_looking_at_the_page_is_no_call_of_the_store(http: httpx.AsyncClient) -> None:
    for path in ("/", "/memories", "/assets/index-1a2b.js", "/assets/gone.js"):
        await http.get(path, headers=BROWSER)
    await http.get("/v1/ping/")
    rows = (await http.get("/api/v1/activity")).json()["results"]
    assert [row["operation"] for row in rows] == ["GET /v1/ping/"]


async def test_the_page_waits_for_no_store_and_needs_no_key(built: Path, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data", auth="required", api_key="a-long-random-text")  # pyright: ignore[reportArgumentType] - as text, as in the environment
    app = create_app(settings, dashboard=built)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        with anyio.fail_after(5):
            for path in ("/", "/memories", "/assets/index-1a2b.js"):
                assert (await http.get(path, headers=BROWSER)).status_code == 200


async def test_without_a_build_one_page_says_so_and_all_else_works(
    http: httpx.AsyncClient, built: Path
) -> None:
    (built / "index.html").unlink()
    for path, status in (("/", 200), ("/memories", 404)):
        answer = await http.get(path, headers=BROWSER)
        assert answer.status_code == status
        assert answer.headers["cache-control"] == "no-store"
        assert "<code>make ui</code>" in answer.text
        assert "http://127.0.0.1:8765/mcp" in answer.text
    assert (await http.get("/memories", headers=PROGRAM)).json()["error"]
    assert (await http.get("/v1/ping/")).status_code == 200


def test_the_dashboard_is_made_from_the_api_as_it_is(tmp_path: Path) -> None:
    """`make openapi` writes both files anew."""
    written = Path(__file__).parents[2] / "ui" / "openapi.json"
    app = create_app(Settings(data_dir=tmp_path))
    assert json.loads(written.read_text("utf-8")) == json.loads(json.dumps(app.openapi()))
