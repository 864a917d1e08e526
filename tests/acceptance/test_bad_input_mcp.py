"""Bad input over MCP: an error that tells the model what to do; nothing changed."""

import json
from typing import Any, Final

import httpx
import pytest

from tests.acceptance.agents import call, over_http, over_stdio, said
from tests.acceptance.processes import Server
from tests.acceptance.store import Store

pytestmark = pytest.mark.ci

UNKNOWN: Final = "00000000-0000-4000-8000-000000000000"
HEADERS: Final = {
    "Accept": "application/json, text/event-stream",
    "Content-Type": "application/json",
}
GENERIC: Final = ("Error executing tool", "Internal", "Traceback")


def address(server: Server, user: str) -> str:
    return f"{server.url}/mcp/bad-agent/http/{user}"


CASES: Final = [
    pytest.param("add_memories", {"text": ""}, "at least 1 character", id="empty text"),
    pytest.param("add_memories", {"text": " \n "}, "text is blank", id="blank text"),
    pytest.param("add_memories", {"text": "\0"}, "empty", id="only NUL"),
    pytest.param("add_memories", {"text": "x" * 20_001}, "20000 characters", id="20,001"),
    pytest.param("add_memories", {}, "text", id="no text"),
    pytest.param("add_memories", {"text": 7}, "string", id="text a number"),
    pytest.param("add_memories", {"text": "x", "infer": "perhaps"}, "boolean", id="infer a word"),
    pytest.param("search_memory", {"query": ""}, "at least 1 character", id="empty query"),
    pytest.param("search_memory", {"query": " "}, "query is blank", id="blank query"),
    pytest.param("search_memory", {"query": "x" * 2_001}, "2000 characters", id="long query"),
    pytest.param("search_memory", {"query": "x", "limit": 0}, "greater than", id="limit 0"),
    pytest.param("search_memory", {"query": "x", "limit": 51}, "less than", id="limit 51"),
    pytest.param("search_memory", {"query": "x", "limit": "many"}, "integer", id="limit a word"),
    pytest.param("list_memories", {"cursor": "nonsense"}, "cursor", id="no cursor of ours"),
    pytest.param("update_memory", {"id": "m999", "text": "x"}, "no such memory: m999", id="m999"),
    pytest.param("update_memory", {"id": UNKNOWN, "text": "x"}, "no such memory", id="unknown"),
    pytest.param("update_memory", {"id": "../x", "text": "x"}, "no such memory", id="a path"),
    pytest.param("update_memory", {"id": "no id", "text": "x"}, "no such memory", id="no id"),
    pytest.param("update_memory", {"id": "m1", "text": " "}, "text is blank", id="blank update"),
    pytest.param("delete_memories", {"ids": []}, "at least 1 item", id="no ids"),
    pytest.param("delete_memories", {"ids": ["m999"]}, "no such memory: m999", id="delete m999"),
    pytest.param("delete_memories", {"ids": [UNKNOWN]}, "no such memory", id="delete unknown"),
    pytest.param("delete_memories", {"ids": ["no id", "../x"]}, "no such memory", id="delete odd"),
    pytest.param("delete_memories", {"ids": ["m1"] * 101}, "at most 100 items", id="101 ids"),
    pytest.param("delete_all", {}, "call again with confirm=true", id="delete_all unasked"),
    pytest.param("delete_all", {"confirm": False}, "confirm=true", id="delete_all refused"),
    pytest.param("delete_all_memories", {}, "confirm=true", id="its old name"),
    pytest.param("forget_everything", {}, "forget_everything", id="unknown tool"),
]


@pytest.mark.parametrize(("tool", "arguments", "phrase"), CASES)
async def test_over_http(
    server: Server, store: Store, user: str, tool: str, arguments: dict[str, Any], phrase: str
) -> None:
    async with over_http(address(server, user), "bad-agent") as agent:
        await call(agent, "add_memories", text="Stays as it is.")
        before = store.fingerprint()
        result = await agent.call_tool(tool, arguments)

    text = said(result)
    assert result.is_error
    assert phrase in text
    assert text.removeprefix(f"Error executing tool {tool}: ").strip() not in ("", *GENERIC)
    assert store.fingerprint() == before


async def test_over_stdio_the_texts_are_the_same(server: Server, store: Store, user: str) -> None:
    before = store.fingerprint()
    async with (
        over_stdio(server.home, "bad-agent", "--user", user) as bridged,
        over_http(address(server, user), "bad-agent") as direct,
    ):
        for case in CASES:
            tool, arguments, _ = case.values
            assert isinstance(tool, str)
            assert isinstance(arguments, dict)
            answers = [
                await agent.call_tool(tool, arguments)  # pyright: ignore[reportUnknownArgumentType]
                for agent in (bridged, direct)
            ]
            assert [answer.is_error for answer in answers] == [True, True]
            assert said(answers[0]) == said(answers[1])
    assert store.fingerprint() == before


