"""The test of a connection leaves nothing behind, also where it is not answered."""

import json

import anyio
import httpx
import pytest

from openmemory_mcp import probe


async def test_a_session_is_ended_also_when_the_time_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "SECONDS", 0.05)
    ended: list[str] = []

    async def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "DELETE":
            await anyio.lowlevel.checkpoint()
            ended.append(request.headers["mcp-session-id"])
            return httpx.Response(200)
        if json.loads(request.content)["method"] == "initialize":
            return httpx.Response(200, headers={"mcp-session-id": "s1"}, json={"result": {}})
        await anyio.sleep_forever()
        raise AssertionError("nobody ends this")

    transport = httpx.MockTransport(answer)
    async with httpx.AsyncClient(transport=transport, base_url="http://server.test") as http:
        probed = await probe.probe(http, "/mcp", {})
    assert (probed.ok, probed.text) == (False, "No answer within 0.05 seconds")
    assert ended == ["s1"]
