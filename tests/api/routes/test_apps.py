"""Apps over HTTP: listed, named, paused, merged, and what one did taken back."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from typing import Any, TypeAlias

import httpx
import pytest
from mcp import Client
from mcp.types import Implementation

from openmemory_api.container import Container
from openmemory_api.domain.access import Access, Base, Effect, OfApp, Rule, Verb
from openmemory_mcp.backends.rest import RestBackend
from openmemory_mcp.caller import Launch
from openmemory_mcp.server import create_server
from tests.api.stores import ANNA
from tests.fakes import START, FrozenClock
from tests.postgres.fixtures import BOTH

DATABASES = BOTH
USER = {"X-OpenMemory-User": "anna"}
SINCE = {"since": START.isoformat()}

Calls: TypeAlias = Callable[..., AbstractAsyncContextManager[Client]]


def as_app(name: str) -> dict[str, str]:
    return {**USER, "X-OpenMemory-App": name}


async def remember(http: httpx.AsyncClient, app: str, text: str) -> str:
    body = {"messages": [{"role": "user", "content": text}]}
    added = await http.post("/v3/memories/add/", json=body, headers=as_app(app))
    assert added.status_code == 200, added.text
    return added.json()["results"][0]["id"]


async def texts(http: httpx.AsyncClient, app: str) -> set[str]:
    listed = await http.post("/v3/memories/", json={}, headers=as_app(app))
    assert listed.status_code == 200, listed.text
    return {row["memory"] for row in listed.json()["results"]}


async def settle(http: httpx.AsyncClient, path: str, body: object = None) -> dict[str, Any]:
    answer = await http.post(f"/api/v1/apps/{path}", json=body, headers=USER)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def refused(http: httpx.AsyncClient, path: str, body: object = None) -> str:
    answer = await http.post(f"/api/v1/apps/{path}", json=body, headers=USER)
    assert answer.status_code == 400, answer.text
    return answer.json()["detail"]


async def shown(http: httpx.AsyncClient, app: str) -> dict[str, Any]:
    answer = await http.get(f"/api/v1/apps/{app}", headers=USER)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.fixture
def calls(http: httpx.AsyncClient) -> Calls:
    """Connects an MCP client of Anna's by its name and version."""

    @asynccontextmanager
    async def connected(name: str, version: str = "1") -> AsyncGenerator[Client]:
        server = create_server(RestBackend(http), Launch(user="anna"))
        client_info = Implementation(name=name, version=version)
        async with Client(server, client_info=client_info) as client:
            yield client

    return connected


async def test_an_app_is_listed_from_its_first_call_with_what_it_may_reach(
    http: httpx.AsyncClient, store: Container, clock: FrozenClock
) -> None:
    await remember(http, "cursor", "likes tea")
    clock.advance(timedelta(hours=1))
    await remember(http, "zed", "likes mate")
    await store.access.configure(ANNA, "zed", Access(read=Base.OWN, write=Base.NOTHING))

    answer = (await http.get("/api/v1/apps", headers=USER)).json()

    assert (answer["total"], answer["page"], answer["page_size"]) == (2, 1, 50)
    cursor, zed = answer["apps"]
    assert cursor == {
        "id": "cursor",
        "name": "cursor",
        "label": "cursor",
        "kind": None,
        "version": None,
        "is_active": True,
        "paused": False,
        "created_at": cursor["created_at"],
        "last_seen_at": cursor["last_seen_at"],
        "merged": [],
        "keys": 0,
        "total_memories_created": 1,
        "readable": 2,
        "writable": 2,
        "total_memories": 2,
        "problem": None,
    }
    assert cursor["created_at"] < zed["created_at"]
    assert (zed["readable"], zed["writable"], zed["total_memories_created"]) == (1, 0, 1)
    assert await shown(http, "Zed") == zed


