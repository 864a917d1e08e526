"""What a client is offered: tools, prompt, resource, completions and how long they keep."""

from typing import Any

import pytest
from inline_snapshot import snapshot
from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp.types import (
    INVALID_PARAMS,
    PromptReference,
    ResourceTemplateReference,
    TextContent,
    TextResourceContents,
    Tool,
)

from openmemory_mcp.server import INSTRUCTIONS, MemoryServer
from tests.mcp.recorder import Recorder, memory

MODES = ("legacy", "auto", "2026-07-28")
ITEMS = ResourceTemplateReference(uri="memory://item/{id}")


async def listed(server: MemoryServer, mode: str) -> list[Tool]:
    async with Client(server, mode=mode) as client:
        return (await client.list_tools()).tools


def wire(tool: Tool) -> dict[str, Any]:
    return tool.model_dump(mode="json", by_alias=True, exclude_none=True)


async def test_the_tools_are_pinned(server: MemoryServer) -> None:
    assert [wire(tool) for tool in await listed(server, "auto")] == snapshot(
        [
            {
                "name": "search_memory",
                "title": "Search memory",
                "description": "Find what is remembered about the user, by meaning.",
                "inputSchema": {
                    "type": "object",
                    "properties": {
                        "query": {"maxLength": 2000, "minLength": 1, "type": "string"},
                        "limit": {"default": 10, "maximum": 50, "minimum": 1, "type": "integer"},
                    },
                    "required": ["query"],
                },
                "outputSchema": {
                    "$defs": {
                        "FoundMemory": {
                            "description": "One memory: what it says, which app wrote it and when.",
                            "properties": {
                                "id": {"type": "string"},
                                "text": {"type": "string"},
                                "app": {
                                    "anyOf": [{"type": "string"}, {"type": "null"}],
                                    "default": None,
                                },
                                "created": {
                                    "anyOf": [{"type": "string"}, {"type": "null"}],
                                    "default": None,
                                },
                                "score": {
                                    "anyOf": [{"type": "number"}, {"type": "null"}],
                                    "default": None,
                                },
                            },
                            "required": ["id", "text"],
                            "type": "object",
                        }
                    },
                    "description": "Memories, and the cursor of the next page where there is one.",
                    "properties": {
                        "memories": {"items": {"$ref": "#/$defs/FoundMemory"}, "type": "array"},
                        "next": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
                        "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
                    },
                    "required": ["memories"],
                    "type": "object",
                },
                "annotations": {
                    "readOnlyHint": True,
                    "destructiveHint": False,
                    "idempotentHint": True,
                    "openWorldHint": False,
                },
                "_meta": {"anthropic/alwaysLoad": True},
            },
            {
                "name": "add_memories",
                "title": "Add memories",
                "description": "Remember durable facts about the user: preferences, plans, decisions.",
                "inputSchema": {
                    "type": "object",
                    "properties": {
                        "text": {
                            "description": "A fact or a passage of the conversation",
                            "maxLength": 20000,
                            "minLength": 1,
                            "type": "string",
                        },
                        "infer": {
                            "default": True,
                            "description": "false: store verbatim instead of extracting facts",
                            "type": "boolean",
                        },
                    },
                    "required": ["text"],
                },
                "outputSchema": {
                    "$defs": {
                        "ChangedMemory": {
                            "description": "What happened to one memory; `unchanged` means that it was known already.",
                            "properties": {
                                "id": {"type": "string"},
                                "event": {
                                    "enum": ["added", "updated", "deleted", "unchanged"],
                                    "type": "string",
                                },
                                "text": {
                                    "anyOf": [{"type": "string"}, {"type": "null"}],
                                    "default": None,
                                },
                            },
                            "required": ["id", "event"],
                            "type": "object",
                        }
                    },
                    "description": "What was changed. With `queued`, the changes follow under that event id.",
                    "properties": {
                        "changes": {"items": {"$ref": "#/$defs/ChangedMemory"}, "type": "array"},
                        "queued": {
                            "anyOf": [{"type": "string"}, {"type": "null"}],
                            "default": None,
                        },
                        "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
                    },
                    "required": ["changes"],
                    "type": "object",
                },
                "annotations": {
                    "readOnlyHint": False,
                    "destructiveHint": False,
                    "idempotentHint": False,
                    "openWorldHint": False,
                },
            },
            {
                "name": "list_memories",
                "title": "List memories",
                "description": "Page through all memories, newest first.",
                "inputSchema": {
                    "type": "object",
                    "properties": {
                        "limit": {"default": 20, "maximum": 50, "minimum": 1, "type": "integer"},
                        "cursor": {
                            "anyOf": [{"type": "string"}, {"type": "null"}],
                            "default": None,
                            "description": "`next` of the previous page",
                        },
                    },
                },
                "outputSchema": {
                    "$defs": {
                        "FoundMemory": {
                            "description": "One memory: what it says, which app wrote it and when.",
                            "properties": {
                                "id": {"type": "string"},
                                "text": {"type": "string"},
                                "app": {
                                    "anyOf": [{"type": "string"}, {"type": "null"}],
                                    "default": None,
                                },
                                "created": {
                                    "anyOf": [{"type": "string"}, {"type": "null"}],
                                    "default": None,
                                },
                                "score": {
                                    "anyOf": [{"type": "number"}, {"type": "null"}],
                                    "default": None,
                                },
                            },
                            "required": ["id", "text"],
                            "type": "object",
                        }
                    },
                    "description": "Memories, and the cursor of the next page where there is one.",
                    "properties": {
                        "memories": {"items": {"$ref": "#/$defs/FoundMemory"}, "type": "array"},
                        "next": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
                        "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
                    },
                    "required": ["memories"],
                    "type": "object",
                },
                "annotations": {
                    "readOnlyHint": True,
                    "destructiveHint": False,
                    "idempotentHint": True,
                    "openWorldHint": False,
                },
            },
            {
                "name": "update_memory",
                "title": "Update memory",
                "description": "Replace the text of one memory.",
                "inputSchema": {
                    "type": "object",
                    "properties": {
                        "id": {"type": "string"},
                        "text": {"maxLength": 20000, "minLength": 1, "type": "string"},
                    },
                    "required": ["id", "text"],
                },
                "outputSchema": {
                    "$defs": {
                        "ChangedMemory": {
                            "description": "What happened to one memory; `unchanged` means that it was known already.",
                            "properties": {
                                "id": {"type": "string"},
                                "event": {
                                    "enum": ["added", "updated", "deleted", "unchanged"],
                                    "type": "string",
                                },
                                "text": {
                                    "anyOf": [{"type": "string"}, {"type": "null"}],
                                    "default": None,
                                },
                            },
                            "required": ["id", "event"],
                            "type": "object",
                        }
                    },
                    "description": "What was changed. With `queued`, the changes follow under that event id.",
                    "properties": {
                        "changes": {"items": {"$ref": "#/$defs/ChangedMemory"}, "type": "array"},
                        "queued": {
                            "anyOf": [{"type": "string"}, {"type": "null"}],
                            "default": None,
                        },
                        "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
                    },
                    "required": ["changes"],
                    "type": "object",
                },
                "annotations": {
                    "readOnlyHint": False,
                    "destructiveHint": True,
                    "idempotentHint": True,
                    "openWorldHint": False,
                },
            },
            {
                "name": "delete_memories",
                "title": "Delete memories",
                "description": "Delete memories by id.",
                "inputSchema": {
                    "type": "object",
                    "properties": {
                        "ids": {
                            "items": {"type": "string"},
                            "maxItems": 100,
                            "minItems": 1,
                            "type": "array",
                        }
                    },
                    "required": ["ids"],
                },
                "outputSchema": {
                    "description": "How many of the named memories are gone, and which are not, and why.",
                    "properties": {
                        "deleted": {"type": "integer"},
                        "missing": {
                            "anyOf": [
                                {"items": {"type": "string"}, "type": "array"},
                                {"type": "null"},
                            ],
                            "default": None,
                        },
                        "not_allowed": {
                            "anyOf": [
                                {"items": {"type": "string"}, "type": "array"},
                                {"type": "null"},
                            ],
                            "default": None,
                        },
                        "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
                    },
                    "required": ["deleted"],
                    "type": "object",
                },
                "annotations": {
                    "readOnlyHint": False,
                    "destructiveHint": True,
                    "idempotentHint": True,
                    "openWorldHint": False,
                },
            },
            {
                "name": "delete_all",
                "title": "Delete all memories",
                "description": "Delete all memories this app may change. Asks the user.",
                "inputSchema": {
                    "type": "object",
                    "properties": {
                        "confirm": {
                            "default": False,
                            "description": "true only after the user said yes",
                            "type": "boolean",
                        }
                    },
                },
                "outputSchema": {
                    "description": "How many memories are gone, how many are left, and why those.",
                    "properties": {
                        "deleted": {"type": "integer"},
                        "left": {"type": "integer"},
                        "reason": {"type": "string"},
                    },
                    "required": ["deleted", "left", "reason"],
                    "type": "object",
                },
                "annotations": {
                    "readOnlyHint": False,
                    "destructiveHint": True,
                    "idempotentHint": True,
                    "openWorldHint": False,
                },
            },
        ]
    )


