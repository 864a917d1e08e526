"""The leaves of the filter language on PostgreSQL, whose JSON is JSONB. See `filters.Dialect`.

Two JSONB values are equal exactly when their canonical JSON is: numbers are compared as decimals of
any length, objects whatever the order of their keys. What PostgreSQL cannot hold at all (NUL, lone
surrogates, NaN) equals nothing that is stored and may not be sent.
"""

import re
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from openmemory_api.db.folding import fold_name
from openmemory_api.db.tables import memories
from openmemory_api.db.types import text
from openmemory_api.domain.filters import fold
from openmemory_api.domain.memory import Json

_UNHEARD_OF: Final = re.compile("[\0\ud800-\udfff]")


def one_of(value: sa.ColumnElement[Any], values: tuple[str, ...]) -> sa.ColumnElement[bool]:
    held = [each for each in values if _can_be_held(each)]
    return value == sa.any_(sa.literal(held, sa.ARRAY(text())))


def any_element(
    column: sa.ColumnElement[Any], test: Callable[[sa.ColumnElement[Any]], sa.ColumnElement[bool]]
) -> sa.ColumnElement[bool]:
    elements = sa.func.jsonb_array_elements_text(column).table_valued(
        sa.column("value", text()), name="element"
    )
    return sa.exists(sa.select(1).select_from(elements).where(test(elements.c.value)))


def holds(
    column: sa.ColumnElement[Any], needles: tuple[str, ...], *, ignore_case: bool
) -> sa.ColumnElement[bool]:
    if not ignore_case:
        return any_element(column, partial(one_of, values=needles))
    folded = tuple(map(fold, needles))
    return any_element(column, lambda value: one_of(_folded(value), folded))


def _same(
    value: sa.ColumnElement[Any], needle: str, *, ignore_case: bool
) -> sa.ColumnElement[bool]:
    if not _can_be_held(needle):
        return sa.false()
    return _folded(value) == fold(needle) if ignore_case else value == needle


def part(value: sa.ColumnElement[Any], needle: str, *, ignore_case: bool) -> sa.ColumnElement[bool]:
    if not _can_be_held(needle):
        return sa.false()
    if ignore_case:
        return sa.func.strpos(_folded(value), fold(needle)) > 0
    return sa.func.strpos(value, needle) > 0


def metadata_present(key: str) -> sa.ColumnElement[bool]:
    if not _can_be_held(key):
        return sa.false()
    return sa.func.coalesce(_kind(_member(key)) != "null", sa.false())


def metadata_is(key: str, value: Json) -> sa.ColumnElement[bool]:
    if value is None or not (_can_be_held(key) and _can_be_held(value)):
        return sa.false()
    return sa.func.coalesce(_member(key) == sa.literal(value, JSONB), sa.false())


def metadata_contains(key: str, needle: str, *, ignore_case: bool) -> sa.ColumnElement[bool]:
    if not (_can_be_held(key) and _can_be_held(needle)):
        return sa.false()
    member = _member(key)
    # Elements are asked for where there are some: of anything else PostgreSQL refuses to list them.
    listed = sa.case((_kind(member) == "array", member), else_=sa.literal([], JSONB))
    items = sa.func.jsonb_array_elements(listed).table_valued(
        sa.column("value", JSONB), name="item"
    )
    equal = _same(_text(items.c.value), needle, ignore_case=ignore_case)
    found = sa.select(1).select_from(items).where(_kind(items.c.value) == "string", equal)
    return sa.case(
        (_kind(member) == "string", part(_text(member), needle, ignore_case=ignore_case)),
        (_kind(member) == "array", sa.exists(found)),
        else_=sa.false(),
    )


def _can_be_held(value: Json) -> bool:
    match value:
        case str():
            return not _UNHEARD_OF.search(value)
        case float():
            return value - value == 0
        case list():
            return all(map(_can_be_held, value))
        case dict():
            return all(_can_be_held(key) and _can_be_held(each) for key, each in value.items())
        case _:
            return True


def _folded(value: sa.ColumnElement[Any]) -> sa.ColumnElement[str]:
    return getattr(sa.func, fold_name())(value, type_=text())


def _member(key: str) -> sa.ColumnElement[Any]:
    return sa.func.jsonb_extract_path(memories.c.meta, key, type_=JSONB)


def _kind(value: sa.ColumnElement[Any]) -> sa.ColumnElement[str]:
    return sa.func.jsonb_typeof(value, type_=sa.Text())


def _text(value: sa.ColumnElement[Any]) -> sa.ColumnElement[str]:
    # The string itself, without its quotes.
    return value.op("#>>")(sa.literal([], sa.ARRAY(sa.Text())))