async def test_apps_are_found_sorted_and_paged(http: httpx.AsyncClient, clock: FrozenClock) -> None:
    for app, count in (("b", 1), ("c", 3), ("a", 2)):
        clock.advance(timedelta(minutes=1))
        for number in range(count):
            await remember(http, app, f"{app} {number}")
    await settle(http, "b/pause")
    await http.patch("/api/v1/apps/c", json={"label": "Café"}, headers=USER)

    async def listed(**query: Any) -> list[str]:
        answer = await http.get("/api/v1/apps/", params=query, headers=USER)
        return [app["name"] for app in answer.json()["apps"]]

    assert await listed() == ["a", "b", "c"]
    assert await listed(page=2, page_size=2) == ["c"]
    assert await listed(sort_by="memories", sort_direction="desc") == ["c", "a", "b"]
    assert await listed(sort_by="last_seen") == ["b", "c", "a"]
    assert await listed(is_active="true") == ["a", "c"]
    assert await listed(is_active="false") == ["b"]
    assert await listed(name="CAF") == ["c"]
    assert await listed(name="nobody") == []


async def test_an_app_is_called_what_the_user_says_and_by_its_name_else(
    http: httpx.AsyncClient,
) -> None:
    await remember(http, "cursor", "likes tea")
    await remember(http, "mcp", "likes mate")

    renamed = await http.patch("/api/v1/apps/cursor", json={"label": " My Cursor "}, headers=USER)

    assert renamed.json()["label"] == "My Cursor"
    assert (await shown(http, "cursor"))["label"] == "My Cursor"
    assert (await shown(http, "mcp"))["label"] == "Python client"
    for nothing in (None, "  "):
        answer = await http.patch("/api/v1/apps/cursor", json={"label": nothing}, headers=USER)
        assert answer.json()["label"] == "cursor"
    for bad in ({"label": "x" * 256}, {"label": "a\0"}, {}):
        answer = await http.patch("/api/v1/apps/cursor", json=bad, headers=USER)
        assert answer.status_code == 400


async def test_a_paused_app_gets_errors_under_every_name_until_it_is_resumed(
    http: httpx.AsyncClient,
) -> None:
    await remember(http, "cursor", "likes tea")
    await remember(http, "cursor-vscode", "likes mate")
    await settle(http, "cursor-vscode/merge", {"into": "cursor"})

    paused = await settle(http, "cursor-vscode/pause")

    assert (paused["app"]["name"], paused["app"]["is_active"]) == ("cursor", False)
    assert "0 of 2" in paused["effect"]
    for name in ("cursor", "cursor-vscode"):
        listed = await http.post("/v3/memories/", json={}, headers=as_app(name))
        assert listed.status_code == 403
    again = await settle(http, "cursor/pause")
    assert (again["action_id"], again["version"]) == (None, paused["version"])

    resumed = await settle(http, "cursor/resume")

    assert resumed["effect"] == "cursor can read 2 of 2 memories and change 2."
    assert resumed["version"] == paused["version"] + 1
    assert len(await texts(http, "cursor-vscode")) == 2


async def test_a_merged_app_is_held_by_the_others_rules_from_the_next_call_on(
    http: httpx.AsyncClient, store: Container
) -> None:
    await remember(http, "claude", "likes tea")
    await remember(http, "claude-code", "likes mate")
    await remember(http, "zed", "likes cola")
    deny = Rule(Verb.READ, Effect.DENY, OfApp("zed"))
    await store.access.configure(ANNA, "claude", Access(read=Base.OWN, rules=(deny,)))
    assert len(await texts(http, "claude-code")) == 3

    merged = await settle(http, "Claude-Code/merge", {"into": "CLAUDE"})

    assert merged["app"]["merged"] == ["claude-code"]
    assert merged["app"]["total_memories_created"] == 2
    for name in ("claude", "claude-code"):
        assert await texts(http, name) == {"likes tea", "likes mate"}
        assert (await shown(http, name))["readable"] == 2
    total = (await http.get("/api/v1/apps", headers=USER)).json()["total"]
    assert total == 2

    apart = await settle(http, "claude-code/unmerge")

    assert (apart["app"]["name"], apart["version"]) == ("claude-code", merged["version"] + 1)
    assert len(await texts(http, "claude-code")) == 3
    assert await texts(http, "claude") == {"likes tea"}


async def test_a_rule_about_an_app_is_about_all_its_names(
    http: httpx.AsyncClient, store: Container
) -> None:
    await remember(http, "claude", "likes tea")
    await remember(http, "claude-code", "likes mate")
    rule = Rule(Verb.READ, Effect.DENY, OfApp("claude-code"))
    await store.access.configure(ANNA, "zed", Access(rules=(rule,)))
    assert await texts(http, "zed") == {"likes tea"}

    await settle(http, "claude-code/merge", {"into": "claude"})

    assert await texts(http, "zed") == set()


