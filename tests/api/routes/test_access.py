"""Access rules over HTTP: read, tried out, put in place, explained, taken back."""

from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from fastapi import FastAPI

from openmemory_api.container import Container
from openmemory_api.db.tables import access_bases, access_rules, users
from openmemory_api.domain.access import Access, Caller, Effect, OfTag, Rule, Verb
from openmemory_api.domain.errors import Invalid
from openmemory_api.domain.rules import Draft
from tests.api.stores import a_memory, put, uuid
from tests.postgres.fixtures import BOTH

DATABASES = BOTH
ANNA = {"X-OpenMemory-User": "anna"}
CURSOR = {**ANNA, "X-OpenMemory-App": "cursor"}
SHARED: dict[str, Any] = {"read": "everything", "write": "everything", "rules": []}
DENY_TEA = {"verb": "read", "effect": "deny", "subject": {"kind": "tag", "value": "tea"}}
NO_TEA = {"app": "cursor", "read": "everything", "write": "own", "rules": [DENY_TEA]}


async def filled(store: Container) -> None:
    await put(
        store,
        a_memory(1, text="green tea", app="cursor", tags=("tea",), categories=("Food",)),
        a_memory(2, text="black Tea", app="claude", tags=("Tea",), categories=("food", "FOOD")),
        a_memory(3, text="a zither", tags=(), categories=()),
        a_memory(4, text="a bicycle", user="bob", app="cursor", tags=("tea",)),
        a_memory(5, text="the weather", app="cursor"),
    )


async def get(http: httpx.AsyncClient, path: str) -> dict[str, Any]:
    answer = await http.get(f"/api/v1/access/{path}", headers=ANNA)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def post(http: httpx.AsyncClient, path: str, body: Any, status: int = 200) -> dict[str, Any]:
    answer = await http.post(f"/api/v1/access/{path}", json=body, headers=ANNA)
    assert answer.status_code == status, answer.text
    return answer.json()


async def apply(http: httpx.AsyncClient, *rows: dict[str, Any]) -> dict[str, Any]:
    return await post(http, "apply", {"changes": rows})


async def undo(http: httpx.AsyncClient, action_id: str) -> dict[str, Any]:
    answer = await http.post(f"/api/v1/actions/{action_id}/undo", headers=ANNA)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def seen(http: httpx.AsyncClient, headers: dict[str, str] = CURSOR) -> list[str]:
    answer = await http.post("/v3/memories/", json={}, headers=headers)
    return sorted(row["memory"] for row in answer.json()["results"])


async def test_the_row_of_any_other_app_is_there_before_anything_is_set(http: httpx.AsyncClient):
    row: dict[str, Any] = {
        "app": "*", "inherit": True, "read": None, "write": None, "rules": [],
        "paused": False, "merged": [], "problem": None,
    }  # fmt: skip
    assert await get(http, "rules") == {"version": 0, "apps": [row]}


async def test_what_is_applied_holds_at_once_and_is_read_back_as_it_was_sent(
    http: httpx.AsyncClient, store: Container
):
    await filled(store)
    assert await seen(http) == ["a zither", "black Tea", "green tea", "the weather"]

    applied = await apply(http, NO_TEA, {"app": "*", "template": "own_only"})

    assert applied["version"] == 1
    assert await seen(http) == ["a zither", "the weather"]
    assert await seen(http, {**ANNA, "X-OpenMemory-App": "claude"}) == ["black Tea"]
    rules = await get(http, "rules")
    assert [row["app"] for row in rules["apps"]] == ["*", "claude", "cursor"]
    star, claude, cursor = rules["apps"]
    assert (star["read"], star["write"], star["inherit"]) == ("own", "own", False)
    assert (claude["read"], claude["inherit"]) == (None, True)
    assert {**cursor, **NO_TEA} == cursor


async def test_rules_as_read_can_be_sent_back_and_then_change_nothing(
    http: httpx.AsyncClient, store: Container
):
    await filled(store)
    await seen(http)
    await apply(http, NO_TEA, {"app": "zed", "paused": True})
    rules = await get(http, "rules")

    again = await post(http, "apply", {"changes": rules["apps"], "version": rules["version"]})

    assert again == {"action_id": None, "version": rules["version"]}
    assert await get(http, "rules") == rules


