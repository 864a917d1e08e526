"""What the tools answer: facts for programs, and the same facts as short lines for a model.

A memory is one line that starts with its id and the app that wrote it, in brackets. Its text is
somebody's words: line breaks in it are shown as a mark, so that no text can pass for a second memory
or for another app's.
"""

from collections.abc import Sequence
from typing import Literal

from mcp.types import CallToolResult, TextContent
from pydantic import BaseModel

from openmemory_mcp.backends.base import Added, Change, Deleted, Memory, MemoryPage, Secrets
from openmemory_mcp.text import name, one_line, quoted, visible

PERMANENT = "There is no trash: what is deleted here is gone for good."
_EXCERPT = 200
_EVENTS: dict[str, Literal["added", "updated", "deleted", "unchanged"]] = {
    "ADD": "added",
    "UPDATE": "updated",
    "DELETE": "deleted",
    "NONE": "unchanged",
}


class FoundMemory(BaseModel):
    """One memory: what it says, which app wrote it and when."""

    id: str
    text: str
    app: str | None = None
    created: str | None = None
    score: float | None = None


class Found(BaseModel):
    """Memories, and the cursor of the next page where there is one."""

    memories: list[FoundMemory]
    next: str | None = None
    note: str | None = None


class ChangedMemory(BaseModel):
    """What happened to one memory; `unchanged` means that it was known already."""

    id: str
    event: Literal["added", "updated", "deleted", "unchanged"]
    text: str | None = None


class Changed(BaseModel):
    """What was changed. With `queued`, the changes follow under that event id."""

    changes: list[ChangedMemory]
    queued: str | None = None
    note: str | None = None


class DeletedMemories(BaseModel):
    """How many of the named memories are gone, and which are not, and why."""

    deleted: int
    missing: list[str] | None = None
    not_allowed: list[str] | None = None
    note: str | None = None


class DeletedAllMemories(BaseModel):
    """How many memories are gone, how many are left, and why those."""

    deleted: int
    left: int
    reason: str


def reply(facts: BaseModel, text: str) -> CallToolResult:
    """A tool's answer in both forms; hosts differ in which one their model sees."""
    return CallToolResult(
        content=[TextContent(type="text", text=text)],
        structured_content=facts.model_dump(mode="json", exclude_none=True),
    )


def found(page: MemoryPage) -> CallToolResult:
    """The answer of search and list."""
    reason = one_line(page.degraded or "")
    note = f"Not everything could be searched: {reason}" if reason else None
    facts = Found(
        memories=[_found_memory(memory) for memory in page.results],
        next=page.next_cursor,
        note=note,
    )
    more = f"More: cursor={page.next_cursor}" if page.next_cursor else None
    return reply(facts, _joined(lines(page) or "No memories found.", more, note))


def lines(page: MemoryPage) -> str:
    """One line a memory: `[m12 cursor] text`."""
    return "\n".join(line(memory) for memory in page.results)


def line(memory: Memory) -> str:
    """One memory: its id, the app that wrote it where one did, and its text."""
    by = name(memory.app or "")
    label = f"{_id_of(memory)} {by}" if by else _id_of(memory)
    return f"[{label}] {one_line(memory.memory)}"


def added(outcome: Added) -> CallToolResult:
    """The answer of add_memories."""
    note = _note_on(outcome)
    queued = outcome.event_id if outcome.status == "PENDING" else None
    facts = Changed(changes=[_changed(each) for each in outcome.results], queued=queued, note=note)
    if queued is not None:
        return reply(facts, _joined(f"queued: memories follow (event {quoted(queued)})", note))
    changes = "\n".join(_change_line(each) for each in facts.changes)
    return reply(facts, _joined(changes or "nothing to remember in this text", note))


def updated(memory_id: str, secrets: Secrets | None) -> CallToolResult:
    """The answer of update_memory."""
    note = _note_on_secrets(secrets)
    facts = Changed(changes=[ChangedMemory(id=quoted(memory_id), event="updated")], note=note)
    return reply(facts, _joined(f"updated [{quoted(memory_id)}]", note))


def deleted(outcome: Deleted, *, permanent: bool) -> CallToolResult:
    """The answer of delete_memories."""
    facts = DeletedMemories(
        deleted=len(outcome.deleted),
        missing=[quoted(each) for each in outcome.missing] or None,
        not_allowed=[quoted(each) for each in outcome.denied] or None,
        note=PERMANENT if permanent else None,
    )
    return reply(facts, _joined(f"deleted {facts.deleted}", left_over(outcome), facts.note))


def left_over(outcome: Deleted) -> str | None:
    """Which ids were not deleted, and why; None if all were."""
    missing = f"no such memory: {_listed(outcome.missing)}" if outcome.missing else None
    denied = f"this app may not delete: {_listed(outcome.denied)}" if outcome.denied else None
    return _joined(missing, denied) or None


def _listed(ids: Sequence[str]) -> str:
    return ", ".join(map(quoted, ids))


def _found_memory(memory: Memory) -> FoundMemory:
    return FoundMemory(
        id=_id_of(memory),
        text=visible(memory.memory),
        app=name(memory.app or "") or None,
        created=memory.created_at[:10] if memory.created_at else None,
        score=None if memory.score is None else round(memory.score, 2),
    )


def _changed(change: Change) -> ChangedMemory:
    return ChangedMemory(
        id=name(change.short_id or change.id),
        event=_EVENTS[change.event],
        text=_excerpt(visible(change.memory)) or None,
    )


def _change_line(change: ChangedMemory) -> str:
    return f"{change.event} [{change.id}] {one_line(change.text or '')}".rstrip()


def _note_on(outcome: Added) -> str | None:
    removed = outcome.removed_characters
    hidden = f"{removed} invisible or control characters were left out." if removed else None
    later = "Not searchable for a moment." if outcome.indexing else None
    return _joined(hidden, _note_on_secrets(outcome.secrets), later) or None


def _note_on_secrets(secrets: Secrets | None) -> str | None:
    if secrets is None:
        return None
    kinds = ", ".join(quoted(kind) for kind in secrets.found)
    if secrets.redacted:
        return f"Secrets were replaced, not stored: {kinds}."
    return f"Looks like a secret, and is stored for every app that may read it: {kinds}. Tell the user."


def _id_of(memory: Memory) -> str:
    return name(memory.short_id or memory.id)


def _excerpt(text: str) -> str:
    # The model has just written the text: enough to recognise it by, not all of it again.
    return text if len(text) <= _EXCERPT else f"{text[: _EXCERPT - 1]}…"


def _joined(*parts: str | None) -> str:
    return "\n".join(part for part in parts if part)
