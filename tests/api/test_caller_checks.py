"""Credentials hidden behind others, and callers from elsewhere."""

from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from openmemory_api.domain.errors import NotAuthenticated
from openmemory_api.routes.identity import Authenticator

KEY = "omk_right"


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": "omk_wrong"},
        {"authorization": "Bearer any", "x-api-key": "omk_wrong"},
        {"authorization": f"Token {KEY}", "x-api-key": "omk_wrong"},
        {"authorization": "Token omk_wrong"},
    ],
)
def test_a_wrong_key_of_ours_is_refused_wherever_it_stands(headers: dict[str, str]):
    for required in (True, False):
        with pytest.raises(NotAuthenticated, match="unknown"):
            Authenticator((KEY,), required=required).verify(headers)


@pytest.mark.parametrize(
    "headers", [{"x-api-key": KEY}, {"authorization": f"bearer {KEY}"}, {"authorization": KEY}]
)
def test_a_right_key_is_taken_in_any_spelling(headers: dict[str, str]):
    assert Authenticator((KEY,), required=True).verify(headers)


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
