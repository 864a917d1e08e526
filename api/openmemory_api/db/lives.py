"""What happened to memories, one change after the other, and by whom."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from openmemory_api.db.actions import Recorded, recorded_as
from openmemory_api.db.session import ReadConnection
from openmemory_api.db.tables import actions, history
from openmemory_api.domain.access import Caller

_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Deeds:
    """What an app of a user did in a time."""

    user: Caller
    apps: Sequence[str]
    """Every name of the app; the one it is known by first."""
    since: datetime
    until: datetime | None

    def include(self, part: "Part") -> bool:
        """Whether a change is one of them."""
        return (
            part.app in self.apps
            and part.at >= self.since
            and (self.until is None or part.at < self.until)
        )

    def condition(self) -> sa.ColumnElement[bool]:
        """The same of the rows of `actions`."""
        return sa.and_(
            actions.c.project_id == self.user.project_id,
            actions.c.user_id == self.user.user_id,
            actions.c.app.in_(self.apps),
            actions.c.created_at >= self.since,
            sa.true() if self.until is None else actions.c.created_at < self.until,
        )


@dataclass(frozen=True, slots=True)
class Part:
    """One change in the life of a memory, without what it held."""

    history_id: str
    version: int
    """Of the memory, after the change."""
    action_id: str
    app: str | None
    at: datetime
    """When its action was called for, which for an add may be long before it was carried out."""
    undone_by: str | None


async def touched(connection: ReadConnection, deeds: Deeds) -> list[str]:
    """The memories that some deeds have changed."""
    statement = (
        sa.select(history.c.memory_id)
        .distinct()
        .join(actions, actions.c.id == history.c.action_id)
        .where(deeds.condition())
        .order_by(history.c.memory_id)
    )
    return list((await connection.execute(statement)).scalars())


async def promised(connection: ReadConnection, deeds: Deeds) -> list[str]:
    """The actions among some deeds that are not carried out yet."""
    statement = sa.select(actions.c.id).where(deeds.condition(), actions.c.completed_at.is_(None))
    return list((await connection.execute(statement.order_by(actions.c.number))).scalars())


async def lives(connection: ReadConnection, memory_ids: Sequence[str]) -> dict[str, list[Part]]:
    """All that happened to each of some memories, oldest first."""
    found: dict[str, list[Part]] = {}
    for start in range(0, len(memory_ids), _CHUNK):
        statement = (
            sa.select(
                history.c.memory_id,
                history.c.id,
                history.c.version,
                history.c.action_id,
                actions.c.app,
                actions.c.created_at,
                actions.c.undone_by,
            )
            .join(actions, actions.c.id == history.c.action_id)
            .where(history.c.memory_id.in_(memory_ids[start : start + _CHUNK]))
            .order_by(history.c.memory_id, history.c.version)
        )
        for memory_id, *told in await connection.execute(statement):
            found.setdefault(memory_id, []).append(Part(*told))
    return found


async def recorded(connection: ReadConnection, history_ids: Sequence[str]) -> list[Recorded]:
    """What some changes did."""
    found: list[Recorded] = []
    for start in range(0, len(history_ids), _CHUNK):
        chosen = history.c.id.in_(history_ids[start : start + _CHUNK])
        found += [
            recorded_as(row) for row in await connection.execute(sa.select(history).where(chosen))
        ]
    return found
