"""Windows on long lists of memories, and what is in them in number."""

from collections.abc import Sequence
from typing import Any, Final, Literal

import sqlalchemy as sa

from openmemory_api.db.filters import condition
from openmemory_api.db.session import ReadConnection
from openmemory_api.db.tables import memories
from openmemory_api.domain.filters import Filter

Sort = Literal["created", "-created", "updated", "-updated", "app", "-app"]
Column = Literal["state", "app", "categories"]

_C: Final = memories.c
_NEWEST: Final = (_C.created_at.desc(), _C.id.desc())
_ORDERS: Final[dict[Sort, Sequence[sa.ColumnElement[Any]]]] = {
    "-created": _NEWEST,
    "created": (_C.created_at.asc(), _C.id.asc()),
    "-updated": (_C.updated_at.desc(), _C.id.desc()),
    "updated": (_C.updated_at.asc(), _C.id.asc()),
    # PostgreSQL and SQLite put what is null at different ends.
    "app": (sa.func.coalesce(_C.app, ""), *_NEWEST),
    "-app": (sa.func.coalesce(_C.app, "").desc(), *_NEWEST),
}


async def window(
    connection: ReadConnection,
    wanted: Filter,
    sort: Sort,
    *,
    offset: int = 0,
    limit: int | None = None,
) -> list[str]:
    """The ids of a set in an order, from an offset on."""
    chosen = sa.select(_C.id).where(condition(wanted, connection.dialect.name))
    statement = chosen.order_by(*_ORDERS[sort]).limit(limit).offset(offset)
    return list((await connection.execute(statement)).scalars())


async def numbers(connection: ReadConnection, wanted: Filter, by: Column) -> list[tuple[Any, int]]:
    """How many memories of a set have each value of a column."""
    column = _C[by]
    chosen = sa.select(column, sa.func.count()).where(condition(wanted, connection.dialect.name))
    return [(value, count) for value, count in await connection.execute(chosen.group_by(column))]
