"""Actions and the trash over HTTP."""

from typing import Any

import httpx
import pytest

from tests.api.keys import bearer, make
from tests.api.stores import uuid
from tests.api.waiting import eventually

ANNA = {"X-OpenMemory-User": "anna"}
CURSOR = {**ANNA, "X-OpenMemory-App": "cursor"}


async def added(http: httpx.AsyncClient, text: str = "likes tea") -> dict[str, Any]:
    body = {"messages": [{"role": "user", "content": text}]}
    return (await http.post("/v3/memories/add/", json=body, headers=ANNA)).json()


async def texts(http: httpx.AsyncClient) -> list[str]:
    found = await http.post("/v3/memories/", json={}, headers=ANNA)
    return [row["memory"] for row in found.json()["results"]]


async def test_an_add_is_an_action_that_can_be_undone_once(http: httpx.AsyncClient) -> None:
    event = (await added(http))["event_id"]
    (action,) = (await http.get("/api/v1/actions", headers=ANNA)).json()["results"]
    assert (action["id"], action["kind"], action["undone_by"]) == (event, "ADD", None)
    assert [change["memory"] for change in action["changes"]] == ["likes tea"]

    undone = await http.post(f"/api/v1/actions/{event}/undo", headers=ANNA)
    assert undone.json()["left"] == []
    assert await texts(http) == []
    seen = (await http.get(f"/api/v1/actions/{event}", headers=ANNA)).json()
    assert seen["undone_by"] == undone.json()["action_id"]
    again = await http.post(f"/api/v1/actions/{event}/undo", headers=ANNA)
    assert again.status_code == 400


async def test_a_change_of_rules_is_to_a_key_that_settles_none_as_if_there_were_none(
    http: httpx.AsyncClient,
) -> None:
    scopes = ["memory:read", "memory:write", "memory:delete"]
    plain = bearer(await make(http, user_id="anna", scopes=scopes))
    draft = {"changes": [{"app": "cursor", "paused": True}]}
    rules = (await http.get("/api/v1/access/rules", headers=ANNA)).json()["version"]
    settled = await http.post(
        "/api/v1/access/apply", json={**draft, "version": rules}, headers=ANNA
    )
    assert settled.status_code == 200, settled.text
    unknown, hidden = [
        await http.post(f"/api/v1/actions/{action}/undo", headers=plain)
        for action in (uuid(1), settled.json()["action_id"])
    ]
    assert (hidden.status_code, hidden.json()) == (404, unknown.json())


async def test_a_deleted_memory_waits_in_the_trash_and_comes_back_as_it_was(
    http: httpx.AsyncClient,
) -> None:
    memory = (await added(http))["results"][0]
    await http.delete("/v1/memories/m1/", headers=ANNA)
    trash = (await http.get("/api/v1/trash", headers=ANNA)).json()
    assert [(row["id"], row["short_id"]) for row in trash["results"]] == [(memory["id"], "m1")]

    restored = await http.post("/api/v1/trash/restore", json={"ids": ["m1"]}, headers=ANNA)
    assert restored.json() == {"restored": [memory["id"]]}
    back = (await http.get("/v1/memories/m1/", headers=ANNA)).json()
    assert (back["id"], back["memory"]) == (memory["id"], "likes tea")


async def test_a_purged_memory_is_gone_for_good(http: httpx.AsyncClient) -> None:
    memory = (await added(http))["results"][0]
    await http.delete(f"/v1/memories/{memory['id']}/", headers=ANNA)
    purged = await http.post("/api/v1/trash/purge", json={"ids": [memory["id"]]}, headers=ANNA)
    assert purged.json() == {"purged": 1}
    for ids in ([memory["id"]], ["m1"], [uuid(7)]):
        answer = await http.post("/api/v1/trash/restore", json={"ids": ids}, headers=ANNA)
        assert answer.status_code == 404
    assert (await added(http))["results"][0]["short_id"] == "m2"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/trash"),
        ("POST", "/api/v1/trash/restore"),
        ("POST", "/api/v1/trash/purge"),
        ("POST", f"/api/v1/actions/{uuid(1)}/undo"),
    ],
)
async def test_what_is_the_users_is_closed_to_apps(
    http: httpx.AsyncClient, method: str, path: str
) -> None:
    body = {"ids": ["m1"]} if "trash/" in path else None
    assert (await http.request(method, path, json=body, headers=CURSOR)).status_code == 403


async def test_nobody_sees_another_users_actions_or_trash(http: httpx.AsyncClient) -> None:
    event = (await added(http))["event_id"]
    await http.delete("/v1/memories/m1/", headers=ANNA)
    bob = {"X-OpenMemory-User": "bob"}
    assert (await http.get("/api/v1/actions", headers=bob)).json()["count"] == 0
    assert (await http.get(f"/api/v1/actions/{event}", headers=bob)).status_code == 404
    assert (await http.post(f"/api/v1/actions/{event}/undo", headers=bob)).status_code == 404
    assert (await http.get("/api/v1/trash", headers=bob)).json()["count"] == 0


@pytest.mark.parametrize("body", [{}, {"ids": []}, {"ids": "m1"}, {"ids": ["m1"] * 1_001}])
async def test_a_list_of_ids_out_of_bounds_is_refused(
    http: httpx.AsyncClient, body: dict[str, Any]
) -> None:
    answer = await http.post("/api/v1/trash/restore", json=body, headers=ANNA)
    assert answer.status_code == 400


async def test_only_an_administrator_has_the_index_made_anew(http: httpx.AsyncClient) -> None:
    await added(http)
    for headers in (ANNA, CURSOR):
        refused = await http.post("/api/v1/reindex", headers=headers)
        assert refused.status_code == 403
    assert (await http.post("/api/v1/reindex")).status_code == 202
    query = {"query": "tea", "filters": {"user_id": "anna"}}

    async def found() -> bool:
        return bool((await http.post("/v3/memories/search/", json=query)).json()["results"])

    await eventually(found)
