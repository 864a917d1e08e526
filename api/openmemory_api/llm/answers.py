"""What a model answered, read as a claim: only what has the right form gets through."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any, Final, cast

from openmemory_api.domain.errors import Invalid
from openmemory_api.domain.extraction import MAX_FACT, MAX_FACTS, Extraction, Fact
from openmemory_api.domain.text import clean

_FIRST_YEAR: Final = 1900
_LAST_YEAR: Final = 2199
_DAY: Final = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[T ].*)?")
_MAX_ANSWER: Final = 200_000
_MAX_TRIES: Final = 1_000
"""Brackets at which an object is looked for: each costs as much as the answer is long."""


class Nonsense(ValueError):
    """The answer does not have the form that was asked for."""


def read(answer: str, *, messages: int) -> Extraction:
    """The facts of an answer about a passage of so many messages.

    Raises:
        Nonsense: it holds no object with a list `facts`, or a list with nothing usable in it.
    """
    items = _items(answer)
    facts = [fact for fact in (_fact(item, messages) for item in items) if fact][:MAX_FACTS]
    if items and not facts:
        raise Nonsense("none of its facts can be read")
    return Extraction(tuple(facts), dropped=len(items) - len(facts))


def _items(answer: str) -> list[Any]:
    if len(answer) > _MAX_ANSWER:
        raise Nonsense("it is too long")
    for value in _objects(answer):
        facts = value.get("facts")
        if isinstance(facts, list):
            return cast("list[Any]", facts)
    raise Nonsense("it has no list of facts")


def _objects(answer: str) -> Iterator[dict[str, Any]]:
    """The JSON objects in a text: models like to think aloud before, or put a fence around."""
    decoder = json.JSONDecoder()
    position = answer.find("{")
    for _ in range(_MAX_TRIES):
        if position < 0:
            return
        try:
            value, end = decoder.raw_decode(answer, position)
        except (ValueError, RecursionError):
            end = position + 1
        else:
            if isinstance(value, dict):
                yield cast("dict[str, Any]", value)
        position = answer.find("{", end)


def _fact(item: Any, messages: int) -> Fact | None:
    if not isinstance(item, dict):
        return None
    claimed = cast("dict[str, Any]", item)
    text = _text(claimed.get("fact"))
    if text is None:
        return None
    return Fact(text, _position(claimed.get("message"), messages), _moment(claimed.get("date")))


def _text(value: Any) -> str | None:
    if not isinstance(value, str):
        return None
    try:
        cleaned, _ = clean(value)
    except Invalid:
        return None
    return cleaned if 0 < len(cleaned) <= MAX_FACT else None


def _position(number: Any, messages: int) -> int | None:
    if messages == 1:
        return 0
    named = isinstance(number, int) and not isinstance(number, bool) and 1 <= number <= messages
    return number - 1 if named else None


def _moment(day: Any) -> datetime | None:
    found = _DAY.fullmatch(day.strip()) if isinstance(day, str) else None
    if found is None:
        return None
    try:
        parsed = date.fromisoformat(found[1])
    except ValueError:
        return None
    if not _FIRST_YEAR <= parsed.year <= _LAST_YEAR:
        return None
    return datetime(parsed.year, parsed.month, parsed.day, tzinfo=UTC)
