"""Every route leaves a row, by construction: a route that nobody drives here fails the test."""

from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from typing import Any, Final

import httpx
import pytest
from fastapi import FastAPI

from openmemory_api.container import Container
from openmemory_api.domain.errors import Unavailable
from openmemory_api.recording import UNLOGGED, kind_of, routes_of
from openmemory_api.services.activity import Kind
from tests.api.stores import uuid

_SEGMENTS: Final = {"entity_type": "user", "name": "anna"}
READ, WRITE, MANAGE = Kind.READ, Kind.WRITE, Kind.MANAGE


def operations(app: FastAPI) -> Iterable[tuple[str, str]]:
    """(method, template) of each route that is a call of the store."""
    for route in routes_of(app.routes):
        if route.path not in UNLOGGED:
            for method in sorted(route.methods or ()):
                yield method, str(route.path)


def test_only_these_routes_are_no_calls_of_the_store() -> None:
    assert {"/health", "/docs", "/docs/assets/{name}"} == UNLOGGED


async def test_what_each_route_is_for(app: FastAPI) -> None:
    """A new route that only reads by POST must be named in `recording._READS`."""
    kinds = {f"{method} {path}": kind_of(method, path) for method, path in operations(app)}
    reads = {name for name, kind in kinds.items() if kind is READ and name.startswith("POST")}
    assert reads == {
        "POST /v1/memories/search/",
        "POST /v2/memories/",
        "POST /v2/memories/search/",
        "POST /v3/memories/",
        "POST /v3/memories/search/",
    }
    assert {kind for name, kind in kinds.items() if "/v1/memories/{memory_id}/" in name} == {
        READ,
        WRITE,
    }
    ours = {name: kind for name, kind in kinds.items() if " /api/v1/" in name}
    assert {name for name, kind in ours.items() if kind is not MANAGE} == {
        "GET /api/v1/actions",
        "GET /api/v1/actions/{action_id}",
        "POST /api/v1/actions/{action_id}/undo",
        "GET /api/v1/trash",
        "POST /api/v1/trash/restore",
        "POST /api/v1/trash/purge",
        "POST /api/v1/ui/memories",
        "POST /api/v1/ui/memories/bulk",
        "PATCH /api/v1/ui/memories/{memory_id}",
        "POST /api/v1/ui/memories/{memory_id}/versions/{version}/restore",
    }


async def rows(http: httpx.AsyncClient) -> list[dict[str, Any]]:
    answer = await http.get("/api/v1/activity", params={"limit": 200})
    return answer.json()["results"]


async def test_every_route_leaves_one_row_whatever_it_answers(
    app: FastAPI, http: httpx.AsyncClient
) -> None:
    sent: dict[str, str] = {}
    for method, path in operations(app):
        url = path
        for name, value in _SEGMENTS.items():
            url = url.replace(f"{{{name}}}", value)
        while "{" in url:
            start, end = url.index("{"), url.index("}")
            url = url[:start] + uuid(9) + url[end + 1 :]
        # The stream would go on for ever.
        params = {"follow": "false"} if path == "/api/v1/ui/events" else None
        answer = await http.request(method, url, json={}, params=params)
        sent[answer.headers["X-Request-ID"]] = f"{method} {path}".rstrip("/")
    logged = {row["request_id"]: row["operation"].rstrip("/") for row in await rows(http)}
    assert {each: logged.get(each) for each in sent} == sent
    assert len(logged) == len(sent)


async def test_every_route_leaves_a_row_for_who_is_turned_away(
    app: FastAPI, http: httpx.AsyncClient
) -> None:
    for headers in (
        {"Authorization": "Token omk_unknown"},
        {"X-OpenMemory-App": "not/an/app"},
        {"Host": "evil.example"},
    ):
        expected: set[str] = set()
        for method, path in operations(app):
            answer = await http.request(method, path, headers=headers)
            # Who has no session may end it all the same.
            assert answer.is_error or path == "/api/v1/session", (method, path)
            expected.add(answer.headers["X-Request-ID"])
        logged = {row["request_id"] for row in await rows(http)}
        assert expected <= logged


