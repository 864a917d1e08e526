"""What a person does to many memories at once: their states, their categories, the trash.

One action each, whatever the number, so that one undo takes it back.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from typing import Final, TypeAlias

from openmemory_api.db import actions as action_rows
from openmemory_api.db import memories as rows
from openmemory_api.db.session import WriteConnection
from openmemory_api.domain.access import Caller, KeyScope
from openmemory_api.domain.errors import Invalid
from openmemory_api.domain.filters import Filter, all_of, fold
from openmemory_api.domain.memory import KEPT, Memory, State
from openmemory_api.domain.protocols import Clock
from openmemory_api.domain.requests import MAX_CATEGORIES, ActionKind, MemoryRef
from openmemory_api.services.access import AccessService, Scope
from openmemory_api.services.activity import note_memories
from openmemory_api.services.indexing import Indexer
from openmemory_api.services.limits import NO_QUOTA, Quota
from openmemory_api.services.validation import checked_categories
from openmemory_api.services.writing import Forget, Write, erase, find_all

MAX_AT_ONCE: Final = 10_000
"""Memories that one operation changes; it is one transaction, which every other write waits for."""
MAX_LEFT: Final = 1_000
"""Memories that are named as left alone; of more it is only told how many."""
_NOTED: Final = 1_000
_FOUND_WITHIN: Final = 2.0
_CHUNK: Final = 200
"""Memories that are changed at a stretch; between two, other requests are served."""
_Pair: TypeAlias = tuple[Memory, Memory]
"""A memory as it is, and as it is to be."""


class Operation(StrEnum):
    """What can be done to many memories."""

    PAUSE = "pause"
    RESUME = "resume"
    ARCHIVE = "archive"
    UNARCHIVE = "unarchive"
    DELETE = "delete"
    RESTORE = "restore"
    PURGE = "purge"
    CATEGORISE = "categorise"


@dataclass(frozen=True, slots=True)
class _Rule:
    """What an operation is called in the log of actions, needs, and from where to where it leads."""

    kind: ActionKind | None
    """None: it is no action, for nothing of it can be undone."""
    needs: KeyScope
    states: tuple[State, ...]
    to: State | None = None


_RULES: Final = {
    Operation.PAUSE: _Rule(ActionKind.PAUSE, KeyScope.WRITE, (State.ACTIVE,), State.PAUSED),
    Operation.RESUME: _Rule(ActionKind.RESUME, KeyScope.WRITE, (State.PAUSED,), State.ACTIVE),
    Operation.ARCHIVE: _Rule(
        ActionKind.ARCHIVE, KeyScope.WRITE, (State.ACTIVE, State.PAUSED), State.ARCHIVED
    ),
    Operation.UNARCHIVE: _Rule(
        ActionKind.UNARCHIVE, KeyScope.WRITE, (State.ARCHIVED,), State.ACTIVE
    ),
    Operation.DELETE: _Rule(ActionKind.DELETE, KeyScope.DELETE, KEPT),
    Operation.RESTORE: _Rule(ActionKind.RESTORE, KeyScope.WRITE, (State.TRASHED,)),
    Operation.PURGE: _Rule(None, KeyScope.DELETE, (State.TRASHED,)),
    Operation.CATEGORISE: _Rule(ActionKind.CATEGORISE, KeyScope.WRITE, KEPT),
}
_IS: Final = {
    State.ACTIVE: "It is active",
    State.PAUSED: "It is paused",
    State.ARCHIVED: "It is archived",
    State.TRASHED: "It is in the trash",
}
MISSING: Final = "There is no such memory"
_UNCHANGED: Final = "Its categories are so already"
_TOO_MANY: Final = f"It would have more than {MAX_CATEGORIES} categories"


@dataclass(frozen=True, slots=True)
class Categories:
    """What to change of categories, in whatever case they are spelt."""

    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()

    def changed(self, old: tuple[str, ...] | None) -> tuple[str, ...] | None:
        """A memory's categories with this done to them; undecided ones stay so without an add."""
        if old is None and not self.add:
            return None
        gone = {fold(name) for name in self.remove}
        kept = [name for name in old or () if fold(name) not in gone]
        known = {fold(name) for name in kept}
        return (*kept, *(name for name in self.add if fold(name) not in known))


@dataclass(frozen=True, slots=True)
class Left:
    """A memory that was left alone."""

    ref: MemoryRef
    why: str


@dataclass(slots=True)
class Done:
    """What an operation did."""

    action_id: str | None = None
    """To undo it by; None where nothing was changed, or cannot be undone."""
    changed: int = 0
    left: list[Left] = field(default_factory=list[Left])
    left_total: int = 0

    def leave(self, ref: MemoryRef, why: str) -> None:
        """One more is left alone."""
        self.left_total += 1
        if len(self.left) < MAX_LEFT:
            self.left.append(Left(ref, why))


Choice: TypeAlias = Sequence[MemoryRef] | Filter
"""Memories by name, or all of a set."""


