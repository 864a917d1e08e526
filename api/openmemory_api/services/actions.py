"""Actions: what was written, seen as a whole, and taken back as a whole."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from openmemory_api.db import actions as action_rows
from openmemory_api.db import memories as rows
from openmemory_api.db.actions import Recorded, contents
from openmemory_api.db.session import Database, ReadConnection, WriteConnection
from openmemory_api.domain.access import Caller, KeyScope, belonging_to
from openmemory_api.domain.errors import Forbidden, Invalid, NotFound
from openmemory_api.domain.memory import Memory, State
from openmemory_api.domain.protocols import Clock
from openmemory_api.domain.requests import Action, ActionKind, Change, ChangeKind, Undone
from openmemory_api.services.access import AccessService, Scope, require_manager, require_scopes
from openmemory_api.services.activity import note_memories
from openmemory_api.services.drafts import take_back
from openmemory_api.services.indexing import Indexer
from openmemory_api.services.limits import NO_QUOTA, Quota
from openmemory_api.services.pending import UNDONE, withdraw
from openmemory_api.services.reversing import reverse
from openmemory_api.services.writing import Write


class ActionService:
    """Lists, shows and undoes actions. An action's id is the platform's event id."""

    def __init__(
        self,
        database: Database,
        access: AccessService,
        indexer: Indexer,
        clock: Clock,
        quota: Quota = NO_QUOTA,
    ) -> None:
        self._database = database
        self._quota = quota
        self._access = access
        self._indexer = indexer
        self._clock = clock

    async def page(
        self, caller: Caller, page: int, page_size: int, *, rules: bool = False
    ) -> tuple[int, list[Action]]:
        """How many actions the caller may see, and one page of them, newest first.

        Changes of access settings are left out unless a caller without an app wants the `rules`.
        """

        async def found(scope: Scope) -> tuple[int, list[Action]]:
            async with self._database.read() as connection:
                total, actions = await action_rows.page(
                    connection,
                    caller,
                    scope.names,
                    limit=page_size,
                    offset=(page - 1) * page_size,
                    rules=rules,
                )
                return total, await _with_changes(connection, scope, actions)

        return await self._access.answer(caller, found, KeyScope.READ)

    async def get(self, caller: Caller, action_id: str, *, rules: bool = False) -> Action:
        """One action, with its changes to memories that the caller may read now.

        One of access settings is found only if a caller without an app wants the `rules`.

        Raises:
            NotFound: there is none that the caller may see.
        """

        async def found(scope: Scope) -> Action:
            async with self._database.read() as connection:
                action = await _visible(connection, caller, scope.names, action_id, rules=rules)
                return (await _with_changes(connection, scope, [action]))[0]

        return await self._access.answer(caller, found, KeyScope.READ)

    async def undo(self, caller: Caller, action_id: str) -> Undone:
        """Reverse what has not changed since, as an action of its own; the rest is `left`.

        Where nothing can be reversed, nothing is written.

        Raises:
            Forbidden: an app asks; undoing is the user's.
            NotFound: there is no such action.
            Invalid: it was undone before.
            QuotaExceeded: the user would have more memories than it may.
        """
        if caller.app is not None:
            raise Forbidden("Undoing is the user's; an app cannot do it")
        if KeyScope.ADMIN not in caller.scopes:
            require_scopes(caller, KeyScope.READ, KeyScope.WRITE, KeyScope.DELETE)
        async with self._access.changing(caller) as connection:
            rules = KeyScope.ADMIN in caller.scopes
            action = await _visible(connection, caller, (), action_id, rules=rules)
            if action.kind is ActionKind.ACCESS:
                require_manager(caller)
            else:
                require_scopes(caller, KeyScope.READ, KeyScope.WRITE, KeyScope.DELETE)
            if action.undone_by is not None:
                raise Invalid(f"This action was already undone, by {action.undone_by}")
            if action.kind is ActionKind.ACCESS:
                return await take_back(connection, caller, action, self._clock())
            if action.completed_at is None:
                return await self._undo_promise(connection, caller, action)
            recorded = await action_rows.recorded(connection, action_id)
            last = {part.memory_id: part for part in recorded}
            first = {part.memory_id: part for part in reversed(recorded)}
            current = await rows.by_ids(connection, list(last), belonging_to(caller))
            back = [each for each, part in last.items() if _unchanged(part, current)]
            as_it_was = frozenset(back)
            left = [each for each in last if each not in as_it_was]
            if not back:
                return Undone(None, [], left)
            write = await Write.start(
                connection, caller, ActionKind.UNDO, user_id=action.user_id, now=self._clock()
            )
            pairs = [(first[each], current[each]) for each in back]
            await reverse(write, pairs, caller=caller, quota=self._quota)
            await write.finish()
            await action_rows.mark_undone(connection, [action_id], write.action_id)
        note_memories([change.memory.id for change in write.changes])
        self._indexer.notice()
        return Undone(write.action_id, back, left)

    async def _undo_promise(
        self, connection: WriteConnection, caller: Caller, action: Action
    ) -> Undone:
        now = self._clock()
        await withdraw(connection, caller, because=UNDONE, now=now, action_ids=[action.id])
        write = await Write.start(
            connection, caller, ActionKind.UNDO, user_id=action.user_id, now=now
        )
        await action_rows.mark_undone(connection, [action.id], write.action_id)
        return Undone(write.action_id, [], [])


async def _visible(
    connection: ReadConnection,
    caller: Caller,
    names: Sequence[str],
    action_id: str,
    *,
    rules: bool,
) -> Action:
    action = await action_rows.get(connection, caller, names, action_id, rules=rules)
    if action is None:
        raise NotFound("Event not found!")
    return action


async def _with_changes(
    connection: ReadConnection, scope: Scope, actions: Sequence[Action]
) -> list[Action]:
    # A promise may be kept between two statements: as it was read, it had changed nothing yet.
    done = [action.id for action in actions if action.completed_at is not None]
    recorded = await action_rows.recorded_by_action(connection, done)
    touched = {
        action.id: [
            *((part.kind, part.memory_id) for part in recorded.get(action.id, [])),
            *((ChangeKind.NONE, memory_id) for memory_id in _repeated(action)),
        ]
        for action in actions
    }
    ids = list({memory_id for parts in touched.values() for _, memory_id in parts})
    readable = await rows.by_ids(connection, ids, scope.readable)
    note_memories(list(readable))
    return [
        replace(
            action,
            changes=[
                Change(kind, readable[memory_id])
                for kind, memory_id in touched[action.id]
                if memory_id in readable
            ],
        )
        for action in actions
    ]


def _repeated(action: Action) -> list[str]:
    """The memories that an extraction came upon again, which no history row tells of."""
    repeats = (action.detail or {}).get("repeats")
    return [each for each in repeats if isinstance(each, str)] if isinstance(repeats, list) else []


def _unchanged(part: Recorded, current: Mapping[str, Memory]) -> bool:
    memory = current.get(part.memory_id)
    if memory is None or memory.state is State.PURGED:
        return False
    # What came after may have been undone itself: then it is as this left it, at a later version.
    return memory.version == part.version or contents(memory) == part.after
