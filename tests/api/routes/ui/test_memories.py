"""The dashboard's memories: what a person sees and changes, and what agents find after it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from mcp import Client
from mcp.types import CallToolResult

from openmemory_api.container import Container
from openmemory_api.domain.memory import Memory, State
from openmemory_mcp.backends.rest import RestBackend
from openmemory_mcp.caller import Launch
from openmemory_mcp.server import create_server
from tests.api.keys import bearer, make
from tests.api.stores import a_memory, put, settle, uuid
from tests.fakes import START
from tests.postgres.fixtures import BOTH

DATABASES = BOTH
PATH = "/api/v1/ui/memories"
ANNA = {"X-OpenMemory-User": "anna"}
CURSOR = {**ANNA, "X-OpenMemory-App": "cursor"}
EVERY = "state=active&state=paused&state=archived&state=trashed"


async def ask(
    http: httpx.AsyncClient, method: str, path: str, body: Any = None, **headers: str
) -> httpx.Response:
    sent = {**ANNA, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return await http.request(method, f"{PATH}{path}", json=body, headers=sent)


async def ok(http: httpx.AsyncClient, method: str, path: str, body: Any = None, **h: str) -> Any:
    answer = await ask(http, method, path, body, **h)
    assert answer.is_success, answer.text
    return answer.json()


async def add(http: httpx.AsyncClient, text: str, **more: Any) -> str:
    return (await ok(http, "POST", "", {"text": text, **more}))["items"][0]["id"]


async def bulk(http: httpx.AsyncClient, operation: str, *ids: str, **more: Any) -> Any:
    chosen = {"ids": list(ids)} if ids else {}
    return await ok(http, "POST", "/bulk", {"operation": operation, **chosen, **more})


async def undo(http: httpx.AsyncClient, action_id: str) -> Any:
    answer = await http.post(f"/api/v1/actions/{action_id}/undo", headers=ANNA)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def found(http: httpx.AsyncClient, query: str) -> str:
    """What an agent is told over MCP, as one text."""
    server = create_server(RestBackend(http), Launch(user="anna", app="cursor"))
    async with Client(server) as client:
        result = await client.call_tool("search_memory", {"query": query})
    assert isinstance(result, CallToolResult)
    return str(result.structured_content)


async def states(http: httpx.AsyncClient) -> dict[str, int]:
    return (await ok(http, "GET", "/facets"))["states"]


@pytest.mark.parametrize(("operation", "back"), [("pause", "resume"), ("archive", "unarchive")])
async def test_no_agent_finds_what_is_put_away_until_it_is_back(
    http: httpx.AsyncClient, operation: str, back: str
):
    kept = await add(http, "the zither stands in the attic")

    assert "zither" in await found(http, "zither")
    done = await bulk(http, operation, kept)
    assert "zither" not in await found(http, "zither")
    body = {"query": "zither", "filters": {"user_id": "anna"}}
    for caller in (CURSOR, ANNA):
        searched = await http.post("/v3/memories/search/", json=body, headers=caller)
        assert searched.json()["results"] == []
    assert (await http.get(f"/v1/memories/{kept}/", headers=CURSOR)).status_code == 404

    await bulk(http, back, kept)
    assert "zither" in await found(http, "zither")
    assert done["action_id"] is not None


async def test_one_undo_brings_back_the_states_of_five_hundred(
    store: Container, http: httpx.AsyncClient
):
    every = [a_memory(i, text=f"zither {i}") for i in range(1, 501)]
    await put(store, *every)
    first = await bulk(http, "pause", *(memory.id for memory in every[:100]))
    second = await bulk(http, "archive", filter={"text": "ZITHER"})
    third = await bulk(http, "delete", filter={"state": ["archived"]})

    assert [each["changed"] for each in (first, second, third)] == [100, 500, 500]
    assert await states(http) == {"active": 0, "paused": 0, "archived": 0, "trashed": 500}
    assert "zither" not in await found(http, "zither")
    await undo(http, third["action_id"])
    assert await states(http) == {"active": 0, "paused": 0, "archived": 500, "trashed": 0}
    await undo(http, second["action_id"])
    assert await states(http) == {"active": 400, "paused": 100, "archived": 0, "trashed": 0}
    assert len((await undo(http, first["action_id"]))["reversed"]) == 100
    assert (await states(http))["active"] == 500
    await settle(store)
    assert "zither 7" in await found(http, "zither 7")


async def test_what_is_restored_from_the_trash_is_as_it_was(http: httpx.AsyncClient):
    active, paused = await add(http, "tea"), await add(http, "coffee")
    await bulk(http, "pause", paused)
    await bulk(http, "delete", active, paused)

    back = await http.post("/api/v1/trash/restore", json={"ids": [paused]}, headers=ANNA)
    assert back.status_code == 200
    assert (await bulk(http, "restore", active))["changed"] == 1

    assert (await ok(http, "GET", f"/{paused}"))["state"] == "paused"
    assert (await ok(http, "GET", f"/{active}"))["state"] == "active"


async def test_what_cannot_be_done_is_left_with_its_reason(http: httpx.AsyncClient):
    active, gone = await add(http, "tea"), await add(http, "coffee")
    await bulk(http, "delete", gone)

    done = await bulk(http, "pause", active, gone, uuid(404), "m99")

    assert done["changed"] == 1
    assert {each["id"]: each["why"] for each in done["left"]} == {
        gone: "It is in the trash",
        uuid(404): "There is no such memory",
        "m99": "There is no such memory",
    }
    nothing = await bulk(http, "pause", active)
    assert (nothing["action_id"], nothing["left"][0]["why"]) == (None, "It is paused")


async def test_categories_set_by_hand_hold_for_rules(http: httpx.AsyncClient):
    kept, other = await add(http, "a zither costs much"), await add(http, "a zither sings")
    deny = {
        "verb": "read",
        "effect": "deny",
        "subject": {"kind": "category", "value": "money"},
    }
    rules = {"app": "cursor", "read": "everything", "write": "everything", "rules": [deny]}
    applied = await http.post("/api/v1/access/apply", json={"changes": [rules]}, headers=ANNA)
    assert applied.status_code == 200

    # What is undecided could be of it.
    assert "zither" not in await found(http, "zither")
    await bulk(http, "categorise", kept, other, categories={"add": ["Music"]})
    assert "costs" in await found(http, "zither")
    done = await bulk(http, "categorise", kept, categories={"add": ["Money"], "remove": ["MUSIC"]})
    assert (await ok(http, "GET", f"/{kept}"))["categories"] == ["Money"]
    told = await found(http, "zither")
    assert "costs" not in told
    assert "sings" in told
    await undo(http, done["action_id"])
    assert (await ok(http, "GET", f"/{kept}"))["categories"] == ["Music"]


async def test_an_edit_says_which_version_it_is_of(http: httpx.AsyncClient):
    kept = await add(http, "the port is 5432")
    tag = (await ask(http, "GET", f"/{kept}")).headers["etag"]

    assert (await ask(http, "PATCH", f"/{kept}", {"text": "x"})).status_code == 428
    edited = await ask(http, "PATCH", f"/{kept}", {"text": "the port is 5433"}, If_Match=tag)
    assert edited.status_code == 200
    assert edited.json()["indexed"]
    assert edited.headers["etag"] == '"2"'
    late = await ask(http, "PATCH", f"/{kept}", {"text": "lost"}, If_Match=tag)
    assert late.status_code == 412
    assert "5433" in await found(http, "port")
    assert "5432" not in await found(http, "port")
    same = await ok(http, "PATCH", f"/{kept}", {"text": "the port is 5433"}, If_Match='"2"')
    assert (same["action_id"], same["memory"]["version"]) == (None, 2)
    for body in ({}, {"text": " "}, {"categories": [""]}, {"unknown": 1}):
        assert (await ask(http, "PATCH", f"/{kept}", body, If_Match="*")).status_code == 400
    assert (await ask(http, "PATCH", f"/{kept}", {"text": "x"}, If_Match="no")).status_code == 400


async def test_an_old_version_comes_back_as_a_new_one(http: httpx.AsyncClient):
    kept = await add(http, "the port is 5432", categories=["Work"])
    change = {"text": "the port is 5433", "categories": None, "metadata": {"tags": ["db"]}}
    await ok(http, "PATCH", f"/{kept}", change, If_Match='"1"')

    back = await ok(http, "POST", f"/{kept}/versions/1/restore", If_Match='"2"')

    assert back["memory"]["version"] == 3
    said = back["memory"]
    assert (said["text"], said["categories"], said["tags"]) == ("the port is 5432", ["Work"], [])
    assert "5432" in await found(http, "port")
    lived = (await ok(http, "GET", f"/{kept}/history"))["versions"]
    assert [each["kind"] for each in lived] == ["ADD", "UPDATE", "UPDATE"]
    assert lived[1]["before"]["text"] == lived[2]["after"]["text"] == "the port is 5432"
    assert lived[1]["surface"] == "dashboard"
    gone = await ask(http, "POST", f"/{kept}/versions/9/restore", If_Match="*")
    assert gone.status_code == 404
    await undo(http, back["action_id"])
    assert (await ok(http, "GET", f"/{kept}"))["text"] == "the port is 5433"


async def test_a_trashed_memory_is_shown_and_not_changed(http: httpx.AsyncClient):
    kept = await add(http, "tea")
    await bulk(http, "delete", kept)

    assert (await ok(http, "GET", f"/{kept}"))["state"] == "trashed"
    assert (await ask(http, "PATCH", f"/{kept}", {"text": "x"}, If_Match="*")).status_code == 409


async def test_a_404_says_whether_a_memory_was_erased(store: Container, http: httpx.AsyncClient):
    kept = await add(http, "tea")
    await put(store, a_memory(2, user="bob"))
    await bulk(http, "delete", kept)
    purged = await bulk(http, "purge", kept)

    assert (purged["action_id"], purged["changed"]) == (None, 1)
    assert "erased for good" in (await ask(http, "GET", f"/{kept}")).json()["detail"]
    nobodys = (await ask(http, "GET", f"/{uuid(404)}")).json()
    assert nobodys["detail"] == "You have no memory with this id"
    assert (await ask(http, "GET", f"/{uuid(2)}")).json() == nobodys


async def test_a_window_is_the_list_from_there_on(store: Container, http: httpx.AsyncClient):
    apps = ("cursor", None, "zed")
    moved = (State.ACTIVE, State.PAUSED, State.ARCHIVED, State.TRASHED)
    memories = [
        a_memory(
            i,
            app=apps[i % 3],
            state=moved[i % 4],
            created_at=START + timedelta(minutes=i % 7),
            updated_at=START + timedelta(minutes=(i * 5) % 11),
        )
        for i in range(1, 41)
    ]
    await put(store, *memories)
    orders: dict[str, Callable[[Memory], Any]] = {
        "created": lambda each: (each.created_at, each.id),
        "updated": lambda each: (each.updated_at, each.id),
    }
    for sort, key in orders.items():
        for sign in ("", "-"):
            expected = [each.id for each in sorted(memories, key=key, reverse=bool(sign))]
            for offset in (0, 13, 26, 39, 50):
                query = f"?{EVERY}&sort={sign}{sort}&offset={offset}&limit=13"
                page = await ok(http, "GET", query)
                assert page["total"] == 40
                assert [each["id"] for each in page["items"]] == expected[offset : offset + 13]
    by_app = await ok(http, "GET", f"?{EVERY}&sort=app&limit=200")
    names = [each["app"] or "" for each in by_app["items"]]
    assert names == sorted(names)


async def test_the_filter_narrows_and_its_facets_count(store: Container, http: httpx.AsyncClient):
    await put(
        store,
        a_memory(1, text="Green TEA", app="cursor", categories=("Food", "home")),
        a_memory(2, text="coffee", app="zed", categories=("food",)),
        a_memory(3, text="GRÜNER Tee", app=None, state=State.PAUSED),
        a_memory(4, text="teapot", app="cursor", state=State.TRASHED),
        a_memory(5, text="tea of Bob", user="bob"),
    )

    async def ids(query: str) -> set[int]:
        page = await ok(http, "GET", f"?{query}")
        assert page["total"] == len(page["items"])
        return {int(each["id"][-2:], 16) for each in page["items"]}

    assert await ids("") == {1, 2, 3}
    assert await ids("text=tea") == {1}
    assert await ids("text=gr%C3%BCner") == {3}
    assert await ids(f"text=tea&{EVERY}") == {1, 4}
    assert await ids("app=cursor&app=") == {1, 3}
    assert await ids("category=FOOD") == {1, 2}
    assert await ids("category=") == {3}
    assert await ids("readable_by=nobody") == {1, 2}
    assert await ids("to=2020-01-01T00:00:00Z") == set()
    facets = await ok(http, "GET", "/facets?app=cursor&text=e")
    assert facets["total"] == 1
    assert facets["states"] == {"active": 1, "paused": 0, "archived": 0, "trashed": 1}
    assert {each["value"]: each["count"] for each in facets["apps"]} == {
        "cursor": 1, "zed": 1, None: 1,
    }  # fmt: skip
    categories = (await ok(http, "GET", "/facets"))["categories"]
    assert {each["value"].lower(): each["count"] for each in categories if each["value"]} == {
        "food": 2, "home": 1,
    }  # fmt: skip


async def test_only_what_agents_were_answered_counts_as_read(
    store: Container, http: httpx.AsyncClient
):
    read, unread = await add(http, "the zither"), await add(http, "the kettle")
    await http.get(f"/v1/memories/{read}/", headers=CURSOR)
    await found(http, "zither")
    await ok(http, "GET", f"/{unread}")
    await ok(http, "GET", "")
    await store.recorder.flush()

    items = {each["id"]: each for each in (await ok(http, "GET", ""))["items"]}
    assert items[read]["reads"] >= 2
    assert items[read]["last_read_at"] is not None
    never = (await ok(http, "GET", "?never_read=true"))["items"]
    told = await found(http, "zither")
    assert [each["id"] for each in never] == ([] if "kettle" in told else [unread])
    calls = await http.get("/api/v1/activity?surface=dashboard", headers=ANNA)
    assert {each["kind"] for each in calls.json()["results"]} == {"write", "manage"}


async def test_the_dashboard_is_no_apps(http: httpx.AsyncClient):
    key = bearer((await make(http, user_id="anna", scopes=["memory:read"]))["key"])
    for path in ("", "/facets", f"/{uuid(1)}"):
        refused = await http.get(f"{PATH}{path}", headers=CURSOR)
        assert refused.status_code == 403
    kept = await add(http, "tea")

    seen = await http.get(f"{PATH}/{kept}", headers=key)

    assert (seen.json()["readers"], seen.json()["access"]) == (None, [])
    for operation in ("pause", "delete", "restore", "purge"):
        body = {"operation": operation, "ids": [kept]}
        assert (await http.post(f"{PATH}/bulk", json=body, headers=key)).status_code == 403
    assert (await http.post(PATH, json={"text": "x"}, headers=key)).status_code == 403


async def test_a_new_memory_may_be_said_to_be_an_apps(http: httpx.AsyncClient):
    kept = await add(http, "tea", app="Cursor", categories=["Food", "FOOD "])

    item = await ok(http, "GET", f"/{kept}")

    assert (item["app"], item["categories"], item["surface"]) == ("cursor", ["Food"], "dashboard")
    again = await ok(http, "POST", "", {"text": "tea"})
    assert (again["event"], again["items"][0]["id"]) == ("NONE", kept)
    assert again["not_applied"] == []
    other = {"text": "tea", "app": "Zed", "categories": ["Drinks", "food"]}
    assert (await ok(http, "POST", "", other))["not_applied"] == ["app", "categories"]
    same = {"text": "tea", "app": "Cursor", "categories": ["food"]}
    assert (await ok(http, "POST", "", same))["not_applied"] == []
    alike = (await ok(http, "POST", "/similar", {"text": "tea"}))["items"]
    assert [each["item"]["id"] for each in alike] == [kept]
    for body in ({"text": " "}, {"text": "x", "app": "no app!"}, {"text": "x", "categories": [""]}):
        assert (await ask(http, "POST", "", body)).status_code == 400


async def test_related_are_what_is_linked_and_what_is_near(
    store: Container, http: httpx.AsyncClient
):
    await put(
        store,
        a_memory(1, text="the port is 5433"),
        a_memory(2, text="the port was 5432", replaced_by=uuid(1), state=State.ARCHIVED),
        a_memory(3, text="which port is it"),
    )

    items = (await ok(http, "GET", f"/{uuid(1)}/related"))["items"]

    assert [(each["item"]["id"], each["relation"]) for each in items] == [
        (uuid(2), "supersedes"),
        (uuid(3), "near"),
    ]
    older = (await ok(http, "GET", f"/{uuid(2)}/related"))["items"]
    assert (older[0]["item"]["id"], older[0]["relation"]) == (uuid(1), "superseded by")


async def test_platform_clients_get_events_they_know(http: httpx.AsyncClient):
    kept = await add(http, "tea")
    done = await bulk(http, "pause", kept)
    back = await bulk(http, "resume", kept)

    listed = (await http.get("/v1/events/", headers=ANNA)).json()["results"]
    assert {each["event_type"] for each in listed} == {"ADD", "UPDATE"}
    resumed = (await http.get(f"/v1/event/{back['action_id']}/", headers=ANNA)).json()
    assert [each["event"] for each in resumed["results"]] == ["UPDATE"]
    lived = (await http.get(f"/v1/memories/{kept}/history/", headers=ANNA)).json()
    assert [each["event"] for each in lived] == ["ADD"]
    assert done["action_id"] in {each["id"] for each in listed}