class StateService:
    """Changes memories of a person's, in whatever state they are, all in one transaction."""

    def __init__(
        self,
        access: AccessService,
        indexer: Indexer,
        clock: Clock,
        keep_trash: timedelta,
        forget: Forget,
        quota: Quota = NO_QUOTA,
    ) -> None:
        self._access = access
        self._indexer = indexer
        self._clock = clock
        self._keep_trash = keep_trash
        self._forget = forget
        self._quota = quota

    async def change(
        self,
        caller: Caller,
        operation: Operation,
        choice: Choice,
        categories: Categories | None = None,
    ) -> Done:
        """Do something to memories; those it cannot be done to are left, with the reason.

        Raises:
            Forbidden: the caller's key does not allow it.
            Invalid: there are too many, a name is no id, or categories are given or lacking.
            QuotaExceeded: the user would have more memories than it may; nothing is changed.
        """
        rule = _RULES[operation]
        wish = _checked(operation, categories)
        await self._access.scope(caller, KeyScope.READ, rule.needs)
        done, noted = Done(), list[str]()
        write: Write | None = None
        async with self._access.changing(caller) as connection:
            scope = await self._access.scope_within(connection, caller, KeyScope.READ, rule.needs)
            ids = await _chosen(connection, scope, choice, done)
            for start in range(0, len(ids), _CHUNK):
                found = await rows.by_ids(connection, ids[start : start + _CHUNK], scope.held)
                fitting = _fitting(found.values(), rule, wish, done)
                if fitting and rule.kind and write is None:
                    write = await self._start(connection, caller, rule.kind)
                await self._carry_out(connection, caller, write, operation, fitting)
                done.changed += len(fitting)
                noted += [each.id for each, _ in fitting][: _NOTED - len(noted)]
            erases = operation is Operation.DELETE and not self._keep_trash
            if write:
                done.action_id = None if erases else write.action_id
                await action_rows.describe(connection, write.action_id, {"changed": done.changed})
        note_memories(noted, count=done.changed)
        if write:
            # What is back should be found by whoever asks next, as what was added is.
            await self._indexer.found(noted, write.change, within=_FOUND_WITHIN)
        else:
            self._indexer.notice()
        if operation is Operation.PURGE or not self._keep_trash:
            await self._forget()
        return done

    async def _start(self, connection: WriteConnection, caller: Caller, kind: ActionKind) -> Write:
        now = self._clock()
        return await Write.start(connection, caller, kind, user_id=caller.user_id, now=now)

    async def _carry_out(
        self,
        connection: WriteConnection,
        caller: Caller,
        write: Write | None,
        operation: Operation,
        fitting: Sequence[_Pair],
    ) -> None:
        old = [memory for memory, _ in fitting]
        ids = [memory.id for memory in old]
        if not fitting:
            return
        if write is None:
            await erase(connection, ids)
            return
        match operation:
            case Operation.CATEGORISE:
                await write.replace([(each, _written(new, write)) for each, new in fitting])
            case Operation.DELETE:
                await write.trash(old)
            case Operation.RESTORE:
                await self._quota.require_room_for(connection, caller, old)
                await write.restore(old, await action_rows.states_before_trash(connection, ids))
            case _:
                to = _RULES[operation].to
                assert to is not None, "what is left are changes of state"
                await write.move(old, dict.fromkeys(ids, to))
        await write.put_down()
        if operation is Operation.DELETE and not self._keep_trash:
            await erase(connection, ids)


def _checked(operation: Operation, categories: Categories | None) -> Categories | None:
    if operation is not Operation.CATEGORISE:
        if categories is not None:
            raise Invalid("categories are only for the operation categorise")
        return None
    wish = categories or Categories()
    wish = Categories(checked_categories(wish.add) or (), checked_categories(wish.remove) or ())
    if not (wish.add or wish.remove):
        raise Invalid("categories: name some to add or to remove")
    return wish


async def _chosen(
    connection: WriteConnection, scope: Scope, choice: Choice, done: Done
) -> list[str]:
    if isinstance(choice, Sequence):
        found = await find_all(connection, scope.caller, choice, scope.held)
        for ref in dict.fromkeys(choice):
            if ref not in found:
                done.leave(ref, MISSING)
        ids = list({memory.id: None for memory in found.values()})
    else:
        ids = await rows.ids(connection, all_of(scope.held, choice), limit=MAX_AT_ONCE + 1)
    if len(ids) > MAX_AT_ONCE:
        raise Invalid(f"At most {MAX_AT_ONCE:,} memories are changed at once; narrow the filter")
    return ids


def _fitting(
    found: Iterable[Memory], rule: _Rule, wish: Categories | None, done: Done
) -> list[_Pair]:
    """What an operation can be done to, as it is and as it is to be; the rest is left."""
    fitting: list[_Pair] = []
    for memory in found:
        new = wish.changed(memory.categories) if wish else None
        if memory.state not in rule.states:
            done.leave(memory.id, _IS[memory.state])
        elif wish and new == memory.categories:
            done.leave(memory.id, _UNCHANGED)
        elif new and len(new) > MAX_CATEGORIES:
            done.leave(memory.id, _TOO_MANY)
        else:
            fitting.append((memory, replace(memory, categories=new) if wish else memory))
    return fitting


def _written(new: Memory, write: Write) -> Memory:
    return replace(new, updated_at=write.now, version=new.version + 1, change=write.change)
