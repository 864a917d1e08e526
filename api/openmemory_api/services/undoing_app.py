"""Takes back all that an app did in a time, as one action: the remedy for an agent gone wrong."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, takewhile

from openmemory_api.db import access as access_rows
from openmemory_api.db import actions as action_rows
from openmemory_api.db import lives
from openmemory_api.db import memories as rows
from openmemory_api.db.actions import Recorded
from openmemory_api.db.lives import Deeds, Part
from openmemory_api.db.session import Database, ReadConnection, WriteConnection
from openmemory_api.domain.access import Caller, KeyScope, belonging_to, names_of
from openmemory_api.domain.errors import Invalid
from openmemory_api.domain.memory import Memory, State
from openmemory_api.domain.protocols import Clock
from openmemory_api.domain.requests import ActionKind
from openmemory_api.services.access import require_manager, require_scopes
from openmemory_api.services.activity import note_memories
from openmemory_api.services.apps import known_app
from openmemory_api.services.indexing import Indexer
from openmemory_api.services.limits import NO_QUOTA, Quota
from openmemory_api.services.pending import UNDONE, withdraw
from openmemory_api.services.reversing import is_as_before, reverse
from openmemory_api.services.validation import checked_moment
from openmemory_api.services.writing import Write


@dataclass(frozen=True, slots=True)
class AppUndone:
    """What was taken back, or would be: memories by id, and promised adds by their action's.

    `left` are the memories where something the app did stands, because others changed them since.
    """

    action_id: str | None
    reversed: list[str]
    left: list[str]
    withdrawn: list[str]


@dataclass(frozen=True, slots=True)
class _Plan:
    back: list[tuple[Recorded, Memory]]
    undone: list[str]
    """The actions that are taken back, if only of some of their memories."""
    left: list[str]
    promised: list[str]

    def outcome(self, action_id: str | None) -> AppUndone:
        return AppUndone(
            action_id, [memory.id for _, memory in self.back], self.left, self.promised
        )


class AppUndoService:
    """Undoes what an app did, whatever it was called."""

    def __init__(
        self, database: Database, indexer: Indexer, clock: Clock, quota: Quota = NO_QUOTA
    ) -> None:
        self._database = database
        self._quota = quota
        self._indexer = indexer
        self._clock = clock

    async def undo(
        self,
        caller: Caller,
        app: str,
        *,
        since: datetime,
        until: datetime | None = None,
        dry_run: bool = False,
    ) -> AppUndone:
        """Take each memory back to before the app's changes, where nobody else's came after them.

        Where nothing can be taken back, nothing is written.

        Args:
            caller: who manages the user's apps.
            app: any name of the app.
            since: the first moment that counts.
            until: the first that does not count any more; None for now.
            dry_run: whether to answer only what would be done.

        Raises:
            Forbidden: the caller may not manage apps, or not change memories.
            Invalid: the time has no extent.
            NotFound: the user has no such app.
            QuotaExceeded: the user would have more memories than it may.
        """
        require_manager(caller)
        require_scopes(caller, KeyScope.READ)
        since, until = _checked(since, until)
        if dry_run:
            async with self._database.read() as connection:
                deeds = await _deeds(connection, caller, app, since, until)
                return (await _plan(connection, deeds)).outcome(None)
        require_scopes(caller, KeyScope.WRITE, KeyScope.DELETE)
        async with self._database.write() as connection:
            deeds = await _deeds(connection, caller, app, since, until)
            plan = await _plan(connection, deeds)
            if not (plan.back or plan.promised):
                return plan.outcome(None)
            write = await self._carry_out(connection, deeds, plan)
        note_memories([memory.id for _, memory in plan.back])
        self._indexer.notice()
        return plan.outcome(write.action_id)

    async def _carry_out(self, connection: WriteConnection, deeds: Deeds, plan: _Plan) -> Write:
        caller, now = deeds.user, self._clock()
        await withdraw(connection, caller, because=UNDONE, now=now, action_ids=plan.promised)
        write = await Write.start(
            connection, caller, ActionKind.UNDO, user_id=caller.user_id, now=now
        )
        await reverse(write, plan.back, caller=caller, quota=self._quota)
        await write.finish()
        until = None if deeds.until is None else deeds.until.isoformat()
        about = {"app": deeds.apps[0], "since": deeds.since.isoformat(), "until": until}
        await action_rows.describe(connection, write.action_id, about)
        await action_rows.mark_undone(connection, [*plan.undone, *plan.promised], write.action_id)
        return write


def _checked(since: datetime, until: datetime | None) -> tuple[datetime, datetime | None]:
    first = checked_moment(since, name="since")
    end = checked_moment(until, name="until")
    assert first is not None
    if end is not None and end <= first:
        raise Invalid("until must be later than since")
    return first, end


async def _deeds(
    connection: ReadConnection,
    caller: Caller,
    app: str,
    since: datetime,
    until: datetime | None,
) -> Deeds:
    assert caller.user_id is not None, "who manages apps manages those of a user"
    book = await access_rows.rulebook(connection, caller.project_id, caller.user_id)
    return Deeds(caller, names_of(known_app(book, app), book.merges), since, until)


async def _plan(connection: ReadConnection, deeds: Deeds) -> _Plan:
    ids = await lives.touched(connection, deeds)
    parts = await lives.lives(connection, ids)
    current = await rows.by_ids(connection, ids, belonging_to(deeds.user))
    runs = {each: _run(parts[each], deeds.include) for each in ids}
    free = {each for each in ids if _can_change(current.get(each), parts[each])}
    taken = {each: run for each, (run, _) in runs.items() if run and each in free}
    firsts = await lives.recorded(connection, [run[0].history_id for run in taken.values()])
    pairs = [(first, current[first.memory_id]) for first in firsts]
    back = [(first, memory) for first, memory in pairs if not is_as_before(first, memory)]
    return _Plan(
        back=back,
        undone=list({part.action_id: None for _, memory in back for part in taken[memory.id]}),
        left=[each for each, (run, more) in runs.items() if more or (run and each not in free)],
        promised=await lives.promised(connection, deeds),
    )


def _can_change(memory: Memory | None, life: Sequence[Part]) -> bool:
    """Whether a memory is there still, and as its history says."""
    return (
        memory is not None
        and memory.state is not State.PURGED
        and memory.version == life[-1].version
    )


def _run(life: Sequence[Part], is_theirs: Callable[[Part], bool]) -> tuple[list[Part], bool]:
    """Their changes that nobody's came after, oldest first; and whether others of theirs stand."""
    standing = _standing(life)
    run = list(takewhile(is_theirs, reversed(standing)))
    others = standing[: len(standing) - len(run)]
    return run[::-1], any(is_theirs(part) for part in others)


@dataclass(frozen=True, slots=True)
class _Layer:
    """What one action made of a memory, with what it took back."""

    undone_by: str | None
    stands: list[Part]
    taken: list[Part]
    """Stands again if the action is undone."""


def _standing(life: Sequence[Part]) -> list[Part]:
    """The changes of a life that hold still, oldest first: without what was undone, and its undos.

    An undo may itself be undone, and then what it took back stands again.
    """
    layers: list[_Layer] = []
    for action_id, group in groupby(life, lambda part: part.action_id):
        parts = list(group)
        undone: list[_Layer] = []
        # Nobody can undo any more what nothing is left of, where something came after it.
        while layers and (layers[-1].undone_by == action_id or not layers[-1].stands):
            layer = layers.pop()
            if layer.undone_by == action_id:
                undone.insert(0, layer)
        stands = [part for layer in undone for part in layer.taken] if undone else parts
        taken = [part for layer in undone for part in layer.stands]
        layers.append(_Layer(parts[0].undone_by, stands, taken))
    return [part for layer in layers for part in layer.stands]
