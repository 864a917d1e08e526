"""What is logged and printed holds no memory, no query and no key, at any level."""

import logging
from typing import Any

import httpx
import pytest

from openmemory_api.domain.errors import Unavailable
from openmemory_api.logs import QuietFormatter
from tests.api.running import Running, served

pytestmark = pytest.mark.timeout(180)

TEXT = "canary-text-4711"
QUERY = "canary-query-4712"
KEY = "omk_canary-key-4713"
OTHER = "canary-other-4714"
CANARIES = (TEXT, QUERY, KEY, OTHER, "canary")


@pytest.mark.parametrize("level", ["info", "debug"])
async def test_nothing_that_anybody_said_is_logged(
    tmp_path_factory: pytest.TempPathFactory, level: str
) -> None:
    folder = tmp_path_factory.mktemp("logged")
    settings = {"log_level": level, "api_key": KEY, "auth": "required", "redact": "warn"}
    with served(folder, **settings) as running:
        await drive(running)
        secret = running.file.secret
    printed = running.output.read_text()
    assert "OpenMemory" in printed
    assert [each for each in (*CANARIES, secret) if each in printed] == []


async def drive(running: Running) -> None:
    headers = {"Authorization": f"Bearer {KEY}"}
    async with httpx.AsyncClient(base_url=running.url, headers=headers, timeout=60) as http:
        await good_calls(http)
        await bad_calls(http)
    await tools(running)


async def good_calls(http: httpx.AsyncClient) -> None:
    body = {"user_id": "anna", "messages": [{"role": "user", "content": TEXT}]}
    added = await http.post("/v3/memories/add/", json={**body, "metadata": {"k": OTHER}})
    assert added.status_code == 200, added.text
    path = f"/v1/memories/{added.json()['id']}/"
    search = {"query": QUERY, "filters": {"user_id": "anna"}}
    assert (await http.post("/v3/memories/search/", json=search)).status_code == 200
    assert (await http.put(path, json={"text": f"{TEXT} again"})).status_code == 200
    assert (await http.get(f"{path}history/")).status_code == 200
    listing = {"user_id": "anna", "keywords": QUERY}
    assert (await http.get("/v1/memories/", params=listing)).status_code == 200
    assert (await http.delete(path)).status_code == 200


async def bad_calls(http: httpx.AsyncClient) -> None:
    wrong = {"Authorization": f"Token {OTHER}", "X-API-Key": f"omk_{OTHER}"}
    for path in ("/v1/memories/", "/mcp", f"/nowhere/{OTHER}"):
        refused = await http.get(path, params={"q": OTHER}, headers=wrong)
        assert refused.status_code in (401, 404)
    for body in ({"query": {"a": QUERY}}, {"query": QUERY, "filters": {OTHER: TEXT}}, TEXT):
        assert (await http.post("/v3/memories/search/", json=body)).status_code == 400
    assert (await http.post("/v3/memories/add/", content=TEXT)).status_code == 400
    lone = b'{"messages": "' + TEXT.encode() + b' \\ud800", "user_id": "anna"}'
    headers = {"content-type": "application/json"}
    assert (await http.post("/v3/memories/add/", content=lone, headers=headers)).status_code == 400
    for headers in ({"host": f"{OTHER}.example"}, {"origin": f"https://{OTHER}.example"}):
        assert (await http.get("/v1/ping/", headers=headers)).status_code in (403, 421)
    assert (await http.get(f"/v1/memories/{OTHER}/")).status_code in (400, 404)
    ws = {"connection": "upgrade", "upgrade": "websocket", "sec-websocket-version": "13"}
    await http.get("/mcp", params={"q": OTHER}, headers=ws)


async def tools(running: Running) -> None:
    headers = {"Authorization": f"Bearer {KEY}", "Accept": "application/json, text/event-stream"}
    async with httpx.AsyncClient(base_url=running.url, headers=headers, timeout=60) as http:
        for body in (
            {"jsonrpc": "2.0", "id": 1, "method": TEXT},
            {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": OTHER}},
            {"jsonrpc": "2.0", "method": "tools/call", "params": TEXT},
            {TEXT: QUERY},
            [TEXT],
        ):
            assert (await http.post("/mcp", json=body)).status_code >= 400
        await http.post("/mcp", content=TEXT, headers={"content-type": "application/json"})
        info = {"name": "probe", "version": "1"}
        params = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": info}
        start = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params}
        opened = await http.post("/mcp", json=start)
        session = {"mcp-session-id": opened.headers["mcp-session-id"]}
        calls: tuple[tuple[str, dict[str, Any]], ...] = (
            ("add_memories", {"text": TEXT}),
            ("add_memories", {"text": {"not": TEXT}}),
            ("search_memory", {"query": QUERY, "limit": OTHER}),
            ("search_memory", {"query": QUERY}),
            ("delete_memories", {"ids": [OTHER]}),
            (OTHER, {}),
        )
        for name, arguments in calls:
            call = {"name": name, "arguments": arguments}
            body = {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": call}
            answer = await http.post("/mcp", json=body, headers=session)
            assert answer.status_code == 200
        for body in (
            {"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": TEXT},
            {"a": TEXT},
        ):
            await http.post("/mcp", json=body, headers=session)


def failing(error: BaseException) -> None:
    raise error


def shown(error: BaseException) -> str:
    with pytest.raises(type(error)) as raised:
        failing(error)
    info = (raised.type, raised.value, raised.tb)
    record = logging.LogRecord("x", logging.ERROR, "", 1, "failed", (), info)
    return QuietFormatter("%(message)s").format(record)


def test_an_error_is_logged_by_its_type_and_place() -> None:
    cause = ValueError(TEXT)
    error = RuntimeError(TEXT)
    error.__cause__ = cause
    said = shown(ExceptionGroup(TEXT, [error, KeyError(TEXT)]))
    assert TEXT not in said
    for kind in ("ExceptionGroup", "RuntimeError", "ValueError", "KeyError"):
        assert kind in said
    assert __file__ in said


def test_an_error_that_quotes_nothing_says_its_reason() -> None:
    assert "the disk is full" in shown(Unavailable("the disk is full"))
    assert "No such file" in shown(FileNotFoundError(2, "No such file"))


def test_a_message_without_an_error_is_logged_as_it_is() -> None:
    record = logging.LogRecord("x", logging.INFO, "", 1, "up", (), (None, None, None))
    assert QuietFormatter("%(message)s").format(record) == "up"
