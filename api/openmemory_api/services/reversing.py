"""Takes changes of memories back: those of one action, and all that an app did in a time."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from openmemory_api.db.actions import Recorded, contents, state_of
from openmemory_api.domain.access import Caller
from openmemory_api.domain.memory import Memory, State
from openmemory_api.domain.requests import ChangeKind
from openmemory_api.services.limits import Quota
from openmemory_api.services.writing import Write

_PIECE: Final = 200
"""Memories that are taken back at a stretch: nobody else is served meanwhile."""


def is_as_before(first: Recorded, memory: Memory) -> bool:
    """Whether a memory is as it was before a change, so that there is nothing to take back."""
    return memory.state is _state_before(first) and not _differs(first, memory)


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
    back, gone, _ = _moving(changed)
    await quota.require_room_for(write.connection, caller, back, gone)
    for start in range(0, len(changed), _PIECE):
        await _reverse(write, changed[start : start + _PIECE])


async def _reverse(write: Write, changed: Sequence[tuple[Recorded, Memory]]) -> None:
    firsts = {memory.id: first for first, memory in changed}
    before = {memory_id: _state_before(first) for memory_id, first in firsts.items()}
    now = {memory.id: memory for _, memory in changed}
    back, gone, moved = _moving(changed)
    now |= {memory.id: memory for memory in await write.restore(back, before)}
    now |= {memory.id: memory for memory in await write.move(moved, before)}
    edited = [each for each in now.values() if _differs(firsts[each.id], each)]
    pairs = [(each, _as_before(each, firsts[each.id], write)) for each in edited]
    await write.replace(pairs)
    now |= {memory.id: memory for _, memory in pairs}
    await write.trash([now[each.id] for each in gone])


def _moving(
    changed: Sequence[tuple[Recorded, Memory]],
) -> tuple[list[Memory], list[Memory], list[Memory]]:
    """What has to come back from the trash, what goes there, and what changes its state else."""
    other = [(_state_before(first), each) for first, each in changed]
    other = [(before, each) for before, each in other if each.state is not before]
    back = [each for _, each in other if each.state is State.TRASHED]
    gone = [each for before, each in other if before is State.TRASHED]
    moved = [each for before, each in other if State.TRASHED not in (each.state, before)]
    return back, gone, moved


def _state_before(first: Recorded) -> State:
    # What was added goes where what is deleted goes.
    if first.kind in (ChangeKind.ADD, ChangeKind.RESTORE):
        return State.TRASHED
    return state_of(first.before or {})


def _held_before(first: Recorded) -> Mapping[str, Any] | None:
    return first.after if first.kind is ChangeKind.RESTORE else first.before


def _differs(first: Recorded, memory: Memory) -> bool:
    held = _held_before(first)
    return held is not None and _without_state(held) != _without_state(contents(memory))


def _without_state(held: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in held.items() if name != "state"}


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
