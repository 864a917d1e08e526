"""What the overview counts: memories by state and over time, calls by hour, what went wrong."""

from datetime import UTC, datetime
from typing import Any, Final

import sqlalchemy as sa

from openmemory_api.db.session import ReadConnection
from openmemory_api.db.tables import actions, activity_calls, keys, memories
from openmemory_api.domain.access import Caller
from openmemory_api.domain.memory import State

_KEPT: Final = (State.ACTIVE, State.PAUSED, State.ARCHIVED)
_HOUR: Final = len("2026-01-01 00")
_MINUTE: Final = len("2026-01-01 00:00")
_FORM: Final = "YYYY-MM-DD HH24:MI"
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
    connection: ReadConnection, viewer: Caller, since: datetime, *, exact: bool
) -> list[tuple[str | None, datetime, int]]:
    """(app, hour, how many) of the memories that are kept; by minute if `exact`."""
    moment = _moment(connection, memories.c.created_at, exact=exact)
    counted = (
        sa.select(memories.c.app, moment, sa.func.count())
        .where(*_own(viewer), _kept(), memories.c.created_at >= since)
        .group_by(memories.c.app, moment)
    )
    return [(row[0], _read(row[1]), row[2]) for row in await connection.execute(counted)]


async def calls(
    connection: ReadConnection, viewer: Caller, since: datetime, until: datetime, *, exact: bool
) -> list[tuple[datetime, str | None, str, int]]:
    """(hour, app, reads | writes | denied, how many) of the calls of a time; by minute if `exact`."""
    columns = activity_calls.c
    moment = _moment(connection, columns.at, exact=exact)
    counted = (
        sa.select(moment, columns.app, _what(), sa.func.count())
        .where(*_within(viewer, since, until))
        .group_by(moment, columns.app, _what())
    )
    rows = await connection.execute(counted)
    return [(_read(row[0]), *row[1:]) for row in rows if row[2] is not None]


async def calls_in_all(
    connection: ReadConnection, viewer: Caller, since: datetime, until: datetime
) -> dict[str, int]:
    """How many reads, writes and denied calls a time had."""
    counted = sa.select(_what(), sa.func.count()).where(*_within(viewer, since, until))
    rows = await connection.execute(counted.group_by(_what()))
    return {row[0]: row[1] for row in rows if row[0] is not None}


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
    return memories.c.state.in_(_KEPT)


def _within(viewer: Caller, since: datetime, until: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    columns = activity_calls.c
    return (
        columns.project_id == viewer.project_id,
        columns.user_id == viewer.user_id,
        columns.at >= since,
        columns.at < until,
    )


def _what() -> sa.ColumnElement[Any]:
    """What a call counts as; nothing where it failed, or managed."""
    columns = activity_calls.c
    done = [
        (sa.and_(columns.outcome == "ok", columns.kind == kind), counted)
        for kind, counted in _CALLS.items()
    ]
    return sa.case((columns.outcome == "denied", "denied"), *done)


def _moment(
    connection: ReadConnection, column: sa.Column[Any], *, exact: bool
) -> sa.ColumnElement[str]:
    """The hour or minute of a moment in UTC, as SQLite writes it."""
    text: Any = column
    if connection.dialect.name == "postgresql":
        text = sa.func.to_char(sa.func.timezone("UTC", column), _FORM)
    return sa.func.substr(text, 1, _MINUTE if exact else _HOUR, type_=sa.String)


def _read(moment: str) -> datetime:
    form = "%Y-%m-%d %H:%M" if len(moment) == _MINUTE else "%Y-%m-%d %H"
    return datetime.strptime(moment, form).replace(tzinfo=UTC)
