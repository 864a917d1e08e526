"""How a caller might pass for another, learn what it may not see, or keep what was taken away."""

from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from openmemory_api.container import Container
from tests.api.keys import KEYS, bearer, make
from tests.api.stores import settle
from tests.red_team.stories import (
    ANNA,
    BOB,
    CURSOR,
    SECRET,
    found,
    key_of,
    listed,
    remember,
    rule,
    settle_rules,
)

# Passing for another.


async def test_a_second_header_of_a_name_does_not_hide_a_revoked_key(
    http: httpx.AsyncClient,
) -> None:
    good = await make(http, user_id="anna")
    bad = await make(http, user_id="anna")
    await http.delete(f"{KEYS}/{bad['id']}")

    for first, second in ((good, bad), (bad, good)):
        for name in ("authorization", "x-api-key"):
            prefix = "Bearer " if name == "authorization" else ""
            headers = [(name, prefix + first["key"]), (name, prefix + second["key"])]
            assert (await http.get("/v1/ping/", headers=headers)).status_code == 401
    mixed = {"Authorization": f"Bearer {good['key']}", "X-API-Key": bad["key"]}
    assert (await http.get("/v1/ping/", headers=mixed)).status_code == 401


async def test_two_keys_in_one_request_are_refused(http: httpx.AsyncClient) -> None:
    annas, bobs = await make(http, user_id="anna"), await make(http, user_id="bob")
    both = {"Authorization": f"Bearer {annas['key']}", "X-API-Key": bobs["key"]}

    assert (await http.get("/v1/ping/", headers=both)).status_code == 401


@pytest.mark.parametrize(
    "claim",
    [
        {"X-OpenMemory-App": "claude"},
        {"x-openmemory-app": "CLAUDE"},
        {"X-OpenMemory-User": "bob"},
        {"X-OpenMemory-User": "ANNA"},
    ],
)
async def test_an_apps_key_cannot_claim_another_name(
    http: httpx.AsyncClient, claim: dict[str, str]
) -> None:
    cursor = await key_of(http, user_id="anna", app="cursor")

    answer = await http.post("/v3/memories/", json={}, headers={**cursor, **claim})

    assert answer.status_code == 403


@pytest.mark.parametrize(
    "claim", [{}, {"X-OpenMemory-Client": "claude"}, {"X-OpenMemory-Surface": "rest"}]
)
async def test_an_apps_key_is_its_app_without_any_header_and_with_any_label(
    http: httpx.AsyncClient, claim: dict[str, str]
) -> None:
    await remember(http)
    await settle_rules(http, read="own", write="own")
    cursor = await key_of(http, user_id="anna", app="cursor")

    for method, path, body in (
        ("POST", "/v3/memories/", {}),
        ("POST", "/v3/memories/search/", {"query": "zither", "threshold": 0}),
        ("GET", "/v1/memories/?user_id=anna", None),
        ("GET", "/v1/entities/", None),
    ):
        answer = await http.request(method, path, json=body, headers={**cursor, **claim})
        assert answer.status_code == 200
        assert "zither" not in answer.text


async def test_an_apps_key_writes_under_no_other_apps_name(http: httpx.AsyncClient) -> None:
    cursor = await key_of(http, user_id="anna", app="cursor")
    body = {"messages": [{"role": "user", "content": "x"}], "infer": False}

    for named in ({"app_id": "claude"}, {"user_id": "bob"}, {"filters": {"app_id": "claude"}}):
        answer = await http.post("/v3/memories/add/", json={**body, **named}, headers=cursor)
        assert answer.status_code == 403
    added = await remember(http, "mine", cursor)
    row = (await http.get(f"/v1/memories/{added}/", headers=cursor)).json()
    assert (row["app"], row["app_id"], row["user_id"]) == ("cursor", "cursor", "anna")


@pytest.mark.parametrize("name", ["Cursor", "CURSOR", "cUrSoR"])
async def test_an_app_does_not_escape_its_rules_by_its_spelling(
    http: httpx.AsyncClient, name: str
) -> None:
    await remember(http)
    await settle_rules(http, read="nothing", write="nothing")

    assert await listed(http, {**ANNA, "X-OpenMemory-App": name}) == []


