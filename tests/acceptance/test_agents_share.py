"""Claude Code over HTTP and Cursor over stdio at once, on one memory."""

import anyio
import pytest
from mcp import Client

from tests.acceptance.agents import call, over_http, over_stdio
from tests.acceptance.processes import Server
from tests.acceptance.store import Store

pytestmark = pytest.mark.ci

FACTS = {
    "claude-code": ["The deploy runs on Fridays.", "Tests live in spec/.", "The team is in Bern."],
    "cursor": ["Tabs, never spaces.", "The API speaks gRPC.", "Releases are named after birds."],
}


async def test_what_one_agent_adds_the_other_finds(server: Server, store: Store, user: str) -> None:
    url = f"{server.url}/mcp/claude-code/http/{user}"
    async with (
        over_http(url, "claude-code") as claude,
        over_stdio(server.home, "cursor", "--user", user) as cursor,
    ):
        await _both_add({"claude-code": claude, "cursor": cursor})
        for asking, telling in ((claude, "cursor"), (cursor, "claude-code")):
            for fact in FACTS[telling]:
                found = await call(asking, "search_memory", query=fact, limit=1)
                [memory] = found["memories"]
                assert (memory["text"], memory["app"]) == (fact, telling)

    stored = {(memory.app, memory.app_id, memory.text) for memory in store.active(user_id=user)}
    assert stored == {(app, app, fact) for app, facts in FACTS.items() for fact in facts}
    surfaces = {(memory.app, memory.surface) for memory in store.active(user_id=user)}
    assert surfaces == {("claude-code", "mcp-http"), ("cursor", "mcp-stdio")}


async def test_the_label_names_an_app_that_nothing_else_names(
    server: Server, store: Store, user: str
) -> None:
    async with over_http(f"{server.url}/mcp", "Claude Code (via mcp-remote 0.15.1)") as claude:
        await call(claude, "add_memories", text=f"Of {user}")

    [memory] = [each for each in store.active() if each.text == f"Of {user}"]
    assert (memory.app, memory.user_id) == ("claude-code", "default_user")


async def test_one_agent_corrects_another(server: Server, store: Store, user: str) -> None:
    url = f"{server.url}/mcp/claude-code/http/{user}"
    async with (
        over_http(url, "claude-code") as claude,
        over_stdio(server.home, "cursor", "--user", user) as cursor,
    ):
        [change] = (await call(claude, "add_memories", text="Lives in Bern."))["changes"]
        await call(cursor, "update_memory", id=change["id"], text="Lives in Basel.")
        found = await call(claude, "search_memory", query="Where does the user live?")

    assert [memory["text"] for memory in found["memories"]] == ["Lives in Basel."]
    [stored] = store.active(user_id=user)
    assert (stored.text, stored.app) == ("Lives in Basel.", "claude-code")
    assert store.history(stored.id) == ["ADD", "UPDATE"]


async def _both_add(agents: dict[str, Client]) -> None:
    async def add_all(app: str) -> None:
        for fact in FACTS[app]:
            await call(agents[app], "add_memories", text=fact)

    async with anyio.create_task_group() as tasks:
        for app in agents:
            tasks.start_soon(add_all, app)