async def test_what_was_decided_on_rules_that_have_passed_is_refused(http: httpx.AsyncClient):
    await post(http, "apply", {"changes": [NO_TEA], "version": 0})

    for path in ("apply", "preview"):
        answer = await post(http, path, {"changes": [NO_TEA], "version": 0}, status=409)
        assert "version 1" in answer["detail"]
    assert (await get(http, "rules"))["version"] == 1


async def test_one_row_out_of_bounds_leaves_all_as_they_were(http: httpx.AsyncClient):
    wrong = {**NO_TEA, "app": "no app"}
    await post(http, "apply", {"changes": [NO_TEA, wrong]}, status=400)

    assert (await get(http, "rules"))["version"] == 0


def rule(kind: str, value: str) -> dict[str, Any]:
    return {**DENY_TEA, "subject": {"kind": kind, "value": value}}


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({"app": "cursor"}, "give read and write"),
        ({"app": ""}, "give read and write"),
        ({"app": "", "paused": True}, "empty"),
        ({"app": "a b", "paused": True}, "letters"),
        ({"app": "*", "paused": True}, "cannot be paused"),
        ({"app": "cursor", "read": "own"}, "both bases"),
        ({"app": "cursor", "rules": [DENY_TEA]}, "both bases"),
        ({**NO_TEA, "inherit": True}, "exclude"),
        ({**NO_TEA, "template": "own_only"}, "exclude"),
        ({"app": "cursor", "inherit": True, "template": "own_only"}, "exclude"),
        ({"app": "cursor", "template": "mine"}, "no template"),
        ({"app": "cursor", "template": "own_only", "tags": ["a"]}, "neither tags"),
        ({**NO_TEA, "tags": ["a"]}, "a template's"),
        ({**NO_TEA, "rule": []}, "Extra"),
        ({**NO_TEA, "read": "all"}, "everything"),
        ({**NO_TEA, "rules": [rule("folder", "x")]}, "category"),
        ({**NO_TEA, "rules": [rule("everything", "x")]}, "no value"),
        ({**NO_TEA, "rules": [rule("memory", "m1")]}, "UUID"),
        ({**NO_TEA, "rules": [rule("tag", "")]}, "empty"),
        ({**NO_TEA, "rules": [rule("app", "")]}, "empty"),
        ({**NO_TEA, "rules": [rule("app", "a/b")]}, "letters"),
        ({**NO_TEA, "rules": [rule("category", "x" * 256)]}, "256"),
        ({**NO_TEA, "rules": [DENY_TEA] * 10_001}, "10000"),
    ],
)
async def test_a_row_that_cannot_be_is_refused_by_name(
    http: httpx.AsyncClient, row: dict[str, Any], why: str
):
    for path in ("apply", "preview"):
        answer = await post(http, path, {"changes": [row]}, status=400)
        assert why in answer["detail"]


@pytest.mark.parametrize("changes", [[], [NO_TEA, {**NO_TEA, "app": "Cursor"}], [NO_TEA] * 201])
async def test_a_draft_names_each_app_once(http: httpx.AsyncClient, changes: list[Any]):
    await post(http, "apply", {"changes": changes}, status=400)


async def test_the_bounds_hold_for_callers_within_the_store_too(store: Container):
    anna = Caller("default", "anna", None)
    too_many = Access(
        rules=tuple(Rule(Verb.READ, Effect.DENY, OfTag("tea")) for _ in range(10_001))
    )
    with pytest.raises(Invalid, match="10,000 rules"):
        await store.access.configure(anna, "cursor", too_many)
    with pytest.raises(Invalid, match="200 apps"):
        await store.access.change(anna, [Draft(f"app{n}", paused=True) for n in range(201)])