@pytest.mark.parametrize("name", ["cursоr", "cursor\u200b", "ｃursor", "*", "cur sor", "c\u0301"])
async def test_a_name_that_only_looks_like_an_apps_is_refused(
    http: httpx.AsyncClient, name: str
) -> None:
    headers: Any = {"X-OpenMemory-User": "anna", "X-OpenMemory-App": name.encode()}

    assert (await http.post("/v3/memories/", json={}, headers=headers)).status_code == 400


async def test_an_app_named_star_is_none(http: httpx.AsyncClient) -> None:
    made = await http.post(KEYS, json={"user_id": "anna", "app": "*"})
    merged = await http.post("/api/v1/apps/cursor/merge", json={"into": "*"}, headers=ANNA)

    assert made.status_code == 400
    assert merged.status_code in (400, 404)


async def test_merging_reaches_no_further_than_the_target(http: httpx.AsyncClient) -> None:
    await remember(http)
    await settle_rules(http, read="own", write="own")
    for app in ("cursor", "cursor-cli"):
        await listed(http, {**ANNA, "X-OpenMemory-App": app})

    merged = await http.post("/api/v1/apps/cursor-cli/merge", json={"into": "cursor"}, headers=ANNA)

    assert merged.status_code == 200
    assert await listed(http, {**ANNA, "X-OpenMemory-App": "cursor-cli"}) == []
    paused = await http.post("/api/v1/apps/cursor-cli/pause", headers=ANNA)
    assert paused.status_code == 200
    for app in ("cursor", "cursor-cli"):
        headers = {**ANNA, "X-OpenMemory-App": app}
        assert (await http.post("/v3/memories/", json={}, headers=headers)).status_code == 403


# Learning what it may not see.


async def test_missing_denied_anothers_and_trashed_are_one_answer(
    http: httpx.AsyncClient,
) -> None:
    denied = await remember(http)
    bobs = await remember(http, "Bob's", BOB)
    trashed = await remember(http, "gone")
    await http.delete(f"/v1/memories/{trashed}/", headers=ANNA)
    await settle_rules(
        http, read="everything", write="everything", rules=[rule("deny", "memory", denied)]
    )
    missing = "00000000-0000-4000-8000-000000000000"

    for method, path, body in (
        ("GET", "/v1/memories/{}/", None),
        ("GET", "/v1/memories/{}/history/", None),
        ("PUT", "/v1/memories/{}/", {"text": "x"}),
        ("DELETE", "/v1/memories/{}/", None),
    ):
        answers = [
            await http.request(method, path.format(memory), json=body, headers=CURSOR)
            for memory in (missing, denied, bobs, trashed)
        ]
        assert {answer.status_code for answer in answers} == {404}
        assert len({answer.content for answer in answers}) == 1
        assert len({tuple(sorted(answer.headers.keys())) for answer in answers}) == 1


async def test_a_denied_memory_moves_no_score_count_or_page(
    http: httpx.AsyncClient, store: Container
) -> None:
    await remember(http, "plays the zither")
    await settle_rules(http, read="own", write="own")
    app = {**ANNA, "X-OpenMemory-App": "cursor"}
    await remember(http, "likes the zither", app)
    await settle(store)

    async def told() -> list[bytes]:
        search = {"query": "zither", "threshold": 0, "top_k": 1}
        asked = [
            await http.post("/v3/memories/search/", json=search, headers=app),
            await http.post("/v3/memories/", json={"page_size": 1}, headers=app),
            await http.get("/v1/entities/", headers=app),
        ]
        return [answer.content for answer in asked]

    alone = await told()
    for n in range(20):
        await remember(http, f"zither zither {n}")
    await settle(store)

    assert await told() == alone


