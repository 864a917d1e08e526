"""The Mem0 filter language → domain `Filter` (docs/mem0-compatibility.md, "Filters")."""

from collections.abc import Mapping, Sequence
from typing import Final

from openmemory_api.domain.filters import ALL, Filter, Not, all_of, any_of
from openmemory_api.domain.memory import Json
from openmemory_api.routes.mem0.conditions import (
    FIELDS,
    IdField,
    read_categories_in,
    read_id,
    read_metadata,
    read_metadata_path,
    read_text,
)
from openmemory_api.routes.mem0.dates import read_moment
from openmemory_api.routes.mem0.parsing import Place, shown, type_name

_ALLOWED: Final = ", ".join(("AND", "OR", "NOT", *FIELDS))
_ALIASES: Final[Mapping[str, str]] = {
    "userId": "user_id",
    "agentId": "agent_id",
    "appId": "app_id",
    "runId": "run_id",
    "createdAt": "created_at",
    "updatedAt": "updated_at",
    "expirationDate": "expiration_date",
    "memoryIds": "memory_ids",
    "keywordsSearch": "keywords_search",
}
"""The TypeScript client sends filters verbatim, and its guide writes them in camel case."""


def parse_filters(raw: Json) -> Filter:
    """The value of `filters` in a body.

    Raises:
        Invalid: not a filter, or larger than the bounds; the message names the path.
    """
    return _object(raw, Place("filters"))


def narrowed(
    *,
    filters: Json = None,
    ids: Mapping[IdField, str | None] | None = None,
    categories: Sequence[str] | None = None,
    keywords: str | None = None,
    metadata: Json = None,
    start_date: Json = None,
    end_date: Json = None,
) -> Filter:
    """Everything that narrows a request, inside `filters` and beside it; all of it must hold.

    Raises:
        Invalid: a part of it cannot be read.
    """
    return all_of(
        ALL if filters is None else parse_filters(filters),
        ids_filter(ids or {}),
        _categories(categories),
        read_text(keywords, Place("keywords")) if keywords else ALL,
        ALL if metadata is None else _metadata(metadata),
        _created_from(start_date),
        _created_until(end_date),
    )


def ids_filter(ids: Mapping[IdField, str | None]) -> Filter:
    """Ids named outside `filters`; an empty one counts as missing, as it does on the platform."""
    return all_of(*(read_id(field, text, Place(field)) for field, text in ids.items() if text))


def _object(raw: Json, place: Place) -> Filter:
    if not isinstance(raw, dict):
        raise place.refuse(f"must be an object, not {type_name(raw)}")
    if not raw:
        raise place.refuse("must not be empty")
    return all_of(*(_entry(key, value, place.key(key)) for key, value in raw.items()))


def _entry(key: str, value: Json, place: Place) -> Filter:
    name = _ALIASES.get(key, key)
    match name:
        case "AND":
            return all_of(*_parts(value, place))
        case "OR":
            return any_of(*_parts(value, place))
        case "NOT":
            parts = _parts(value if isinstance(value, list) else [value], place)
            return Not(all_of(*parts))
        case _ if name in FIELDS:
            return FIELDS[name](value, place)
        case _ if name.startswith("metadata."):
            return read_metadata_path(name, value, place)
        case _:
            raise place.refuse(f"unknown field {shown(key)!r}; allowed: {_ALLOWED}")


def _parts(value: Json, place: Place) -> list[Filter]:
    if not isinstance(value, list):
        raise place.refuse(f"must be a list of filters, not {type_name(value)}")
    if not value:
        raise place.refuse("must not be empty")
    place.spend_condition()
    inside = place.deeper()
    return [_object(part, inside.item(index)) for index, part in enumerate(value)]


def _categories(names: Sequence[str] | None) -> Filter:
    return read_categories_in(list(names), Place("categories")) if names else ALL


def _metadata(value: Json) -> Filter:
    return ALL if value == {} else read_metadata(value, Place("metadata"))


def _created_from(value: Json) -> Filter:
    if value is None:
        return ALL
    return read_moment(value, Place("start_date")).compared("created_at", "gte")


def _created_until(value: Json) -> Filter:
    if value is None:
        return ALL
    return read_moment(value, Place("end_date")).compared("created_at", "lte")
