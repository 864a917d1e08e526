"""What a Mem0 filter can ask of a field, whatever the field."""

from collections.abc import Callable, Mapping
from typing import Final, Literal, TypeAlias

from openmemory_api.domain.filters import (
    ALL,
    NOTHING,
    Contains,
    Filter,
    In,
    KeywordField,
    ListField,
    MetadataKey,
    Not,
    Present,
    TimeField,
    all_of,
    any_of,
)
from openmemory_api.domain.memory import Json
from openmemory_api.routes.mem0.parsing import Place, clean_list, clean_text, shown, type_name

Reader: TypeAlias = Callable[[Json, Place], Filter]
Operators: TypeAlias = Mapping[str, Reader]

ANY: Final = "*"
"""The platform's wildcard: the field has a value. Never a pattern."""


def read_asked(value: Json, place: Place, *, bare: Reader, operators: Operators) -> Filter:
    """A bare value, or an object of operators that must all hold."""
    if not isinstance(value, dict):
        place.spend_condition()
        return bare(value, place)
    if not value:
        raise place.refuse("must not be empty")
    return all_of(
        *(
            _reader_of(operator, operators, place)(operand, place.key(operator))
            for operator, operand in value.items()
        )
    )


def _reader_of(operator: str, operators: Operators, place: Place) -> Reader:
    place.spend_condition()
    if operator not in operators:
        allowed = ", ".join(sorted(operators))
        raise place.refuse(f"unknown operator {shown(operator)!r}; allowed here: {allowed}")
    return operators[operator]


def read_any_of(field: KeywordField | ListField, value: Json, place: Place) -> Filter:
    items = clean_list(value, place)
    texts = tuple(clean_text(item, place.item(index)) for index, item in enumerate(items))
    return Present(field) if ANY in texts else In(field, texts)


def contains(
    field: Literal["text"] | ListField | MetadataKey, *, ignore_case: bool = True
) -> Reader:
    def read(value: Json, place: Place) -> Filter:
        needle = clean_text(value, place)
        if not needle:
            raise place.refuse("must not be an empty string")
        if field == "text" and needle == ANY:
            return ALL
        return Contains(field, needle, ignore_case=ignore_case)

    return read


def exists(field: KeywordField | ListField | TimeField | MetadataKey) -> Reader:
    def read(value: Json, place: Place) -> Filter:
        if not isinstance(value, bool):
            raise place.refuse(f"must be a boolean, not {type_name(value)}")
        return Present(field) if value else Not(Present(field))

    return read


def negated(read: Reader) -> Reader:
    return lambda value, place: Not(read(value, place))


def some(read: Reader) -> Reader:
    """Each value is a condition of its own: only plain keywords compile to one membership test."""

    def read_all(value: Json, place: Place) -> Filter:
        found: list[Filter] = []
        for index, item in enumerate(clean_list(value, place)):
            place.spend_condition()
            found.append(read(item, place.item(index)))
        return any_of(*found)

    return read_all


def read_nowhere(value: Json, place: Place) -> Filter:
    """The platform accepts substring operators on ids and finds nothing with them."""
    clean_text(value, place)
    return NOTHING