@pytest.mark.parametrize(
    "cursor", ["MjAyNi0wMS0wMVQwMDowMDowMCswMDowMHx6", "AAAA", "x" * 500, "%00", "null"]
)
async def test_a_forged_cursor_shows_nothing_of_another(
    http: httpx.AsyncClient, cursor: str
) -> None:
    await remember(http)
    bobs = await key_of(http, user_id="bob", scopes=["admin", "memory:read"])

    listed = await http.post("/v3/memories/", json={"cursor": cursor}, headers=bobs)
    log = await http.get("/api/v1/activity", params={"cursor": cursor}, headers=bobs)

    for answer in (listed, log):
        assert answer.status_code in (200, 400)
        assert "zither" not in answer.text
        assert "anna" not in answer.text


async def test_the_cursor_of_one_user_is_of_no_use_to_another(http: httpx.AsyncClient) -> None:
    for n in range(3):
        await remember(http, f"{SECRET} {n}")
    page = {"page_size": 1}
    cursor = (await http.post("/v3/memories/", json=page, headers=ANNA)).json()["next_cursor"]

    answer = await http.post("/v3/memories/", json={**page, "cursor": cursor}, headers=BOB)

    assert (answer.json()["results"], answer.json()["count"]) == ([], 0)


async def test_an_app_sees_no_event_of_another(http: httpx.AsyncClient) -> None:
    body = {"messages": [{"role": "user", "content": SECRET}], "infer": False}
    claude = {**ANNA, "X-OpenMemory-App": "claude"}
    event = (await http.post("/v3/memories/add/", json=body, headers=claude)).json()["event_id"]

    for who in (CURSOR, BOB):
        for path in (f"/v1/event/{event}/", f"/api/v1/actions/{event}"):
            answer = await http.get(path, headers=who)
            assert answer.status_code == 404
        assert (await http.get("/v1/events/", headers=who)).json()["count"] == 0


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/activity",
        "/api/v1/usage",
        "/api/v1/errors",
        "/api/v1/keys",
        "/api/v1/apps",
        "/api/v1/access/rules",
        "/api/v1/access/matrix",
        "/api/v1/access/templates",
        "/api/v1/trash",
    ],
)
async def test_an_app_learns_nothing_of_rules_logs_keys_or_the_trash(
    http: httpx.AsyncClient, path: str
) -> None:
    for who in (CURSOR, await key_of(http, user_id="anna", app="cursor")):
        assert (await http.get(path, headers=who)).status_code == 403


async def test_a_plain_key_sees_no_change_of_rules_and_undoes_none(
    http: httpx.AsyncClient,
) -> None:
    await remember(http)
    denied = await settle_rules(http, read="nothing", write="nothing")
    agent = await key_of(http, user_id="anna")

    assert (await http.get(f"/api/v1/actions/{denied}", headers=agent)).status_code == 404
    assert "ACCESS" not in (await http.get("/api/v1/actions", headers=agent)).text
    undone = await http.post(f"/api/v1/actions/{denied}/undo", headers=agent)
    assert undone.status_code in (403, 404)
    assert await listed(http, CURSOR) == []


async def test_simulating_an_app_makes_no_app(http: httpx.AsyncClient) -> None:
    await http.post(
        "/api/v1/access/simulate", json={"app": "ghost", "query": "zither"}, headers=ANNA
    )

    assert "ghost" not in (await http.get("/api/v1/apps", headers=ANNA)).text


async def test_the_log_of_one_user_tells_nothing_of_another(http: httpx.AsyncClient) -> None:
    await found(http, ANNA, "where is the zither?")
    bobs = await key_of(http, user_id="bob", scopes=["admin", "memory:read"])

    log = await http.get("/api/v1/activity", headers=bobs)
    named = await http.get("/api/v1/activity?user_id=anna", headers=bobs)

    assert "zither" not in log.text
    assert "anna" not in log.text
    assert named.status_code == 403


async def test_a_tools_name_in_a_header_does_not_make_a_deletion_a_search(
    http: httpx.AsyncClient,
) -> None:
    await remember(http)
    spoof = {**CURSOR, "X-OpenMemory-Tool": "search_memory"}
    await http.delete("/v1/memories/?all=true", headers=spoof)

    rows = (await http.get("/api/v1/activity", headers=ANNA)).json()["results"]

    (deletion,) = [row for row in rows if row["app"] == "cursor"]
    assert deletion["kind"] == "write"