async def test_deleting_its_own_takes_what_each_name_of_an_app_wrote(
    http: httpx.AsyncClient,
) -> None:
    for app in ("claude", "claude-code", "zed"):
        await remember(http, app, f"said to {app}")
    await settle(http, "claude-code/merge", {"into": "claude"})

    answer = await http.delete("/v1/memories/?own=true", headers=as_app("claude-code"))

    assert (answer.json()["deleted"], answer.json()["left"]) == (2, 0)
    assert await texts(http, "zed") == {"said to zed"}


async def test_what_cannot_be_merged_is_refused_and_says_why(http: httpx.AsyncClient) -> None:
    for app in ("a", "b", "c"):
        await remember(http, app, f"by {app}")
    await settle(http, "a/merge", {"into": "b"})

    assert "row of any other app" in await refused(http, "c/merge", {"into": "*"})
    assert "into itself" in await refused(http, "c/merge", {"into": "C"})
    assert "there is no app 'nobody'" in await refused(http, "c/merge", {"into": "nobody"})
    assert "itself merged into 'b'" in await refused(http, "c/merge", {"into": "a"})
    assert "itself merged into 'b'" in await refused(http, "b/merge", {"into": "a"})
    assert "is not merged" in await refused(http, "b/unmerge")
    for path, body in (
        ("*/merge", {"into": "b"}),
        ("nobody/merge", {"into": "b"}),
        ("*/unmerge", None),
    ):
        answer = await http.post(f"/api/v1/apps/{path}", json=body, headers=USER)
        assert (answer.status_code, answer.json()["detail"]) == (404, "App not found")


async def test_what_was_merged_into_an_app_goes_with_it(http: httpx.AsyncClient) -> None:
    for app in ("a", "b", "c"):
        await remember(http, app, f"by {app}")
    await settle(http, "a/merge", {"into": "b"})

    moved = await settle(http, "b/merge", {"into": "c"})

    assert moved["app"]["merged"] == ["a", "b"]
    again = await settle(http, "b/merge", {"into": "c"})
    assert (again["action_id"], again["version"]) == (None, moved["version"])
    undone = await http.post(f"/api/v1/actions/{moved['action_id']}/undo", headers=USER)
    assert undone.json()["left"] == []
    assert (await shown(http, "b"))["merged"] == ["a"]
    assert (await shown(http, "c"))["merged"] == []


async def test_a_merge_is_an_action_that_can_be_undone_and_done_again(
    http: httpx.AsyncClient,
) -> None:
    for app in ("a", "b"):
        await remember(http, app, f"by {app}")
    merged = await settle(http, "a/merge", {"into": "b"})

    undone = await http.post(f"/api/v1/actions/{merged['action_id']}/undo", headers=USER)
    assert (await shown(http, "b"))["merged"] == []
    await http.post(f"/api/v1/actions/{undone.json()['action_id']}/undo", headers=USER)

    assert (await shown(http, "b"))["merged"] == ["a"]


async def test_taking_back_an_unmerge_never_makes_a_chain(http: httpx.AsyncClient) -> None:
    for app in ("a", "b", "c"):
        await remember(http, app, f"by {app}")
    await settle(http, "a/merge", {"into": "b"})
    apart = await settle(http, "a/unmerge")
    await settle(http, "b/merge", {"into": "c"})

    undone = await http.post(f"/api/v1/actions/{apart['action_id']}/undo", headers=USER)

    assert (undone.json()["action_id"], undone.json()["left"]) == (None, ["a"])
    assert (await shown(http, "c"))["merged"] == ["b"]


