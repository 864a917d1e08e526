"""The log of calls in SQL: what is added, shown, erased and let go of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, TypeAlias

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from openmemory_api.db.session import ReadConnection, WriteConnection
from openmemory_api.db.tables import (
    activity_calls,
    activity_errors,
    activity_hits,
    activity_usage,
    memories,
)
from openmemory_api.domain.memory import State

COUNTED: Final[tuple[str, ...]] = ("calls", "reads", "writes", "denied", "limited", "errors")
_CHUNK: Final = 500
_USAGE_KEY: Final[tuple[str, ...]] = ("day", "project_id", "user_id", "app", "key_id")
UsageKey: TypeAlias = tuple[str, str, str, str, str]
"""Day (ISO), project, user, app, key; empty for none."""


HitRow: TypeAlias = tuple[int, int, str, float | None]
"""Call, position from 1, memory, score."""
_ADD_HITS: Final = {
    dialect: "INSERT INTO activity_hits (call_id, position, memory_id, score) " + values
    for dialect, values in {
        "sqlite": "VALUES (?, ?, ?, ?)",
        "postgresql": "VALUES ($1, $2, $3, $4)",
    }.items()
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which calls to show; None does not narrow."""

    project_id: str
    user_id: str | None = None
    app: str | None = None
    surface: str | None = None
    operation: str | None = None
    kind: str | None = None
    outcome: str | None = None
    key_id: str | None = None
    memory_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    """Exclusive."""
    query: str | None = None
    """A part of the query, in any case; or all of it, as `kept_query`."""
    kept_query: str | None = None
    """How the log keeps that one: itself or its hash."""
    looks: bool = True
    """Also what only looked at how things are managed, as the dashboard does all the time."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A memory that a call found or changed."""

    memory_id: str
    rank: int
    """From 1."""
    score: float | None


@dataclass(frozen=True, slots=True)
class Call:
    """One row of the log."""

    id: int
    at: datetime
    request_id: str
    user_id: str | None
    app: str | None
    key_id: str | None
    surface: str
    operation: str
    kind: str
    query: str | None
    count: int | None
    duration_ms: float
    outcome: str
    status: int | None
    hits: list[Hit] = field(default_factory=list[Hit])


_LOOKS: Final = (
    "POST /api/v1/access/preview",
    "POST /api/v1/access/simulate",
    "POST /api/v1/ui/memories/similar",
)
"""What changes nothing, beside all that is a GET."""
_PASSED: Final = ("ok", "missing", "invalid")
_BY: Final = {"day": "day", "user": "user_id", "app": "app", "key": "key_id"}
_CALL: Final = [activity_calls.c[name] for name in Call.__slots__ if name != "hits"]


async def last_id(connection: ReadConnection) -> int:
    """The id of the newest call; 0 without one."""
    newest = sa.select(sa.func.max(activity_calls.c.id))
    return (await connection.execute(newest)).scalar_one() or 0


async def add_calls(
    connection: WriteConnection, calls: Sequence[Mapping[str, Any]], hits: Sequence[HitRow]
) -> None:
    """Add calls and what they found."""
    if calls:
        await connection.execute(sa.insert(activity_calls), calls)
    if hits:
        # There are ten for each call, and to compile their parameters costs more than to insert.
        await connection.exec_driver_sql(_ADD_HITS[connection.dialect.name], hits)


async def add_usage(connection: WriteConnection, usage: Mapping[UsageKey, Sequence[int]]) -> None:
    """Add to the counts of days."""
    if not usage:
        return
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = insert(activity_usage)
    more = {name: activity_usage.c[name] + statement.excluded[name] for name in COUNTED}
    rows: list[dict[str, Any]] = [
        dict(zip((*_USAGE_KEY, *COUNTED), (*key, *counts), strict=True))
        # In one order everywhere, or two servers could wait for each other.
        for key, counts in sorted(usage.items())
    ]
    await connection.execute(
        statement.on_conflict_do_update(index_elements=_USAGE_KEY, set_=more), rows
    )


async def add_errors(
    connection: WriteConnection, errors: Sequence[Mapping[str, Any]], *, keep: int
) -> None:
    """Add failures, of which the newest `keep` stay."""
    if not errors:
        return
    await connection.execute(sa.insert(activity_errors), errors)
    newest = sa.select(sa.func.max(activity_errors.c.id) - keep).scalar_subquery()
    await connection.execute(sa.delete(activity_errors).where(activity_errors.c.id <= newest))


async def erase_queries(connection: WriteConnection, memory_ids: Sequence[str]) -> None:
    """Forget what was asked when any of these memories was found."""
    for start in range(0, len(memory_ids), _CHUNK):
        chunk = memory_ids[start : start + _CHUNK]
        found = sa.select(activity_hits.c.call_id).where(activity_hits.c.memory_id.in_(chunk))
        asked = (activity_calls.c.query.is_not(None), activity_calls.c.id.in_(found))
        await connection.execute(sa.update(activity_calls).where(*asked).values(query=None))


async def purged_after(connection: ReadConnection, change: int) -> list[tuple[str, int]]:
    """(id, change) of the memories that were erased for good after a change of the store."""
    statement = (
        sa.select(memories.c.id, memories.c.change)
        .where(memories.c.change > change, memories.c.state == State.PURGED)
        .order_by(memories.c.change)
    )
    return [(row.id, row.change) for row in await connection.execute(statement)]


