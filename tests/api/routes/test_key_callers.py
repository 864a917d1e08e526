"""Whom a key speaks for: users and apps it is bound to, claims beside it, scopes, several keys."""

from typing import Any

import httpx
import pytest

from tests.api.keys import KEYS, bearer, make, status

ADD = "/v3/memories/add/"
LIST = "/v3/memories/"


def saying(text: str = "likes tea", **fields: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": text}], **fields}


async def rows(http: httpx.AsyncClient, key: Any, **headers: str) -> list[dict[str, Any]]:
    answer = await http.post(LIST, json={}, headers=bearer(key, **headers))
    assert answer.status_code == 200, answer.text
    return answer.json()["results"]


async def test_a_key_of_a_user_writes_and_reads_as_that_user(http: httpx.AsyncClient) -> None:
    anna, bob = await make(http, user_id="anna"), await make(http, user_id="bob")
    added = await http.post(ADD, json=saying(), headers=bearer(anna))
    assert added.status_code == 200
    assert [row["user_id"] for row in await rows(http, anna)] == ["anna"]
    assert await rows(http, bob) == []
    # A filter is no claim: it narrows to what may be read, which is nothing here.
    filters = {"filters": {"user_id": "anna"}}
    found = await http.post(LIST, json=filters, headers=bearer(bob))
    assert (found.status_code, found.json()["results"]) == (200, [])


async def test_a_key_of_nobody_names_users_itself(http: httpx.AsyncClient) -> None:
    key = await make(http, every_user=True)
    for user in ("anna", "bob"):
        await http.post(ADD, json=saying(user_id=user), headers=bearer(key))
    assert {row["user_id"] for row in await rows(http, key)} == {"anna", "bob"}
    named = await rows(http, key, **{"X-OpenMemory-User": "bob"})
    assert [row["user_id"] for row in named] == ["bob"]


@pytest.mark.parametrize(
    ("header", "value", "expected"),
    [
        ("X-OpenMemory-User", "bob", 403),
        ("X-OpenMemory-User", "ANNA", 403),
        ("X-OpenMemory-User", "anna", 200),
        ("X-OpenMemory-App", "zed", 403),
        ("X-OpenMemory-App", "CURSOR", 200),
        ("X-OpenMemory-Client", "zed", 200),
        ("Mem0-User-ID", "bob", 200),
    ],
)
async def test_a_header_that_contradicts_the_key_is_refused_and_a_label_never_does(
    http: httpx.AsyncClient, header: str, value: str, expected: int
) -> None:
    key = await make(http, user_id="anna", app="cursor")
    assert await status(http, key, **{header: value}) == expected


async def test_an_app_s_key_proves_the_app_whatever_the_client_calls_itself(
    http: httpx.AsyncClient,
) -> None:
    key = await make(http, user_id="anna", app="cursor")
    headers = bearer(key, **{"X-OpenMemory-Client": "claude-code"})
    await http.post(ADD, json=saying(), headers=headers)
    (row,) = await rows(http, key)
    assert (row["app"], row["app_id"], row["user_id"]) == ("cursor", "cursor", "anna")
    me = (await http.get("/api/v1/session", headers=headers)).json()
    assert (me["app"], me["app_identity"], me["key_id"]) == ("cursor", "proven", key["id"])


async def test_without_an_app_in_the_key_the_app_is_a_claim(http: httpx.AsyncClient) -> None:
    key = await make(http, user_id="anna")
    headers = bearer(key, **{"X-OpenMemory-App": "Zed"})
    me = (await http.get("/api/v1/session", headers=headers)).json()
    assert (me["user_id"], me["app"], me["app_identity"]) == ("anna", "zed", "claimed")


@pytest.mark.parametrize(
    ("body", "surface", "expected"),
    [
        ({"user_id": "bob"}, "rest", 403),
        ({"user_id": "anna"}, "rest", 200),
        ({"app_id": "zed"}, "rest", 403),
        ({"app_id": "zed"}, "mcp-http", 403),
        ({"app_id": "Cursor"}, "rest", 200),
    ],
)
async def test_a_body_that_names_another_is_refused_and_nothing_is_stored(
    http: httpx.AsyncClient, body: dict[str, str], surface: str, expected: int
) -> None:
    key = await make(http, user_id="anna", app="cursor")
    headers = bearer(key, **{"X-OpenMemory-Surface": surface})
    answer = await http.post(ADD, json=saying(**body), headers=headers)
    assert answer.status_code == expected
    stored = await rows(http, key)
    assert [row["app_id"] for row in stored] == (["cursor"] if expected == 200 else [])


async def test_app_id_is_data_where_the_key_is_bound_to_no_app(http: httpx.AsyncClient) -> None:
    key = await make(http, user_id="anna")
    await http.post(ADD, json=saying(app_id="my-app"), headers=bearer(key))
    assert [row["app_id"] for row in await rows(http, key)] == ["my-app"]


@pytest.mark.parametrize(
    ("scope", "method", "path", "expected"),
    [
        ("memory:read", "GET", "/v1/memories/m1/", 200),
        ("memory:read", "PUT", "/v1/memories/m1/", 403),
        ("memory:read", "DELETE", "/v1/memories/m1/", 403),
        ("memory:read", "POST", ADD, 403),
        ("memory:write", "POST", ADD, 200),
        ("memory:write", "DELETE", "/v1/memories/m1/", 403),
        ("memory:write", "GET", "/v1/memories/m1/", 403),
    ],
)
async def test_a_key_does_what_its_scopes_say(
    http: httpx.AsyncClient, scope: str, method: str, path: str, expected: int
) -> None:
    await http.post(ADD, json=saying(user_id="anna"))
    key = await make(http, user_id="anna", scopes=[scope])
    body = {"POST": saying("likes mate"), "PUT": {"text": "likes mate"}}.get(method)
    answer = await http.request(method, path, json=body, headers=bearer(key))
    assert answer.status_code == expected


# -- several credentials


async def test_several_keys_of_one_request_must_be_one_and_the_same(
    http: httpx.AsyncClient,
) -> None:
    anna, bob = await make(http, user_id="anna"), await make(http, user_id="bob")
    assert await status(http, anna, **{"X-API-Key": anna["key"]}) == 200
    assert await status(http, anna, **{"X-API-Key": bob["key"]}) == 401
    await http.delete(f"{KEYS}/{bob['id']}")
    assert await status(http, anna, **{"X-API-Key": bob["key"]}) == 401


async def test_a_key_of_a_table_is_a_header_of_any_spelling(http: httpx.AsyncClient) -> None:
    key = (await make(http))["key"]
    for headers in (
        {"Authorization": f"Token {key}"},
        {"Authorization": f"bearer {key}"},
        {"Authorization": key},
        {"X-API-Key": key},
    ):
        me = (await http.get("/api/v1/session", headers=headers)).json()
        assert me["key_id"] == key.split("_")[1]