async def test_only_who_manages_a_user_sees_or_settles_its_apps(http: httpx.AsyncClient) -> None:
    await remember(http, "cursor", "likes tea")
    roads = [("GET", ""), ("GET", "/cursor"), ("PATCH", "/cursor")]
    roads += [
        ("POST", f"/cursor/{verb}") for verb in ("pause", "resume", "merge", "unmerge", "undo")
    ]

    for method, path in roads:
        body = {"label": "x", "into": "zed", **SINCE} if method != "GET" else None
        answer = await http.request(
            method, f"/api/v1/apps{path}", json=body, headers=as_app("cursor")
        )
        assert answer.status_code == 403, path
        bob = {"X-OpenMemory-User": "bob"}
        answer = await http.request(method, f"/api/v1/apps{path}", json=body, headers=bob)
        assert answer.status_code == (404 if path else 200), path
        assert "tea" not in answer.text


async def test_an_app_whose_rules_cannot_be_read_is_shown_to_reach_nothing(
    http: httpx.AsyncClient, store: Container
) -> None:
    await remember(http, "cursor", "likes tea")
    await store.access.configure(ANNA, "cursor", Access(read=Base.OWN))
    async with store.access.changing(ANNA) as connection:
        await connection.exec_driver_sql("UPDATE access_bases SET read = 'whatever'")

    cursor = await shown(http, "cursor")

    assert (cursor["readable"], cursor["writable"], cursor["total_memories"]) == (0, 0, 1)
    assert "cannot be read" in cursor["problem"]


async def test_a_client_says_what_it_is_and_that_is_written_down_later(
    http: httpx.AsyncClient, store: Container, calls: Calls
) -> None:
    async with calls("Claude-Code (via mcp-remote 0.15.1)", "2.1.0 (native)") as client:
        await client.call_tool("list_memories", {})
    claude = await shown(http, "claude-code")
    assert (claude["kind"], claude["version"]) == ("claude-code", "2.1.0-native")

    async with calls("claude-code", "2.2.0") as client:
        await client.call_tool("list_memories", {})
    assert (await shown(http, "claude-code"))["version"] == "2.1.0-native"
    await texts(http, "claude-code")
    await store.access.record_seen()
    assert (await shown(http, "claude-code"))["kind"] == "claude-code"

    async with calls("claude-code", "2.2.0") as client:
        await client.call_tool("list_memories", {})
    await store.access.record_seen()
    assert (await shown(http, "claude-code"))["version"] == "2.2.0"


async def test_a_version_that_is_none_is_passed_over(http: httpx.AsyncClient) -> None:
    for version in ("a b", "x" * 65, ""):
        headers = {**USER, "X-OpenMemory-Client": "zed", "X-OpenMemory-Client-Version": version}
        assert (await http.post("/v3/memories/", json={}, headers=headers)).status_code == 200
    assert (await shown(http, "zed"))["version"] is None


async def test_a_probe_that_only_asks_for_the_tools_is_no_app(
    http: httpx.AsyncClient, calls: Calls
) -> None:
    async with calls("mcp-test-client", "0.0.1") as client:
        await client.list_tools()

    assert (await http.get("/api/v1/apps", headers=USER)).json()["total"] == 0


async def test_what_an_app_did_is_taken_back_and_put_again(http: httpx.AsyncClient) -> None:
    kept = await remember(http, "zed", "likes tea")
    await http.put(f"/v1/memories/{kept}/", json={"text": "hates tea"}, headers=as_app("cursor"))
    added = await remember(http, "cursor", "likes cola")

    planned = await settle(http, "cursor/undo", {**SINCE, "dry_run": True})
    assert await texts(http, "zed") == {"hates tea", "likes cola"}
    done = await settle(http, "cursor/undo", SINCE)

    assert planned == {**done, "action_id": None, "dry_run": True}
    assert (set(done["reversed"]), done["left"], done["withdrawn"]) == ({kept, added}, [], [])
    assert await texts(http, "zed") == {"likes tea"}
    redone = await http.post(f"/api/v1/actions/{done['action_id']}/undo", headers=USER)
    assert redone.json()["left"] == []
    assert await texts(http, "zed") == {"hates tea", "likes cola"}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"since": "yesterday"},
        {"since": "2026-01-01T00:00:00"},
        {"since": "0001-01-01T00:00:00Z"},
        {"since": "2026-01-02T00:00:00Z", "until": "2026-01-02T00:00:00Z"},
    ],
)
async def test_a_time_that_is_none_is_refused(http: httpx.AsyncClient, body: object) -> None:
    await remember(http, "cursor", "likes tea")
    await refused(http, "cursor/undo", body)
