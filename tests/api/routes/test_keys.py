"""Keys over HTTP: made, shown once, listed, rotated, revoked, and what each lets its holder do."""

from datetime import timedelta
from typing import Any

import anyio
import httpx
import pytest
from fastapi import FastAPI

from openmemory_api.container import Container
from tests.api.keys import ADMIN, EVERY, KEYS, bearer, make, status
from tests.fakes import FrozenClock
from tests.postgres.fixtures import BOTH

DATABASES = BOTH
IMPOSSIBLE: list[dict[str, Any]] = [
    {"scopes": []},
    {"scopes": ["everything"]},
    {"app": "cursor", "scopes": ["admin"]},
    {"app": "not a name"},
    {"every_user": True, "app": "cursor"},
    {"every_user": True, "user_id": "anna"},
    {"expires_in_days": 0},
    {"expires_in_days": 1, "expires_at": "2030-01-01T00:00:00Z"},
    {"expires_at": "2020-01-01T00:00:00Z"},
    {"expires_at": "2030-01-01T00:00:00"},
    {"expires_at": "9999-12-31T23:59:59-12:00"},
    {"label": "a\x00b"},
    {"user_id": "a\x00b"},
    {"label": "x" * 256},
    {"rate_limit": 0},
    {"daily_calls": 10**12},
    {"expiry": "2030-01-01"},
]


# -- making and listing


async def test_a_key_is_shown_once_and_listed_without_its_secret(http: httpx.AsyncClient) -> None:
    key = await make(http, label=" My laptop ", app="Cursor", rate_limit=60, daily_calls=1000)
    secret = key.pop("key")
    listed = (await http.get(KEYS)).json()

    assert listed == {"count": 1, "results": [key]}
    assert secret.startswith(f"omk_{key['id']}_")
    assert secret.endswith(key["hint"])
    assert (key["user_id"], key["app"], key["label"]) == ("default_user", "cursor", "My laptop")
    assert key["scopes"] == ["memory:delete", "memory:read", "memory:write"]
    assert (key["rate_limit"], key["daily_calls"], key["status"]) == (60, 1000, "active")


async def test_no_secret_is_stored_or_told(http: httpx.AsyncClient, store: Container) -> None:
    key = await make(http)
    secret = key["key"].split("_", 2)[2]
    kept = await store.keys.counting(key["id"])
    listed = await http.get(KEYS)

    assert kept is not None
    assert secret not in repr(kept)
    assert secret not in listed.text
    assert kept.hash not in listed.text


async def test_keys_are_listed_newest_first_in_pages(http: httpx.AsyncClient) -> None:
    made = [(await make(http, label=str(number)))["id"] for number in range(3)]
    seen = [(await http.get(KEYS, params={"page": page, "page_size": 2})).json() for page in (1, 2)]
    assert [page["count"] for page in seen] == [3, 3]
    assert [row["id"] for page in seen for row in page["results"]] == made[::-1]


async def test_a_key_that_cannot_be_is_not_made(http: httpx.AsyncClient) -> None:
    for wish in IMPOSSIBLE:
        answer = await http.post(KEYS, json=wish)
        assert answer.status_code == 400, wish
        assert answer.json()["detail"] == answer.json()["error"]
    assert (await http.get(KEYS)).json()["count"] == 0


# -- who may make what


async def test_a_user_s_administrator_makes_keys_of_that_user_alone(
    http: httpx.AsyncClient,
) -> None:
    boss = await make(http, user_id="anna", scopes=EVERY)
    bobs = await make(http, user_id="bob")
    own = await make(http, bearer(boss), app="zed")
    assert (own["user_id"], own["created_by"]) == ("anna", boss["id"])

    listed = (await http.get(KEYS, headers=bearer(boss))).json()
    assert {row["id"] for row in listed["results"]} == {boss["id"], own["id"]}
    for wish in ({"user_id": "bob"}, {"every_user": True}):
        refused = await http.post(KEYS, json=wish, headers=bearer(boss))
        assert refused.status_code == 403
    named = await http.get(KEYS, params={"user_id": "bob"}, headers=bearer(boss))
    assert named.status_code == 403
    for method, path in (("DELETE", ""), ("POST", "/rotate")):
        answer = await http.request(method, f"{KEYS}/{bobs['id']}{path}", headers=bearer(boss))
        assert answer.status_code == 404
    assert await status(http, bobs) == 200


