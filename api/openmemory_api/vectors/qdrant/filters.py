"""`Filter` as a condition of Qdrant's REST API, exactly: every leaf over what `points` stores."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, TypeAlias, assert_never
from uuid import UUID

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
    fold,
)
from openmemory_api.vectors.qdrant.engine import SPARSE, Condition
from openmemory_api.vectors.qdrant.points import (
    FACTS,
    FOLDED,
    NEVER,
    NULLABLE,
    OWNER,
    PRESENT,
    day_number,
    entry,
    fact,
    metadata_path,
    moment,
    owner,
)

Compiled: TypeAlias = Condition | bool
"""True matches everything and False nothing: neither is ever part of a condition."""


def compiled(wanted: Filter) -> Compiled:
    """The condition that the points of exactly the memories in `wanted` meet."""
    match wanted:
        case And(parts):
            return _all_of(_shortened(list(_flat(parts))))
        case Or(
            (Not(Present("expiration_date")), Range("expiration_date", _, _, None, None) as day)
        ):
            # What does not expire has a day after all others.
            return _ranged("expires", _bounds(day))
        case Or(parts):
            return _any_of(map(compiled, parts))
        case Not(part):
            inner = compiled(part)
            return not inner if isinstance(inner, bool) else {"must_not": [_alone(inner)]}
        case _:
            return _leaf(wanted)


def _leaf(wanted: In | MetadataIs | Contains | Range | Present) -> Compiled:
    match wanted:
        case In("id", values):
            return _ids(values)
        case In(field, values):
            return _facts(field, values)
        case MetadataIs(key, value):
            # A null is as good as absent.
            return value is not None and _facts("metadata", [entry(key, value)])
        case Contains():
            return _contains(wanted)
        case Range():
            return _within(wanted)
        case Present(field):
            return _present(field)
        case _:
            assert_never(wanted)


def all_of(conditions: Iterable[Condition | None]) -> Condition | None:
    """What meets every condition; None is everything."""
    joined = _all_of(True if each is None else each for each in conditions)
    return None if isinstance(joined, bool) else joined


def has_ids(ids: Iterable[str]) -> Condition:
    """The points of these ids."""
    return {"must": [{"has_id": sorted(ids)}]}


def holds_term(number: int) -> Condition:
    """The points whose text holds a term."""
    return {"must": [{"key": SPARSE, "match": {"value": number}}]}


def _flat(parts: Iterable[Filter]) -> Iterator[Filter]:
    for part in parts:
        if isinstance(part, And):
            yield from _flat(part.parts)
        else:
            yield part


def _shortened(parts: list[Filter]) -> Iterator[Compiled]:
    """The parts, those for one state, one project and one user as a single condition."""
    named: dict[str, In] = {}
    for part in parts:
        if isinstance(part, In) and len(part.values) == 1:
            named.setdefault(part.field, part)
    of_owner = [named[field] for field in ("state", "project_id", "user_id") if field in named]
    if len(of_owner) == 3 and all(_storable(part.values[0]) for part in of_owner):
        word = owner(*(part.values[0] for part in of_owner))
        yield {"must": [{"key": OWNER, "match": {"value": word}}]}
        parts = [part for part in parts if part not in of_owner]
    yield from map(compiled, parts)


def _all_of(parts: Iterable[Compiled]) -> Compiled:
    must: list[Any] = []
    must_not: list[Any] = []
    for part in parts:
        if part is False:
            return False
        if part is True:
            continue
        if part.keys() <= {"must", "must_not"}:
            # Flat, for engines choose where to begin by the topmost conditions.
            must += part.get("must", [])
            must_not += part.get("must_not", [])
        else:
            must.append(part)
    if not (must or must_not):
        return True
    return {name: held for name, held in (("must", must), ("must_not", must_not)) if held}


def _any_of(parts: Iterable[Compiled]) -> Compiled:
    should: list[Any] = []
    for part in parts:
        if part is True:
            return True
        if part is not False:
            should.append(_alone(part))
    return {"should": should} if should else False


def _alone(part: Condition) -> Condition:
    """The only condition of a filter that has just one, without the filter around it."""
    if part.keys() == {"must"} and len(part["must"]) == 1:
        return part["must"][0]
    return part


def _ids(values: Sequence[str]) -> Compiled:
    # Ids are compared as text: an engine would take the upper case of one, too.
    known = [value for value in values if _is_id(value)]
    return has_ids(set(known)) if known else False


def _is_id(value: str) -> bool:
    try:
        return str(UUID(value)) == value
    except ValueError:
        return False


def _facts(name: str, values: Sequence[str]) -> Compiled:
    """What any of these facts is true of."""
    known = [fact(name, value) for value in values if _storable(value)]
    if not known:
        return False
    match = {"value": known[0]} if len(known) == 1 else {"any": known}
    return {"must": [{"key": FACTS, "match": match}]}


def _contains(leaf: Contains) -> Compiled:
    if not _storable(leaf.needle):
        return False
    needle = fold(leaf.needle) if leaf.ignore_case else leaf.needle
    suffix = FOLDED if leaf.ignore_case else ""
    match leaf.field:
        case MetadataKey(key):
            item = _facts(f"item{suffix}", [entry(key, needle)])
            return _any_of([_has_part(f"metadata{suffix}.{metadata_path(key)}", needle), item])
        case "text":
            return _has_part(f"text{suffix}", needle)
        case field:
            return _facts(field + suffix, [needle])


def _has_part(key: str, needle: str) -> Condition:
    return {"must": [{"key": key, "match": {"substring": needle}}]}


def _within(leaf: Range) -> Compiled:
    bounds = _bounds(leaf)
    if not bounds:
        return _present(leaf.field)
    if leaf.field != "expiration_date":
        return _ranged(leaf.field, bounds)
    return _ranged("expires", bounds if leaf.lt or leaf.lte else {**bounds, "lt": NEVER})


def _bounds(leaf: Range) -> dict[str, str | int]:
    given = {name: getattr(leaf, name) for name in ("gt", "gte", "lt", "lte")}
    return {name: _bound(value) for name, value in given.items() if value is not None}


def _ranged(key: str, bounds: dict[str, str | int]) -> Compiled:
    return {"must": [{"key": key, "range": bounds}]} if bounds else True


def _bound(value: datetime | str) -> str | int:
    return day_number(value) if isinstance(value, str) else moment(value)


def _present(field: str | MetadataKey) -> Compiled:
    if isinstance(field, MetadataKey):
        return _facts("has", [field.key])
    return field not in NULLABLE or _facts(PRESENT, [field])


def _storable(text: str) -> bool:
    """Whether any store could hold it: a lone surrogate has no UTF-8."""
    return text.isascii() or not any("\ud800" <= char <= "\udfff" for char in text)
