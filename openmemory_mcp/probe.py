"""Whether a tool server answers: what a client does first, done once."""

import json
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import anyio
import httpx

from openmemory_mcp.version import VERSION

SECONDS: Final = 10
"""How long it may take."""
_END_SECONDS: Final = 1
_VERSION: Final = "2025-11-25"
_ACCEPT: Final = {"Accept": "application/json, text/event-stream"}
_SESSION: Final = "mcp-session-id"


@dataclass(frozen=True, slots=True)
class Probed:
    """What came of it, in words for a person."""

    ok: bool
    text: str
    tools: int
    ms: float


async def probe(http: httpx.AsyncClient, path: str, headers: dict[str, str]) -> Probed:
    """Open a session at a path of a server, list its tools, and end it again."""
    start = time.perf_counter()
    try:
        with anyio.fail_after(SECONDS):
            tools, problem = await _listed(http, path, {**_ACCEPT, **headers})
    except TimeoutError:
        tools, problem = 0, f"No answer within {SECONDS} seconds"
    except httpx.TransportError as error:
        tools, problem = 0, f"The server cannot be reached: {error}"
    ms = round((time.perf_counter() - start) * 1000, 1)
    return Probed(problem is None, problem or f"{tools} tools are listed", tools, ms)


async def _listed(
    http: httpx.AsyncClient, path: str, headers: dict[str, str]
) -> tuple[int, str | None]:
    info = {"name": "openmemory-test", "version": VERSION}
    wish = {"protocolVersion": _VERSION, "capabilities": {}, "clientInfo": info}
    opened = await http.post(path, json=_call(1, "initialize", wish), headers=headers)
    if opened.status_code != HTTPStatus.OK:
        return 0, _refusal(opened)
    session = {**headers, _SESSION: opened.headers.get(_SESSION, "")}
    try:
        ready = {"jsonrpc": "2.0", "method": "notifications/initialized"}
        await http.post(path, json=ready, headers=session)
        listed = await http.post(path, json=_call(2, "tools/list", {}), headers=session)
        if listed.status_code != HTTPStatus.OK:
            return 0, _refusal(listed)
        tools = _answer(listed).get("result", {}).get("tools", [])
        return len(tools), None if tools else "The server lists no tools"
    finally:
        # Also where the time is up, or nobody waits any more: an open session has its place.
        with anyio.move_on_after(_END_SECONDS, shield=True):
            await http.delete(path, headers=session)


def _call(number: int, method: str, params: dict[str, Any]) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


def _answer(response: httpx.Response) -> dict[str, Any]:
    """The one message of an answer, which may come as a stream."""
    text = response.text
    if response.headers.get("content-type", "").startswith("text/event-stream"):
        data = (
            line.removeprefix("data:") for line in text.splitlines() if line.startswith("data:")
        )
        text = next((each for each in data if each.strip()), "{}")
    try:
        return json.loads(text)
    except ValueError:
        return {}


def _refusal(response: httpx.Response) -> str:
    said = _answer(response)
    words = said.get("detail") or said.get("error") or response.reason_phrase
    return words if isinstance(words, str) else json.dumps(words)
