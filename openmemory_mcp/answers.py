"""What the tools answer: facts for programs, and the same facts as short lines for a model.

A memory is one line that starts with its id. Its text is somebody's words: line breaks in it are
shown as a mark, so that no text can pass for a second memory.
"""

from typing import Literal

from mcp.types import CallToolResult, TextContent
from pydantic import BaseModel

from openmemory_mcp.backends.base import Added, Change, Deleted, Memory, MemoryPage

BREAK = " ⏎ "
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
    note = f"Not everything could be searched: {page.degraded}" if page.degraded else None
    facts = Found(
        memories=[_found_memory(memory) for memory in page.results],
        next=page.next_cursor,
        note=note,
    )
    more = f"More: cursor={page.next_cursor}" if page.next_cursor else None
    return reply(facts, _joined(lines(page) or "No memories found.", more, note))


def lines(page: MemoryPage) -> str:
    """One line a memory: `[m12] text`."""
    return "\n".join(f"[{_id_of(memory)}] {one_line(memory.memory)}" for memory in page.results)


def added(outcome: Added) -> CallToolResult:
    """The answer of add_memories."""
    note = _note_on(outcome)
    queued = outcome.event_id if outcome.status == "PENDING" else None
    facts = Changed(changes=[_changed(each) for each in outcome.results], queued=queued, note=note)
    if queued is not None:
        return reply(facts, _joined(f"queued: memories follow (event {queued})", note))
    changes = "\n".join(_change_line(each) for each in facts.changes)
    return reply(facts, _joined(changes or "nothing to remember in this text", note))


def updated(memory_id: str) -> CallToolResult:
    """The answer of update_memory."""
    facts = Changed(changes=[ChangedMemory(id=memory_id, event="updated")])
    return reply(facts, f"updated [{memory_id}]")


def deleted(outcome: Deleted, *, permanent: bool) -> CallToolResult:
    """The answer of delete_memories."""
    facts = DeletedMemories(
        deleted=len(outcome.deleted),
        missing=outcome.missing or None,
        not_allowed=outcome.denied or None,
        note=PERMANENT if permanent else None,
    )
    return reply(facts, _joined(f"deleted {facts.deleted}", left_over(outcome), facts.note))


def left_over(outcome: Deleted) -> str | None:
    """Which ids were not deleted, and why; None if all were."""
    missing = f"no such memory: {', '.join(outcome.missing)}" if outcome.missing else None
    denied = f"this app may not delete: {', '.join(outcome.denied)}" if outcome.denied else None
    return _joined(missing, denied) or None


def one_line(text: str) -> str:
    """`text` without anything that a reader could take for the end of a line."""
    return BREAK.join(text.splitlines())


def _found_memory(memory: Memory) -> FoundMemory:
    return FoundMemory(
        id=_id_of(memory),
        text=memory.memory,
        app=memory.app or memory.app_id,
        created=memory.created_at[:10] if memory.created_at else None,
        score=None if memory.score is None else round(memory.score, 2),
    )


def _changed(change: Change) -> ChangedMemory:
    return ChangedMemory(
        id=change.short_id or change.id,
        event=_EVENTS[change.event],
        text=_excerpt(change.memory) or None,
    )


def _change_line(change: ChangedMemory) -> str:
    return f"{change.event} [{change.id}] {one_line(change.text or '')}".rstrip()


def _note_on(outcome: Added) -> str | None:
    removed = outcome.removed_characters
    hidden = f"{removed} invisible or control characters were left out." if removed else None
    later = "Not searchable for a moment." if outcome.indexing else None
    return _joined(hidden, later) or None


def _id_of(memory: Memory) -> str:
    return memory.short_id or memory.id


def _excerpt(text: str) -> str:
    # The model has just written the text: enough to recognise it by, not all of it again.
    return text if len(text) <= _EXCERPT else f"{text[: _EXCERPT - 1]}…"


def _joined(*parts: str | None) -> str:
    return "\n".join(part for part in parts if part)
