"""Drivers of the tools, of the prompt and of the resource, through the protocol's own client."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import httpx
import pytest
from mcp import Client
from mcp.client.session import ClientRequestContext
from mcp.shared.exceptions import MCPError
from mcp.types import (
    CallToolResult,
    ElicitRequestParams,
    ElicitResult,
    Implementation,
    ResourceTemplateReference,
    TextContent,
    TextResourceContents,
)

from openmemory_api.domain.access import KeyScope
from openmemory_api.domain.memory import Memory, State
from openmemory_mcp.backends.rest import RestBackend
from openmemory_mcp.caller import Launch
from openmemory_mcp.server import create_server
from tests.access.asking import Ask
from tests.access.world import DEFAULT_USER, Asker, World
from tests.access.writing import outcome
from tests.api.stores import uuid

READ, WRITE, DELETE = KeyScope.READ, KeyScope.WRITE, KeyScope.DELETE
LABEL = Implementation(name="Probe Client (via mcp-remote 0.1)", version="1")
CALLED = "probe-client"
"""What the label of a client becomes: an app's name, where nothing else says one."""


@dataclass
class Call(Ask):
    """What a driver has to call with: the same caller, by way of the tool server."""

    client: Client = None  # pyright: ignore[reportAssignmentType]
    asks: bool = False
    """Whether a person can be asked, who says yes."""

    called: str = ""

    @property
    def last(self) -> str:
        return self.called

    async def tool(self, name: str, **arguments: Any) -> CallToolResult:
        answer = await self.client.call_tool(name, arguments)
        self.called = f"{name} {arguments} -> {said(answer)[:600]}"
        return answer

    def is_sent_away(self, answer: CallToolResult, *needs: KeyScope) -> bool:
        """Whether the caller may not call this at all; holds the answer to it."""
        expected = self.is_turned_away(*needs)
        if expected:
            assert answer.is_error, self.last
            assert "Only the user can allow it" in said(answer)
        return expected


Tool: TypeAlias = Callable[[Call], Awaitable[None]]
TOOLS: dict[str, Tool] = {}


def calls(name: str) -> Callable[[Tool], Tool]:
    """Name the tool that a driver drives."""

    def register(driver: Tool) -> Tool:
        TOOLS[name] = driver
        return driver

    return register


def as_called(asker: Asker) -> Asker:
    """The caller that a tool call makes of one: an app always, and a user always."""
    caller = asker.caller
    return replace(
        asker,
        caller=replace(caller, user_id=caller.user_id or DEFAULT_USER, app=caller.app or CALLED),
    )


@asynccontextmanager
async def calling(world: World, asker: Asker, http: httpx.AsyncClient) -> AsyncGenerator[Call]:
    """A client of the tool server, connected as the caller."""
    asks = world.rng.random() < 0.5
    named = {name: asker.headers.get(f"X-OpenMemory-{name}") for name in ("User", "App")}
    launch = Launch(user=named["User"], app=named["App"])
    person = _yes if asks else None
    server = create_server(RestBackend(_as(asker, http)), launch)
    async with Client(server, client_info=LABEL, elicitation_callback=person) as client:
        yield Call(world, as_called(asker), http, client=client, asks=asks)


def _as(asker: Asker, http: httpx.AsyncClient) -> httpx.AsyncClient:
    """A connection to the store that carries the caller's key, as a launched server's does."""
    key = {name: text for name, text in asker.headers.items() if name == "Authorization"}
    # The application behind it is the same.
    return httpx.AsyncClient(transport=http._transport, base_url=http.base_url, headers=key)  # pyright: ignore[reportPrivateUsage]


