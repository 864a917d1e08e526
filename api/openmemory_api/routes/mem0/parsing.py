"""Client JSON made safe to read: where a value stands, how much there may be, clean strings."""

import ast
import json
import math
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, cast

from openmemory_api.domain.errors import Invalid
from openmemory_api.domain.memory import Json

MAX_CONDITIONS: Final = 500
"""Field conditions and logical operators of one filter, together."""
MAX_DEPTH: Final = 20
"""Logical operators inside one another; containers inside one another in a compared value."""
MAX_VALUES: Final = 5_000
"""Values in all lists of one filter, together."""
MAX_LITERAL: Final = 64 * 1024
"""Characters of a filter in a query string; `ast` needs about a hundred bytes for each."""
_SHOWN: Final = 60
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


@dataclass(slots=True)
class Budget:
    """What one filter may still contain."""

    conditions: int = MAX_CONDITIONS
    values: int = MAX_VALUES


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a request a value stands: named in every refusal, and bounded."""

    path: str
    depth: int = 0
    budget: Budget = field(default_factory=Budget)

    def key(self, name: str) -> "Place":
        return Place(f"{self.path}.{shown(name)}", self.depth, self.budget)

    def item(self, index: int) -> "Place":
        return Place(f"{self.path}[{index}]", self.depth, self.budget)

    def deeper(self) -> "Place":
        """The same place, one container further in.

        Raises:
            Invalid: deeper than `MAX_DEPTH`.
        """
        if self.depth == MAX_DEPTH:
            raise Invalid(f"{_start(self.path)}: nested more than {MAX_DEPTH} levels deep")
        return Place(self.path, self.depth + 1, self.budget)

    def spend_condition(self) -> None:
        """Counts one more condition.

        Raises:
            Invalid: more than `MAX_CONDITIONS`.
        """
        self.budget.conditions -= 1
        if self.budget.conditions < 0:
            raise Invalid(f"{_start(self.path)}: more than {MAX_CONDITIONS} conditions")

    def spend_values(self, count: int) -> None:
        """Counts the values of a list.

        Raises:
            Invalid: more than `MAX_VALUES`.
        """
        self.budget.values -= count
        if self.budget.values < 0:
            raise Invalid(f"{_start(self.path)}: more than {MAX_VALUES} values in lists")

    def refuse(self, reason: str) -> Invalid:
        return Invalid(f"{self.path}: {reason}")


def _start(path: str) -> str:
    return path if len(path) <= _SHOWN else f"{path[:_SHOWN]}…"


def shown(text: str) -> str:
    """`text` as an error may quote it: short, and encodable whatever the client sent."""
    short = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
    return short.encode("utf-8", "backslashreplace").decode("utf-8")


def clean_text(value: Json, place: Place) -> str:
    """`value` in NFC, as stored texts and ids are.

    Raises:
        Invalid: not a string, or not one that a database can compare.
    """
    if not isinstance(value, str):
        raise place.refuse(f"must be a string, not {type_name(value)}")
    return unicodedata.normalize("NFC", _comparable(value, place))


def _comparable(text: str, place: Place) -> str:
    if "\0" in text:
        raise place.refuse("must not contain NUL")
    if _SURROGATE.search(text):
        raise place.refuse("must not contain lone surrogates")
    return text


def clean_list(value: Json, place: Place) -> list[Json]:
    """`value` as a list, counted against the budget.

    Raises:
        Invalid: not a list, or too many values.
    """
    if not isinstance(value, list):
        raise place.refuse(f"must be a list, not {type_name(value)}")
    place.spend_values(len(value))
    return value


def clean_json(value: Json, place: Place) -> Json:
    """`value` as metadata is compared with it: to the letter, because it is stored as it was sent.

    Raises:
        Invalid: too deep or too large, an unclean string, or a number that JSON does not have.
    """
    if isinstance(value, str):
        return _comparable(value, place)
    if isinstance(value, float) and not math.isfinite(value):
        raise place.refuse("must be a finite number")
    if isinstance(value, list):
        items = clean_list(value, place)
        inside = place.deeper()
        return [clean_json(item, inside.item(index)) for index, item in enumerate(items)]
    if isinstance(value, dict):
        place.spend_values(len(value))
        inside = place.deeper()
        return {
            _comparable(key, inside.key(key)): clean_json(item, inside.key(key))
            for key, item in value.items()
        }
    return value


def type_name(value: Json) -> str:
    """The JSON name of a value's type."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case list():
            return "a list"
        case dict():
            return "an object"


def read_literal(text: str, place: Place) -> Json:
    """The object in a query parameter: JSON, or the Python repr that the official SDK sends.

    Raises:
        Invalid: neither of the two; it is never taken for "no filter".
    """
    if len(text) > MAX_LITERAL:
        raise place.refuse(f"longer than {MAX_LITERAL} characters")
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    try:
        # A leading space would be an indentation error.
        literal: object = ast.literal_eval(text.strip())
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        raise place.refuse("must be an object, as JSON") from None
    return _as_json(literal, place)


def _as_json(value: object, place: Place) -> Json:
    """Python has literals that JSON has not: bytes, sets, complex numbers, keys of any type."""
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, list | tuple):
        inside = place.deeper()
        return [_as_json(item, inside) for item in cast("Sequence[object]", value)]
    if isinstance(value, dict):
        inside = place.deeper()
        items = cast("dict[object, object]", value).items()
        return {str(key): _as_json(item, inside.key(str(key))) for key, item in items}
    raise place.refuse("must be an object, as JSON")