# Getting more than was given.


async def test_nobody_makes_a_key_that_may_more_than_its_maker(http: httpx.AsyncClient) -> None:
    annas = await key_of(http, user_id="anna", scopes=["admin", "memory:read"])
    for wish in (
        {"every_user": True, "scopes": ["memory:read"]},
        {"user_id": "bob", "scopes": ["memory:read"]},
        {"user_id": "anna", "scopes": ["memory:write"]},
        {"user_id": "anna"},
    ):
        assert (await http.post(KEYS, json=wish, headers=annas)).status_code == 403


async def test_rotating_a_stronger_key_gives_nobody_its_rights(http: httpx.AsyncClient) -> None:
    master = await make(http, every_user=True, scopes=["admin", "memory:read"])
    bobs = await make(http, user_id="bob")
    wider = await make(http, user_id="anna")
    annas = await key_of(http, user_id="anna", scopes=["admin"])

    for other in (master, bobs):
        for method, path in (("POST", "/rotate"), ("DELETE", "")):
            answer = await http.request(method, f"{KEYS}/{other['id']}{path}", headers=annas)
            assert answer.status_code == 404
    rotated = await http.post(f"{KEYS}/{wider['id']}/rotate", headers=annas)
    assert rotated.status_code == 403


async def test_an_apps_key_cannot_rotate_itself(http: httpx.AsyncClient) -> None:
    mine = await make(http, user_id="anna", app="cursor")

    rotated = await http.post(f"{KEYS}/{mine['id']}/rotate", headers=bearer(mine))

    assert rotated.status_code == 403


async def test_a_child_lives_no_longer_than_the_key_that_made_it(http: httpx.AsyncClient) -> None:
    hour = await make(http, user_id="anna", scopes=["admin"], expires_in_days=1 / 24)

    child = await make(http, bearer(hour), scopes=["admin"])

    assert child["expires_at"] <= hour["expires_at"]


async def test_undo_needs_the_right_to_read(http: httpx.AsyncClient) -> None:
    memory = await remember(http)
    await http.delete(f"/v1/memories/{memory}/", headers=ANNA)
    last = (await http.get("/v1/events/", headers=ANNA)).json()["results"][0]["id"]
    blind = await key_of(http, user_id="anna", scopes=["memory:write", "memory:delete"])

    answer = await http.post(f"/api/v1/actions/{last}/undo", headers=blind)

    assert answer.status_code == 403
    assert memory not in answer.text


async def test_a_key_that_only_manages_reads_no_memory(http: httpx.AsyncClient) -> None:
    memory = await remember(http)
    await found(http, CURSOR)
    manager = await key_of(http, user_id="anna", scopes=["admin"])
    draft = {"changes": [{"app": "cursor", "read": "nothing", "write": "nothing"}]}

    for method, path, body in (
        ("POST", "/api/v1/access/simulate", {"app": "cursor", "query": "zither"}),
        ("POST", "/api/v1/access/simulate", {"app": "cursor", "memory": memory}),
        ("POST", "/api/v1/access/preview", draft),
        ("GET", f"/api/v1/memories/{memory}/", None),
        ("POST", "/v3/memories/", {}),
        ("GET", "/api/v1/trash", None),
        ("GET", "/v1/events/", None),
    ):
        answer = await http.request(method, path, json=body, headers=manager)
        assert answer.status_code in (403, 404)
        assert "zither" not in answer.text
        assert memory not in answer.text or memory in path


async def test_what_a_user_may_have_remade_is_only_an_administrators(
    http: httpx.AsyncClient,
) -> None:
    annas = await key_of(http, user_id="anna", scopes=["admin", "memory:read"])

    assert (await http.post("/api/v1/reindex", headers=annas)).status_code == 403
    assert (await http.get("/api/v1/errors", headers=annas)).status_code == 403


# Keeping what was taken away.


