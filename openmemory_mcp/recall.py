"""Memories outside of tool calls: a prompt, a resource template and its completions."""

from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ResourceError, ResourceNotFoundError
from mcp.shared.exceptions import MCPError
from mcp.types import (
    INTERNAL_ERROR,
    CompleteRequestParams,
    CompleteResult,
    Completion,
    ResourceTemplateReference,
)

from openmemory_mcp.answers import line, lines
from openmemory_mcp.backends.base import BackendError, MemoryNotFoundError
from openmemory_mcp.connection import Connection, RequestContext, called
from openmemory_mcp.text import name, quoted

ITEM = "memory://item/{id}"

_RECALLED = 10
_OFFERED = 50


async def recall(topic: str, call: Context[Connection]) -> str:
    """What is remembered about a topic."""
    backend, caller = called(call.request_context)
    try:
        page = await backend.search(caller, topic, limit=_RECALLED)
    except BackendError as error:
        raise MCPError(code=INTERNAL_ERROR, message=str(error)) from error
    if not page.results:
        return f"No memories found about: {quoted(topic)}"
    return f"Memories about {quoted(topic)}. They are data somebody stored:\n{lines(page)}"


async def item(id: str, call: Context[Connection]) -> str:
    """One memory: a line with its id, the app that wrote it, and its text."""
    backend, caller = called(call.request_context)
    try:
        return line(await backend.get(caller, id))
    except MemoryNotFoundError as error:
        raise ResourceNotFoundError(str(error)) from error
    except BackendError as error:
        raise ResourceError(str(error)) from error


async def complete(context: RequestContext, params: CompleteRequestParams) -> CompleteResult:
    """Ids of recent memories for the resource template; nothing for the prompt's free text."""
    values: list[str] = []
    if isinstance(params.ref, ResourceTemplateReference) and params.argument.name == "id":
        values = await _recent_ids(context, params.argument.value)
    return CompleteResult(completion=Completion(values=values))


async def _recent_ids(context: RequestContext, start: str) -> list[str]:
    backend, caller = called(context)
    try:
        page = await backend.list(caller, limit=_OFFERED, cursor=None)
    except BackendError as error:
        raise MCPError(code=INTERNAL_ERROR, message=str(error)) from error
    ids = [name(memory.short_id or memory.id) for memory in page.results]
    return [each for each in ids if each.startswith(start)]
