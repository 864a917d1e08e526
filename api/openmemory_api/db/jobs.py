"""Work that was promised: rows that are claimed by lease and go when the work is done."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

import sqlalchemy as sa

from openmemory_api.db.session import ReadConnection, WriteConnection
from openmemory_api.db.tables import actions, jobs

_QUEUED: Final = "queued"
_RUNNING: Final = "running"


@dataclass(frozen=True, slots=True)
class Job:
    """One row, as its worker or a deletion sees it."""

    id: str
    action_id: str
    payload: dict[str, Any]
    progress: dict[str, Any] | None
    attempts: int
    """Claims since something of it was last done; this one counts."""
    created_at: datetime
    owner: str | None


async def enqueue(
    connection: WriteConnection,
    kind: str,
    payload: Mapping[str, Any],
    *,
    action_id: str,
    now: datetime,
) -> None:
    """Promise the work of an action."""
    row = {
        "id": str(uuid4()),
        "kind": kind,
        "payload": payload,
        "status": _QUEUED,
        "run_after": now,
        "created_at": now,
        "action_id": action_id,
    }
    await connection.execute(sa.insert(jobs).values(row))


async def due(connection: ReadConnection) -> datetime | None:
    """When the next row can be claimed: a moment, past or not; None where none waits."""
    moment = sa.case((jobs.c.status == _RUNNING, jobs.c.leased_until), else_=jobs.c.run_after)
    statement = sa.select(sa.func.min(sa.type_coerce(moment, jobs.c.run_after.type)))
    return (await connection.execute(statement)).scalar_one_or_none()


async def claim(
    connection: WriteConnection, *, owner: str, now: datetime, until: datetime, at_once: int
) -> Job | None:
    """Take the row that has waited longest, unless `at_once` run under a live lease."""
    live = sa.and_(jobs.c.status == _RUNNING, jobs.c.leased_until > now)
    running = sa.select(sa.func.count()).select_from(jobs).where(live)
    if (await connection.execute(running)).scalar_one() >= at_once:
        return None
    free = sa.or_(
        sa.and_(jobs.c.status == _QUEUED, jobs.c.run_after <= now),
        sa.and_(jobs.c.status == _RUNNING, jobs.c.leased_until <= now),
    )
    oldest = sa.select(jobs).where(free).order_by(jobs.c.run_after, jobs.c.created_at).limit(1)
    row = (await connection.execute(oldest)).one_or_none()
    if row is None:
        return None
    values = {
        "status": _RUNNING,
        "owner": owner,
        "leased_until": until,
        "attempts": row.attempts + 1,
    }
    await connection.execute(sa.update(jobs).where(jobs.c.id == row.id).values(values))
    await _show(connection, row.action_id, "RUNNING")
    return _job(row, owner, row.attempts + 1)


async def held(connection: ReadConnection, job: Job) -> bool:
    """Whether the row is there still, and its worker's."""
    statement = sa.select(jobs.c.id).where(_of(job))
    return (await connection.execute(statement)).one_or_none() is not None


async def renew(
    connection: WriteConnection, job: Job, progress: Mapping[str, Any], *, until: datetime
) -> bool:
    """Keep what is done so far and go on with it; whether the row is its worker's still."""
    values = {"progress": progress, "leased_until": until, "attempts": 1}
    done = await connection.execute(sa.update(jobs).where(_of(job)).values(values))
    return done.rowcount > 0


async def put_back(
    connection: WriteConnection,
    job: Job,
    *,
    run_after: datetime,
    counted: bool,
    progress: Mapping[str, Any] | None = None,
) -> None:
    """Let somebody else go on later; an attempt that was not `counted` was none."""
    values: dict[str, Any] = {
        "status": _QUEUED,
        "owner": None,
        "leased_until": None,
        "run_after": run_after,
        "attempts": jobs.c.attempts - (0 if counted else 1),
    }
    if progress is not None:
        values["progress"] = progress
    done = await connection.execute(sa.update(jobs).where(_of(job)).values(values))
    if done.rowcount:
        await _show(connection, job.action_id, "PENDING")


async def free_all(connection: WriteConnection) -> None:
    """End every lease: those who held them are dead."""
    values = {"status": _QUEUED, "owner": None, "leased_until": None}
    await connection.execute(sa.update(jobs).where(jobs.c.status == _RUNNING).values(values))


async def remove(connection: WriteConnection, job_id: str) -> None:
    """Forget a row with all it holds."""
    await connection.execute(sa.delete(jobs).where(jobs.c.id == job_id))


async def rewrite(connection: WriteConnection, job: Job, payload: Mapping[str, Any]) -> None:
    """Promise something else instead; whoever works at the old promise loses it."""
    values = {
        "payload": payload,
        "progress": None,
        "status": _QUEUED,
        "owner": None,
        "leased_until": None,
    }
    await connection.execute(sa.update(jobs).where(jobs.c.id == job.id).values(values))
    await _show(connection, job.action_id, "PENDING")


async def waiting(
    connection: ReadConnection,
    project_id: str,
    user_id: str | None,
    *,
    action_ids: Collection[str] | None,
) -> list[Job]:
    """What is promised to a user, or to all users of a project, or by some actions."""
    statement = (
        sa.select(jobs)
        .join(actions, actions.c.id == jobs.c.action_id)
        .where(
            actions.c.project_id == project_id,
            sa.true() if user_id is None else actions.c.user_id == user_id,
            sa.true() if action_ids is None else actions.c.id.in_(action_ids),
        )
    )
    return [_job(row, row.owner, row.attempts) for row in await connection.execute(statement)]


async def count(connection: ReadConnection) -> int:
    """How many rows there are."""
    return (await connection.execute(sa.select(sa.func.count()).select_from(jobs))).scalar_one()


def _of(job: Job) -> sa.ColumnElement[bool]:
    return sa.and_(jobs.c.id == job.id, jobs.c.owner == job.owner)


async def _show(connection: WriteConnection, action_id: str, status: str) -> None:
    shown = sa.update(actions).where(actions.c.id == action_id)
    await connection.execute(shown.values(status=status))


def _job(row: sa.Row[Any], owner: str | None, attempts: int) -> Job:
    return Job(
        id=row.id,
        action_id=row.action_id,
        payload=row.payload,
        progress=row.progress,
        attempts=attempts,
        created_at=row.created_at,
        owner=owner,
    )
