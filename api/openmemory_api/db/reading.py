"""Who read which memories: what the log says of calls that answered agents."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from openmemory_api.db.session import ReadConnection
from openmemory_api.db.tables import activity_calls, activity_hits

_CHUNK: Final = 500
_OURS: Final = "/api/v1/"


@dataclass(frozen=True, slots=True)
class Reads:
    """How often a memory was read, and when last."""

    count: int
    last_at: datetime | None


NEVER: Final = Reads(0, None)


def read_by_agents(project_id: str) -> list[sa.ColumnElement[bool]]:
    """The calls that answered an agent with memories: not those by which a person looks at them.

    Of callers without an app, the platform's contract is for programs and ours for people.
    """
    calls = activity_calls.c
    return [
        calls.project_id == project_id,
        calls.kind == "read",
        calls.outcome == "ok",
        sa.or_(calls.app.is_not(None), sa.not_(calls.operation.contains(_OURS, autoescape=True))),
    ]


async def reads_of(
    connection: ReadConnection, project_id: str, ids: Sequence[str]
) -> dict[str, Reads]:
    """Of some memories those that were read."""
    found: dict[str, Reads] = {}
    hits, calls = activity_hits.c, activity_calls.c
    for start in range(0, len(ids), _CHUNK):
        statement = (
            sa.select(hits.memory_id, sa.func.count(), sa.func.max(calls.at, type_=calls.at.type))
            .join_from(activity_hits, activity_calls, calls.id == hits.call_id)
            .where(hits.memory_id.in_(ids[start : start + _CHUNK]), *read_by_agents(project_id))
            .group_by(hits.memory_id)
        )
        rows = await connection.execute(statement)
        found |= {memory_id: Reads(count, last_at) for memory_id, count, last_at in rows}
    return found


async def read_since(
    connection: ReadConnection, project_id: str, call_id: int
) -> tuple[int, set[str]]:
    """The id of the newest call, and what calls after `call_id` answered agents with."""
    calls = activity_calls.c
    last = (await connection.execute(sa.select(sa.func.max(calls.id)))).scalar_one() or 0
    statement = (
        sa.select(activity_hits.c.memory_id)
        .distinct()
        .join(activity_calls, calls.id == activity_hits.c.call_id)
        .where(calls.id > call_id, calls.id <= last, *read_by_agents(project_id))
    )
    return last, set((await connection.execute(statement)).scalars())
