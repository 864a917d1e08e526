"""The leaves of the filter language on SQLite, whose JSON is text. See `filters.Dialect`."""

from collections.abc import Callable
from functools import partial
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.sql.functions import GenericFunction

from openmemory_api.db.tables import memories
from openmemory_api.domain.filters import canonical_json, fold
from openmemory_api.domain.memory import Json

_FEW: Final = 100
"""Up to here values are parameters of their own."""


class Folded(GenericFunction[str]):
    """`domain.filters.fold` in the database; `db/sqlite.py` registers it."""

    type = sa.Text()
    name = "openmemory_fold"
    inherit_cache = True


class Holds(GenericFunction[bool]):
    """Whether a JSON list has one of some needles, in any case; `db/sqlite.py` registers it."""

    type = sa.Boolean()
    name = "openmemory_holds"
    inherit_cache = True


class Member(GenericFunction[str]):
    """The canonical JSON of one top-level key; `db/sqlite.py` registers it."""

    type = sa.Text()
    name = "openmemory_member"
    inherit_cache = True


def one_of(value: sa.ColumnElement[Any], values: tuple[str, ...]) -> sa.ColumnElement[bool]:
    if len(values) <= _FEW:
        return value.in_(values)
    array = sa.func.json_each(canonical_json(list(values))).table_valued("value")
    return value.in_(sa.select(array.c.value))


def any_element(
    column: sa.ColumnElement[Any], test: Callable[[sa.ColumnElement[Any]], sa.ColumnElement[bool]]
) -> sa.ColumnElement[bool]:
    elements = sa.func.json_each(column).table_valued("value", name="element")
    return sa.exists(sa.select(1).select_from(elements).where(test(elements.c.value)))


def holds(
    column: sa.ColumnElement[Any], needles: tuple[str, ...], *, ignore_case: bool
) -> sa.ColumnElement[bool]:
    if not ignore_case:
        return any_element(column, partial(one_of, values=needles))
    if len(needles) <= _FEW:
        return Holds(column, canonical_json(list(needles)))
    folded = tuple(map(fold, needles))
    return any_element(column, lambda value: one_of(Folded(value), folded))


def _same(
    value: sa.ColumnElement[Any], needle: str, *, ignore_case: bool
) -> sa.ColumnElement[bool]:
    return Folded(value) == fold(needle) if ignore_case else value == needle


def part(value: sa.ColumnElement[Any], needle: str, *, ignore_case: bool) -> sa.ColumnElement[bool]:
    if ignore_case:
        folded = sa.func.instr(Folded(value), fold(needle)) > 0
        if not needle.isascii() or len(needle) > _FEW or "\0" in needle:
            return folded
        # Of plain letters the database knows the cases itself, and is ten times as fast. Not with
        # a NUL, at which its patterns end.
        plain = sa.func.length(sa.cast(value, sa.LargeBinary)) == sa.func.length(value)
        return sa.case((plain, value.icontains(needle, autoescape=True)), else_=folded)
    return sa.func.instr(value, needle) > 0


def metadata_present(key: str) -> sa.ColumnElement[bool]:
    return _metadata(key, lambda entry: entry.c.type != "null")


def metadata_is(key: str, value: Json) -> sa.ColumnElement[bool]:
    if isinstance(value, int | float) and abs(value) >= 2**63:
        # SQLite reads such a number as the nearest double, which its neighbours share.
        held = Member(memories.c.meta, key)
        return sa.func.coalesce(held == canonical_json(value), sa.false())
    return _metadata(key, partial(_equals, value=value))


def metadata_contains(key: str, needle: str, *, ignore_case: bool) -> sa.ColumnElement[bool]:
    def held(entry: Any) -> sa.ColumnElement[bool]:
        inner = sa.func.json_each(entry.c.value).table_valued("value", "type", name="item")
        equal = _same(inner.c.value, needle, ignore_case=ignore_case)
        listed = sa.exists(sa.select(1).select_from(inner).where(inner.c.type == "text", equal))
        return sa.case(
            (entry.c.type == "text", part(entry.c.value, needle, ignore_case=ignore_case)),
            (entry.c.type == "array", listed),
            else_=sa.false(),
        )

    return _metadata(key, held)


def _metadata(key: str, test: Callable[[Any], sa.ColumnElement[bool]]) -> sa.ColumnElement[bool]:
    entry = sa.func.json_each(memories.c.meta).table_valued("key", "value", "type", name="entry")
    return sa.exists(sa.select(1).select_from(entry).where(entry.c.key == key, test(entry)))


def _equals(entry: Any, value: Json) -> sa.ColumnElement[bool]:
    if isinstance(value, bool):
        return entry.c.type == ("true" if value else "false")
    if isinstance(value, str):
        return sa.and_(entry.c.type == "text", entry.c.value == value)
    if isinstance(value, int | float):
        return sa.and_(entry.c.type.in_(("integer", "real")), entry.c.value == sa.literal(value))
    kind = "array" if isinstance(value, list) else "object"
    return sa.and_(entry.c.type == kind, entry.c.value == canonical_json(value))
