"""What the stories share: Anna's and Bob's memories, and how their apps and strangers call."""

from typing import Any

import httpx

from tests.api.keys import bearer, make

ANNA = {"X-OpenMemory-User": "anna"}
BOB = {"X-OpenMemory-User": "bob"}
CURSOR = {**ANNA, "X-OpenMemory-App": "cursor"}
SECRET = "keeps a zither in the attic"


async def remember(
    http: httpx.AsyncClient, text: str = SECRET, who: dict[str, str] = ANNA, **fields: Any
) -> str:
    """The id of a new memory."""
    body = {"messages": [{"role": "user", "content": text}], "infer": False, **fields}
    added = await http.post("/v3/memories/add/", json=body, headers=who)
    assert added.status_code == 200, added.text
    return added.json()["id"]


async def found(http: httpx.AsyncClient, who: dict[str, str], query: str = "zither") -> list[str]:
    """The texts that a search answers."""
    body = {"query": query, "threshold": 0, "top_k": 100}
    answer = await http.post("/v3/memories/search/", json=body, headers=who)
    assert answer.status_code == 200, answer.text
    return [row["memory"] for row in answer.json()["results"]]


async def listed(http: httpx.AsyncClient, who: dict[str, str]) -> list[str]:
    """The texts that a list answers."""
    answer = await http.post("/v3/memories/", json={}, headers=who)
    assert answer.status_code == 200, answer.text
    return [row["memory"] for row in answer.json()["results"]]


async def settle_rules(http: httpx.AsyncClient, app: str = "cursor", **row: Any) -> str:
    """Anna's rules for an app; the action that set them."""
    body = {"changes": [{"app": app, **row}]}
    applied = await http.post("/api/v1/access/apply", json=body, headers=ANNA)
    assert applied.status_code == 200, applied.text
    return applied.json()["action_id"]


def rule(effect: str, kind: str, value: str = "", verb: str = "read") -> dict[str, Any]:
    return {"verb": verb, "effect": effect, "subject": {"kind": kind, "value": value}}


async def key_of(http: httpx.AsyncClient, **wish: Any) -> dict[str, str]:
    """The headers of a new key."""
    return bearer(await make(http, **wish))
