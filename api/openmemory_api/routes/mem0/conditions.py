"""One field of a Mem0 filter and what is asked of it → domain `Filter`."""

import re
from collections.abc import Mapping
from typing import Final, Literal
from uuid import UUID

from openmemory_api.domain.filters import (
    Filter,
    In,
    MetadataIs,
    MetadataKey,
    Present,
    Range,
    TimeField,
    all_of,
)
from openmemory_api.domain.memory import Json
from openmemory_api.routes.mem0.dates import Comparison, read_day, read_moment
from openmemory_api.routes.mem0.operators import (
    ANY,
    Operators,
    Reader,
    contains,
    exists,
    negated,
    read_any_of,
    read_asked,
    read_nowhere,
    some,
)
from openmemory_api.routes.mem0.parsing import (
    Place,
    clean_json,
    clean_list,
    clean_text,
    shown,
    type_name,
)

IdField = Literal["user_id", "agent_id", "app_id", "run_id"]

ID_FIELDS: Final[tuple[IdField, ...]] = ("user_id", "agent_id", "app_id", "run_id")
_SHORT_ID: Final = re.compile(r"m[0-9]+", re.IGNORECASE)
_OPERATOR_NAMES: Final = frozenset(
    ("eq", "ne", "in", "gt", "gte", "lt", "lte", "contains", "icontains", "exists")
)
_BOUNDS: Final[tuple[Literal["gt", "gte", "lt", "lte"], ...]] = ("gt", "gte", "lt", "lte")


def read_id(field: IdField, value: Json, place: Place) -> Filter:
    """`field` is this id; `*` is any id at all."""
    text = clean_text(value, place)
    return Present(field) if text == ANY else In(field, (text,))


def read_categories_in(value: Json, place: Place) -> Filter:
    """Some category is one of the list."""
    return read_any_of("categories", value, place)


def read_metadata(value: Json, place: Place) -> Filter:
    """Every named top-level key is as asked."""
    if not isinstance(value, dict):
        raise place.refuse(f"must be an object, not {type_name(value)}")
    if not value:
        raise place.refuse("must not be empty")
    return all_of(*(_metadata_key(key, item, place.key(key)) for key, item in value.items()))


def read_text(value: Json, place: Place) -> Filter:
    """The memory's text contains a string, in any case unless `contains` is asked for."""
    return read_asked(
        value,
        place,
        bare=contains("text"),
        operators={
            "contains": contains("text", ignore_case=False),
            "icontains": contains("text"),
        },
    )


def read_metadata_path(path: str, value: Json, place: Place) -> Filter:
    """`metadata.key`, which older documents show: the rest of the path is one top-level key."""
    return _metadata_key(path.removeprefix("metadata."), value, place)


def _id_reader(field: IdField) -> Reader:
    def equal(value: Json, place: Place) -> Filter:
        return read_id(field, value, place)

    def one_of(value: Json, place: Place) -> Filter:
        return read_any_of(field, value, place)

    operators: Operators = {
        "eq": equal,
        "ne": negated(equal),
        "in": one_of,
        "exists": exists(field),
        "contains": read_nowhere,
        "icontains": read_nowhere,
    }
    return lambda value, place: read_asked(value, place, bare=equal, operators=operators)


def _time_reader(field: TimeField) -> Reader:
    def compare(comparison: Comparison) -> Reader:
        return lambda value, place: read_moment(value, place).compared(field, comparison)

    def equal(value: Json, place: Place) -> Filter:
        return Present(field) if value == ANY else compare("eq")(value, place)

    operators: Operators = {
        "eq": equal,
        "ne": negated(equal),
        "in": some(equal),
        "exists": exists(field),
        **{bound: compare(bound) for bound in _BOUNDS},
    }
    return lambda value, place: read_asked(value, place, bare=equal, operators=operators)


def _read_expiration(value: Json, place: Place) -> Filter:
    def equal(value: Json, place: Place) -> Filter:
        if value == ANY:
            return Present("expiration_date")
        return In("expiration_date", (read_day(value, place),))

    def bounded(bound: str) -> Reader:
        return lambda value, place: Range("expiration_date", **{bound: read_day(value, place)})

    operators: Operators = {
        "eq": equal,
        "ne": negated(equal),
        "in": some(equal),
        "exists": exists("expiration_date"),
        **{bound: bounded(bound) for bound in _BOUNDS},
    }
    return read_asked(value, place, bare=equal, operators=operators)


def _read_categories(value: Json, place: Place) -> Filter:
    def equal(value: Json, place: Place) -> Filter:
        return Present("categories") if value == ANY else contains("categories")(value, place)

    operators: Operators = {
        "eq": equal,
        "ne": negated(equal),
        "in": read_categories_in,
        "exists": exists("categories"),
        "contains": contains("categories"),
        "icontains": contains("categories"),
    }
    bare = read_categories_in if isinstance(value, list) else equal
    return read_asked(value, place, bare=bare, operators=operators)


def _read_memory_ids(value: Json, place: Place) -> Filter:
    def equal(value: Json, place: Place) -> Filter:
        return In("id", _uuids([value], place))

    def one_of(value: Json, place: Place) -> Filter:
        return In("id", _uuids(clean_list(value, place), place))

    operators: Operators = {"eq": equal, "ne": negated(equal), "in": one_of}
    bare = one_of if isinstance(value, list) else equal
    return read_asked(value, place, bare=bare, operators=operators)


def _uuids(values: list[Json], place: Place) -> tuple[str, ...]:
    found = (_uuid(clean_text(value, place), place) for value in values)
    return tuple(uuid for uuid in found if uuid)


def _uuid(text: str, place: Place) -> str | None:
    """In the stored spelling; None for what is no UUID, so that it matches nothing."""
    if _SHORT_ID.fullmatch(text):
        raise place.refuse(f"{shown(text)} is a short id; filters take the memory's UUID")
    try:
        return str(UUID(text))
    except ValueError:
        return None


def _metadata_key(key: str, value: Json, place: Place) -> Filter:
    name = str(clean_json(key, place))

    def equal(value: Json, place: Place) -> Filter:
        if value is None:
            raise place.refuse("must not be null")
        if value == ANY:
            return Present(MetadataKey(name))
        return MetadataIs(name, clean_json(value, place))

    operators: Operators = {
        "eq": equal,
        "ne": negated(equal),
        "in": some(equal),
        "exists": exists(MetadataKey(name)),
        "contains": contains(MetadataKey(name), ignore_case=False),
        "icontains": contains(MetadataKey(name)),
    }
    if isinstance(value, dict) and not _OPERATOR_NAMES.intersection(value):
        place.spend_condition()
        return equal(value, place)
    return read_asked(value, place, bare=equal, operators=operators)


FIELDS: Final[Mapping[str, Reader]] = {
    **{field: _id_reader(field) for field in ID_FIELDS},
    "created_at": _time_reader("created_at"),
    "updated_at": _time_reader("updated_at"),
    "timestamp": _time_reader("created_at"),
    "expiration_date": _read_expiration,
    "text": read_text,
    "categories": _read_categories,
    "metadata": read_metadata,
    "keywords_search": read_text,
    "memory_ids": _read_memory_ids,
    "keywords": read_text,
}
