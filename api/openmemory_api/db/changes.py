"""What has been written since a change: which memories, how, and whose rules."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import sqlalchemy as sa

from openmemory_api.db.memories import last_change
from openmemory_api.db.session import ReadConnection
from openmemory_api.db.tables import actions, history, memories
from openmemory_api.domain.memory import State
from openmemory_api.domain.requests import ActionKind

MOST: Final = 2_000
"""Memories that are told one by one; of more it is only said that there were more."""
_CHUNK: Final = 500


@dataclass(frozen=True, slots=True)
class Changed:
    """A memory that was written, and what happened to it; nothing where it was only indexed."""

    id: str
    user_id: str | None
    app: str | None
    state: State
    kinds: Sequence[str]


@dataclass(frozen=True, slots=True)
class Changes:
    """All that was written up to a change."""

    upto: int
    memories: Sequence[Changed] = ()
    more: bool = False
    """Whether more memories were written than are told of."""
    rules_of: Sequence[str] = field(default_factory=list[str])
    """Users whose rules were changed."""


async def since(connection: ReadConnection, change: int) -> Changes:
    """What was written after a change."""
    upto = await last_change(connection)
    if upto == change:
        return Changes(upto)
    columns = memories.c
    written = (
        sa.select(columns.id, columns.user_id, columns.app, columns.state, columns.change)
        .where(columns.change > change)
        .order_by(columns.change)
        .limit(MOST + 1)
    )
    rows = (await connection.execute(written)).all()
    rules_of = await _rules_of(connection, change)
    if len(rows) > MOST:
        return Changes(upto, (), more=True, rules_of=rules_of)
    kinds = await _kinds(connection, [row.id for row in rows], change)
    told = [
        Changed(row.id, row.user_id, row.app, State(row.state), kinds.get(row.id, ()))
        for row in rows
    ]
    # What was written between the statements is told with the rest of its kind the next time.
    return Changes(max([upto, *(row.change for row in rows)]), told, rules_of=rules_of)


async def _kinds(
    connection: ReadConnection, ids: Sequence[str], change: int
) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for start in range(0, len(ids), _CHUNK):
        done = (
            sa.select(history.c.memory_id, history.c.kind)
            .where(history.c.memory_id.in_(ids[start : start + _CHUNK]), history.c.number > change)
            .order_by(history.c.number, history.c.version)
        )
        for memory_id, kind in await connection.execute(done):
            found.setdefault(memory_id, []).append(kind)
    return found


async def _rules_of(connection: ReadConnection, change: int) -> list[str]:
    """Whose rules were changed; what takes a change of rules back counts as one."""
    done = sa.select(actions.c.user_id).where(
        actions.c.number > change,
        actions.c.kind.in_((ActionKind.ACCESS, ActionKind.UNDO)),
        actions.c.user_id.is_not(None),
    )
    return list(dict.fromkeys((await connection.execute(done)).scalars()))