async def test_anothers_memory_is_no_memory(server: Server, store: Store, user: str) -> None:
    async with (
        over_http(address(server, user), "bad-agent") as owner,
        over_http(address(server, "somebody-else"), "bad-agent") as stranger,
    ):
        await call(owner, "add_memories", text="Mine alone.")
        [mine] = store.active(user_id=user)
        before = store.fingerprint()
        refusals = [
            said(await stranger.call_tool(tool, arguments)).replace(each, "ID")
            for each in (mine.id, UNKNOWN)
            for tool, arguments in (
                ("update_memory", {"id": each, "text": "taken"}),
                ("delete_memories", {"ids": [each]}),
            )
        ]
        found = await call(stranger, "search_memory", query="Mine alone.")

    assert refusals[:2] == refusals[2:]
    assert found["memories"] == []
    assert store.fingerprint() == before


@pytest.mark.parametrize(
    ("text", "kept", "note"),
    [
        pytest.param("a\0b", "ab", "1 invisible or control characters were left out", id="NUL"),
        pytest.param("שלום עולם", "שלום עולם", None, id="RTL"),
        pytest.param("👩‍👩‍👧‍👦 family", "👩‍👩‍👧‍👦 family", None, id="emoji"),
        pytest.param("one\ntwo", "one\ntwo", None, id="newline"),
    ],
)
async def test_odd_texts_that_are_stored(
    server: Server, store: Store, user: str, text: str, kept: str, note: str | None
) -> None:
    async with over_http(address(server, user), "bad-agent") as agent:
        result = await agent.call_tool("add_memories", {"text": text})
        listed = await agent.call_tool("list_memories", {})

    assert store.texts(user_id=user) == [kept]
    assert said(listed) == f"[m1 bad-agent] {kept.replace(chr(10), ' ⏎ ')}"
    if note:
        assert note in said(result)
    else:
        assert said(result).count("\n") == 0


@pytest.mark.parametrize("escape", [r"\ud800", r"\udc00"])
@pytest.mark.parametrize(
    ("tool", "argument"), [("add_memories", "text"), ("search_memory", "query")]
)
def test_lone_surrogates(
    server: Server, store: Store, user: str, tool: str, argument: str, escape: str
) -> None:
    before = store.fingerprint()
    body = _call(tool, {argument: "ESCAPE"}).replace("ESCAPE", escape)

    answer = _post(server, user, body, {"Mcp-Name": tool})

    assert answer.status_code == 200
    assert '"isError":true' in answer.text
    assert f"{argument}\\n  Input should be a valid string" in answer.text
    assert store.fingerprint() == before


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        pytest.param("{", {}, 400, id="malformed JSON"),
        pytest.param("", {}, 400, id="nothing"),
        pytest.param("[" * 50_000, {}, 400, id="50,000 brackets"),
        pytest.param("x" * 5_000_000, {}, 413, id="5 MB"),
        pytest.param(None, {"Content-Type": "text/plain"}, 400, id="wrong content type"),
        pytest.param(None, {"Host": "evil.example"}, 421, id="foreign Host"),
        pytest.param(None, {"Origin": "https://evil.example"}, 403, id="foreign Origin"),
        pytest.param(None, {"X-Forwarded-For": "8.8.8.8"}, 421, id="through a proxy"),
        pytest.param(None, {"Mcp-Session-Id": "0" * 32}, None, id="unknown session"),
        pytest.param(None, {"Authorization": "Bearer omk_wrong"}, None, id="a wrong key of ours"),
        pytest.param(None, {"Mcp-Name": "delete_all"}, 400, id="another tool in the header"),
    ],
)
def test_requests(
    server: Server,
    store: Store,
    user: str,
    body: str | None,
    headers: dict[str, str],
    status: int | None,
) -> None:
    before = store.fingerprint()
    content = _call("add_memories", {"text": "Never stored."}) if body is None else body

    answer = _post(server, user, content, headers)

    assert answer.status_code < 500
    assert status in (None, answer.status_code)
    assert store.fingerprint() == before or "Mcp-Session-Id" in headers


def _call(tool: str, arguments: dict[str, Any]) -> str:
    meta: dict[str, Any] = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    params: dict[str, Any] = {"name": tool, "arguments": arguments, "_meta": meta}
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})


def _post(server: Server, user: str, body: str, headers: dict[str, str]) -> httpx.Response:
    modern = {
        "MCP-Protocol-Version": "2026-07-28",
        "Mcp-Method": "tools/call",
        "Mcp-Name": "add_memories",
    }
    return httpx.post(
        address(server, user), content=body, headers={**HEADERS, **modern, **headers}, timeout=30
    )