async def test_an_administrator_of_nobody_manages_everyone_s_keys(http: httpx.AsyncClient) -> None:
    boss = await make(http, every_user=True, scopes=ADMIN)
    anna, bob = await make(http, user_id="anna"), await make(http, user_id="bob")
    listed = (await http.get(KEYS, headers=bearer(boss))).json()
    assert {row["id"] for row in listed["results"]} == {boss["id"], anna["id"], bob["id"]}
    of_bob = (await http.get(KEYS, params={"user_id": "bob"}, headers=bearer(boss))).json()
    assert [row["id"] for row in of_bob["results"]] == [bob["id"]]


async def test_nobody_makes_or_rotates_a_key_that_may_do_more(http: httpx.AsyncClient) -> None:
    boss = await make(http, user_id="anna", scopes=ADMIN)
    reader = await make(http, user_id="anna", scopes=["memory:read"])

    for method, path, body in (
        ("POST", KEYS, {"scopes": ["memory:read"]}),
        ("POST", f"{KEYS}/{reader['id']}/rotate", None),
    ):
        refused = await http.request(method, path, json=body, headers=bearer(boss))
        assert refused.status_code == 403
        assert "memory:read" in refused.json()["detail"]
    assert (await make(http, bearer(boss), scopes=ADMIN))["scopes"] == ["admin"]


async def test_a_key_does_not_outlive_the_one_it_was_made_with(http: httpx.AsyncClient) -> None:
    boss = await make(http, every_user=True, scopes=EVERY, expires_in_days=1)
    for wish in ({}, {"expires_in_days": 9}):
        assert (await make(http, bearer(boss), **wish))["expires_at"] == boss["expires_at"]
    shorter = await make(http, bearer(boss), expires_in_days=0.5)
    assert shorter["expires_at"] < boss["expires_at"]
    itself = await http.post(f"{KEYS}/{boss['id']}/rotate", headers=bearer(boss))
    assert itself.json()["expires_at"] == boss["expires_at"]


@pytest.mark.parametrize("wish", [{"app": "cursor"}, {}, {"scopes": ["memory:read"]}])
async def test_only_administrators_manage_keys(
    http: httpx.AsyncClient, wish: dict[str, Any]
) -> None:
    key = await make(http, **wish)
    for method, path in (
        ("GET", KEYS),
        ("POST", KEYS),
        ("POST", f"{KEYS}/{key['id']}/rotate"),
        ("DELETE", f"{KEYS}/{key['id']}"),
    ):
        body: dict[str, Any] | None = {} if method == "POST" else None
        refused = await http.request(method, path, json=body, headers=bearer(key))
        assert refused.status_code == 403


async def test_an_administrator_that_calls_as_an_app_manages_nothing(
    http: httpx.AsyncClient,
) -> None:
    boss = await make(http, every_user=True, scopes=EVERY)
    headers = bearer(boss, **{"X-OpenMemory-App": "cursor"})
    assert (await http.get(KEYS, headers=headers)).status_code == 403


async def test_an_unknown_key_is_not_found(http: httpx.AsyncClient) -> None:
    for key_id in ("0" * 16, "nonsense", "%00", "0" * 15 + "G"):
        assert (await http.delete(f"{KEYS}/{key_id}")).status_code == 404
        assert (await http.post(f"{KEYS}/{key_id}/rotate")).status_code == 404


# -- how keys end


async def test_a_revoked_an_expired_and_an_unknown_key_are_refused_alike(
    http: httpx.AsyncClient, clock: FrozenClock
) -> None:
    revoked, expired, fine = await make(http), await make(http, expires_in_days=1), await make(http)
    # Known by now, so that nothing read before may be believed.
    assert [await status(http, key) for key in (revoked, expired, fine)] == [200] * 3
    answer = await http.delete(f"{KEYS}/{revoked['id']}")
    assert (answer.status_code, answer.json()["status"]) == (200, "revoked")
    again = await http.delete(f"{KEYS}/{revoked['id']}")
    assert again.json()["revoked_at"] == answer.json()["revoked_at"]
    clock.advance(timedelta(days=1))

    altered = fine["key"][:-1] + ("A" if fine["key"][-1] != "A" else "B")
    other = f"omk_{'0' * 16}_{'a' * 43}"
    refused = [
        await http.get("/v1/ping/", headers=bearer(key))
        for key in (revoked, expired, altered, other, "omk_short")
    ]
    assert {answer.status_code for answer in refused} == {401}
    assert len({answer.text for answer in refused}) == 1
    assert "Authorization: Token" in refused[0].json()["detail"]
    assert refused[0].headers["www-authenticate"].startswith("Bearer")
    assert await status(http, fine) == 200
    listed = (await http.get(KEYS)).json()["results"]
    assert [row["status"] for row in listed] == ["active", "expired", "revoked"]


