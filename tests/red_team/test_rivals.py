"""What went wrong in other memory servers, and in the protocol's own list of threats."""

import httpx
from mcp import Client

from openmemory_api.container import Container
from openmemory_mcp.backends.rest import RestBackend
from openmemory_mcp.caller import Launch
from openmemory_mcp.server import create_server
from tests.api.stores import settle
from tests.red_team.stories import ANNA, BOB, CURSOR, SECRET, found, listed, remember


async def test_deleting_all_of_one_user_leaves_everybody_else(http: httpx.AsyncClient) -> None:
    await remember(http)
    await remember(http, "Bob's own", BOB)
    await remember(http, "nobody's", {}, agent_id="planner")

    deleted = await http.delete("/v1/memories/?all=true", headers=ANNA)

    assert deleted.json()["deleted"] == 1
    assert await listed(http, BOB) == ["Bob's own"]
    assert sorted(await listed(http, {})) == ["Bob's own", "nobody's"]
    assert (await http.delete("/v1/memories/")).status_code == 400
    assert (await http.delete("/v1/memories/?user_id=", headers=BOB)).status_code == 400


async def test_a_changed_memory_is_found_by_its_new_words_only(
    http: httpx.AsyncClient, store: Container
) -> None:
    memory = await remember(http, "lives in Berlin")
    await http.put(f"/v1/memories/{memory}/", json={"text": "lives in Paris"}, headers=ANNA)
    await settle(store)

    for query in ("Berlin", "Paris"):
        assert await found(http, ANNA, query) == ["lives in Paris"]


async def test_a_deleted_memory_is_found_by_nothing(
    http: httpx.AsyncClient, store: Container
) -> None:
    memory = await remember(http)
    await http.delete(f"/v1/memories/{memory}/", headers=ANNA)
    await settle(store)

    assert await found(http, ANNA) == await found(http, CURSOR) == await found(http, {}) == []


async def test_no_tool_takes_a_user_an_app_or_a_filter(http: httpx.AsyncClient) -> None:
    server = create_server(RestBackend(http), Launch(user="anna", app="cursor"))
    async with Client(server) as client:
        tools = (await client.list_tools()).tools

    taken = {name for tool in tools for name in tool.input_schema["properties"]}
    assert taken == {"query", "limit", "text", "infer", "cursor", "id", "ids", "confirm"}


async def test_a_models_arguments_name_no_user(http: httpx.AsyncClient) -> None:
    await remember(http, "Bob's own", BOB)
    server = create_server(RestBackend(http), Launch(user="anna", app="cursor"))
    async with Client(server) as client:
        answer = await client.call_tool(
            "search_memory", {"query": "own", "user_id": "bob", "filters": {"user_id": "bob"}}
        )

    assert "Bob's own" not in answer.model_dump_json()


async def test_a_models_id_climbs_to_no_other_route(http: httpx.AsyncClient) -> None:
    await remember(http)
    server = create_server(RestBackend(http), Launch(user="anna", app="cursor"))
    async with Client(server) as client:
        for climbing in ("../memories", "..", "m1/../../v1/memories", "%2e%2e", "?all=true"):
            answer = await client.call_tool("update_memory", {"id": climbing, "text": "x"})
            assert answer.is_error

    assert await listed(http, ANNA) == [SECRET]


async def test_a_short_id_is_the_callers_users_own(http: httpx.AsyncClient) -> None:
    await remember(http)
    await remember(http, "Bob's own", BOB)

    first = await http.get("/v1/memories/m1/", headers=BOB)

    assert first.json()["memory"] == "Bob's own"


async def test_all_that_a_poisoned_app_wrote_goes_in_one_stroke(http: httpx.AsyncClient) -> None:
    await remember(http)
    for n in range(3):
        await remember(http, f"poison {n}", CURSOR)

    undone = await http.post(
        "/api/v1/apps/cursor/undo", json={"since": "2026-01-01T00:00:00Z"}, headers=ANNA
    )

    assert len(undone.json()["reversed"]) == 3
    assert await listed(http, ANNA) == [SECRET]
