"""What an app may not reach, on every verb it has: over REST and over MCP (docs/decisions/0003).

One memory of Anna's, written by her own script, seen by Cursor in each situation in which it may
not be read. Lists and searches answer without it, everything about it answers as if it were not
there, and afterwards it is as it was.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from mcp import Client
from mcp.types import CallToolResult, TextContent

from openmemory_api.container import Container
from openmemory_api.domain.access import (
    Access,
    Base,
    Effect,
    Everything,
    OfApp,
    OfCategory,
    OfMemory,
    OfTag,
    Rule,
    Verb,
)
from openmemory_api.domain.memory import State
from openmemory_mcp.backends.rest import RestBackend
from openmemory_mcp.caller import Launch
from openmemory_mcp.server import create_server
from tests.api.stores import ANNA, a_memory, put, stored, uuid
from tests.postgres.fixtures import BOTH

DATABASES = BOTH
CURSOR = {"X-OpenMemory-User": "anna", "X-OpenMemory-App": "cursor"}
OWNER = {"X-OpenMemory-User": "anna"}
TEXT = "keeps a zither in the attic"


def rule(effect: Effect, subject: Any) -> Rule:
    return Rule(Verb.READ, effect, subject)


ACCESSES = {
    "base nothing": Access(read=Base.NOTHING),
    "base own": Access(read=Base.OWN),
    "an allow-list with other things": Access(
        read=Base.NOTHING,
        rules=(rule(Effect.ALLOW, OfApp("claude")), rule(Effect.ALLOW, OfTag("work"))),
    ),
    "everything denied": Access(rules=(rule(Effect.DENY, Everything()),)),
    "everything allowed and denied": Access(
        rules=(rule(Effect.ALLOW, Everything()), rule(Effect.DENY, Everything()))
    ),
    "the memory denied": Access(rules=(rule(Effect.DENY, OfMemory(uuid(1))),)),
    "its tag denied": Access(rules=(rule(Effect.DENY, OfTag("HOME")),)),
    "a category denied while its own are undecided": Access(
        rules=(rule(Effect.DENY, OfCategory("health")),)
    ),
}
STATES = [State.PAUSED, State.ARCHIVED, State.TRASHED]
Situation = Callable[[Container], Awaitable[None]]


async def remembered(store: Container, state: State = State.ACTIVE) -> None:
    await put(store, a_memory(1, text=TEXT, tags=("home",), state=state))


def by_access(access: Access) -> Situation:
    async def arrange(store: Container) -> None:
        await remembered(store)
        await store.access.configure(ANNA, "cursor", access)

    return arrange


def by_state(state: State) -> Situation:
    async def arrange(store: Container) -> None:
        await remembered(store, state)

    return arrange


SITUATIONS = [
    *(pytest.param(by_access(access), id=name) for name, access in ACCESSES.items()),
    *(pytest.param(by_state(state), id=state.value) for state in STATES),
]


async def unchanged(store: Container) -> bool:
    (memory,) = await stored(store)
    return (memory.text, memory.version) == (TEXT, 1)


@pytest.mark.parametrize("arrange", SITUATIONS)
async def test_over_rest_what_may_not_be_read_is_not_there(
    store: Container, http: httpx.AsyncClient, arrange: Situation
) -> None:
    await arrange(store)

    async def ask(method: str, path: str, body: Any = None) -> httpx.Response:
        return await http.request(method, path, json=body, headers=CURSOR)

    for path in ("/v1/memories/search/", "/v2/memories/search/", "/v3/memories/search/"):
        found = await ask("POST", path, {"query": "zither", "threshold": 0, "user_id": "anna"})
        assert found.status_code == 200
        assert "zither" not in found.text
    for method, path in (
        ("POST", "/v3/memories/"),
        ("POST", "/v2/memories/"),
        ("GET", "/v1/memories/?user_id=anna"),
        ("GET", "/v1/entities/"),
        ("GET", "/v1/events/"),
        ("GET", "/api/v1/actions"),
    ):
        listed = await ask(method, path, {} if method == "POST" else None)
        assert listed.status_code == 200
        assert "zither" not in listed.text
        assert '"count":1' not in listed.text
        assert "total_memories" not in listed.text

    missing = (await ask("GET", f"/v1/memories/{uuid(99)}/")).json()
    for ref in (uuid(1), "m1"):
        for method, path, body in (
            ("GET", f"/v1/memories/{ref}/", None),
            ("GET", f"/v1/memories/{ref}/history/", None),
            ("PUT", f"/v1/memories/{ref}/", {"text": "mine now"}),
            ("DELETE", f"/v1/memories/{ref}/", None),
            ("PUT", "/v1/batch/", {"memories": [{"memory_id": ref, "text": "mine now"}]}),
            ("DELETE", "/v1/batch/", {"memories": [{"memory_id": ref}]}),
        ):
            refused = await ask(method, path, body)
            assert (refused.status_code, refused.json()) == (404, missing)
    partial = {"memories": [{"memory_id": "m1"}], "partial": True}
    assert (await ask("DELETE", "/v1/batch/", partial)).json()["missing"] == ["m1"]
    for query in ("all=true", "own=true", "user_id=anna"):
        swept = (await ask("DELETE", f"/v1/memories/?{query}")).json()
        assert (swept["deleted"], swept["left"]) == (0, 0)
    assert await unchanged(store)


async def called(client: Client, tool: str, **arguments: Any) -> CallToolResult:
    return await client.call_tool(tool, arguments)


def said(result: CallToolResult) -> str:
    return "\n".join(block.text for block in result.content if isinstance(block, TextContent))


@pytest.mark.parametrize("arrange", SITUATIONS)
async def test_over_mcp_what_may_not_be_read_is_not_there(
    store: Container, http: httpx.AsyncClient, arrange: Situation
) -> None:
    await arrange(store)
    server = create_server(RestBackend(http), Launch(user="anna", app="cursor"))
    async with Client(server) as client:
        assert said(await called(client, "search_memory", query="zither")) == "No memories found."
        assert said(await called(client, "list_memories")) == "No memories found."
        for ref in ("m1", uuid(1)):
            changed = await called(client, "update_memory", id=ref, text="mine now")
            assert (changed.is_error, "no such memory" in said(changed)) == (True, True)
            assert (await called(client, "delete_memories", ids=[ref])).is_error
        swept = await called(client, "delete_all", confirm=True)
        assert swept.structured_content is not None
        assert swept.structured_content["deleted"] == 0
        recalled = await client.get_prompt("recall", {"topic": "zither"})
        assert "attic" not in recalled.model_dump_json()
    assert await unchanged(store)


async def test_a_memory_that_may_only_be_read_is_read_and_never_changed(
    store: Container, http: httpx.AsyncClient
) -> None:
    await remembered(store)
    await store.access.configure(ANNA, "cursor", Access(write=Base.OWN))
    for method, path, body in (
        ("PUT", "/v1/memories/m1/", {"text": "mine now"}),
        ("DELETE", "/v1/memories/m1/", None),
        ("PUT", "/v1/batch/", {"memories": [{"memory_id": "m1", "text": "mine now"}]}),
        ("DELETE", "/v1/batch/", {"memories": [{"memory_id": "m1"}]}),
    ):
        answer = await http.request(method, path, json=body, headers=CURSOR)
        assert answer.status_code == 403
    partial = {"memories": [{"memory_id": "m1"}], "partial": True}
    kept = await http.request("DELETE", "/v1/batch/", json=partial, headers=CURSOR)
    assert kept.json()["denied"] == ["m1"]
    assert (await http.get("/v1/memories/m1/", headers=CURSOR)).json()["memory"] == TEXT
    assert await unchanged(store)


async def test_a_paused_app_is_refused_by_every_verb_and_its_user_by_none(
    store: Container, http: httpx.AsyncClient
) -> None:
    await remembered(store)
    await store.access.pause(ANNA, "Cursor")
    add = {"messages": [{"role": "user", "content": "x"}]}
    for method, path, body in (
        ("POST", "/v3/memories/add/", add),
        ("POST", "/v1/memories/", add),
        ("POST", "/v3/memories/", {}),
        ("POST", "/v3/memories/search/", {"query": "zither"}),
        ("GET", "/v1/memories/m1/", None),
        ("GET", "/v1/memories/m1/history/", None),
        ("PUT", "/v1/memories/m1/", {"text": "x"}),
        ("DELETE", "/v1/memories/m1/", None),
        ("DELETE", "/v1/memories/?all=true", None),
        ("GET", "/v1/entities/", None),
        ("GET", "/v1/events/", None),
        ("DELETE", "/v2/entities/user/anna/", None),
    ):
        refused = await http.request(method, path, json=body, headers=CURSOR)
        assert (refused.status_code, "paused" in refused.json()["detail"]) == (403, True)
    server = create_server(RestBackend(http), Launch(user="anna", app="cursor"))
    async with Client(server) as client:
        for tool, arguments in (
            ("search_memory", {"query": "zither"}),
            ("add_memories", {"text": "x"}),
            ("list_memories", {}),
            ("update_memory", {"id": "m1", "text": "x"}),
            ("delete_memories", {"ids": ["m1"]}),
            ("delete_all", {"confirm": True}),
        ):
            result = await client.call_tool(tool, arguments)
            assert (result.is_error, "paused" in said(result)) == (True, True)
    assert (await http.get("/v1/memories/m1/", headers=OWNER)).json()["memory"] == TEXT
    assert await unchanged(store)