async def test_a_merged_name_is_shown_with_its_app_and_has_no_row_to_change(
    http: httpx.AsyncClient, store: Container
):
    await filled(store)
    code = {**ANNA, "X-OpenMemory-App": "claude-code"}
    for headers in (CURSOR, code):
        await seen(http, headers)
    await apply(http, NO_TEA)
    merged = await http.post(
        "/api/v1/apps/claude-code/merge", json={"into": "cursor"}, headers=ANNA
    )
    assert merged.status_code == 200

    (_, row) = (await get(http, "rules"))["apps"]
    assert (row["app"], row["merged"]) == ("cursor", ["claude-code"])
    for path in ("apply", "preview"):
        answer = await post(http, path, {"changes": [{**NO_TEA, "app": "claude-code"}]}, status=400)
        assert "merged into 'cursor'" in answer["detail"]
    told = await post(http, "simulate", {"app": "claude-code", "memory": "m5", "verb": "write"})
    assert told["explanation"]["allowed"]
    assert [row["app"] for row in (await get(http, "matrix?by=app"))["apps"]] == ["*", "cursor"]
    lost = await post(http, "preview", {"changes": [{"app": "cursor", "template": "own_only"}]})
    assert [row["app"] for row in lost["apps"]] == ["cursor"]


async def test_a_preview_says_what_each_app_would_gain_and_lose_and_changes_nothing(
    http: httpx.AsyncClient, store: Container
):
    await filled(store)
    for app in ("cursor", "claude"):
        await seen(http, {**ANNA, "X-OpenMemory-App": app})
    draft = [NO_TEA, {"app": "*", "template": "own_only"}]

    found = await post(http, "preview", {"changes": draft, "limit": 1})

    told = {row["app"]: row for row in found["apps"]}
    assert {app: (row["read"]["loses"], row["write"]["loses"]) for app, row in told.items()} == {
        "*": (4, 4),
        "claude": (3, 3),
        "cursor": (2, 3),
    }
    assert all(row[verb]["gains"] == 0 for row in told.values() for verb in ("read", "write"))
    assert [told[app]["inherit"] for app in ("*", "claude", "cursor")] == [False, True, False]
    (listed,) = told["cursor"]["read"]["memories"]
    assert listed == {
        "id": uuid(2),
        "short_id": "m2",
        "excerpt": "black Tea",
        "app": "claude",
        "change": "loses",
    }
    assert (await get(http, "rules"))["version"] == 0
    assert len(await seen(http)) == 4


async def test_a_preview_tells_of_an_app_that_could_only_no_longer_add(http: httpx.AsyncClient):
    found = await post(http, "preview", {"changes": [{"app": "zed", "template": "read_only"}]})
    (row,) = found["apps"]
    assert (row["app"], row["may_add"]) == ("zed", {"before": True, "after": False})

    same = await post(http, "preview", {"changes": [{"app": "zed", **SHARED}]})
    assert same["apps"] == []


async def test_undo_restores_rows_that_are_as_they_were_left_and_reports_the_rest(
    http: httpx.AsyncClient,
):
    await apply(http, {"app": "zed", "template": "own_only"})
    before = (await get(http, "rules"))["apps"]
    action = await apply(http, NO_TEA, {"app": "zed", "inherit": True}, {"app": "vim", **SHARED})
    await apply(http, {"app": "vim", "template": "read_only"})

    undone = await undo(http, action["action_id"])

    assert (sorted(undone["reversed"]), undone["left"]) == (["cursor", "zed"], ["vim"])
    after = {row["app"]: row for row in (await get(http, "rules"))["apps"]}
    assert after.pop("vim")["write"] == "nothing"
    assert list(after.values()) == before

    # Taken back itself, it is as it was after the first.
    await undo(http, undone["action_id"])
    again = {row["app"]: row for row in (await get(http, "rules"))["apps"]}
    assert (again["cursor"]["write"], "zed" in again) == ("own", False)


async def test_an_undo_of_rows_that_were_all_changed_since_writes_nothing(http: httpx.AsyncClient):
    action = await apply(http, NO_TEA)
    await apply(http, {"app": "cursor", **SHARED})

    undone = await undo(http, action["action_id"])

    assert undone == {"action_id": None, "reversed": [], "left": ["cursor"]}
    assert (await get(http, "rules"))["version"] == 2


async def test_a_pause_is_an_action_that_stands_beside_the_rules(
    http: httpx.AsyncClient, store: Container
):
    await seen(http)
    anna = Caller("default", "anna", None)
    paused = await store.access.pause(anna, "Cursor")
    assert (await http.post("/v3/memories/", json={}, headers=CURSOR)).status_code == 403
    await apply(http, NO_TEA)

    undone = await undo(http, paused.action_id or "")

    assert undone["reversed"] == ["cursor"]
    row = (await get(http, "rules"))["apps"][1]
    assert (row["app"], row["paused"], row["write"]) == ("cursor", False, "own")
    # It goes on already, so there is nothing to do.
    again = await store.access.pause(anna, "cursor", paused=False)
    assert (again.action_id, again.version) == (None, 3)


