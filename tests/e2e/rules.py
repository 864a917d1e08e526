"""The rules of a server, beside its dashboard: what is settled, and what agents reach by it."""

from collections.abc import Iterable
from typing import Any

import httpx

from tests.e2e.agents import Agent
from tests.e2e.seeding import FACTS


def settled(rest: httpx.Client) -> dict[str, Any]:
    """Every row of the rules, and their version."""
    return rest.get("/api/v1/access/rules").raise_for_status().json()


def settle(rest: httpx.Client, *changes: dict[str, Any]) -> None:
    """Put rows in place."""
    body = {"version": settled(rest)["version"], "changes": list(changes)}
    rest.post("/api/v1/access/apply", json=body).raise_for_status()


def nothing_settled(rest: httpx.Client) -> None:
    """Drop every row: what a server begins with."""
    rows = [row["app"] for row in settled(rest)["apps"] if not row["inherit"]]
    if rows:
        settle(rest, *({"app": app, "inherit": True} for app in rows))


def listed(agent: Agent) -> set[str]:
    """The short ids of all that an agent lists."""
    found: set[str] = set()
    page = agent.call("list_memories", limit=50)
    while True:
        found |= {memory["id"] for memory in page["memories"]}
        if page.get("next") is None:
            return found
        page = agent.call("list_memories", limit=50, cursor=page["next"])


def searched(agent: Agent, queries: Iterable[str] = FACTS) -> set[str]:
    """The short ids of all that an agent finds by some searches."""
    answers = [agent.call("search_memory", query=query, limit=50) for query in queries]
    return {memory["id"] for answer in answers for memory in answer["memories"]}


def memories(rest: httpx.Client, **filters: Any) -> dict[str, dict[str, Any]]:
    """What the user has and agents may find, by its short id."""
    asked = {"state": "active", "limit": 200, **filters}
    items = rest.get("/api/v1/ui/memories", params=asked).raise_for_status().json()["items"]
    return {item["short_id"]: item for item in items}


def allowed(rest: httpx.Client, app: str, memory: str, verb: str = "read") -> bool:
    """What the simulator says."""
    body = {"app": app, "memory": memory, "verb": verb}
    answer = rest.post("/api/v1/access/simulate", json=body).raise_for_status().json()
    return answer["explanation"]["allowed"]


def cells(rest: httpx.Client, by: str = "category") -> dict[str, dict[str, Any]]:
    """The matrix: for each app its counts by group, "all" among them."""
    matrix = rest.get("/api/v1/access/matrix", params={"by": by}).raise_for_status().json()
    names = [group["value"] or group["kind"] for group in matrix["columns"]]
    return {
        row["app"]: {"all": row["whole"], **dict(zip(names, row["cells"], strict=True))}
        for row in matrix["apps"]
    }