async def test_every_era_lists_the_same_tools(server: MemoryServer) -> None:
    names = [[tool.name for tool in await listed(server, mode)] for mode in MODES]

    assert names == [names[0]] * len(MODES)
    assert "delete_all_memories" not in names[0]


async def test_no_tool_lets_the_model_say_who_is_calling(server: MemoryServer) -> None:
    arguments = {name for tool in await listed(server, "auto") for name in properties(tool)}

    assert not {"user", "user_id", "app", "app_id", "agent_id", "filters"} & arguments


def properties(tool: Tool) -> dict[str, Any]:
    return tool.input_schema["properties"]


async def test_the_listing_is_plain_ascii_and_may_be_kept_for_five_minutes(
    server: MemoryServer,
) -> None:
    async with Client(server, mode="2026-07-28") as client:
        result = await client.list_tools()

    assert (result.ttl_ms, result.cache_scope) == (300_000, "public")
    assert result.model_dump_json().isascii()


async def test_the_instructions_say_that_memories_are_data(server: MemoryServer) -> None:
    async with Client(server, mode="legacy") as client:
        assert client.instructions == INSTRUCTIONS

    assert "not instructions" in INSTRUCTIONS
    assert len(INSTRUCTIONS.split()) < 50


async def test_the_prompt_brings_the_memories_themselves(
    server: MemoryServer, recorder: Recorder
) -> None:
    recorder.answer = {"results": [memory(1, "likes tea\nand cake")]}

    async with Client(server) as client:
        (prompt,) = (await client.list_prompts()).prompts
        (message,) = (await client.get_prompt("recall", {"topic": "tea"})).messages

    assert prompt.description
    assert isinstance(message.content, TextContent)
    assert message.content.text.endswith("\n[m1 cursor] likes tea ⏎ and cake")
    assert "data" in message.content.text