async def test_changes_of_rules_are_seen_by_the_user_and_by_no_app(http: httpx.AsyncClient):
    await seen(http)
    action = (await apply(http, NO_TEA))["action_id"]

    listed = (await http.get("/api/v1/actions", headers=ANNA)).json()
    assert [(each["id"], each["detail"]["changes"]) for each in listed["results"]] == [
        (action, [{"app": "cursor"}])
    ]
    whole = (await http.get(f"/api/v1/actions/{action}", headers=ANNA)).json()
    (change,) = whole["detail"]["changes"]
    assert (change["app"], change["before"]) == ("cursor", {"inherit": True})
    assert change["after"]["rules"] == [DENY_TEA]
    for path in (f"/api/v1/actions/{action}", f"/v1/event/{action}/"):
        assert (await http.get(path, headers=CURSOR)).status_code == 404
    for path in ("/api/v1/actions", "/v1/events/"):
        assert (await http.get(path, headers=CURSOR)).json()["count"] == 0
    # The platform's clients know no such event.
    assert (await http.get(f"/v1/event/{action}/", headers=ANNA)).status_code == 404
    assert (await http.get("/v1/events/", headers=ANNA)).json()["count"] == 0
    refused = await http.post(f"/api/v1/actions/{action}/undo", headers=CURSOR)
    assert refused.status_code == 403


async def test_no_app_and_no_other_user_gets_at_the_rules(http: httpx.AsyncClient):
    action = (await apply(http, NO_TEA))["action_id"]
    bodies = {
        "preview": {"changes": [NO_TEA]},
        "apply": {"changes": [NO_TEA]},
        "simulate": {"app": "cursor", "query": "tea"},
    }
    for path in ("rules", "matrix", "templates", *bodies):
        method = "POST" if path in bodies else "GET"
        url = f"/api/v1/access/{path}"
        answer = await http.request(method, url, json=bodies.get(path), headers=CURSOR)
        assert answer.status_code == 403, path

    bob = {"X-OpenMemory-User": "bob"}
    assert len((await http.get("/api/v1/access/rules", headers=bob)).json()["apps"]) == 1
    other = await http.post(f"/api/v1/actions/{action}/undo", headers=bob)
    assert other.status_code == 404


@pytest.mark.parametrize(
    ("memory", "verb", "expected"),
    [
        (1, "read", (False, "denied", "denies to read tag 'tea'")),
        (1, "write", (False, "not_readable", "What it may not read")),
        (3, "read", (True, "base", "may read everything")),
        (3, "write", (False, "beyond_base", "may change what it wrote itself")),
        (5, "write", (True, "base", "may change what it wrote itself")),
    ],
)
async def test_a_simulation_says_of_a_memory_whether_and_why(
    http: httpx.AsyncClient,
    store: Container,
    memory: int,
    verb: str,
    expected: tuple[bool, str, str],
):
    await filled(store)
    await apply(http, NO_TEA)

    told = await post(http, "simulate", {"app": "Cursor", "memory": f"m{memory}", "verb": verb})

    explained = told["explanation"]
    assert (explained["allowed"], explained["because"]) == expected[:2]
    assert expected[2] in explained["reason"]
    assert told["memory"]["id"] == uuid(memory)


