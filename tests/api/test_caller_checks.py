"""Credentials hidden behind others, and callers from elsewhere."""

from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from starlette.datastructures import Headers

from openmemory_api.domain.errors import NotAuthenticated
from openmemory_api.domain.keys import ADMINISTRATOR
from openmemory_api.routes.identity import Authenticator

KEY = "omk_right"


def sent(headers: list[tuple[str, str]]) -> Headers:
    return Headers(raw=[(name.encode(), value.encode()) for name, value in headers])


@pytest.mark.parametrize(
    "headers",
    [
        [("authorization", "omk_wrong")],
        [("authorization", "Bearer any"), ("x-api-key", "omk_wrong")],
        [("authorization", f"Token {KEY}"), ("x-api-key", "omk_wrong")],
        [("authorization", f"Token {KEY}"), ("authorization", "Token omk_wrong")],
        [("x-api-key", KEY), ("x-api-key", "omk_wrong")],
        [("authorization", "Token omk_wrong")],
    ],
)
async def test_a_wrong_key_of_ours_is_refused_wherever_it_stands(
    headers: list[tuple[str, str]],
) -> None:
    for required in (True, False):
        with pytest.raises(NotAuthenticated, match="unknown"):
            await Authenticator((KEY,), required=required).verify(sent(headers))


@pytest.mark.parametrize(
    "header",
    [
        ("x-api-key", KEY),
        ("authorization", f"bearer {KEY}"),
        ("authorization", f"Token  {KEY} "),
        ("authorization", KEY),
    ],
)
async def test_a_right_key_is_taken_in_any_spelling(header: tuple[str, str]) -> None:
    for required in (True, False):
        known = Authenticator((KEY,), required=required)
        assert await known.verify(sent([header])) == ADMINISTRATOR


async def test_where_a_key_is_demanded_all_of_a_request_must_be_valid() -> None:
    beside = sent([("authorization", f"Token {KEY}"), ("x-api-key", "any")])
    assert await Authenticator((KEY,), required=False).verify(beside) == ADMINISTRATOR
    with pytest.raises(NotAuthenticated, match="Authorization: Token"):
        await Authenticator((KEY,), required=True).verify(beside)


async def test_any_text_is_no_key_where_none_is_needed() -> None:
    sdk = sent([("authorization", "Token anything"), ("x-api-key", "")])
    assert await Authenticator((KEY,), required=False).verify(sdk) is None
    with pytest.raises(NotAuthenticated):
        await Authenticator((KEY,), required=True).verify(sdk)


@pytest.mark.parametrize(
    ("address", "status"), [("127.0.0.1", 200), ("::1", 200), ("192.168.1.7", 421)]
)
async def test_a_caller_of_another_machine_is_not_local_whatever_its_host_header(
    app: FastAPI, tmp_path: Path, address: str, status: int
):
    transport = httpx.ASGITransport(app, client=(address, 5000))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        assert (await client.get("/v1/ping/")).status_code == status


async def test_a_malformed_origin_is_another_origin(http: httpx.AsyncClient):
    assert (await http.get("/v1/ping/", headers={"origin": "http://[::1"})).status_code == 403
