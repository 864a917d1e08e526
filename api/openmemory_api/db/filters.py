"""Compiles the filter language to a SQL condition; held to `domain.filters.matches` by tests.

Every leaf is two-valued, as the language demands: SQL's third value, unknown, would make `Not`
lose rows whose field is null. What databases spell differently is in `filters_sqlite.py` and
`filters_postgres.py`.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final, Protocol, TypeAlias, assert_never, cast

import sqlalchemy as sa

from openmemory_api.db import filters_postgres, filters_sqlite
from openmemory_api.db.tables import memories
from openmemory_api.domain.filters import (
    And,
    Contains,
    Filter,
    In,
    ListField,
    MetadataIs,
    MetadataKey,
    Not,
    Or,
    Present,
    Range,
)
from openmemory_api.domain.memory import Json

Condition: TypeAlias = sa.ColumnElement[bool]
Value: TypeAlias = sa.ColumnElement[Any]
Test: TypeAlias = Callable[[Value], Condition]
LIST_FIELDS = ("categories", "tags")
_FEW = 100
"""Up to here parts form a chain."""


class Dialect(Protocol):
    """The leaves that each database spells in its own way."""

    def one_of(self, value: Value, values: tuple[str, ...]) -> Condition:
        """The value, which is not null, is one of some."""
        ...

    def any_element(self, column: Value, test: Test) -> Condition:
        """Some element of a list of strings passes; none does where the list is null."""
        ...

    def holds(self, column: Value, needles: tuple[str, ...], *, ignore_case: bool) -> Condition:
        """Some element of a list of strings is one of the needles; none is in null."""
        ...

    def part(self, value: Value, needle: str, *, ignore_case: bool) -> Condition:
        """The needle is a part of the string, which is not null."""
        ...

    def metadata_present(self, key: str) -> Condition:
        """The key is there and not null."""
        ...

    def metadata_is(self, key: str, value: Json) -> Condition:
        """The key is there and equals the value as JSON; null equals nothing."""
        ...

    def metadata_contains(self, key: str, needle: str, *, ignore_case: bool) -> Condition:
        """As `Contains` of a metadata key."""
        ...


_DIALECTS: Final[dict[str, Dialect]] = {"sqlite": filters_sqlite, "postgresql": filters_postgres}


def condition(wanted: Filter, dialect: str) -> Condition:
    """The rows of `memories` that `wanted` names, in the SQL of a dialect, by its name."""
    return _condition(wanted, _DIALECTS[dialect])


def _condition(wanted: Filter, sql: Dialect) -> Condition:
    match wanted:
        case And(parts):
            return _joined(sa.and_, sa.true(), [_condition(part, sql) for part in parts])
        case Or(parts):
            return _joined(sa.or_, sa.false(), _alternatives(parts, sql))
        case Not(part):
            return sa.not_(_condition(part, sql))
        case In(field, values):
            return _in(field, values, sql)
        case MetadataIs(key, value):
            return sql.metadata_is(key, value)
        case Contains(field, needle, ignore_case):
            return _contains(field, needle, sql, ignore_case=ignore_case)
        case Range():
            return _range(wanted)
        case Present(MetadataKey(key)):
            return sql.metadata_present(key)
        case Present(field=field):
            return _column(cast("str", field)).is_not(None)
        case _:
            assert_never(wanted)


def _joined(
    join: Callable[..., Condition], neutral: Condition, parts: Sequence[Condition]
) -> Condition:
    # As a tree: SQLite allows an expression 1,000 levels, and a chain has one for each part. What
    # stands in brackets alone is taken out of them again, so a call holds each half together.
    if len(parts) <= _FEW:
        return join(neutral, *parts)
    middle = len(parts) // 2
    halves = (_joined(join, neutral, half) for half in (parts[:middle], parts[middle:]))
    return join(neutral, *(sa.func.coalesce(half, sa.false()) for half in halves))


def _column(field: str) -> sa.Column[Any]:
    return memories.c[field]


def _in(field: str, values: tuple[str, ...], sql: Dialect) -> Condition:
    if field in LIST_FIELDS:
        return sql.any_element(_column(field), partial(sql.one_of, values=values))
    return sa.and_(_column(field).is_not(None), sql.one_of(_column(field), values))


def _alternatives(parts: Sequence[Filter], sql: Dialect) -> list[Condition]:
    """What each part names; all needles of a list in one condition, or each would read it anew."""
    needles: dict[tuple[ListField, bool], list[str]] = {}
    others: list[Condition] = []
    for part in parts:
        if isinstance(part, Contains) and part.field in LIST_FIELDS:
            field = cast("ListField", part.field)
            needles.setdefault((field, part.ignore_case), []).append(part.needle)
        else:
            others.append(_condition(part, sql))
    return others + [
        sql.holds(_column(field), tuple(found), ignore_case=ignore_case)
        for (field, ignore_case), found in needles.items()
    ]


def _contains(
    field: str | MetadataKey, needle: str, sql: Dialect, *, ignore_case: bool
) -> Condition:
    if isinstance(field, MetadataKey):
        return sql.metadata_contains(field.key, needle, ignore_case=ignore_case)
    if field in LIST_FIELDS:
        return sql.holds(_column(field), (needle,), ignore_case=ignore_case)
    return sql.part(_column(field), needle, ignore_case=ignore_case)


def _range(bounds: Range) -> Condition:
    column = _column(bounds.field)
    limits = (
        (bounds.gt, column.__gt__),
        (bounds.gte, column.__ge__),
        (bounds.lt, column.__lt__),
        (bounds.lte, column.__le__),
    )
    compared = [compare(cast("Any", bound)) for bound, compare in limits if bound is not None]
    return sa.and_(column.is_not(None), *compared)
