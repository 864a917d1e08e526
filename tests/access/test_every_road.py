"""For every route and tool that exists, what a caller gets is what the reference decides."""

from itertools import product

import httpx
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from mcp import Client

from openmemory_api.container import Container
from openmemory_mcp.backends.rest import RestBackend
from openmemory_mcp.recall import ITEM
from openmemory_mcp.server import UNLISTED, create_server
from tests.access import dashboard, looking, managing, reading, writing
from tests.access.asking import DRIVERS, WRITERS, Ask, Driver, Road
from tests.access.tools import BESIDE, TOOLS, calling
from tests.access.world import Asker, World, make_world

assert looking
assert dashboard
assert managing
assert reading
assert writing

NO_MEMORIES: dict[Road, str] = {
    ("GET", "/docs"): "the page of Swagger",
    ("GET", "/docs/assets/{name}"): "files of Swagger",
    ("GET", "/openapi.json"): "the description of the API",
    ("GET", "/v1/ping/"): "whether a key is valid, and ids of the project",
    ("GET", "/health"): "the state of the server; the number of memories for local callers only",
    ("POST", "/api/v1/reindex"): "fills the index anew; tests/api/routes/test_own.py",
}
"""Routes that tell of no memory and change none, each with what it is about instead."""

TOOL_SERVER: dict[Road, str] = {
    (method, path): "the tools, each with a driver in tools.py"
    for path in ("/mcp", "/mcp/", "/mcp/{client}/http/{user}")
    for method in ("GET", "POST", "DELETE")
} | {
    ("GET", "/mcp/{client}/sse/{user}"): "the tools",
    ("POST", "/mcp/{client}/sse/{user}/messages/"): "the tools",
}


def roads(app: FastAPI) -> set[Road]:
    """Every method of every route."""
    return {
        (method, route.path or "")
        for route in iter_route_contexts(app.router.routes)
        for method in route.methods or ()
        if method != "HEAD"
    }


async def test_every_route_has_a_driver(app: FastAPI) -> None:
    driven = DRIVERS.keys() | WRITERS.keys() | NO_MEMORIES.keys() | TOOL_SERVER.keys()
    assert roads(app) - driven == set()
    assert driven - roads(app) == set()


async def test_every_tool_prompt_and_resource_has_a_driver(http: httpx.AsyncClient) -> None:
    server = create_server(RestBackend(http))
    async with Client(server) as client:
        listed = {tool.name for tool in (await client.list_tools()).tools}
        prompts = {prompt.name for prompt in (await client.list_prompts()).prompts}
        templates = (await client.list_resource_templates()).resource_templates
        resources = (await client.list_resources()).resources

    assert listed | UNLISTED == TOOLS.keys()
    assert prompts | {template.uri_template for template in templates} == {"recall", ITEM}
    assert resources == []


async def ask_everything(world: World, http: httpx.AsyncClient) -> int:
    """Every caller, every route that reads; then routes that write; then reading again."""
    asked = 0
    for _ in range(2):
        asked += await drive(world, http, list(product(world.askers, DRIVERS.items())))
        every = list(product(world.askers, WRITERS.items()))
        asked += await drive(world, http, world.rng.sample(every, len(every) // 3))
        for asker in world.askers:
            asked += await call(world, asker, http)
    return asked


async def call(world: World, asker: Asker, http: httpx.AsyncClient) -> int:
    """Every tool, in an order of their own, and what stands beside them."""
    drivers = [*TOOLS.items(), *BESIDE.items()]
    async with calling(world, asker, http) as connected:
        for name, driver in world.rng.sample(drivers, len(drivers)):
            try:
                await driver(connected)
            except AssertionError as error:
                error.add_note(f"{asker.name} calls {name}; last: {connected.last}")
                raise
    return len(drivers)


async def drive(
    world: World, http: httpx.AsyncClient, asked: list[tuple[Asker, tuple[Road, Driver]]]
) -> int:
    for asker, (road, driver) in asked:
        ask = Ask(world, asker, http)
        try:
            await driver(ask)
        except AssertionError as error:
            error.add_note(f"{asker.name} on {' '.join(road)}; last: {ask.last}")
            raise
    return len(asked)


async def test_what_a_caller_gets_is_what_the_reference_decides(
    store: Container, http: httpx.AsyncClient, seed: int
) -> None:
    world = await make_world(store, http, seed)

    assert await ask_everything(world, http) > 0
