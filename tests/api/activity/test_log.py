"""What the log of calls holds, and who may look at it."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from mcp import Client
from mcp.types import Implementation

from openmemory_api.settings import Settings
from openmemory_mcp.backends.rest import RestBackend
from openmemory_mcp.caller import Launch
from openmemory_mcp.server import create_server
from tests.api.stores import uuid
from tests.fakes import START, FrozenClock
from tests.postgres.fixtures import BOTH

DATABASES = BOTH

ANNA = {"X-OpenMemory-User": "anna"}
BOB = {"X-OpenMemory-User": "bob"}
CURSOR = {**ANNA, "X-OpenMemory-App": "cursor"}


async def added(http: httpx.AsyncClient, text: str = "likes tea", **headers: str) -> str:
    body = {"messages": [{"role": "user", "content": text}]}
    answer = await http.post("/v3/memories/add/", json=body, headers={**ANNA, **headers})
    return answer.json()["results"][0]["id"]


async def searched(http: httpx.AsyncClient, query: str, headers: dict[str, str] = ANNA) -> None:
    await http.post("/v3/memories/search/", json={"query": query, "threshold": 0}, headers=headers)


async def calls(
    http: httpx.AsyncClient, headers: dict[str, str] | None = None, **wanted: Any
) -> list[dict[str, Any]]:
    answer = await http.get("/api/v1/activity", params=wanted, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()["results"]


async def test_a_search_leaves_its_query_and_what_it_found_with_rank_and_score(
    http: httpx.AsyncClient,
) -> None:
    tea, coffee = await added(http), await added(http, "likes strong coffee and tea")
    body = {"query": "likes tea", "threshold": 0}
    answer = await http.post("/v3/memories/search/", json=body, headers=CURSOR)
    scores = {row["id"]: row["score"] for row in answer.json()["results"]}

    (call,) = await calls(http, kind="read")
    assert call["hits"] == [
        {"memory_id": tea, "rank": 1, "score": pytest.approx(scores[tea], abs=1e-4)},
        {"memory_id": coffee, "rank": 2, "score": pytest.approx(scores[coffee], abs=1e-4)},
    ]
    shown = {name: call[name] for name in ("query", "user_id", "app", "surface", "count", "status")}
    assert shown == {
        "query": "likes tea",
        "user_id": "anna",
        "app": "cursor",
        "surface": "rest",
        "count": 2,
        "status": 200,
    }
    assert call["operation"] == "POST /v3/memories/search/"
    assert (call["outcome"], call["request_id"]) == ("ok", answer.headers["X-Request-ID"])


async def test_a_tool_is_one_call_under_its_own_name(http: httpx.AsyncClient) -> None:
    tools = create_server(RestBackend(http), Launch(user="anna"))
    name = Implementation(name="cursor", version="1")
    async with Client(tools, client_info=name) as client:
        await client.call_tool("add_memories", {"text": "likes tea"})
        await client.call_tool("search_memory", {"query": "tea"})
    found, added_ = await calls(http)
    assert (found["operation"], found["kind"], found["query"]) == ("search_memory", "read", "tea")
    assert (added_["operation"], added_["kind"]) == ("add_memories", "write")
    assert found["hits"][0]["memory_id"] == added_["hits"][0]["memory_id"]


async def test_a_call_has_a_tools_name_only_where_it_does_what_the_tool_does(
    http: httpx.AsyncClient,
) -> None:
    await http.get("/v1/ping/", headers={"X-OpenMemory-Tool": "search_memory"})
    await http.get("/v1/ping/", headers={"X-OpenMemory-Tool": "=cmd|' /C calc'!A0"})
    await http.delete("/v1/memories/?all=true", headers={"X-OpenMemory-Tool": "search_memory"})
    await http.delete("/v1/memories/?all=true", headers={"X-OpenMemory-Tool": "delete_all"})
    assert [row["operation"] for row in await calls(http)] == [
        "delete_all",
        "DELETE /v1/memories/",
        "GET /v1/ping/",
        "GET /v1/ping/",
    ]


async def test_refused_calls_have_a_row_and_leave_no_trace_of_what_was_refused(
    http: httpx.AsyncClient,
) -> None:
    await http.get(f"/v1/memories/{uuid(5)}/", headers=ANNA)
    await http.get("/api/v1/trash", headers=CURSOR)
    await http.get("/v1/ping/", headers={"Authorization": "Token omk_unknown"})
    await http.get("/v1/ping/", headers={"Host": "evil.example"})
    await http.post("/v1/memories/search/", content=b"{", headers=ANNA)
    await http.post("/mcp", headers={"Host": "evil.example"})

    rows = await calls(http)
    assert [(row["operation"], row["outcome"], row["status"]) for row in rows] == [
        ("POST /mcp", "denied", 421),
        ("POST /v1/memories/search/", "invalid", 400),
        ("GET /v1/ping/", "denied", 421),
        ("GET /v1/ping/", "denied", 401),
        ("GET /api/v1/trash", "denied", 403),
        ("GET /v1/memories/{memory_id}/", "missing", 404),
    ]
    assert [row["hits"] for row in rows] == [[]] * 6
    assert (rows[4]["app"], rows[5]["user_id"]) == ("cursor", "anna")


async def test_a_change_that_was_refused_names_the_memory(http: httpx.AsyncClient) -> None:
    tea = await added(http)
    draft = {"changes": [{"app": "cursor", "template": "read_only"}], "version": 0}
    await http.post("/api/v1/access/apply", json=draft, headers=ANNA)
    await http.put(f"/v1/memories/{tea}/", json={"text": "likes coffee"}, headers=CURSOR)
    (call,) = await calls(http, outcome="denied")
    assert (call["kind"], call["count"]) == ("write", 0)
    assert call["hits"] == [{"memory_id": tea, "rank": 1, "score": None}]


async def test_what_is_no_call_of_the_store_has_no_row(http: httpx.AsyncClient) -> None:
    for path in ("/", "/health", "/docs", "/openapi.json", "/nowhere", "/docs/assets/favicon.png"):
        await http.get(path)
    await http.get("/nowhere", headers={"Host": "evil.example"})
    assert await calls(http) == []


async def test_filters_narrow_and_pages_follow_each_other_without_gap(
    http: httpx.AsyncClient, clock: FrozenClock
) -> None:
    tea = await added(http)
    await searched(http, "tea")
    clock.advance(timedelta(hours=1))
    await searched(http, "100% coffee", CURSOR)
    await http.get(f"/v1/memories/{tea}/", headers=CURSOR)
    await http.get(f"/v1/memories/{uuid(5)}/", headers=BOB)

    async def operations(**wanted: Any) -> list[str]:
        return [row["query"] or row["operation"] for row in await calls(http, **wanted)]

    one = "GET /v1/memories/{memory_id}/"
    add = "POST /v3/memories/add/"
    everything = [one, one, "100% coffee", "tea", add]
    later = (START + timedelta(minutes=30)).isoformat()
    assert await operations(kind="read") == everything[:-1]
    assert await operations(kind="write") == [add]
    assert await operations(app="cursor") == [one, "100% coffee"]
    assert await operations(outcome="missing", user_id="bob") == [one]
    assert await operations(memory_id=tea) == [one, "100% coffee", "tea", add]
    assert await operations(operation=add) == [add]
    assert await operations(surface="mcp-sse") == []
    assert await operations(key_id="none") == []
    assert await operations(until=later, kind="read") == ["tea"]
    assert await operations(since=later, kind="read") == everything[:3]
    assert await operations(since=later.removesuffix("+00:00"), q="COFFEE") == ["100% coffee"]
    assert await operations(q="0% c") == ["100% coffee"]
    assert await operations(q="%") == ["100% coffee"]

    seen: list[int] = []
    cursor: str | None = None
    while True:
        params = {"limit": 2, "user_id": "anna", **({"cursor": cursor} if cursor else {})}
        page = (await http.get("/api/v1/activity", params=params)).json()
        seen += [row["id"] for row in page["results"]]
        # What comes meanwhile does not move the pages.
        await searched(http, "more")
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == [4, 3, 2, 1]


@pytest.mark.parametrize(
    "params",
    [
        {"cursor": "forged"},
        {"cursor": "Y2FsbDo="},
        {"cursor": "Y2FsbDowMQ=="},
        {"cursor": "Y2FsbDotMQ=="},
        {"cursor": "Y2FsbDo5OTk5OTk5OTk5OTk5OTk5OTk5OQ=="},
        {"limit": 201},
        {"limit": 0},
        {"kind": "gossip"},
        {"since": "yesterday"},
        {"format": "xml"},
    ],
)
async def test_what_cannot_be_asked_is_400(http: httpx.AsyncClient, params: dict[str, str]) -> None:
    assert (await http.get("/api/v1/activity", params=params)).status_code == 400


async def test_who_only_looked_at_how_things_are_managed_can_be_left_out(
    http: httpx.AsyncClient,
) -> None:
    await added(http)
    await searched(http, "tea")
    for path in ("ui/me", "ui/memories", "ui/memories/m99", "apps", "access/rules"):
        await http.get(f"/api/v1/{path}", headers=ANNA)
    draft = {"changes": [{"app": "zed", "paused": True}]}
    await http.post("/api/v1/access/preview", json=draft, headers=ANNA)
    await http.post("/api/v1/access/apply", json={**draft, "version": 0}, headers=ANNA)
    await http.get("/api/v1/access/rules", headers=CURSOR)

    assert len(await calls(http)) == 10
    shown = [(call["operation"], call["outcome"]) for call in await calls(http, looks=False)]
    assert shown == [
        ("GET /api/v1/access/rules", "denied"),
        ("POST /api/v1/access/apply", "ok"),
        ("POST /v3/memories/search/", "ok"),
        ("POST /v3/memories/add/", "ok"),
    ]


async def test_a_user_sees_its_own_calls_and_an_app_none(http: httpx.AsyncClient) -> None:
    await searched(http, "anna's")
    await searched(http, "bob's", BOB)
    assert [row["query"] for row in await calls(http, ANNA, kind="read")] == ["anna's"]
    assert [row["query"] for row in await calls(http, ANNA, user_id="anna", kind="read")] == [
        "anna's"
    ]
    assert [row["query"] for row in await calls(http, kind="read")] == ["bob's", "anna's"]
    for path in ("activity", "usage"):
        asked = {"user_id": "bob"}
        assert (await http.get(f"/api/v1/{path}", params=asked, headers=ANNA)).status_code == 403
        assert (await http.get(f"/api/v1/{path}", headers=CURSOR)).status_code == 403
    assert (await http.get("/api/v1/errors", headers=CURSOR)).status_code == 403
    assert (await http.get("/api/v1/errors", headers=ANNA)).status_code == 403


async def test_every_answer_has_an_id_which_the_caller_may_give(http: httpx.AsyncClient) -> None:
    given = {"X-Request-ID": "trace-1.a_B"}
    for path in ("/health", "/v1/ping/", "/nowhere", "/v1/memories/nothing/"):
        assert (await http.get(path, headers=given)).headers["X-Request-ID"] == "trace-1.a_B"
    refused = await http.get("/health", headers={**given, "Host": "evil.example"})
    assert refused.headers["X-Request-ID"] == "trace-1.a_B"
    for forged in ("a" * 65, "a b", "a\tb", "ä", ""):
        answer = await http.get("/health", headers={b"X-Request-ID": forged.encode()})
        assert len(answer.headers["X-Request-ID"]) == 32


async def test_all_that_matches_can_be_taken_away_as_lines(http: httpx.AsyncClient) -> None:
    tea = await added(http)
    await searched(http, "tea")
    answer = await http.get("/api/v1/activity", params={"format": "jsonl", "kind": "read"})
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    (line,) = [httpx.Response(200, content=line).json() for line in answer.text.splitlines()]
    assert (line["query"], line["hits"][0]["memory_id"]) == ("tea", tea)


async def test_no_cell_of_the_table_is_a_formula(http: httpx.AsyncClient) -> None:
    await searched(http, '=HYPERLINK("http://evil","x")')
    answer = await http.get("/api/v1/activity", params={"format": "csv", "kind": "read"})
    assert answer.headers["content-type"].startswith("text/csv")
    head, row = answer.text.splitlines()
    assert head.startswith("id,at,request_id,user_id,app")
    assert ""","'=HYPERLINK(""http://evil"",""x"")",""" in row


class TestWithoutWords:
    """A log that keeps no words of what was searched for."""

    @pytest.fixture
    def settings(self, settings: Settings, request: pytest.FixtureRequest) -> Settings:
        return settings.model_copy(update={"activity_queries": request.param})

    @pytest.mark.parametrize("settings", ["none"], indirect=True)
    async def test_queries_can_be_left_out(self, http: httpx.AsyncClient) -> None:
        await searched(http, "tea")
        assert [row["query"] for row in await calls(http, kind="read")] == [None]

    @pytest.mark.parametrize("settings", ["hash"], indirect=True)
    async def test_hashes_tell_equal_queries_and_can_be_searched_whole(
        self, http: httpx.AsyncClient
    ) -> None:
        for query in ("tea", "coffee", "tea"):
            await searched(http, query)
        third, second, first = [row["query"] for row in await calls(http, kind="read")]
        assert first == third != second
        assert len(first) == 64
        assert [row["id"] for row in await calls(http, q="tea")] == [3, 1]


class TestWithoutALog:
    """A server that keeps no log."""

    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"activity_days": 0})

    async def test_nothing_is_kept_but_counts(self, http: httpx.AsyncClient) -> None:
        await searched(http, "tea")
        assert await calls(http) == []
        usage = (await http.get("/api/v1/usage")).json()
        assert usage["results"][0]["reads"] == 1
