"""Compiles the filter language to a SQL condition; held to `domain.filters.matches` by tests.

Every leaf is two-valued, as the language demands: SQL's third value, unknown, would make `Not`
lose rows whose field is null.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeAlias, assert_never, cast

import sqlalchemy as sa
from sqlalchemy.sql.functions import GenericFunction

from openmemory_api.db.tables import memories
from openmemory_api.domain.filters import (
    And,
    Contains,
    Filter,
    In,
    MetadataIs,
    MetadataKey,
    Not,
    Or,
    Present,
    Range,
    canonical_json,
    fold,
)
from openmemory_api.domain.memory import Json

Condition: TypeAlias = sa.ColumnElement[bool]
Test: TypeAlias = Callable[[Any], Condition]
LIST_FIELDS = ("categories", "tags")
_FEW = 100
"""Up to here parts form a chain, and the values of an `In` are parameters of their own."""


class Folded(GenericFunction[str]):
    """`domain.filters.fold` in the database; `db/session.py` registers it on SQLite."""

    type = sa.Text()
    name = "openmemory_fold"
    inherit_cache = True


class Member(GenericFunction[str]):
    """The canonical JSON of one top-level key; `db/session.py` registers it on SQLite."""

    type = sa.Text()
    name = "openmemory_member"
    inherit_cache = True


def condition(wanted: Filter) -> Condition:
    """The rows of `memories` that `wanted` names."""
    match wanted:
        case And(parts):
            return _joined(sa.and_, sa.true(), [condition(part) for part in parts])
        case Or(parts):
            return _joined(sa.or_, sa.false(), [condition(part) for part in parts])
        case Not(part):
            return sa.not_(condition(part))
        case In(field, values):
            return _in(field, values)
        case MetadataIs(key, value):
            return _metadata_is(key, value)
        case Contains(field, needle, ignore_case):
            return _contains(field, needle, ignore_case=ignore_case)
        case Range():
            return _range(wanted)
        case Present(MetadataKey(key)):
            return _metadata(key, _is_not_null)
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


def _in(field: str, values: tuple[str, ...]) -> Condition:
    if field in LIST_FIELDS:
        return _any_element(field, partial(_one_of, values=values))
    return sa.and_(_column(field).is_not(None), _one_of(_column(field), values))


def _one_of(value: sa.ColumnElement[Any], values: tuple[str, ...]) -> Condition:
    if len(values) <= _FEW:
        return value.in_(values)
    array = sa.func.json_each(canonical_json(list(values))).table_valued("value")
    return value.in_(sa.select(array.c.value))


def _any_element(field: str, test: Test) -> Condition:
    elements = sa.func.json_each(_column(field)).table_valued("value", name=f"{field}_element")
    return sa.exists(sa.select(1).select_from(elements).where(test(elements.c.value)))


def _metadata(key: str, test: Test) -> Condition:
    entry = sa.func.json_each(memories.c.meta).table_valued("key", "value", "type", name="entry")
    return sa.exists(sa.select(1).select_from(entry).where(entry.c.key == key, test(entry)))


def _metadata_is(key: str, value: Json) -> Condition:
    if isinstance(value, int | float) and abs(value) >= 2**63:
        # SQLite reads such a number as the nearest double, which its neighbours share.
        held = Member(memories.c.meta, key)
        return sa.func.coalesce(held == canonical_json(value), sa.false())
    return _metadata(key, partial(_equals, value=value))


def _is_not_null(entry: Any) -> Condition:
    return entry.c.type != "null"


def _equals(entry: Any, value: Json) -> Condition:
    if isinstance(value, bool):
        return entry.c.type == ("true" if value else "false")
    if isinstance(value, str):
        return sa.and_(entry.c.type == "text", entry.c.value == value)
    if isinstance(value, int | float):
        return sa.and_(entry.c.type.in_(("integer", "real")), entry.c.value == sa.literal(value))
    kind = "array" if isinstance(value, list) else "object"
    return sa.and_(entry.c.type == kind, entry.c.value == canonical_json(value))


def _contains(field: str | MetadataKey, needle: str, *, ignore_case: bool) -> Condition:
    def same(value: sa.ColumnElement[Any]) -> Condition:
        return Folded(value) == fold(needle) if ignore_case else value == needle

    def part(value: sa.ColumnElement[Any]) -> Condition:
        if ignore_case:
            return sa.func.instr(Folded(value), fold(needle)) > 0
        return sa.func.instr(value, needle) > 0

    def held(entry: Any) -> Condition:
        inner = sa.func.json_each(entry.c.value).table_valued("value", "type", name="item")
        listed = sa.exists(
            sa.select(1).select_from(inner).where(inner.c.type == "text", same(inner.c.value))
        )
        return sa.case(
            (entry.c.type == "text", part(entry.c.value)),
            (entry.c.type == "array", listed),
            else_=sa.false(),
        )

    if isinstance(field, MetadataKey):
        return _metadata(field.key, held)
    if field in LIST_FIELDS:
        return _any_element(field, same)
    return part(_column(field))


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
