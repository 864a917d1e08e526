"""Actions, and the history rows that say what each did to each memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal
from uuid import uuid4

import sqlalchemy as sa

from openmemory_api.db.session import ReadConnection, WriteConnection
from openmemory_api.db.tables import actions, history
from openmemory_api.domain.access import Caller
from openmemory_api.domain.filters import Filter, matches
from openmemory_api.domain.memory import Json, Memory, State
from openmemory_api.domain.requests import Action, ActionKind, ChangeKind, HistoryEntry

_CHUNK = 500
_AT_A_STRETCH = 200
_PAGE = 1_000
"""Rows whose contents are made JSON before other requests are served again."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """One memory's part in an action: its contents before and after, and its version after."""

    memory_id: str
    kind: ChangeKind
    version: int
    before: dict[str, Json] | None
    after: dict[str, Json] | None


def contents(memory: Memory) -> dict[str, Json]:
    """What an undo has to bring back of a memory."""
    return {
        "text": memory.text,
        "metadata": None if memory.metadata is None else dict(memory.metadata),
        "tags": list(memory.tags),
        "categories": None if memory.categories is None else list(memory.categories),
        "expiration_date": memory.expiration_date,
        "created_at": memory.created_at.isoformat(),
        "event_time": memory.event_time.isoformat() if memory.event_time else None,
        "state": memory.state.value,
    }


def state_of(held: Mapping[str, Any]) -> State:
    """The state of a memory when it held this; what was written before states says none."""
    return State(held.get("state", State.ACTIVE))


async def start(
    connection: WriteConnection,
    caller: Caller,
    kind: ActionKind,
    *,
    user_id: str | None,
    number: int,
    now: datetime,
    pending: bool = False,
) -> str:
    """Record a write as done by the caller on memories of `user_id` (None: of several users).

    `number` is the change number of the write. One that is `pending` is only promised.
    """
    action_id = str(uuid4())
    row = {
        "id": action_id,
        "number": number,
        "project_id": caller.project_id,
        "user_id": user_id,
        "app": caller.app,
        "surface": caller.surface,
        "kind": kind,
        "status": "PENDING" if pending else "SUCCEEDED",
        "created_at": now,
        "completed_at": None if pending else now,
    }
    await connection.execute(sa.insert(actions).values(row))
    return action_id


async def describe(connection: WriteConnection, action_id: str, detail: Mapping[str, Json]) -> None:
    """Say how a promised action stands."""
    statement = sa.update(actions).where(actions.c.id == action_id).values(detail=detail)
    await connection.execute(statement)


async def complete(
    connection: WriteConnection,
    action_id: str,
    status: Literal["SUCCEEDED", "FAILED"],
    detail: Mapping[str, Json],
    now: datetime,
) -> None:
    """End a promised action."""
    values = {"status": status, "detail": detail, "completed_at": now}
    await connection.execute(sa.update(actions).where(actions.c.id == action_id).values(values))


async def record(
    connection: WriteConnection,
    action_id: str,
    changes: Sequence[Recorded],
    *,
    number: int,
    now: datetime,
) -> None:
    """Write the history rows of an action."""
    for start in range(0, len(changes), _AT_A_STRETCH):
        rows = [
            {
                "id": str(uuid4()),
                "number": number,
                "memory_id": change.memory_id,
                "action_id": action_id,
                "kind": change.kind,
                "version": change.version,
                "before": change.before,
                "after": change.after,
                "created_at": now,
            }
            for change in changes[start : start + _AT_A_STRETCH]
        ]
        await connection.execute(sa.insert(history), rows)


async def entries(
    connection: ReadConnection, memory: Memory, readable: Filter
) -> list[HistoryEntry]:
    """The life of a memory, oldest first, without what it held while it was not `readable`."""
    statement = (
        sa.select(history, actions.c.app)
        .join(actions, actions.c.id == history.c.action_id)
        .where(history.c.memory_id == memory.id)
        .order_by(history.c.number, history.c.version)
    )
    found = [_entry(row, memory, readable) for row in await connection.execute(statement)]
    return [entry for entry in found if entry is not None]


def _entry(row: sa.Row[Any], memory: Memory, readable: Filter) -> HistoryEntry | None:
    if row.kind == ChangeKind.STATE:
        # Nothing that it says has changed.
        return None
    before = _if_readable(row.before, memory, readable)
    after = _if_readable(row.after, memory, readable)
    if (row.before or row.after) and not (before or after):
        return None
    return HistoryEntry(
        id=row.id,
        memory_id=row.memory_id,
        kind=ChangeKind(row.kind),
        old_text=before.get("text"),
        new_text=after.get("text"),
        entities=memory.entities,
        metadata=after.get("metadata"),
        categories=memory.categories,
        role=memory.role,
        action_id=row.action_id,
        app=row.app,
        created_at=row.created_at,
    )


def _if_readable(held: dict[str, Any] | None, memory: Memory, readable: Filter) -> dict[str, Any]:
    """What a memory once held, if with those contents it would be in the set."""
    if held is None:
        return {}
    # Categories are of a text: those of now say more about the same text than "undecided" then.
    categories = memory.categories if held["text"] == memory.text else held["categories"]
    then = replace(
        memory,
        text=held["text"],
        metadata=held["metadata"],
        tags=tuple(held["tags"]),
        categories=None if categories is None else tuple(categories),
        state=state_of(held),
    )
    return held if matches(readable, then) else {}


