"""Who am I, signing in and out, and what a cookie is good for."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from openmemory_api.app import create_app
from openmemory_api.container import Container
from openmemory_api.services import sessions as service
from openmemory_api.settings import Settings
from tests.api.keys import ADMIN, EVERY, KEYS, LOCAL, bearer, make, status
from tests.fakes import FrozenClock, HashEmbedder
from tests.postgres.fixtures import BOTH

DATABASES = BOTH
ME = "/api/v1/session"
ALL = "/api/v1/sessions"
HERE = {"Origin": "http://127.0.0.1:8765"}
NAME = "openmemory_session_8765"


async def sign_in(http: httpx.AsyncClient, key: Any, **body: Any) -> dict[str, str]:
    """The headers of a page that is signed in."""
    credential = key if isinstance(key, str) else key["key"]
    answer = await http.post(ME, json={"key": credential, **body}, headers=HERE)
    assert answer.status_code == 201, answer.text
    return cookie_of(http, answer)


def cookie_of(http: httpx.AsyncClient, answer: httpx.Response) -> dict[str, str]:
    # Sent by hand, so that a test says itself when there is one.
    http.cookies.clear()
    return {**HERE, "Cookie": answer.headers["set-cookie"].split(";")[0]}


async def test_a_key_is_traded_for_a_cookie_that_no_page_reads_and_no_other_site_sends(
    http: httpx.AsyncClient,
) -> None:
    key = await make(http, user_id="anna")
    answer = await http.post(ME, json={"key": key["key"], "label": "my browser"}, headers=HERE)
    header = answer.headers["set-cookie"]
    value, *attributes = header.split("; ")
    assert set(attributes) == {"Path=/", "Max-Age=43200", "HttpOnly", "SameSite=Strict"}
    assert value.startswith(f"{NAME}=")
    assert key["key"].split("_", 2)[2] not in header

    page = cookie_of(http, answer)
    me = (await http.get(ME, headers=page)).json()
    assert (me["user_id"], me["key_id"], me["app"]) == ("anna", key["id"], None)
    assert (me["session"]["id"], me["session"]["label"]) == (answer.json()["id"], "my browser")
    assert value.split("=")[1].split("_")[1] not in answer.text


async def test_a_page_that_is_signed_in_acts_as_its_key(http: httpx.AsyncClient) -> None:
    key = await make(http, user_id="anna", scopes=["memory:read"])
    page = await sign_in(http, key)
    body = {"messages": [{"role": "user", "content": "likes tea"}]}
    assert (await http.post("/v3/memories/", json={}, headers=page)).status_code == 200
    assert (await http.post("/v3/memories/add/", json=body, headers=page)).status_code == 403
    assert (await http.get(KEYS, headers=page)).status_code == 403
    named = {**page, "X-OpenMemory-User": "bob"}
    assert (await http.get("/v1/ping/", headers=named)).status_code == 403


async def test_the_key_may_stand_in_the_headers(http: httpx.AsyncClient) -> None:
    key = await make(http)
    answer = await http.post(ME, json={}, headers=bearer(key))
    assert (answer.status_code, answer.json()["key_id"]) == (201, key["id"])


async def test_signing_in_takes_a_key_that_counts(http: httpx.AsyncClient) -> None:
    revoked = await make(http)
    await http.delete(f"{KEYS}/{revoked['id']}")
    for body, expected in (
        ({}, 400),
        ({"key": ""}, 400),
        ({"key": "anything"}, 401),
        ({"key": revoked["key"]}, 401),
        ({"key": (await make(http))["key"], "label": "a\x00b"}, 400),
        ({"key": "x", "until": "forever"}, 400),
    ):
        answer = await http.post(ME, json=body)
        assert answer.status_code == expected, body
        assert "set-cookie" not in answer.headers


async def test_every_key_of_a_sign_in_counts_and_all_are_one_and_the_same(
    http: httpx.AsyncClient,
) -> None:
    good, other, revoked = [await make(http) for _ in range(3)]
    await http.delete(f"{KEYS}/{revoked['id']}", headers=bearer(LOCAL))
    body = {"key": good["key"]}
    twice = {"Authorization": f"Bearer {good['key']}", "X-API-Key": revoked["key"]}
    for sent, headers, expected in (
        (body, bearer(revoked), 401),
        (body, bearer(other), 401),
        (body, bearer(good), 201),
        (body, bearer("foreign"), 201),
        ({}, bearer("foreign"), 401),
        ({}, {**bearer("foreign"), "X-API-Key": good["key"]}, 201),
        ({}, twice, 401),
    ):
        answer = await http.post(ME, json=sent, headers=headers)
        assert answer.status_code == expected, (sent, headers)
        assert ("set-cookie" in answer.headers) == (expected == 201)
        http.cookies.clear()


async def test_where_keys_are_demanded_no_other_one_may_stand_beside_that_of_a_sign_in(
    app: FastAPI,
) -> None:
    async with demanding(app) as http:
        foreign = await http.post(ME, json={"key": LOCAL}, headers=bearer("foreign"))
        assert foreign.status_code == 401
        assert (await http.post(ME, json={"key": LOCAL})).status_code == 201


async def test_no_other_page_signs_somebody_in(http: httpx.AsyncClient) -> None:
    key = await make(http)
    other = {"Origin": "http://127.0.0.1:3000"}
    assert (await http.post(ME, json={"key": key["key"]}, headers=other)).status_code == 403


# -- how sessions end


async def test_signing_out_ends_the_session_and_takes_the_cookie_away(
    http: httpx.AsyncClient,
) -> None:
    page = await sign_in(http, await make(http))
    answer = await http.delete(ME, headers=page)
    assert answer.status_code == 204
    assert "Max-Age=0" in answer.headers["set-cookie"]
    refused = await http.get(ME, headers=page)
    assert refused.status_code == 401
    assert "Max-Age=0" in refused.headers["set-cookie"]
    assert (await http.delete(ME)).status_code == 204


async def test_a_session_ends_after_twelve_hours(
    http: httpx.AsyncClient, clock: FrozenClock
) -> None:
    page = await sign_in(http, await make(http))
    clock.advance(timedelta(hours=11))
    assert (await http.get(ME, headers=page)).status_code == 200
    clock.advance(timedelta(hours=1))
    assert (await http.get(ME, headers=page)).status_code == 401


async def test_a_session_dies_with_its_key(http: httpx.AsyncClient, clock: FrozenClock) -> None:
    revoked, expiring, rotated = [
        await make(http, user_id="anna", expires_in_days=days) for days in (None, 0.25, None)
    ]
    pages = [await sign_in(http, key) for key in (revoked, expiring, rotated)]
    await http.delete(f"{KEYS}/{revoked['id']}")
    await http.post(f"{KEYS}/{rotated['id']}/rotate", json={"overlap_hours": 8})

    async def alive() -> list[bool]:
        return [(await http.get(ME, headers=page)).status_code == 200 for page in pages]

    assert await alive() == [False, True, True]
    clock.advance(timedelta(hours=6))
    assert await alive() == [False, False, True]
    clock.advance(timedelta(hours=2))
    assert await alive() == [False, False, False]


async def test_a_forged_cookie_is_nothing(http: httpx.AsyncClient) -> None:
    page = await sign_in(http, await make(http))
    token = page["Cookie"].split("=")[1]
    forged = [
        f"{token[:-1]}{'A' if token[-1] != 'A' else 'B'}",
        f"{'0' * 16}_{token.split('_', 1)[1]}",
        "nonsense",
    ]
    for value in forged:
        headers = {**HERE, "Cookie": f"{NAME}={value}"}
        assert (await http.get(ME, headers=headers)).status_code == 401
    # Of a server on another port, to which browsers send the same cookies.
    elsewhere = {**HERE, "Cookie": "openmemory_session_3000=nonsense; openmemory_session="}
    assert (await http.get(ME, headers=elsewhere)).status_code == 200


# -- who sees and ends which sessions


async def test_sessions_are_listed_to_those_who_may_end_them(http: httpx.AsyncClient) -> None:
    anna = await make(http, user_id="anna", label="dashboard")
    boss = await make(http, user_id="anna", scopes=ADMIN)
    bob = await make(http, user_id="bob")
    everyone = await make(http, every_user=True, scopes=EVERY)
    pages = [await sign_in(http, key, label=str(i)) for i, key in enumerate((anna, boss, bob))]

    async def seen(headers: dict[str, str]) -> list[str]:
        answer = (await http.get(ALL, headers=headers)).json()
        assert answer["count"] == len(answer["results"])
        return [row["label"] for row in answer["results"]]

    assert await seen(pages[0]) == ["0"]
    assert await seen(pages[1]) == ["1", "0"]
    assert await seen(pages[2]) == ["2"]
    assert await seen(bearer(everyone)) == ["2", "1", "0"]
    assert await seen({}) == ["2", "1", "0"]
    listed = (await http.get(ALL, headers=pages[1])).json()["results"]
    assert [row["current"] for row in listed] == [True, False]
    claims = {"X-OpenMemory-App": "cursor"}
    assert (await http.get(ALL, headers=claims)).status_code == 403


async def test_a_session_is_ended_by_those_who_see_it(http: httpx.AsyncClient) -> None:
    anna, boss = await make(http, user_id="anna"), await make(http, user_id="anna", scopes=ADMIN)
    bob = await make(http, user_id="bob")
    page, others = await sign_in(http, anna), await sign_in(http, bob)
    mine = (await http.get(ME, headers=page)).json()["session"]["id"]
    assert (await http.delete(f"{ALL}/{mine}", headers=others)).status_code == 404
    assert (await http.delete(f"{ALL}/nonsense", headers=page)).status_code == 404
    assert (await http.delete(f"{ALL}/{mine}", headers=bearer(boss))).status_code == 204
    assert (await http.get(ME, headers=page)).status_code == 401
    assert (await http.delete(f"{ALL}/{mine}", headers=bearer(boss))).status_code == 404
    assert await status(http, anna) == 200


async def test_a_key_has_so_many_sessions_and_no_more(
    http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MOST", 2)
    key, other = await make(http), await make(http)
    beside = await sign_in(http, other)
    pages = [await sign_in(http, key) for _ in range(3)]
    found = [(await http.get(ME, headers=page)).status_code for page in (*pages, beside)]
    assert found == [401, 200, 200, 200]


async def test_sessions_that_are_over_are_forgotten(
    http: httpx.AsyncClient, clock: FrozenClock
) -> None:
    key = await make(http)
    page = await sign_in(http, key)
    clock.advance(timedelta(hours=13))
    await sign_in(http, key)
    assert len((await http.get(ALL)).json()["results"]) == 1
    assert (await http.get(ME, headers=page)).status_code == 401


async def test_when_a_session_was_last_used_is_written_down_in_time(
    http: httpx.AsyncClient, store: Container
) -> None:
    page = await sign_in(http, await make(http))
    await http.get(ME, headers=page)
    await store.sessions.record_used()
    await store.sessions.record_used()
    (row,) = (await http.get(ALL)).json()["results"]
    assert row["last_used_at"] > row["created_at"]


# -- what a cookie is not good for


@pytest.mark.parametrize("origin", ["http://127.0.0.1:3000", "http://localhost:8765", None])
async def test_a_change_with_a_cookie_takes_a_page_of_this_very_server(
    http: httpx.AsyncClient, origin: str | None
) -> None:
    page = await sign_in(http, await make(http, user_id="anna"))
    headers = {"Cookie": page["Cookie"], **({"Origin": origin} if origin else {})}
    body = {"messages": [{"role": "user", "content": "likes tea"}]}
    for method, path in (("POST", "/v3/memories/add/"), ("DELETE", ME), ("PUT", "/v1/batch/")):
        answer = await http.request(method, path, json=body, headers=headers)
        assert answer.status_code == 403
    # What cannot change anything may be asked, from where the surface admits it.
    assert (await http.get(ME, headers=headers)).status_code == 200


async def test_a_cookie_beside_a_key_must_be_of_the_same_key(http: httpx.AsyncClient) -> None:
    mine, other = await make(http), await make(http)
    page = await sign_in(http, mine)
    assert (await http.get(ME, headers={**page, **bearer(mine)})).status_code == 200
    assert (await http.get(ME, headers={**page, **bearer(other)})).status_code == 401


async def test_a_cookie_opens_nothing_at_the_tool_server(
    http: httpx.AsyncClient, app: FastAPI
) -> None:
    page = await sign_in(http, await make(http, user_id="anna"))
    async with demanding(app) as guarded:
        assert (await guarded.get("/mcp", headers=page)).status_code == 401
        assert (await guarded.get("/mcp/cursor/sse/anna", headers=page)).status_code == 401
        assert (await guarded.get(ME, headers=page)).status_code == 200


@asynccontextmanager
async def demanding(app: FastAPI, **changes: Any) -> AsyncGenerator[httpx.AsyncClient]:
    """Another server of the same data, that demands keys."""
    store: Container = app.state.container
    store.settings = store.settings.model_copy(update={"auth": "required", **changes})
    again = create_app(store.settings, store, local_secret="omk_local")
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(again), base_url="http://127.0.0.1:8765"
    ) as http:
        yield http


# -- who am I


async def test_where_local_callers_are_trusted_no_session_is_needed(
    http: httpx.AsyncClient,
) -> None:
    me = (await http.get(ME)).json()
    assert me["auth"] == "auto"
    assert me["session"] is me["user_id"] is me["app"] is me["app_identity"] is None
    assert not me["session_needed"]
    assert not me["key_required"]
    assert set(me["scopes"]) == set(EVERY)
    assert me["default_user"] == "default_user"


async def test_where_keys_are_demanded_a_session_is(app: FastAPI, http: httpx.AsyncClient) -> None:
    key = await make(http, user_id="anna")
    async with demanding(app) as guarded:
        assert (await guarded.get(ME)).status_code == 401
        page = await sign_in(guarded, key)
        me = (await guarded.get(ME, headers=page)).json()
    assert (me["session_needed"], me["auth"], me["user_id"]) == (True, "required", "anna")


async def test_a_session_of_the_configured_key_ends_when_that_is_changed(app: FastAPI) -> None:
    async with demanding(app, api_key=SecretStr("the first of them")) as before:
        page = await sign_in(before, "the first of them")
        me = (await before.get(ME, headers=page)).json()
        assert (me["user_id"], me["key_id"]) == (None, None)
        (row,) = (await before.get(ALL, headers=page)).json()["results"]
        assert (row["key_id"], row["current"]) == (None, True)
    async with demanding(app, api_key=SecretStr("the second of them")) as after:
        assert (await after.get(ME, headers=page)).status_code == 401


async def test_a_session_that_is_secure_where_the_connection_is(
    app: FastAPI, http: httpx.AsyncClient
) -> None:
    key = await make(http)
    over_tls = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://127.0.0.1")
    async with over_tls:
        answer = await over_tls.post(ME, json={"key": key["key"]})
    assert answer.headers["set-cookie"].startswith("openmemory_session=")
    assert "Secure" in answer.headers["set-cookie"].split("; ")


async def test_a_cookie_stays_below_the_path_that_a_proxy_serves(
    tmp_path: Path, clock: FrozenClock
) -> None:
    settings = Settings(data_dir=tmp_path / "below", root_path="/memory")
    app = create_app(
        settings,
        Container(settings, embedder=HashEmbedder(), clock=clock),
        local_secret=LOCAL,
    )
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8765/memory"
        ) as http,
    ):
        key = await make(http)
        answer = await http.post(ME, json={"key": key["key"]})
        assert "Path=/memory" in answer.headers["set-cookie"].split("; ")
        page = cookie_of(http, answer)
        assert (await http.get(ME, headers=page)).json()["session"] is not None
