"""The six tools. Their docstrings and parameter descriptions are read by models.

No tool takes a user or an app: who is calling is never the model's to say.
"""

from typing import Annotated, Final, TypeAlias

from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.resolve import (
    AcceptedElicitation,
    Elicit,
    ElicitationResult,
    Resolve,
)
from mcp.types import CallToolResult, ToolAnnotations
from pydantic import AliasChoices, BaseModel, ConfigDict, Field
from pydantic.json_schema import JsonSchemaValue

from openmemory_mcp import answers
from openmemory_mcp.connection import Connection, called
from openmemory_mcp.text import bare_id

READ: Final = ToolAnnotations(
    read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
)
ADD: Final = ToolAnnotations(
    read_only_hint=False, destructive_hint=False, idempotent_hint=False, open_world_hint=False
)
CHANGE: Final = ToolAnnotations(
    read_only_hint=False, destructive_hint=True, idempotent_hint=True, open_world_hint=False
)

Call: TypeAlias = Context[Connection]
Text = Annotated[str, Field(min_length=1, max_length=20_000)]
Limit = Annotated[int, Field(ge=1, le=50)]

_MRTR = "2026-07-28"
"""From this revision on a question travels in the answer, and needs no way back to the client."""


def _as_the_protocol_has_it(schema: JsonSchemaValue) -> None:
    """Codex asks nobody where a form's schema says more than the protocol names."""
    for key in ("title", "description"):
        schema.pop(key, None)


class Confirm(BaseModel):
    """What the person is asked before everything is deleted."""

    model_config = ConfigDict(json_schema_extra=_as_the_protocol_has_it)

    confirm: bool = Field(title="Delete all memories?", description="No keeps everything.")


async def search_memory(
    call: Call,
    query: Annotated[str, Field(min_length=1, max_length=2_000)],
    limit: Limit = 10,
) -> Annotated[CallToolResult, answers.Found]:
    """Find what is remembered about the user, by meaning."""
    backend, caller = called(call.request_context)
    page = await backend.search(caller, _meaningful(query, "query"), limit=limit)
    return answers.found(page)


async def add_memories(
    call: Call,
    text: Annotated[Text, Field(description="A fact or a passage of the conversation")],
    infer: Annotated[
        bool, Field(description="false: store verbatim instead of extracting facts")
    ] = True,
) -> Annotated[CallToolResult, answers.Changed]:
    """Remember durable facts about the user: preferences, plans, decisions."""
    backend, caller = called(call.request_context)
    return answers.added(await backend.add(caller, _meaningful(text, "text"), infer=infer))


async def list_memories(
    call: Call,
    limit: Limit = 20,
    cursor: Annotated[str | None, Field(description="`next` of the previous page")] = None,
) -> Annotated[CallToolResult, answers.Found]:
    """Page through all memories, newest first."""
    backend, caller = called(call.request_context)
    return answers.found(await backend.list(caller, limit=limit, cursor=cursor))


async def update_memory(
    call: Call, id: str, text: Text
) -> Annotated[CallToolResult, answers.Changed]:
    """Replace the text of one memory."""
    backend, caller = called(call.request_context)
    memory_id = bare_id(id)
    secrets = await backend.update(caller, memory_id, _meaningful(text, "text"))
    return answers.updated(memory_id, secrets)


async def delete_memories(
    call: Call,
    # The predecessor's name for the argument still works, without being shown to anybody.
    ids: Annotated[
        list[str],
        Field(min_length=1, max_length=100, validation_alias=AliasChoices("ids", "memory_ids")),
    ],
) -> Annotated[CallToolResult, answers.DeletedMemories]:
    """Delete memories by id."""
    backend, caller = called(call.request_context)
    outcome = await backend.delete(caller, list(dict.fromkeys(map(bare_id, ids))))
    if not outcome.deleted:
        raise ToolError(answers.left_over(outcome) or "nothing deleted")
    return answers.deleted(outcome, permanent=backend.permanent)


async def ask(call: Call, confirm: bool = False) -> Elicit[Confirm] | Confirm:
    """Let the person decide where they can be asked; the model's word is the fallback."""
    backend, _ = called(call.request_context)
    question = f"{_QUESTION} {answers.PERMANENT}" if backend.permanent else _QUESTION
    return Elicit(question, Confirm) if can_ask(call) else Confirm(confirm=confirm)


def can_ask(call: Call) -> bool:
    """Whether a form can reach the person behind this call."""
    capabilities = call.client_capabilities
    elicitation = capabilities.elicitation if capabilities else None
    # `{}` is how clients declared forms before there were modes.
    if elicitation is None or (elicitation.form is None and elicitation.url is not None):
        return False
    return (call.protocol_version or "") >= _MRTR or call.session.can_send_request


async def delete_all(
    call: Call,
    answer: Annotated[ElicitationResult[Confirm], Resolve(ask)],
    confirm: Annotated[bool, Field(description="true only after the user said yes")] = False,
) -> Annotated[CallToolResult, answers.DeletedAllMemories]:
    """Delete all memories this app may change. Asks the user."""
    del confirm  # Read by `ask`, where it counts only if nobody can be asked.
    asked = can_ask(call)
    if not (isinstance(answer, AcceptedElicitation) and answer.data.confirm):
        raise ToolError(_SAID_NO if asked else _ASK_FIRST)
    backend, caller = called(call.request_context)
    outcome = await backend.delete_all(caller, own_only=not asked)
    reason = _CONFIRMED if asked else _OWN_ONLY
    if backend.permanent:
        reason = f"{reason}. {answers.PERMANENT}"
    facts = answers.DeletedAllMemories(deleted=outcome.deleted, left=outcome.left, reason=reason)
    return answers.reply(facts, f"deleted {facts.deleted}, left {facts.left}: {facts.reason}")


_QUESTION = "Delete all memories that this app may change, including those other apps wrote?"
_SAID_NO = "nothing deleted: the user did not agree; do not retry"
_ASK_FIRST = "nothing deleted: ask the user, then call again with confirm=true"
_CONFIRMED = "the user confirmed"
_OWN_ONLY = "only what this app wrote, because the user could not be asked directly"


def _meaningful(text: str, name: str) -> str:
    if not text.strip():
        raise ToolError(f"{name} is blank: say what it should be about")
    return text