async def test_a_simulation_of_a_memory_that_is_not_the_users_is_as_of_none(
    http: httpx.AsyncClient, store: Container
):
    await filled(store)
    answers = [
        await http.post(
            "/api/v1/access/simulate", json={"app": "cursor", "memory": ref}, headers=ANNA
        )
        for ref in (uuid(4), uuid(404), "m4", "m404")
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    for body in ({}, {"memory": "m1", "query": "tea"}, {"memory": "x"}, {"query": " "}):
        await post(http, "simulate", {"app": "cursor", **body}, status=400)
    await post(http, "simulate", {"app": "no app", "memory": uuid(1)}, status=400)


async def test_a_simulated_query_is_what_the_app_would_be_answered_beside_what_the_user_would(
    http: httpx.AsyncClient, store: Container
):
    await filled(store)
    await apply(http, NO_TEA)
    query = {"query": "tea zither weather", "top_k": 10, "threshold": 0, "latest_only": True}

    told = await post(http, "simulate", {"app": "cursor", "query": query["query"]})

    async def asked(headers: dict[str, str]) -> list[tuple[str, float]]:
        answer = await http.post("/v3/memories/search/", json=query, headers=headers)
        return [(hit["id"], hit["score"]) for hit in answer.json()["results"]]

    as_told = [(hit["memory"]["id"], hit["score"]) for hit in told["results"]]
    assert as_told == await asked(CURSOR)
    assert {memory_id for memory_id, _ in as_told} == {uuid(3), uuid(5)}
    of_user = {hit["memory"]["id"]: hit["explanation"] for hit in told["of_user"]}
    assert list(of_user) == [memory_id for memory_id, _ in await asked(ANNA)]
    assert {key for key, each in of_user.items() if not each["allowed"]} == {uuid(1), uuid(2)}
    assert of_user[uuid(1)]["rules"] == [DENY_TEA]


async def test_a_simulation_is_no_call_of_the_app_and_a_paused_one_gets_nothing(
    http: httpx.AsyncClient, store: Container
):
    await filled(store)
    await post(http, "simulate", {"app": "zed", "query": "tea"})
    assert [row["app"] for row in (await get(http, "rules"))["apps"]] == ["*"]

    await apply(http, {"app": "zed", "paused": True})
    told = await post(http, "simulate", {"app": "zed", "query": "tea"})
    assert told["results"] == []
    assert {hit["explanation"]["because"] for hit in told["of_user"]} == {"paused"}


async def test_the_matrix_counts_what_each_app_may_reach_of_what(
    http: httpx.AsyncClient, store: Container
):
    await filled(store)
    await apply(http, NO_TEA, {"app": "zed", "paused": True})

    def cells(found: dict[str, Any]) -> dict[str, list[tuple[int, int]]]:
        return {
            row["app"]: [(cell["readable"], cell["writable"]) for cell in row["cells"]]
            for row in found["apps"]
        }

    by_category = await get(http, "matrix")
    assert [tuple(column.values()) for column in by_category["columns"]] == [
        ("label", "Food", 2),
        ("none", None, 1),
        ("undecided", None, 1),
    ]
    assert cells(by_category) == {
        "*": [(2, 2), (1, 1), (1, 1)],
        "cursor": [(0, 0), (1, 0), (1, 1)],
        "zed": [(0, 0), (0, 0), (0, 0)],
    }
    whole = {row["app"]: row["whole"] for row in by_category["apps"]}
    assert whole["cursor"] == {"readable": 2, "writable": 1, "total": 4, "blocked": False}

    by_tag = await get(http, "matrix?by=tag")
    assert [tuple(column.values()) for column in by_tag["columns"]] == [
        ("label", "Tea", 2),
        ("none", None, 2),
    ]
    by_app = await get(http, "matrix?by=app&limit=1")
    assert [tuple(column.values()) for column in by_app["columns"]] == [
        ("label", "cursor", 2),
        ("none", None, 1),
    ]
    assert by_app["more_columns"] == 1


async def test_an_empty_store_has_a_matrix_with_the_row_of_any_other_app(http: httpx.AsyncClient):
    found = await get(http, "matrix")
    assert [(column["kind"], column["total"]) for column in found["columns"]] == [
        ("none", 0),
        ("undecided", 0),
    ]
    assert [row["app"] for row in found["apps"]] == ["*"]


@pytest.mark.parametrize(
    ("table", "broken"),
    [
        (access_rules, {"verb": "peek"}),
        (access_rules, {"effect": "perhaps"}),
        (access_rules, {"subject_kind": "folder"}),
        (access_bases, {"read": "most"}),
        (access_bases, {"write": ""}),
    ],
)
async def test_rules_that_cannot_be_read_show_nothing_and_can_be_set_anew(
    http: httpx.AsyncClient, store: Container, table: sa.Table, broken: dict[str, str]
):
    await filled(store)
    await seen(http)
    await apply(http, NO_TEA)
    async with store.database.write() as connection:
        await connection.execute(sa.update(table).values(broken))
    # What holds in memory holds until this process writes.
    await apply(http, {"app": "zed", "paused": True})

    for method, path, body in (
        ("POST", "/v3/memories/", {}),
        ("POST", "/v3/memories/search/", {"query": "tea"}),
        ("GET", "/v1/memories/m1/", None),
        ("DELETE", "/v1/memories/m1/", None),
    ):
        answer = await http.request(method, path, json=body, headers=CURSOR)
        assert answer.status_code == 503
        assert "cannot be read" in answer.json()["detail"]
    row = (await get(http, "rules"))["apps"][1]
    assert (row["app"], row["read"], row["inherit"]) == ("cursor", None, False)
    assert "set them anew" in row["problem"]
    # Sent back as it was read it stays as it is: nobody knows what to store.
    assert (await apply(http, row))["action_id"] is None
    await post(http, "simulate", {"app": "cursor", "memory": "m3"}, status=503)
    matrix = {row["app"]: row for row in (await get(http, "matrix"))["apps"]}
    assert matrix["cursor"]["blocked"]
    assert all(
        (cell["readable"], cell["writable"], cell["blocked"]) == (0, 0, True)
        for cell in matrix["cursor"]["cells"]
    )
    assert not matrix["*"]["blocked"]

    gained = await post(http, "preview", {"changes": [NO_TEA]})
    assert [(row["read"]["gains"], row["blocked"]) for row in gained["apps"]] == [(2, True)]
    mended = await apply(http, NO_TEA)
    assert await seen(http) == ["a zither", "the weather"]
    # What nobody could read cannot be brought back.
    assert (await undo(http, mended["action_id"]))["left"] == ["cursor"]


@pytest.mark.parametrize(
    "stored",
    [["cursor"], [], "cursor", "", 5, 0, False, {"cursor": 5}, {"cursor": {"into": "zed"}},
     {"a": "b", "b": "a"}, {"a": "a"}, {"cursor": "zed", "zed": "claude"}],
)  # fmt: skip
async def test_merges_that_cannot_be_read_let_no_app_through(
    http: httpx.AsyncClient, store: Container, stored: Any
):
    await filled(store)
    await seen(http)
    await apply(http, NO_TEA)
    async with store.access.changing(Caller("default", "anna", None)) as connection:
        await connection.execute(sa.update(users).values(merges=stored))

    for headers in (CURSOR, {**ANNA, "X-OpenMemory-App": "new"}):
        refused = await http.post("/v3/memories/", json={}, headers=headers)
        assert refused.status_code == 503
        assert "cannot be read" in refused.json()["detail"]
    for path in ("access/rules", "access/matrix", "apps"):
        assert (await http.get(f"/api/v1/{path}", headers=ANNA)).status_code == 503
    await post(http, "apply", {"changes": [NO_TEA]}, status=503)
    # The user decides by no merge.
    assert len(await seen(http, ANNA)) == 4


async def test_a_memory_of_the_platform_keeps_its_name_in_the_openapi_document(app: FastAPI):
    assert "MemoryOut" in app.openapi()["components"]["schemas"]


async def test_templates_are_rows_to_choose(http: httpx.AsyncClient, store: Container):
    await filled(store)
    templates = (await get(http, "templates"))["templates"]
    assert [each["name"] for each in templates] == [
        "everything_shared",
        "write_own_only",
        "own_only",
        "read_only",
        "work_apart",
    ]
    expected = {
        "everything_shared": (4, 4),
        "write_own_only": (4, 2),
        "own_only": (2, 2),
        "read_only": (4, 0),
        "work_apart": (2, 2),
    }
    for template in expected:
        await apply(http, {"app": "cursor", "template": template})
        row = (await get(http, "matrix"))["apps"][1]["whole"]
        assert (row["readable"], row["writable"]) == expected[template]


async def test_work_apart_shows_what_is_marked_and_nothing_that_is_not(
    http: httpx.AsyncClient, store: Container
):
    await filled(store)
    await apply(http, {"app": "zed", "template": "work_apart", "tags": ["TEA"]})

    headers = {**ANNA, "X-OpenMemory-App": "zed"}
    assert await seen(http, headers) == ["black Tea", "green tea"]
