"""What a request may be: size, length, depth and time, each with an answer of its own."""

import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import anyio
import anyio.lowlevel
import httpx
import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from openmemory_api.container import Container
from openmemory_api.domain import deadline
from openmemory_api.domain.errors import TooLarge
from openmemory_api.limits import MAX_BODY, Limits
from openmemory_api.middleware import MAX_ADDRESS, MAX_HEADERS
from openmemory_api.routes.mem0.parsing import MAX_CONDITIONS, MAX_DEPTH
from openmemory_api.settings import Settings
from tests.api.stores import ANNA, add, stored

AT_ONCE: Final = 0.05
"""Seconds for what waits for ever."""
SOON: Final = 1.0
"""Seconds for what has to come to some point before they end."""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data", request_timeout=SOON)


async def test_an_address_that_is_too_long_has_its_own_answer(http: httpx.AsyncClient) -> None:
    answer = await http.get("/v1/memories/", params={"filters": "x" * MAX_ADDRESS})
    assert answer.status_code == 414
    assert "8 KB" in answer.json()["detail"]
    assert (await http.get("/" + "a" * MAX_ADDRESS)).status_code == 414
    assert (await http.get("/" + "a" * (MAX_ADDRESS - 1))).status_code == 404


async def test_headers_that_are_too_large_have_their_own_answer(http: httpx.AsyncClient) -> None:
    one = await http.get("/health", headers={"x-a": "a" * MAX_HEADERS})
    many = await http.get("/health", headers=[(f"x-{i}", "a" * 90) for i in range(400)])
    assert [one.status_code, many.status_code] == [431, 431]
    assert "32 KB" in one.json()["error"]
    assert (await http.get("/health", headers={"x-a": "a" * 30_000})).status_code == 200


def nested(depth: int) -> Any:
    filters: Any = {"user_id": "anna"}
    for _ in range(depth):
        filters = {"AND": [filters]}
    return filters


@pytest.mark.parametrize(
    "filters",
    [
        nested(MAX_DEPTH + 1),
        nested(200),
        {"NOT": [nested(MAX_DEPTH + 1)]},
        {"OR": [{"user_id": "anna"}] * (MAX_CONDITIONS + 1)},
        {"metadata": {"a": json.loads("[" * 200 + "]" * 200)}},
        {"user_id": {"in": ["x"] * 5_001}},
    ],
    ids=["deep", "deeper", "deep in NOT", "wide", "deep value", "many values"],
)
async def test_a_filter_that_is_too_much_is_the_client_s_error(
    http: httpx.AsyncClient, filters: Any
) -> None:
    for path, body in (("/v3/memories/", {}), ("/v3/memories/search/", {"query": "x"})):
        answer = await http.post(path, json={**body, "filters": filters})
        assert answer.status_code == 400, answer.text
        assert "filters" in answer.json()["detail"]


@pytest.mark.parametrize("opening", ['{"filters":', "["])
async def test_json_that_no_parser_can_hold_is_the_client_s_error(
    http: httpx.AsyncClient, opening: str
) -> None:
    body = opening * (MAX_BODY // len(opening))
    for path in ("/v3/memories/", "/v3/memories/search/", "/v3/memories/add/"):
        answer = await http.post(path, content=body, headers={"content-type": "application/json"})
        assert answer.status_code == 400


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/v3/memories/?page_size=201", {}),
        ("POST", "/v3/memories/?page=0", {}),
        ("POST", "/v3/memories/?page=1000000001", {}),
        ("GET", "/v1/memories/?page_size=100000", None),
        ("POST", "/v3/memories/search/", {"query": "x", "top_k": 1_001}),
        ("POST", "/v1/memories/search/", {"query": "x", "limit": 1_001}),
        ("DELETE", "/v1/batch/", {"memories": [{"memory_id": "m1"}] * 1_001}),
        ("PUT", "/v1/batch/", {"memories": [{"memory_id": "m1", "text": "x"}] * 1_001}),
        (
            "POST",
            "/v3/memories/add/",
            {"user_id": "anna", "messages": [{"role": "user", "content": "x"}] * 1_001},
        ),
        ("GET", "/api/v1/actions?page_size=201", None),
        ("POST", "/api/v1/trash/restore", {"ids": ["m1"] * 1_001}),
    ],
)
async def test_what_is_asked_for_at_once_is_bounded(
    http: httpx.AsyncClient, method: str, path: str, body: Any
) -> None:
    headers = {"X-OpenMemory-User": "anna"}
    assert (await http.request(method, path, json=body, headers=headers)).status_code == 400


# -- time


