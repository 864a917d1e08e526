"""What the overview counts: memories by state and over time, calls by hour, what went wrong."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

import sqlalchemy as sa

from openmemory_api.db.session import ReadConnection
from openmemory_api.db.tables import actions, activity_calls, keys, memories
from openmemory_api.db.types import UtcDateTime
from openmemory_api.domain.access import Caller
from openmemory_api.domain.memory import State

_KEPT: Final = (State.ACTIVE, State.PAUSED, State.ARCHIVED)
_END: Final = datetime.max.replace(tzinfo=UTC)
_CALLS: Final = {"read": "reads", "write": "writes"}


async def states(connection: ReadConnection, viewer: Caller) -> dict[str, int]:
    """How many memories of the viewer's user are in each state."""
    counted = sa.select(memories.c.state, sa.func.count()).where(*_own(viewer))
    rows = await connection.execute(counted.group_by(memories.c.state))
    return {row[0]: row[1] for row in rows}


async def first_created(connection: ReadConnection, viewer: Caller) -> datetime | None:
    """When the oldest memory that is kept was created."""
    oldest: datetime | None = None
    for state in _KEPT:
        # One look into the index each; over several states it would be read whole.
        first = sa.select(sa.func.min(memories.c.created_at))
        found = await connection.execute(first.where(*_own(viewer), memories.c.state == state))
        moment = found.scalar_one()
        oldest = min((each for each in (oldest, moment) if each is not None), default=None)
    return oldest


async def created_by_app(connection: ReadConnection, viewer: Caller) -> dict[str | None, int]:
    """How many memories that are kept each app wrote."""
    counted = sa.select(memories.c.app, sa.func.count()).where(*_own(viewer), _kept())
    rows = await connection.execute(counted.group_by(memories.c.app))
    return {row[0]: row[1] for row in rows}


async def created(
    connection: ReadConnection,
    viewer: Caller,
    edges: Sequence[datetime],
    names: Sequence[str] | None = None,
) -> list[int]:
    """How many memories that are kept were made from each edge to the next.

    Each is a range of an index: grouped instead, every memory would be sorted.

    Args:
        connection: of the store.
        viewer: whose they are.
        edges: at least one; what was made after the last counts for it.
        names: of the app that made them; no names: made without an app. None: whoever did.
    """
    buckets = _rows(
        {"place": sa.literal(place), "since": _at(start), "until": _at(end)}
        for place, (start, end) in enumerate(zip(edges, [*edges[1:], _END], strict=True))
    ).cte("buckets")
    within = (memories.c.created_at >= buckets.c.since, memories.c.created_at < buckets.c.until)
    by = [] if names is None else [_made_by(names)]
    counted = sa.select(sa.func.count()).where(*_own(viewer), *by, _kept(), *within)
    found = sa.select(buckets.c.place, counted.scalar_subquery()).order_by(buckets.c.place)
    return [row[1] for row in await connection.execute(found)]


def _made_by(names: Sequence[str]) -> sa.ColumnElement[bool]:
    return memories.c.app.in_(names) if names else memories.c.app.is_(None)


async def log_bounds(connection: ReadConnection, viewer: Caller) -> tuple[int, int]:
    """The ids of the oldest and the newest call of the viewer's user; 0 without any."""
    columns = activity_calls.c
    bounds = sa.select(sa.func.min(columns.id), sa.func.max(columns.id))
    first, last = (await connection.execute(bounds.where(columns.user_id == viewer.user_id))).one()
    return first or 0, last or 0


async def calls_after(
    connection: ReadConnection, viewer: Caller, after: int, upto: int
) -> list[tuple[int, str | None, str, int]]:
    """(quarter of an hour since 1970, app, what, how many) of the calls between two ids."""
    columns = activity_calls.c
    text = _text(connection, columns.at)
    # Named first and grouped then: PostgreSQL takes no two parameters for the same value.
    each = (
        sa.select(
            sa.func.substr(text, 1, 13).label("hour"),
            sa.cast(sa.func.substr(text, 15, 2), sa.Integer).label("minute"),
            columns.app,
            _what().label("what"),
        )
        .where(
            columns.project_id == viewer.project_id,
            columns.user_id == viewer.user_id,
            columns.id > after,
            columns.id <= upto,
        )
        .subquery()
    )
    quarter = each.c.minute.op("/", return_type=sa.Integer)(sa.literal_column("15"))
    key = (each.c.hour, quarter, each.c.app, each.c.what)
    counted = sa.select(*key, sa.func.count()).group_by(*key)
    rows = await connection.execute(counted)
    return [
        (4 * _hours(hour) + quarter, app, what, count)
        for hour, quarter, app, what, count in rows
        if what is not None
    ]


async def failed(connection: ReadConnection, viewer: Caller, since: datetime) -> list[datetime]:
    """When writes of the viewer's user failed that were promised, newest first."""
    columns = actions.c
    ended = (
        sa.select(columns.completed_at)
        .where(
            columns.project_id == viewer.project_id,
            columns.user_id == viewer.user_id,
            columns.created_at >= since,
            columns.status == "FAILED",
        )
        .order_by(columns.number.desc())
        .limit(1_000)
    )
    return [row[0] for row in await connection.execute(ended) if row[0] is not None]


async def expiring(
    connection: ReadConnection, viewer: Caller, now: datetime, until: datetime
) -> list[tuple[str, str | None, datetime]]:
    """(label, app, expires_at) of keys of the viewer's user that end in this time."""
    columns = keys.c
    ending = sa.select(columns.label, columns.app, columns.expires_at).where(
        columns.project_id == viewer.project_id,
        columns.user_id == viewer.user_id,
        columns.revoked_at.is_(None),
        # A key with a successor ends as it should.
        columns.replaced_by.is_(None),
        columns.expires_at > now,
        columns.expires_at <= until,
    )
    found = await connection.execute(ending.order_by(columns.expires_at).limit(20))
    return [(row[0], row[1], row[2]) for row in found]


def _own(viewer: Caller) -> tuple[sa.ColumnElement[bool], ...]:
    return memories.c.project_id == viewer.project_id, memories.c.user_id == viewer.user_id


def _kept() -> sa.ColumnElement[bool]:
    # Said by what it is not: by what it is, SQLite would choose an index that knows no app.
    return memories.c.state.not_in((State.TRASHED, State.PURGED))


def _what() -> sa.ColumnElement[Any]:
    """What a call counts as; nothing where it failed, or managed."""
    columns = activity_calls.c
    done = [
        (sa.and_(columns.outcome == "ok", columns.kind == kind), counted)
        for kind, counted in _CALLS.items()
    ]
    return sa.case((columns.outcome == "denied", "denied"), *done)


def _text(connection: ReadConnection, column: sa.Column[Any]) -> sa.ColumnElement[str]:
    """A moment in UTC, as SQLite writes it."""
    if connection.dialect.name == "postgresql":
        return sa.func.to_char(sa.func.timezone("UTC", column), "YYYY-MM-DD HH24:MI")
    return sa.type_coerce(column, sa.String)


@lru_cache(10_000)
def _hours(text: str) -> int:
    """Hours since 1970."""
    return int(datetime.fromisoformat(f"{text}:00+00:00").timestamp()) // 3_600


def _at(moment: datetime) -> sa.ColumnElement[datetime]:
    return sa.literal(moment, UtcDateTime)


def _rows(each: Iterable[dict[str, sa.ColumnElement[Any]]]) -> sa.CompoundSelect[Any]:
    return sa.union_all(
        *(sa.select(*(value.label(name) for name, value in row.items())) for row in each)
    )
