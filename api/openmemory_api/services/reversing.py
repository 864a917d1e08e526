"""Takes changes of memories back: those of one action, and all that an app did in a time."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from openmemory_api.db.actions import Recorded, contents
from openmemory_api.domain.access import Caller
from openmemory_api.domain.memory import Memory, State
from openmemory_api.domain.requests import ChangeKind
from openmemory_api.services.limits import Quota
from openmemory_api.services.writing import Write


def is_as_before(first: Recorded, memory: Memory) -> bool:
    """Whether a memory is as it was before a change, so that there is nothing to take back."""
    return _is_in_trash(memory) is _was_in_trash(first) and not _differs(first, memory)


async def reverse(
    write: Write, changed: Sequence[tuple[Recorded, Memory]], *, caller: Caller, quota: Quota
) -> None:
    """Bring memories to where they were before a change of theirs.

    Args:
        write: the write that this is.
        changed: each memory as it is now, and the first of the changes to take back: those that
            came after it go with it.
        caller: who takes them back.
        quota: how many memories a user may have.

    Raises:
        QuotaExceeded: it would have more.
    """
    firsts = {memory.id: first for first, memory in changed}
    now = {memory.id: memory for _, memory in changed}
    back = [
        each for each in now.values() if _is_in_trash(each) and not _was_in_trash(firsts[each.id])
    ]
    gone = [
        each for each in now.values() if _was_in_trash(firsts[each.id]) and not _is_in_trash(each)
    ]
    await quota.require_room_for(write.connection, caller, back, gone)
    now |= {memory.id: memory for memory in await write.restore(back)}
    edited = [each for each in now.values() if _differs(firsts[each.id], each)]
    pairs = [(each, _as_before(each, firsts[each.id], write)) for each in edited]
    await write.replace(pairs)
    now |= {memory.id: memory for _, memory in pairs}
    await write.trash([now[each.id] for each in gone])


def _was_in_trash(first: Recorded) -> bool:
    """Or nowhere: what was added goes where what is deleted goes."""
    return first.kind in (ChangeKind.ADD, ChangeKind.RESTORE)


def _is_in_trash(memory: Memory) -> bool:
    return memory.state is State.TRASHED


def _held_before(first: Recorded) -> Mapping[str, Any] | None:
    return first.after if first.kind is ChangeKind.RESTORE else first.before


def _differs(first: Recorded, memory: Memory) -> bool:
    held = _held_before(first)
    return held is not None and held != contents(memory)


def _as_before(memory: Memory, first: Recorded, write: Write) -> Memory:
    held = _held_before(first)
    assert held is not None, "what it held is known, or it would not differ"
    event_time = held["event_time"]
    categories = held["categories"]
    return replace(
        memory,
        text=held["text"],
        metadata=held["metadata"],
        tags=tuple(held["tags"]),
        categories=None if categories is None else tuple(categories),
        expiration_date=held["expiration_date"],
        created_at=datetime.fromisoformat(held["created_at"]),
        event_time=None if event_time is None else datetime.fromisoformat(event_time),
        updated_at=write.now,
        version=memory.version + 1,
        change=write.change,
    )