@asynccontextmanager
async def limited(*routes: Route, seconds: float = AT_ONCE) -> AsyncGenerator[httpx.AsyncClient]:
    app = Limits(Starlette(routes=list(routes)), seconds=seconds)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        yield client


async def for_ever(_: Request) -> Response:
    await anyio.sleep_forever()
    raise AssertionError


async def test_what_takes_too_long_is_given_up() -> None:
    async with limited(Route("/slow", for_ever)) as client:
        answer = await client.get("/slow")
    assert answer.status_code == 503
    assert "OPENMEMORY_REQUEST_TIMEOUT" in answer.json()["detail"]
    assert "nothing was changed" in answer.json()["detail"]
    assert answer.headers["connection"] == "close"


@pytest.mark.parametrize("path", ["/store", "/mcp", "/mcp/cursor/http/anna"])
async def test_a_body_that_never_ends_is_not_waited_for(path: str) -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield b"{"
        await anyio.sleep_forever()

    async def reads(request: Request) -> Response:
        return PlainTextResponse(await request.body())

    async with limited(Route(path, reads, methods=["POST"])) as client:
        answer = await client.post(path, content=endless())
    assert answer.status_code == 408
    assert "did not arrive" in answer.json()["detail"]


async def test_a_tool_may_think_for_longer_once_its_request_is_there() -> None:
    thought = anyio.Event()

    async def tool(request: Request) -> Response:
        await request.body()
        await anyio.sleep(1.2 * SOON)
        thought.set()
        return PlainTextResponse("done")

    async with limited(Route("/mcp", tool, methods=["GET", "POST"]), seconds=SOON) as client:
        assert (await client.post("/mcp", json={})).text == "done"
        assert (await client.get("/mcp")).text == "done"
    assert thought.is_set()


async def test_an_answer_that_has_begun_may_take_as_long_as_it_takes() -> None:
    async def events() -> AsyncIterator[bytes]:
        yield b"a"
        await anyio.sleep(1.2 * SOON)
        yield b"b"

    async def streams(_: Request) -> Response:
        return StreamingResponse(events(), media_type="text/event-stream")

    async with limited(Route("/events", streams), seconds=SOON) as client:
        assert (await client.get("/events")).text == "ab"


async def test_whoever_lifts_the_deadline_is_answered_for() -> None:
    async def writes(_: Request) -> Response:
        deadline.lift()
        await anyio.sleep(1.2 * SOON)
        return JSONResponse("written")

    async with limited(Route("/write", writes, methods=["POST"]), seconds=SOON) as client:
        assert (await client.post("/write")).json() == "written"
    assert deadline.current.get() is None


async def test_a_write_that_waits_for_its_turn_is_given_up_and_leaves_nothing(
    app: FastAPI, store: Container
) -> None:
    """Behind another write nothing has been written yet, so there is nothing to answer for."""
    held = anyio.Event()
    transport = httpx.ASGITransport(app)

    async def hold() -> None:
        async with store.database.write():
            held.set()
            await release.wait()

    release = anyio.Event()
    async with (
        httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(hold)
        await held.wait()
        body = {"user_id": "anna", "messages": [{"role": "user", "content": "tea"}]}
        answer = await client.post("/v3/memories/add/", json=body)
        assert answer.status_code == 503
        release.set()
    await add(store, ANNA, "cake")
    assert [memory.text for memory in await stored(store)] == ["cake"]


async def test_a_write_that_has_begun_is_answered_however_late(
    app: FastAPI, store: Container
) -> None:
    seen: list[bool] = []

    async def writes() -> str:
        async with store.database.write():
            await anyio.sleep(1.2 * SOON)
            seen.append(True)
        await anyio.lowlevel.checkpoint()
        return "written"

    app.add_api_route("/writes", writes, methods=["POST"])
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        assert (await client.post("/writes")).json() == "written"
    assert seen == [True]


async def test_an_error_of_ours_after_the_answer_began_is_raised() -> None:
    async def begins(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise TooLarge("an inside matter")

    async def nothing(*_: object) -> Any:
        return {"type": "http.request"}

    scope: dict[str, Any] = {"type": "http", "path": "/", "headers": []}
    with pytest.raises(TooLarge, match="inside"):
        await Limits(begins, seconds=1)(scope, nothing, nothing)


async def test_what_is_no_request_passes() -> None:
    seen: list[str] = []

    async def app(scope: Any, *_: object) -> None:
        seen.append(scope["type"])

    async def nothing(*_: object) -> Any:
        raise AssertionError

    await Limits(app, seconds=1)({"type": "lifespan"}, nothing, nothing)
    assert seen == ["lifespan"]