async def test_a_rotated_key_lives_on_for_its_overlap(
    http: httpx.AsyncClient, clock: FrozenClock
) -> None:
    old = await make(http, app="cursor", label="laptop", rate_limit=9, expires_in_days=10)
    answer = await http.post(f"{KEYS}/{old['id']}/rotate", json={"overlap_hours": 2})
    new = answer.json()
    assert answer.status_code == 201
    same = ("user_id", "app", "label", "scopes", "rate_limit")
    assert [new[name] for name in same] == [old[name] for name in same]
    assert new["expires_at"] > old["expires_at"]

    assert [await status(http, key) for key in (old, new)] == [200, 200]
    clock.advance(timedelta(hours=2))
    assert [await status(http, key) for key in (old, new)] == [401, 200]
    listed = (await http.get(KEYS)).json()["results"]
    assert [row["replaced_by"] for row in listed] == [None, new["id"]]


async def test_a_rotation_without_overlap_ends_the_old_key_at_once(http: httpx.AsyncClient) -> None:
    old = await make(http)
    answer = await http.post(f"{KEYS}/{old['id']}/rotate", json={"overlap_hours": 0})
    assert await status(http, old) == 401
    assert await status(http, answer.json()) == 200


async def test_an_overlap_prolongs_no_life(http: httpx.AsyncClient) -> None:
    old = await make(http, expires_in_days=0.5)
    await http.post(f"{KEYS}/{old['id']}/rotate")
    listed = (await http.get(KEYS)).json()["results"]
    assert listed[1]["expires_at"] == old["expires_at"]


async def test_only_a_key_that_counts_is_rotated_and_only_once(http: httpx.AsyncClient) -> None:
    rotated, revoked = await make(http), await make(http)
    await http.post(f"{KEYS}/{rotated['id']}/rotate")
    await http.delete(f"{KEYS}/{revoked['id']}")
    for key in (rotated, revoked):
        assert (await http.post(f"{KEYS}/{key['id']}/rotate")).status_code == 409


async def test_an_overlap_out_of_bounds_is_refused(http: httpx.AsyncClient) -> None:
    key = await make(http)
    for hours in (-1, 24 * 90 + 1, "many"):
        answer = await http.post(f"{KEYS}/{key['id']}/rotate", json={"overlap_hours": hours})
        assert answer.status_code == 400
    assert (await http.get(KEYS)).json()["count"] == 1


async def test_when_a_key_was_last_used_is_written_down_in_time(
    http: httpx.AsyncClient, store: Container, clock: FrozenClock
) -> None:
    used, unused = await make(http), await make(http)
    await status(http, used)
    before = clock()
    assert (await http.get(KEYS)).json()["results"][1]["last_used_at"] is None
    await store.keys.record_used()
    await store.keys.record_used()
    listed = (await http.get(KEYS)).json()["results"]
    assert listed[0]["id"] == unused["id"]
    assert listed[0]["last_used_at"] is None
    assert used["created_at"] < listed[1]["last_used_at"] < before.isoformat()


async def test_a_revocation_holds_for_every_call_after_it_is_acknowledged(
    http: httpx.AsyncClient,
) -> None:
    key = await make(http)
    acknowledged = False
    late: list[int] = []

    async def calling() -> None:
        for _ in range(20):
            after = acknowledged
            answered = await status(http, key)
            if after:
                late.append(answered)

    async with anyio.create_task_group() as tasks:
        for _ in range(4):
            tasks.start_soon(calling)
        await http.delete(f"{KEYS}/{key['id']}")
        acknowledged = True
    assert set(late) <= {401}
    assert await status(http, key) == 401


# -- for those who count and document


async def test_what_can_be_called_with_a_key_has_its_limits_looked_up(
    http: httpx.AsyncClient, store: Container
) -> None:
    key = await make(http, rate_limit=7)
    limits = await store.keys.limits(key["id"])
    assert (limits.rate_limit, limits.daily_calls) == (7, None)
    unknown = await store.keys.limits("0" * 16)
    assert (unknown.rate_limit, unknown.daily_calls) == (None, None)


async def test_the_document_names_every_answer(app: FastAPI) -> None:
    paths = app.openapi()["paths"]
    for path in (KEYS, f"{KEYS}/{{key_id}}", f"{KEYS}/{{key_id}}/rotate"):
        for operation in paths[path].values():
            assert operation["summary"]
            (answer,) = [code for code in operation["responses"] if code.startswith("2")]
            assert operation["responses"][answer]["content"]
