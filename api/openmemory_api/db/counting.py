"""How many memories of a set lie in each of others."""

from collections.abc import Sequence
from itertools import chain
from typing import Any, Final, Literal

import sqlalchemy as sa

from openmemory_api.db.filters import condition
from openmemory_api.db.session import ReadConnection
from openmemory_api.db.tables import memories
from openmemory_api.domain.filters import NOTHING, And, Filter

Column = Literal["app", "categories", "tags"]
_AT_ONCE: Final = 40
"""Sets, or pairs of them, that one statement counts."""


async def count_only(
    connection: ReadConnection, within: Filter, pairs: Sequence[tuple[Filter, Filter]]
) -> list[int]:
    """How many memories of `within` are in the first set of each pair and not in the second."""
    counts: list[int] = []
    for start in range(0, len(pairs), _AT_ONCE):
        counts += await _only(connection, within, pairs[start : start + _AT_ONCE])
    return counts


async def _only(
    connection: ReadConnection, within: Filter, pairs: Sequence[tuple[Filter, Filter]]
) -> Sequence[int]:
    parts = _Parts(connection, within, list(chain(*pairs)))
    only = (sa.and_(parts.inside(one), sa.not_(parts.inside(other))) for one, other in pairs)
    counts = sa.select(*(_number(each) for each in only)).select_from(parts.table)
    return tuple((await connection.execute(counts)).one())


async def count_by(
    connection: ReadConnection, within: Filter, sets: Sequence[Filter], by: Column
) -> dict[Any, list[int]]:
    """By value of a column: how many memories `within` has, then how many each of `sets` has.

    The values are names, tuples of labels, or None.
    """
    # Most apps may reach the same, and what is all or nothing needs no asking.
    asked = [each for each in dict.fromkeys(sets) if each not in (within, NOTHING)]
    found: dict[Any, list[int]] = {}
    for start in range(0, len(asked) or 1, _AT_ONCE):
        chunk = asked[start : start + _AT_ONCE]
        for key, total, *counts in await _grouped(connection, within, chunk, by):
            # A memory that is written between two statements is not worth a transaction.
            found.setdefault(key, [0, total] + start * [0]).extend(counts)
    place = {NOTHING: 0, within: 1} | {each: i for i, each in enumerate(asked, 2)}
    places = [1, *(place[each] for each in sets)]
    width = len(asked) + 2
    return {
        key: [counts[at] for at in places] for key, counts in found.items() if len(counts) == width
    }


async def _grouped(
    connection: ReadConnection, within: Filter, sets: Sequence[Filter], by: Column
) -> list[tuple[Any, ...]]:
    """Rows of a value, how many memories have it, and how many of those each set has."""
    parts = _Parts(connection, within, sets, memories.c[by])
    inside = (_number(parts.inside(each)) for each in sets)
    value = parts.table.c[by]
    statement = sa.select(value, sa.func.count(), *inside).group_by(value)
    rows = await connection.execute(statement)
    return [(tuple(row[0]) if isinstance(row[0], list) else row[0], *row[1:]) for row in rows]


class _Parts:
    """Of each memory of a set, whether it meets the conditions that others are made of.

    Each is asked once, for what an app may write is a part of what it may read, and a preview has
    both twice.
    """

    def __init__(
        self,
        connection: ReadConnection,
        within: Filter,
        sets: Sequence[Filter],
        *columns: sa.Column[Any],
    ) -> None:
        dialect = connection.dialect.name
        given = _conjuncts(within)
        parts = dict.fromkeys(part for part in chain(*map(_conjuncts, sets)) if part not in given)
        self._names = {part: f"part{i}" for i, part in enumerate(parts)}
        met = (condition(part, dialect).label(name) for part, name in self._names.items())
        self.table = (
            sa.select(*columns, *met, memories.c.id)
            .where(condition(within, dialect))
            .cte("parts")
            .prefix_with("MATERIALIZED")
        )

    def inside(self, wanted: Filter) -> sa.ColumnElement[bool]:
        """Whether a memory is in a set."""
        names = (self._names.get(part) for part in _conjuncts(wanted))
        return sa.and_(sa.true(), *(self.table.c[name] for name in names if name is not None))


def _conjuncts(wanted: Filter) -> list[Filter]:
    """What has to hold for a memory to be in a set."""
    if not isinstance(wanted, And):
        return [wanted]
    return [part for each in wanted.parts for part in _conjuncts(each)]


def _number(inside: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.func.count(sa.case((inside, 1)))