@pytest.fixture
def broken(app: FastAPI, store: Container, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store with a mistake in it."""

    async def search(*_: object) -> None:
        raise RuntimeError("a secret text")

    monkeypatch.setattr(store.search, "search", search)


async def test_a_crash_is_a_row_and_a_failure_without_its_words(app: FastAPI, broken: None) -> None:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8765") as http:
        body = {"query": "what is it", "filters": {"user_id": "anna"}}
        answer = await http.post("/v3/memories/search/", json=body)
        assert (answer.status_code, answer.json()["detail"]) == (
            500,
            "The server failed; its log says why",
        )
        (row,) = await rows(http)
        failures = await http.get("/api/v1/errors")
    request_id = answer.headers["X-Request-ID"]
    assert (row["request_id"], row["outcome"], row["status"]) == (request_id, "failed", 500)
    (failure,) = failures.json()["results"]
    assert failure.pop("at")
    assert failure.pop("place").startswith("openmemory_api.routes.mem0.v3:")
    assert failure == {
        "request_id": request_id,
        "operation": "POST /v3/memories/search/",
        "status": 500,
        "exception": "RuntimeError",
    }
    assert "secret" not in failures.text


async def test_what_is_refused_for_now_is_a_failure_too(
    http: httpx.AsyncClient, store: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "_failure", RuntimeError("no disk"))
    assert (await http.get("/v1/ping/")).status_code == 503
    monkeypatch.setattr(store, "_failure", None)
    (row,) = await rows(http)
    assert (row["operation"], row["outcome"]) == ("GET /v1/ping/", "failed")
    (failure,) = (await http.get("/api/v1/errors")).json()["results"]
    assert failure["exception"] == "Unavailable"


async def test_usage_is_counted_by_day_user_app_and_key(http: httpx.AsyncClient) -> None:
    anna, cursor = {"X-OpenMemory-User": "anna"}, {"X-OpenMemory-App": "cursor"}
    body = {"messages": [{"role": "user", "content": "likes tea"}]}
    await http.post("/v3/memories/add/", json=body, headers={**anna, **cursor})
    await http.get("/v1/ping/", headers=anna)
    await http.get("/api/v1/trash", headers={**anna, **cursor})
    await http.post("/v3/memories/search/", json={"query": "tea"}, headers=anna)

    async def used(by: str, **params: str) -> dict[str | None, dict[str, Any]]:
        params = {"by": by, "from": "2026-03-01", "to": "2026-03-01", **params}
        answer = (await http.get("/api/v1/usage", params=params)).json()
        assert answer["stored"]["memories"] == 1
        return {row.pop("name"): row for row in answer["results"]}

    none = {"calls": 0, "reads": 0, "writes": 0, "denied": 0, "limited": 0, "errors": 0}
    nine = len("likes tea")
    held = {"memories": 1, "vectors": 1, "bytes": nine + 64 * 4}
    assert await used("app", user_id="anna") == {
        None: {**none, "calls": 2, "reads": 2, "stored": {"memories": 0, "vectors": 0, "bytes": 0}},
        "cursor": {**none, "calls": 2, "writes": 1, "denied": 1, "stored": held},
    }
    assert await used("day", user_id="anna") == {
        "2026-03-01": {**none, "calls": 4, "reads": 2, "writes": 1, "denied": 1, "stored": None}
    }
    assert (await used("user"))["anna"]["calls"] == 4
    assert (await used("user"))["anna"]["stored"] == held
    assert list(await used("key")) == [None]


async def test_usage_has_its_bounds(http: httpx.AsyncClient) -> None:
    wrong = {"from": "2026-03-02", "to": "2026-03-01"}
    assert (await http.get("/api/v1/usage", params=wrong)).status_code == 400
    assert (await http.get("/api/v1/usage", params={"to": "0001-01-03"})).status_code == 200
    default = (await http.get("/api/v1/usage")).json()
    assert (default["from"], default["to"], default["by"]) == ("2026-01-31", "2026-03-01", "day")


async def test_moments_at_the_ends_of_time_are_refused_whatever_is_asked_for(
    http: httpx.AsyncClient,
) -> None:
    for wrong in (
        {"since": "0001-01-01T00:00:00+14:00"},
        {"until": "9999-12-31T23:59:59-12:00"},
    ):
        for form in ("json", "csv", "jsonl"):
            answer = await http.get("/api/v1/activity", params={**wrong, "format": form})
            assert (answer.status_code, "since or until" in answer.text) == (400, True)


async def test_a_download_that_cannot_begin_is_an_error_and_not_an_empty_file(
    http: httpx.AsyncClient, store: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    @asynccontextmanager
    async def read() -> AsyncGenerator[None]:
        raise Unavailable("no disk")
        yield

    monkeypatch.setattr(store.recorder.database, "read", read)
    answer = await http.get("/api/v1/activity", params={"format": "csv"})
    assert answer.status_code == 503
