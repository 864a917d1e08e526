"""Memories as parts of conversations, read without the rest of their rows."""

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa

from openmemory_api.db.filters import condition
from openmemory_api.db.session import ReadConnection
from openmemory_api.db.tables import memories
from openmemory_api.domain.filters import Filter
from openmemory_api.domain.memory import Utterance

_C: Final = memories.c
# A few columns of many rows: making `Memory` objects of them would cost six times as much.
_BY_ID: Final = sa.select(
    _C.id, _C.text, _C.actor, _C.number, _C.event_time, _C.source_event_id,
    _C.run_id, _C.project_id, _C.user_id, _C.agent_id, _C.app_id,
).where(_C.id.in_(sa.bindparam("ids", expanding=True)))  # fmt: skip


async def utterances_of(
    connection: ReadConnection, ids: Sequence[str], scope: Filter
) -> dict[str, Utterance]:
    """The memories among `ids` that lie in `scope`, by id.

    A run is the Mem0 `run_id` within its other entities. What has none belongs together with what
    the same action stored: the messages of one add.
    """
    chosen = _BY_ID.where(condition(scope, connection.dialect.name))
    rows = await connection.execute(chosen, {"ids": ids})
    return {
        id: Utterance(text, actor, (run, *others) if run else action and (action,), number, time)
        for id, text, actor, number, time, action, run, *others in rows
    }