def recorded_as(row: sa.Row[Any]) -> Recorded:
    """What a history row tells."""
    return Recorded(row.memory_id, ChangeKind(row.kind), row.version, row.before, row.after)


async def versions(connection: ReadConnection, memory_id: str) -> list[sa.Row[Any]]:
    """All that happened to a memory, oldest first, with the action that did it."""
    named = (actions.c.app, actions.c.surface, actions.c.user_id, actions.c.undone_by)
    statement = (
        sa.select(history, *named, actions.c.kind.label("deed"))
        .join(actions, actions.c.id == history.c.action_id)
        .where(history.c.memory_id == memory_id)
        .order_by(history.c.number, history.c.version)
    )
    return list(await connection.execute(statement))


async def states_before_trash(
    connection: ReadConnection, memory_ids: Sequence[str]
) -> dict[str, State]:
    """What state memories were in when they were last deleted."""
    found: dict[str, State] = {}
    for start in range(0, len(memory_ids), _CHUNK):
        statement = (
            sa.select(history.c.memory_id, history.c.before)
            .where(
                history.c.memory_id.in_(memory_ids[start : start + _CHUNK]),
                history.c.kind == ChangeKind.DELETE,
            )
            .order_by(history.c.version)
        )
        for memory_id, before in await connection.execute(statement):
            found[memory_id] = state_of(before or {})
    return found


async def recorded(connection: ReadConnection, action_id: str) -> list[Recorded]:
    """What an action did, memory by memory; what it did to one, in order."""
    found: list[Recorded] = []
    last = ""
    # In pages: nobody else is served while what a row held is being read.
    while True:
        statement = (
            sa.select(history)
            .where(history.c.action_id == action_id, history.c.id > last)
            .order_by(history.c.id)
            .limit(_PAGE)
        )
        page = list(await connection.execute(statement))
        found += [recorded_as(row) for row in page]
        if len(page) < _PAGE:
            return sorted(found, key=lambda part: part.version)
        last = page[-1].id


async def recorded_by_action(
    connection: ReadConnection, action_ids: Sequence[str]
) -> dict[str, list[Recorded]]:
    """What each of some actions did; what it did to one memory, in order."""
    found: dict[str, list[Recorded]] = {}
    statement = sa.select(history).where(history.c.action_id.in_(action_ids))
    rows = list(await connection.execute(statement))
    for row in sorted(rows, key=lambda row: row.version):
        found.setdefault(row.action_id, []).append(recorded_as(row))
    return found


async def page(
    connection: ReadConnection,
    caller: Caller,
    names: Sequence[str],
    *,
    limit: int,
    offset: int,
    rules: bool,
) -> tuple[int, list[Action]]:
    """How many actions the caller, whose app has `names`, may see, and some of them, newest first.

    What was done to access settings is among them only if `rules`.
    """
    visible = _visible_to(caller, names, rules=rules)
    total = sa.select(sa.func.count()).select_from(actions).where(visible)
    statement = sa.select(actions).where(visible).order_by(actions.c.number.desc())
    rows = await connection.execute(statement.limit(limit).offset(offset))
    found = [_action(row) for row in rows]
    return (await connection.execute(total)).scalar_one(), found


async def get(
    connection: ReadConnection,
    caller: Caller,
    names: Sequence[str],
    action_id: str,
    *,
    rules: bool,
) -> Action | None:
    """An action the caller, whose app has `names`, may see; one of settings only if `rules`."""
    visible = _visible_to(caller, names, rules=rules)
    statement = sa.select(actions).where(actions.c.id == action_id, visible)
    row = (await connection.execute(statement)).one_or_none()
    return None if row is None else _action(row)


def _visible_to(caller: Caller, names: Sequence[str], *, rules: bool) -> sa.ColumnElement[bool]:
    """An app sees what it did, a user what its apps did, an unbound caller its project's.

    What apps may do is no app's business.
    """
    parts = [actions.c.project_id == caller.project_id]
    if caller.app is not None or not rules:
        parts.append(actions.c.kind != ActionKind.ACCESS)
    if caller.user_id is not None:
        parts.append(actions.c.user_id == caller.user_id)
    if caller.app is not None:
        parts.append(actions.c.app.in_(names))
    return sa.and_(*parts)


def _action(row: sa.Row[Any]) -> Action:
    return Action(
        id=row.id,
        project_id=row.project_id,
        user_id=row.user_id,
        app=row.app,
        surface=row.surface,
        kind=ActionKind(row.kind),
        status=row.status,
        created_at=row.created_at,
        completed_at=row.completed_at,
        undone_by=row.undone_by,
        detail=row.detail,
    )


async def mark_undone(connection: WriteConnection, action_ids: Sequence[str], by: str) -> None:
    """Say which action undid some."""
    for start in range(0, len(action_ids), _CHUNK):
        chosen = actions.c.id.in_(action_ids[start : start + _CHUNK])
        await connection.execute(sa.update(actions).where(chosen).values(undone_by=by))


async def erase_texts(connection: WriteConnection, memory_ids: Sequence[str]) -> None:
    """Forget what memories ever said; that they changed, and when, stays."""
    for start in range(0, len(memory_ids), _CHUNK):
        chosen = history.c.memory_id.in_(memory_ids[start : start + _CHUNK])
        await connection.execute(sa.update(history).where(chosen).values(before=None, after=None))
