"""The steps every write shares: find what it names, check that it may, record what it did."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypeAlias
from uuid import UUID

from openmemory_api.db import actions as action_rows
from openmemory_api.db import memories as rows
from openmemory_api.db.actions import Recorded, contents
from openmemory_api.db.session import ReadConnection, WriteConnection
from openmemory_api.domain.access import Caller
from openmemory_api.domain.errors import Forbidden, Invalid, NotFound
from openmemory_api.domain.filters import Filter, matches
from openmemory_api.domain.memory import KEPT, Memory, State
from openmemory_api.domain.requests import ActionKind, Change, ChangeKind, MemoryRef
from openmemory_api.domain.text import fingerprint
from openmemory_api.services.access import Scope
from openmemory_api.services.activity import note
from openmemory_api.services.validation import UUID_FORM

Forget: TypeAlias = Callable[[], Awaitable[None]]
"""Called when memories were erased for good, to let nothing of them stay anywhere else."""

_SHORT_ID: Final = re.compile(r"m([1-9][0-9]{0,17})")


def fingerprint_of(memory: Memory) -> str:
    """The fingerprint under which an exact repeat of a memory is recognised."""
    day = (memory.event_time or memory.created_at).date()
    metadata = None if memory.metadata is None else dict(memory.metadata)
    return fingerprint(memory.text, memory.entities, metadata, day)


async def _resolved(
    connection: ReadConnection, caller: Caller, refs: Sequence[MemoryRef]
) -> dict[MemoryRef, str | None]:
    """The UUIDs that references stand for; None for a short id that was never given.

    Raises:
        Invalid: one is neither a UUID nor a short id the caller can use.
    """
    read = {ref: _uuid_or_number(caller, ref) for ref in refs}
    numbers = [each for each in read.values() if isinstance(each, int)]
    known: dict[int, str] = {}
    if numbers:
        assert caller.user_id is not None, "who has no user has no short ids"
        known = await rows.ids_of_numbers(connection, caller.project_id, caller.user_id, numbers)
    return {ref: known.get(each) if isinstance(each, int) else each for ref, each in read.items()}


def _uuid_or_number(caller: Caller, ref: MemoryRef) -> str | int:
    if UUID_FORM.fullmatch(ref):
        return str(UUID(ref))
    short = _SHORT_ID.fullmatch(ref)
    if short is None or caller.user_id is None:
        also = "" if caller.user_id is None else " or a short id such as m12"
        raise Invalid(f"memory_id should be a valid UUID{also}")
    return int(short.group(1))


def is_id(ref: MemoryRef) -> bool:
    """Whether a reference has the form of an id at all."""
    return bool(UUID_FORM.fullmatch(ref) or _SHORT_ID.fullmatch(ref))


async def find_all(
    connection: ReadConnection, caller: Caller, refs: Sequence[MemoryRef], scope: Filter
) -> dict[MemoryRef, Memory]:
    """What of `refs` lies in `scope`, by reference."""
    ids = await _resolved(connection, caller, refs)
    found = await rows.by_ids(connection, [known for known in ids.values() if known], scope)
    return {ref: found[known] for ref, known in ids.items() if known in found}


async def find_one(
    connection: ReadConnection, caller: Caller, ref: MemoryRef, scope: Filter
) -> Memory:
    """The memory `ref` names.

    Raises:
        NotFound: it is not in `scope`, for whatever reason.
    """
    found = await find_all(connection, caller, [ref], scope)
    if ref not in found:
        raise NotFound
    return found[ref]


def require_writable(scope: Scope, memory: Memory) -> None:
    """Refuse to change what the caller can only read.

    Raises:
        Forbidden: it is outside the caller's writable set.
    """
    if not matches(scope.writable, memory):
        # So that the log tells of which one.
        note(hits=[(memory.id, None)], count=0)
        raise Forbidden(f"The app {scope.caller.app!r} may read this memory but not change it")


@dataclass(slots=True)
class Write:
    """One write in its transaction: an action, a change number and the changes made so far."""

    connection: WriteConnection
    action_id: str
    change: int
    now: datetime
    changes: list[Change] = field(default_factory=list[Change])
    _recorded: list[Recorded] = field(default_factory=list[Recorded])

    @classmethod
    async def start(
        cls,
        connection: WriteConnection,
        caller: Caller,
        kind: ActionKind,
        *,
        user_id: str | None,
        now: datetime,
        pending: bool = False,
    ) -> "Write":
        """Take the next change number and record the action, as promised only if `pending`."""
        change = await rows.next_change(connection)
        action_id = await action_rows.start(
            connection, caller, kind, user_id=user_id, number=change, now=now, pending=pending
        )
        return cls(connection, action_id, change, now)

    @classmethod
    async def resume(cls, connection: WriteConnection, action_id: str, *, now: datetime) -> "Write":
        """Take the next change number for an action that was promised earlier."""
        return cls(connection, action_id, await rows.next_change(connection), now)

    async def insert(self, memories: Sequence[Memory]) -> None:
        """Store new memories."""
        await rows.insert(self.connection, [(new, fingerprint_of(new)) for new in memories])
        for new in memories:
            self._note(ChangeKind.ADD, None, new)

    async def replace(self, pairs: Sequence[tuple[Memory, Memory]]) -> None:
        """Store the second of each pair over the first."""
        await rows.save(
            self.connection,
            [(new, fingerprint_of(new), old.text != new.text) for old, new in pairs],
        )
        for old, new in pairs:
            self._note(ChangeKind.UPDATE, old, new)

    async def trash(self, memories: Sequence[Memory]) -> None:
        """Move memories to the trash."""
        await self._move(memories, State.TRASHED, ChangeKind.DELETE)

    async def restore(
        self, memories: Sequence[Memory], states: Mapping[str, State]
    ) -> list[Memory]:
        """Bring memories back from the trash, each to a state; answers them as they are then.

        One that `states` does not know becomes active.
        """
        return await self._move_each(memories, states, ChangeKind.RESTORE)

    async def move(self, memories: Sequence[Memory], states: Mapping[str, State]) -> list[Memory]:
        """Pause or archive memories, or put them to use again; answers them as they are then."""
        return await self._move_each(memories, states, ChangeKind.STATE)

    async def _move_each(
        self, memories: Sequence[Memory], states: Mapping[str, State], kind: ChangeKind
    ) -> list[Memory]:
        moved: dict[str, Memory] = {}
        for state in KEPT:
            chosen = [each for each in memories if states.get(each.id, State.ACTIVE) is state]
            moved |= {memory.id: memory for memory in await self._move(chosen, state, kind)}
        return [moved[memory.id] for memory in memories]

    async def _move(
        self, memories: Sequence[Memory], state: State, kind: ChangeKind
    ) -> list[Memory]:
        moved = await rows.move(
            self.connection, memories, state=state, now=self.now, change=self.change
        )
        for old, new in zip(memories, moved, strict=True):
            self._note(kind, None if kind is ChangeKind.RESTORE else old, new)
        return moved

    def _note(self, kind: ChangeKind, old: Memory | None, new: Memory) -> None:
        self.changes.append(Change(kind, new))
        before = None if old is None else contents(old)
        after = None if kind is ChangeKind.DELETE else contents(new)
        self._recorded.append(Recorded(new.id, kind, new.version, before, after))

    async def finish(self) -> None:
        """Write the history of what was done."""
        await action_rows.record(
            self.connection, self.action_id, self._recorded, number=self.change, now=self.now
        )

    async def put_down(self) -> None:
        """As `finish`, with more to come: forget what was done so far, which may be very much."""
        await self.finish()
        self.changes, self._recorded = [], []


def user_of(memories: Sequence[Memory]) -> str | None:
    """The one user that all of `memories` belong to, if there is one."""
    users = {memory.entities.user_id for memory in memories}
    return users.pop() if len(users) == 1 else None


async def erase(connection: WriteConnection, ids: Sequence[str]) -> None:
    """Forget memories for good: text, vectors and history texts."""
    change = await rows.next_change(connection)
    await rows.erase(connection, ids, change=change)
    await action_rows.erase_texts(connection, ids)