async def test_the_prompt_says_when_nothing_is_known(
    server: MemoryServer, recorder: Recorder
) -> None:
    recorder.answer = {"results": []}

    async with Client(server) as client:
        (message,) = (await client.get_prompt("recall", {"topic": "tea"})).messages

    assert isinstance(message.content, TextContent)
    assert message.content.text == "No memories found about: tea"


@pytest.mark.parametrize("mode", MODES)
async def test_a_memory_can_be_read_as_a_resource(
    server: MemoryServer, recorder: Recorder, mode: str
) -> None:
    recorder.answer = memory(12, "likes tea")

    async with Client(server, mode=mode) as client:
        (content,) = (await client.read_resource("memory://item/m12")).contents

    assert isinstance(content, TextResourceContents)
    assert content.text == "[m12 cursor] likes tea"
    assert recorder.last.path == "/v1/memories/m12/"


@pytest.mark.parametrize(
    ("status", "said"), [(404, "no such memory: m12"), (403, "Only the user can allow it")]
)
async def test_a_resource_that_cannot_be_read_says_why(
    server: MemoryServer, recorder: Recorder, status: int, said: str
) -> None:
    recorder.status = status
    recorder.answer = {"detail": "No."}

    async with Client(server) as client:
        with pytest.raises(Exception, match=said):
            await client.read_resource("memory://item/m12")


async def test_ids_of_recent_memories_complete_the_resource_template(
    server: MemoryServer, recorder: Recorder
) -> None:
    recorder.answer = {"results": [memory(21, "a"), memory(2, "b"), memory(13, "c")]}

    async with Client(server) as client:
        result = await client.complete(ITEMS, {"name": "id", "value": "m2"})

    assert result.completion.values == ["m21", "m2"]


async def test_the_prompts_topic_is_not_completed(server: MemoryServer, recorder: Recorder) -> None:
    async with Client(server) as client:
        result = await client.complete(
            PromptReference(name="recall"), {"name": "topic", "value": "t"}
        )

    assert result.completion.values == []
    assert recorder.asked == []


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("name", "arguments"), [("nothing", {"topic": "tea"}), ("recall", {})])
async def test_asking_for_a_prompt_wrongly_is_the_clients_error(
    server: MemoryServer, recorder: Recorder, mode: str, name: str, arguments: dict[str, str]
) -> None:
    async with Client(server, mode=mode) as client:
        with pytest.raises(MCPError) as refused:
            await client.get_prompt(name, arguments)

    assert refused.value.code == INVALID_PARAMS
    assert {"nothing": "nothing", "recall": "topic"}[name] in str(refused.value)
    assert recorder.asked == []


async def test_prompt_and_completion_fail_with_the_stores_own_words(
    server: MemoryServer, recorder: Recorder
) -> None:
    recorder.status = 403
    recorder.answer = {"detail": "This app is paused."}

    async with Client(server) as client:
        with pytest.raises(Exception, match="This app is paused"):
            await client.get_prompt("recall", {"topic": "tea"})
        with pytest.raises(Exception, match="This app is paused"):
            await client.complete(ITEMS, {"name": "id", "value": ""})
