"""Deleting everything: who decides, and what is deleted, in both eras of the protocol."""

from typing import Any

import pytest
from mcp import Client
from mcp.client.session import ClientRequestContext, ElicitationFnT
from mcp.types import (
    CallToolResult,
    ElicitRequestFormParams,
    ElicitRequestParams,
    ElicitResult,
    TextContent,
)

from openmemory_mcp.server import MemoryServer
from tests.mcp.recorder import Recorder

MODES = ("legacy", "auto", "2026-07-28")
TOOLS = ("delete_all", "delete_all_memories")


def answering(result: ElicitResult) -> ElicitationFnT:
    async def answer(context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
        return result

    return answer


YES = answering(ElicitResult(action="accept", content={"confirm": True}))
NO = answering(ElicitResult(action="accept", content={"confirm": False}))
DECLINE = answering(ElicitResult(action="decline"))
CANCEL = answering(ElicitResult(action="cancel"))


async def delete_all(
    server: MemoryServer,
    mode: str,
    person: ElicitationFnT | None,
    arguments: dict[str, Any],
    tool: str = "delete_all",
) -> CallToolResult:
    async with Client(server, mode=mode, elicitation_callback=person) as client:
        return await client.call_tool(tool, arguments)


def text_of(result: CallToolResult) -> str:
    (block,) = result.content
    assert isinstance(block, TextContent)
    return block.text


@pytest.mark.parametrize("mode", MODES)
async def test_the_form_says_no_more_than_the_protocol_names(
    server: MemoryServer, recorder: Recorder, mode: str
) -> None:
    asked: list[ElicitRequestParams] = []

    async def person(context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
        asked.append(params)
        return ElicitResult(action="decline")

    await delete_all(server, mode, person, {})

    [form] = asked
    assert isinstance(form, ElicitRequestFormParams)
    assert form.requested_schema.keys() == {"type", "properties", "required"}
    assert form.requested_schema["properties"]["confirm"]["type"] == "boolean"


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("arguments", [{}, {"confirm": False}, {"confirm": True}])
async def test_a_yes_deletes_all_that_the_app_may_change(
    server: MemoryServer, recorder: Recorder, mode: str, arguments: dict[str, Any]
) -> None:
    recorder.answer = {"message": "ok", "event_id": "e1", "deleted": 5, "left": 2}

    result = await delete_all(server, mode, YES, arguments)

    assert result.structured_content == {
        "deleted": 5,
        "left": 2,
        "reason": "the user confirmed",
    }
    assert text_of(result) == "deleted 5, left 2: the user confirmed"
    assert [(asked.method, asked.path) for asked in recorder.asked] == [
        ("DELETE", "/v1/memories/?all=true")
    ]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("person", [NO, DECLINE, CANCEL], ids=["no", "decline", "cancel"])
@pytest.mark.parametrize("arguments", [{}, {"confirm": True}])
async def test_anything_but_a_yes_deletes_nothing_whatever_the_model_says(
    server: MemoryServer,
    recorder: Recorder,
    mode: str,
    person: ElicitationFnT,
    arguments: dict[str, Any],
) -> None:
    result = await delete_all(server, mode, person, arguments)

    assert result.is_error
    assert "the user did not agree; do not retry" in text_of(result)
    assert recorder.asked == []


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("arguments", [{}, {"confirm": False}])
async def test_where_nobody_can_be_asked_the_model_is_sent_to_the_user(
    server: MemoryServer, recorder: Recorder, mode: str, arguments: dict[str, Any]
) -> None:
    result = await delete_all(server, mode, None, arguments)

    assert result.is_error
    assert "ask the user, then call again with confirm=true" in text_of(result)
    assert recorder.asked == []


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("tool", TOOLS)
async def test_the_models_word_alone_deletes_only_what_its_app_wrote(
    server: MemoryServer, recorder: Recorder, mode: str, tool: str
) -> None:
    recorder.answer = {"message": "ok", "event_id": "e1", "deleted": 1, "left": 6}

    result = await delete_all(server, mode, None, {"confirm": True}, tool)

    assert recorder.last.path == "/v1/memories/?own=true"
    assert result.structured_content is not None
    assert result.structured_content["deleted"] == 1
    assert "only what this app wrote" in result.structured_content["reason"]
