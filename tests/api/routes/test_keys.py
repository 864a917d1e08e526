"""Keys over HTTP: made, shown once, listed, rotated and revoked, and what each lets its holder do."""

from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from tests.fakes import FrozenClock
from tests.postgres.fixtures import BOTH

DATABASES = BOTH
KEYS = "/api/v1/keys"


def sent_with(key: str, **headers: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}", **headers}


async def made(http: httpx.AsyncClient, **wish: Any) -> dict[str, Any]:
    headers = wish.pop("headers", {})
    answer = await http.post(KEYS, json=wish, headers=headers)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_a_key_is_shown_once_and_listed_without_its_secret(http: httpx.AsyncClient) -> None:
    key = await made(http, label="Cursor on my laptop", app="Cursor")
    secret = key.pop("key")
    listed = (await http.get(KEYS)).json()

    assert listed == {"count": 1, "results": [key]}
    assert secret.startswith(f"omk_{key['id']}_")
    assert secret.endswith(key["hint"])
    assert (key["user_id"], key["app"], key["status"]) == ("default_user", "cursor", "active")
    assert key["scopes"] == ["memory:delete", "memory:read", "memory:write"]
