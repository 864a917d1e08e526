"""The one filter language: what an access decision returns and what a client asks for.

`matches` is its reference meaning. `db/filters.py` compiles it to SQL and each vector index to its
own form; property tests hold all of them to `matches`. Every leaf is two-valued: a field that is
null does not match, and `Not` of it does.

    Filter = In | Contains | Range | Present | And | Or | Not
    ALL    = And(())      everything
    NOTHING = Or(())      nothing: what an empty allow-list means
"""

import json
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias, assert_never, cast

from openmemory_api.domain.memory import Json, Memory

KeywordField = Literal[
    "id",
    "project_id",
    "user_id",
    "agent_id",
    "app_id",
    "run_id",
    "app",
    "state",
    "lifecycle",
    "expiration_date",
]
ListField = Literal["categories", "tags"]
TimeField = Literal["created_at", "updated_at", "event_time"]


@dataclass(frozen=True, slots=True)
class MetadataKey:
    """A top-level key of a memory's metadata."""

    key: str


@dataclass(frozen=True, slots=True)
class In:
    """The value is one of `values`; for a list field, any element is. No values match nothing."""

    field: KeywordField | ListField
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MetadataIs:
    """The metadata key is present and equals `value` as JSON: `1` equals `1.0`, never `true`."""

    key: str
    value: Json


@dataclass(frozen=True, slots=True)
class Contains:
    """`needle` is part of the text, or of a string metadata value, or an element of a list.

    Lists are compared element by element, never by substring. `ignore_case` folds both sides.
    """

    field: Literal["text"] | ListField | MetadataKey
    needle: str
    ignore_case: bool = True


@dataclass(frozen=True, slots=True)
class Range:
    """The value lies within the given bounds: aware datetimes, or `YYYY-MM-DD` for a date."""

    field: TimeField | Literal["expiration_date"]
    gt: datetime | str | None = None
    gte: datetime | str | None = None
    lt: datetime | str | None = None
    lte: datetime | str | None = None


@dataclass(frozen=True, slots=True)
class Present:
    """The value is not null. An empty list is present: decided, with nothing in it."""

    field: KeywordField | ListField | TimeField | MetadataKey


@dataclass(frozen=True, slots=True)
class And:
    """Every part matches; no parts match everything."""

    parts: tuple["Filter", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Some part matches; no parts match nothing."""

    parts: tuple["Filter", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not match."""

    part: "Filter"


Filter: TypeAlias = In | MetadataIs | Contains | Range | Present | And | Or | Not

ALL = And(())
NOTHING = Or(())


def all_of(*parts: Filter) -> Filter:
    """AND of `parts`, with `ALL` left out and `NOTHING` absorbing the rest."""
    kept = tuple(part for part in parts if part != ALL)
    if NOTHING in kept:
        return NOTHING
    return kept[0] if len(kept) == 1 else And(kept)


def any_of(*parts: Filter) -> Filter:
    """OR of `parts`, with `NOTHING` left out and `ALL` absorbing the rest."""
    kept = tuple(part for part in parts if part != NOTHING)
    if ALL in kept:
        return ALL
    return kept[0] if len(kept) == 1 else Or(kept)


def none_of(*parts: Filter) -> Filter:
    """What no part matches; no parts leave everything."""
    union = any_of(*parts)
    if union == NOTHING:
        return ALL
    return NOTHING if union == ALL else Not(union)


def fold(text: str) -> str:
    """The form in which texts are compared when case does not matter: NFC, case-folded."""
    return unicodedata.normalize("NFC", text).casefold()


def canonical_json(value: Json) -> str:
    """One spelling per JSON value: keys sorted, no white space, whole floats as integers."""
    return json.dumps(
        _whole_numbers(value), ensure_ascii=False, sort_keys=True, separators=(",", ":")
    )


def _whole_numbers(value: Json) -> Json:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_whole_numbers(item) for item in value]
    if isinstance(value, dict):
        return {key: _whole_numbers(item) for key, item in value.items()}
    return value


def matches(wanted: Filter, memory: Memory) -> bool:
    """Whether `memory` is in the set `wanted` names. The meaning every compiler is held to."""
    match wanted:
        case And(parts):
            return all(matches(part, memory) for part in parts)
        case Or(parts):
            return any(matches(part, memory) for part in parts)
        case Not(part):
            return not matches(part, memory)
        case In(field, values):
            value = value_of(memory, field)
            if isinstance(value, tuple):
                return any(item in values for item in cast("tuple[str, ...]", value))
            return value in values
        case MetadataIs(key, value):
            held = value_of(memory, MetadataKey(key))
            return held is not None and canonical_json(cast("Json", held)) == canonical_json(value)
        case Contains(field, needle, ignore_case):
            return _contains(value_of(memory, field), needle, ignore_case=ignore_case)
        case Range(field):
            return _within(value_of(memory, field), wanted)
        case Present(field):
            return value_of(memory, field) is not None
        case _:
            assert_never(wanted)


def _contains(value: object, needle: str, *, ignore_case: bool) -> bool:
    prepare = fold if ignore_case else str
    if isinstance(value, str):
        return prepare(needle) in prepare(value)
    if isinstance(value, list | tuple):
        items = cast("list[object] | tuple[object, ...]", value)
        return any(isinstance(item, str) and prepare(item) == prepare(needle) for item in items)
    return False


def _within(value: object, bounds: Range) -> bool:
    if value is None:
        return False
    held = cast("datetime", value)
    return (
        (bounds.gt is None or held > cast("datetime", bounds.gt))
        and (bounds.gte is None or held >= cast("datetime", bounds.gte))
        and (bounds.lt is None or held < cast("datetime", bounds.lt))
        and (bounds.lte is None or held <= cast("datetime", bounds.lte))
    )


def value_of(memory: Memory, field: str | MetadataKey) -> object:
    """The value of a filter field on a memory; None is null."""
    match field:
        case MetadataKey(key):
            return (memory.metadata or {}).get(key)
        case "user_id" | "agent_id" | "app_id" | "run_id":
            return getattr(memory.entities, field)
        case _:
            return getattr(memory, field)
