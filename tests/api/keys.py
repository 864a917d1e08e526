"""What the tests of keys share: making them over HTTP, and calling with them."""

from typing import Any

import httpx

KEYS = "/api/v1/keys"
LOCAL = "omk_local"
"""What the tests' servers have for the secret of the server file: an administrator's key."""
ADMIN = ("admin",)
EVERY = ("admin", "memory:delete", "memory:read", "memory:write")


def bearer(made: dict[str, Any] | str, **headers: str) -> dict[str, str]:
    """The headers of a call with a key."""
    key = made if isinstance(made, str) else made["key"]
    return {"Authorization": f"Bearer {key}", **headers}


async def make(
    http: httpx.AsyncClient, by: dict[str, str] | None = None, **wish: Any
) -> dict[str, Any]:
    """A key as it is shown once; made by the server file's, or with other headers."""
    answer = await http.post(KEYS, json=wish, headers=bearer(LOCAL) if by is None else by)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def status(http: httpx.AsyncClient, key: dict[str, Any] | str, **headers: str) -> int:
    """What a plain call with a key is answered."""
    return (await http.get("/v1/ping/", headers=bearer(key, **headers))).status_code