async def test_a_revoked_key_is_no_key_anywhere_also_where_none_is_needed(
    http: httpx.AsyncClient,
) -> None:
    key = await make(http, user_id="anna")
    await remember(http, SECRET, bearer(key))
    await http.delete(f"{KEYS}/{key['id']}")

    for method, path in (
        ("GET", "/v1/ping/"),
        ("POST", "/v3/memories/"),
        ("GET", "/api/v1/session"),
        ("GET", "/api/v1/actions"),
        ("POST", "/mcp"),
    ):
        answer = await http.request(method, path, json={}, headers=bearer(key))
        assert answer.status_code == 401
        assert "zither" not in answer.text
    (shown,) = (await http.get(KEYS)).json()["results"]
    assert shown["status"] == "revoked"


async def signed_in(http: httpx.AsyncClient, key: dict[str, Any]) -> dict[str, str]:
    """The headers of a browser with a session."""
    answer = await http.post("/api/v1/session", json={"key": key["key"]})
    assert answer.status_code == 201, answer.text
    http.cookies.clear()
    return {"Cookie": answer.headers["set-cookie"].partition(";")[0]}


async def test_a_session_dies_with_its_key_and_is_not_nobody_then(
    http: httpx.AsyncClient,
) -> None:
    await remember(http)
    key = await make(http, user_id="bob")
    browser = await signed_in(http, key)
    await http.delete(f"{KEYS}/{key['id']}")

    answer = await http.get("/v1/memories/?user_id=anna", headers=browser)

    # Without a cookie this machine is trusted; a dead one must not mean that.
    assert answer.status_code == 401


async def test_a_session_opens_no_other(http: httpx.AsyncClient) -> None:
    browser = await signed_in(http, await make(http, user_id="anna"))
    page = {**browser, "Origin": "http://127.0.0.1:8765"}

    answer = await http.post("/api/v1/session", json={}, headers=page)

    assert answer.status_code == 400


async def test_a_session_that_somebody_chose_is_not_used(http: httpx.AsyncClient) -> None:
    key = await make(http, user_id="anna")
    chosen = {"Cookie": "openmemory_session_8765=chosen-by-somebody"}

    refused = await http.post("/api/v1/session", json={"key": key["key"]}, headers=chosen)
    again = await http.post("/api/v1/session", json={"key": key["key"]})

    assert "chosen-by-somebody" not in refused.headers.get("set-cookie", "")
    assert "chosen-by-somebody" not in again.headers["set-cookie"]


@pytest.mark.parametrize(
    "origin", [None, "http://127.0.0.1:3000", "http://localhost:8765", "null", "https://evil.test"]
)
async def test_a_page_elsewhere_changes_nothing_with_the_cookie(
    http: httpx.AsyncClient, origin: str | None
) -> None:
    memory = await remember(http)
    browser = await signed_in(http, await make(http, user_id="anna"))
    page = {**browser, **({"Origin": origin} if origin else {})}

    answer = await http.delete(f"/v1/memories/{memory}/", headers=page)

    assert answer.status_code == 403
    assert await listed(http, ANNA) == [SECRET]


async def test_the_cookie_is_hidden_from_scripts_and_sent_by_no_other_site(
    http: httpx.AsyncClient,
) -> None:
    key = await make(http, user_id="anna")
    cookie = (await http.post("/api/v1/session", json={"key": key["key"]})).headers["set-cookie"]

    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie


async def test_the_cookie_is_no_credential_of_the_tool_server(
    http: httpx.AsyncClient, app: FastAPI
) -> None:
    key = await make(http, user_id="anna")
    browser = await signed_in(http, key)
    await http.delete(f"{KEYS}/{key['id']}")

    answer = await http.post("/mcp", json={}, headers=browser)

    assert answer.status_code != 401


async def test_the_undo_of_a_looser_rule_holds_at_once(http: httpx.AsyncClient) -> None:
    await remember(http)
    await settle_rules(http, read="nothing", write="nothing")
    loosened = await settle_rules(http, read="everything", write="everything")
    assert await listed(http, CURSOR) == [SECRET]

    undone = await http.post(f"/api/v1/actions/{loosened}/undo", headers=ANNA)

    assert undone.status_code == 200
    assert await listed(http, CURSOR) == await found(http, CURSOR) == []