async def let_go(connection: WriteConnection, *, before: datetime, keep: int, at_once: int) -> bool:
    """Delete calls from before a moment and beyond the newest `keep`; whether more are left.

    At most about `at_once` calls go, so that nobody waits long for the transaction.
    """
    ids = activity_calls.c.id
    bounds = sa.select(sa.func.min(ids), sa.func.max(ids))
    oldest, newest = (await connection.execute(bounds)).one()
    if oldest is None:
        return False
    kept = sa.select(sa.func.min(ids)).where(activity_calls.c.at >= before)
    first_kept = (await connection.execute(kept)).scalar_one() or newest + 1
    if newest - oldest >= keep:
        # Counted, not reckoned: those that went before their time left gaps.
        beyond = sa.select(ids).order_by(ids.desc()).offset(keep).limit(1)
        last = (await connection.execute(beyond)).scalar_one_or_none()
        first_kept = max(first_kept, 0 if last is None else last + 1)
    until = first_kept
    upto = min(until, oldest + at_once)
    await connection.execute(sa.delete(activity_hits).where(activity_hits.c.call_id < upto))
    await connection.execute(sa.delete(activity_calls).where(ids < upto))
    return upto < until


async def let_go_of_strangers(connection: WriteConnection, *, keep: int) -> None:
    """Delete calls that failed and whose caller is not known, beyond the newest `keep`."""
    columns = activity_calls.c
    theirs = (
        columns.user_id.is_(None),
        columns.app.is_(None),
        columns.key_id.is_(None),
        columns.outcome != "ok",
    )
    newest = sa.select(columns.id).where(*theirs).order_by(columns.id.desc())
    last = (await connection.execute(newest.offset(keep).limit(1))).scalar_one_or_none()
    if last is not None:
        await connection.execute(sa.delete(activity_calls).where(*theirs, columns.id <= last))


async def let_go_of_usage(connection: WriteConnection, *, before: str) -> None:
    """Delete the counts of days before one."""
    await connection.execute(sa.delete(activity_usage).where(activity_usage.c.day < before))


async def calls(
    connection: ReadConnection, wanted: Wanted, *, before: int | None, limit: int
) -> list[Call]:
    """Calls, newest first, from before one's id, with what they found."""
    statement = sa.select(*_CALL).where(*_conditions(wanted))
    if before is not None:
        statement = statement.where(activity_calls.c.id < before)
    statement = statement.order_by(activity_calls.c.id.desc()).limit(limit)
    found = {row.id: Call(*row) for row in await connection.execute(statement)}
    for start in range(0, len(found), _CHUNK):
        await _fill_in(connection, found, list(found)[start : start + _CHUNK])
    return list(found.values())


async def _fill_in(connection: ReadConnection, found: dict[int, Call], ids: list[int]) -> None:
    hits = activity_hits.c
    statement = (
        sa.select(hits.call_id, hits.memory_id, hits.position, hits.score)
        .where(hits.call_id.in_(ids))
        .order_by(hits.call_id, hits.position)
    )
    for call_id, *hit in await connection.execute(statement):
        found[call_id].hits.append(Hit(*hit))


def _conditions(wanted: Wanted) -> list[sa.ColumnElement[bool]]:
    columns = activity_calls.c
    named = ("user_id", "app", "surface", "operation", "kind", "outcome", "key_id")
    values = {name: getattr(wanted, name) for name in named}
    conditions = [columns.project_id == wanted.project_id]
    conditions += [columns[name] == value for name, value in values.items() if value is not None]
    if wanted.since is not None:
        conditions.append(columns.at >= wanted.since)
    if wanted.until is not None:
        conditions.append(columns.at < wanted.until)
    if wanted.memory_id is not None:
        found = sa.select(activity_hits.c.call_id)
        conditions.append(
            columns.id.in_(found.where(activity_hits.c.memory_id == wanted.memory_id))
        )
    if wanted.query is not None:
        part = columns.query.icontains(wanted.query, autoescape=True)
        conditions.append(sa.or_(part, columns.query == wanted.kept_query))
    if not wanted.looks:
        conditions.append(sa.not_(_only_looks()))
    return conditions


def _only_looks() -> sa.ColumnElement[bool]:
    """What asked how things are managed, and was answered or not waited for."""
    columns = activity_calls.c
    return sa.and_(
        columns.kind == "manage",
        sa.or_(columns.operation.startswith("GET "), columns.operation.in_(_LOOKS)),
        # One that ended without a status is of a page that was left meanwhile.
        sa.or_(columns.outcome.in_(_PASSED), columns.status.is_(None)),
    )


async def usage(
    connection: ReadConnection,
    by: str,
    *,
    project_id: str,
    user_id: str | None,
    since: str,
    until: str,
) -> dict[str, Mapping[str, int]]:
    """Counts by day, user, app or key over days from `since` to `until`, both included."""
    columns = activity_usage.c
    key = columns[_BY[by]]
    sums = [sa.cast(sa.func.sum(columns[name]), sa.BigInteger).label(name) for name in COUNTED]
    statement = (
        sa.select(key, *sums)
        .where(columns.project_id == project_id, columns.day >= since, columns.day <= until)
        .group_by(key)
        .order_by(key)
    )
    if user_id is not None:
        statement = statement.where(columns.user_id == user_id)
    rows = await connection.execute(statement)
    return {row[0]: dict(zip(COUNTED, row[1:], strict=True)) for row in rows}


async def calls_of_key(connection: ReadConnection, key_id: str, day: str) -> int:
    """How many calls of a key were let through on a day."""
    columns = activity_usage.c
    let_through = sa.func.sum(columns.calls - columns.limited)
    statement = sa.select(let_through).where(columns.day == day, columns.key_id == key_id)
    return int((await connection.execute(statement)).scalar_one() or 0)


async def errors(connection: ReadConnection, *, limit: int) -> list[sa.Row[Any]]:
    """The newest failures."""
    statement = sa.select(activity_errors).order_by(activity_errors.c.id.desc()).limit(limit)
    return list(await connection.execute(statement))
