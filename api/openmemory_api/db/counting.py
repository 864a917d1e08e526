"""How many memories of a set lie in each of others."""

from collections.abc import Sequence
from typing import Any, Final, Literal

import sqlalchemy as sa

from openmemory_api.db.filters import condition
from openmemory_api.db.session import ReadConnection
from openmemory_api.db.tables import memories
from openmemory_api.domain.filters import NOTHING, Filter

Column = Literal["app", "categories", "tags"]
_AT_ONCE: Final = 40
"""Sets that one statement counts."""


async def count_each(
    connection: ReadConnection, within: Filter, sets: Sequence[Filter]
) -> list[int]:
    """How many memories of `within` each of `sets` has."""
    ((_, (_, *counts)),) = (await _counted(connection, within, sets, None)).items()
    return counts


async def count_by(
    connection: ReadConnection, within: Filter, sets: Sequence[Filter], by: Column
) -> dict[Any, list[int]]:
    """By value of a column: how many memories `within` has, then how many each of `sets` has.

    The values are names, tuples of labels, or None.
    """
    return await _counted(connection, within, sets, memories.c[by])


async def _counted(
    connection: ReadConnection, within: Filter, sets: Sequence[Filter], by: sa.Column[Any] | None
) -> dict[Any, list[int]]:
    # Most apps may reach the same, and what is all or nothing needs no asking.
    asked = [each for each in dict.fromkeys(sets) if each not in (within, NOTHING)]
    found: dict[Any, list[int]] = {}
    for start in range(0, len(asked) or 1, _AT_ONCE):
        for key, total, *counts in await _ask(
            connection, within, asked[start : start + _AT_ONCE], by
        ):
            # A memory that is written between two statements is not worth a transaction.
            found.setdefault(key, [0, total] + start * [0]).extend(counts)
    place = {NOTHING: 0, within: 1} | {each: i for i, each in enumerate(asked, 2)}
    places = [1, *(place[each] for each in sets)]
    width = len(asked) + 2
    return {
        key: [counts[at] for at in places] for key, counts in found.items() if len(counts) == width
    }


async def _ask(
    connection: ReadConnection, within: Filter, sets: Sequence[Filter], by: sa.Column[Any] | None
) -> list[tuple[Any, ...]]:
    """Rows of a value, how many memories have it, and how many of those each set has."""
    dialect = connection.dialect.name
    inside = [sa.func.count(sa.case((condition(each, dialect), 1))) for each in sets]
    statement = (
        sa.select(sa.null() if by is None else by, sa.func.count(), *inside)
        .select_from(memories)
        .where(condition(within, dialect))
    )
    if by is not None:
        statement = statement.group_by(by)
    return [
        (tuple(key) if isinstance(key, list) else key, *counts)
        for key, *counts in await connection.execute(statement)
    ]