async def _yes(context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
    return ElicitResult(action="accept", content={"confirm": True})


def said(answer: CallToolResult) -> str:
    return "\n".join(block.text for block in answer.content if isinstance(block, TextContent))


def known(answer: CallToolResult) -> list[tuple[str, str, str | None]]:
    """(id, text, app) of the memories of an answer, in both of its forms alike."""
    facts: dict[str, Any] = answer.structured_content or {}
    rows: list[dict[str, Any]] = facts["memories"]
    lines = [line for line in said(answer).splitlines() if line.startswith("[")]
    said_of = [(row["id"], row["text"], row.get("app")) for row in rows]
    assert lines == [line(*each) for each in said_of]
    return said_of


def told(row: Memory) -> tuple[str, str, str | None]:
    return (row.short_id or row.id, row.text, row.app)


def line(id: str, text: str, app: str | None) -> str:
    """A memory as a model reads it: whose id, which app wrote it, what it says."""
    return f"[{id} {app}] {text}" if app else f"[{id}] {text}"


@calls("search_memory")
async def search(call: Call) -> None:
    answer = await call.tool("search_memory", query="note tea boat", limit=50)
    if call.is_sent_away(answer, READ):
        return
    expected = call.selected(lambda _: True, {"latest_only": True})
    if len(expected) <= 50:
        assert sorted(known(answer)) == sorted(map(told, expected)), call.last


@calls("list_memories")
async def list_all(call: Call) -> None:
    limit = call.rng.choice([1, 4, 50])
    found: list[tuple[str, str, str | None]] = []
    cursor = None
    while True:
        answer = await call.tool("list_memories", limit=limit, cursor=cursor)
        if call.is_sent_away(answer, READ):
            return
        found += known(answer)
        facts: dict[str, Any] = answer.structured_content or {}
        cursor = facts.get("next")
        if cursor is None:
            break
    expected = call.selected(lambda _: True, {"latest_only": True})
    assert found == [told(row) for row in expected]


@calls("add_memories")
async def add(call: Call) -> None:
    text = f"tool note {call.rng.random()}"
    answer = await call.tool("add_memories", text=text)
    done = await outcome(call)
    if call.is_sent_away(answer, WRITE):
        return done.nothing()
    if not call.world.may_add(call.asker):
        assert answer.is_error
        return done.nothing()
    done.only(set(), new=1)
    (row,) = done.new
    caller = call.asker.caller
    assert (row.text, row.app, row.entities.app_id) == (text, caller.app, caller.app)
    assert row.entities.user_id == caller.user_id


@calls("update_memory")
async def update(call: Call) -> None:
    for row in call.some(call.world.memories, 2):
        may_read, may_write = call.may_read(row), call.may_write(row)
        text = f"tool change {call.rng.random()}"
        answer = await call.tool("update_memory", id=call.ref_to(row), text=text)
        done = await outcome(call)
        if call.is_sent_away(answer, WRITE):
            return done.nothing()
        if not (may_read and may_write):
            assert answer.is_error, call.last
            expected = "may read this memory but not change it" if may_read else "no such memory"
            assert expected in said(answer)
            done.nothing()
            continue
        done.only({row.id})
        assert done.after[row.id].text == text


@calls("delete_memories")
async def delete(call: Call) -> None:
    rows = call.some(call.world.memories, 2)
    refs = {call.ref_to(row): row for row in rows}
    gone = {row.id for row in rows if call.may_write(row)}
    unseen = [ref for ref, row in refs.items() if not call.may_read(row)]
    answer = await call.tool("delete_memories", ids=list(refs))
    done = await outcome(call)
    if call.is_sent_away(answer, DELETE):
        return done.nothing()
    assert answer.is_error is (not gone)
    if unseen:
        assert f"no such memory: {', '.join(unseen)}" in said(answer)
    done.moved(gone, State.TRASHED)


@calls("delete_all")
async def delete_all(call: Call) -> None:
    await _delete_all(call, "delete_all")


@calls("delete_all_memories")
async def delete_all_by_its_old_name(call: Call) -> None:
    await _delete_all(call, "delete_all_memories")


async def _delete_all(call: Call, tool: str) -> None:
    if call.asks and call.asker.user == "anna" and call.rng.random() < 0.7:
        # The store would be empty before the others had their turn.
        return
    caller = call.asker.caller
    merges = call.world.merges_of(caller)
    name = merges.get(caller.app or "", caller.app)

    def chosen(row: Memory) -> bool:
        return call.asks or (row.app is not None and merges.get(row.app, row.app) == name)

    readable = [row for row in call.readable if chosen(row)]
    gone = {row.id for row in call.writable if chosen(row)}
    answer = await call.tool(tool, confirm=True)
    done = await outcome(call)
    if call.is_sent_away(answer, DELETE):
        return done.nothing()
    facts: dict[str, Any] = answer.structured_content or {}
    assert (facts["deleted"], facts["left"]) == (len(gone), len(readable) - len(gone)), call.last
    done.moved(gone, State.TRASHED)


# Beside the tools.


async def recall(call: Call) -> None:
    if call.is_turned_away(READ):
        with pytest.raises(MCPError, match="Only the user can allow it"):
            await call.client.get_prompt("recall", {"topic": "note tea boat"})
        return
    answer = await call.client.get_prompt("recall", {"topic": "note tea boat"})
    text = answer.model_dump()["messages"][0]["content"]["text"]
    lines = [each for each in text.splitlines() if each.startswith("[")]
    expected = {line(*told(row)) for row in call.selected(lambda _: True, {"latest_only": True})}
    assert set(lines) <= expected
    assert len(lines) == min(10, len(expected))


async def item(call: Call) -> None:
    turned_away = call.is_turned_away(READ)
    for row in call.some(call.world.memories, 3):
        uri = f"memory://item/{call.ref_to(row)}"
        if turned_away or not call.may_read(row):
            with pytest.raises(MCPError):
                await call.client.read_resource(uri)
        else:
            (content,) = (await call.client.read_resource(uri)).contents
            assert isinstance(content, TextResourceContents)
            assert content.text == line(*told(row))
    with pytest.raises(MCPError):
        await call.client.read_resource(f"memory://item/{uuid(404)}")


async def completions(call: Call) -> None:
    item = ResourceTemplateReference(type="ref/resource", uri="memory://item/{id}")
    asked = {"name": "id", "value": ""}
    if call.is_turned_away(READ):
        with pytest.raises(MCPError, match="Only the user can allow it"):
            await call.client.complete(item, asked)
        return
    answer = await call.client.complete(item, asked)
    expected = call.selected(lambda _: True, {"latest_only": True})
    assert answer.completion.values == [told(row)[0] for row in expected[:50]]


BESIDE: dict[str, Tool] = {"recall": recall, "item": item, "completions": completions}
