"""The fields of many memories in columns, and which rows a `Filter` leaves."""

from collections.abc import Hashable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeAlias, assert_never, cast, get_args

import numpy as np
from numpy.typing import NDArray

from openmemory_api.domain.filters import (
    And,
    Contains,
    Filter,
    In,
    KeywordField,
    ListField,
    MetadataIs,
    MetadataKey,
    Not,
    Or,
    Present,
    Range,
    TimeField,
    fold,
    matches,
    value_of,
)
from openmemory_api.domain.memory import Memory

Mask: TypeAlias = NDArray[np.bool_]
Leaf: TypeAlias = In | MetadataIs | Contains | Range | Present

KEYWORD_FIELDS: tuple[str, ...] = get_args(KeywordField)
LIST_FIELDS: tuple[str, ...] = get_args(ListField)
TIME_FIELDS: tuple[str, ...] = get_args(TimeField)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_NO_TIME = np.iinfo(np.int64).min
_SMALLEST_CAPACITY = 64


def grown(array: NDArray[np.generic], length: int) -> NDArray[np.generic]:
    """`array` or a larger copy that has room for `length` rows; doubling makes adds cheap."""
    if length <= len(array):
        return array
    larger = np.zeros((max(length, 2 * len(array)), *array.shape[1:]), array.dtype)
    larger[: len(array)] = array
    return larger


class CodedColumn:
    """One small number per distinct value, and a memory that has it."""

    def __init__(self) -> None:
        self._code_of: dict[Hashable, int] = {}
        self._codes = np.zeros(_SMALLEST_CAPACITY, np.int32)
        self._examples: list[Memory] = []

    def set(self, row: int, value: Hashable, memory: Memory) -> None:
        """Record the value of a row."""
        code = self._code_of.setdefault(value, len(self._examples))
        if code == len(self._examples):
            self._examples.append(memory)
        self._codes = cast("NDArray[np.int32]", grown(self._codes, row + 1))
        self._codes[row] = code

    def any_of(self, values: Sequence[str], length: int) -> Mask:
        """Rows whose value is one of `values`."""
        codes = [self._code_of[value] for value in values if value in self._code_of]
        held = self._codes[:length]
        if len(codes) == 1:
            return held == codes[0]
        return np.isin(held, codes)

    def matching(self, leaf: Leaf, length: int) -> Mask:
        """Rows that `leaf`, which is about this column, matches: decided once per value."""
        verdicts = np.array([matches(leaf, memory) for memory in self._examples], np.bool_)
        if verdicts.all() or not verdicts.any():
            return np.full(length, bool(verdicts.any()))
        return verdicts[self._codes[:length]]

    def holding(self, needles: frozenset[str], field: str, fold_case: bool, length: int) -> Mask:
        """Rows whose list has one of `needles`, which are folded if `fold_case`."""
        prepare = fold if fold_case else str
        lists = (cast("tuple[str, ...] | None", value_of(each, field)) for each in self._examples)
        held = [any(prepare(item) in needles for item in each or ()) for each in lists]
        return np.array(held, np.bool_)[self._codes[:length]]


class TimeColumn:
    """Microseconds since the epoch."""

    def __init__(self) -> None:
        self._times = np.zeros(_SMALLEST_CAPACITY, np.int64)

    def set(self, row: int, value: datetime | None) -> None:
        """Record the value of a row."""
        self._times = cast("NDArray[np.int64]", grown(self._times, row + 1))
        self._times[row] = _NO_TIME if value is None else _microseconds(value)

    def present(self, length: int) -> Mask:
        """Rows that have a time."""
        return self._times[:length] != _NO_TIME

    def within(self, bounds: Range, length: int) -> Mask:
        """Rows that have a time within `bounds`."""
        times = self._times[:length]
        mask = self.present(length)
        if bounds.gt is not None:
            mask &= times > _microseconds(bounds.gt)
        if bounds.gte is not None:
            mask &= times >= _microseconds(bounds.gte)
        if bounds.lt is not None:
            mask &= times < _microseconds(bounds.lt)
        if bounds.lte is not None:
            mask &= times <= _microseconds(bounds.lte)
        return mask


class MemoryTable:
    """Memories by row. Rows are added, never changed: the owner says which still count."""

    def __init__(self) -> None:
        self.memories: list[Memory] = []
        self._coded = {field: CodedColumn() for field in KEYWORD_FIELDS + LIST_FIELDS}
        self._times = {field: TimeColumn() for field in TIME_FIELDS}

    def __len__(self) -> int:
        return len(self.memories)

    def add(self, memory: Memory) -> int:
        """Append a row and return its number."""
        row = len(self.memories)
        for field, coded in self._coded.items():
            coded.set(row, cast("Hashable", value_of(memory, field)), memory)
        for field, times in self._times.items():
            times.set(row, cast("datetime | None", value_of(memory, field)))
        self.memories.append(memory)
        return row

    def select(self, wanted: Filter, among: Mask) -> Mask:
        """The rows of `among` that `wanted` matches, as `domain.filters.matches` has it.

        Rows beyond the length of `among` may be added by another thread meanwhile.
        """
        match wanted:
            case And(parts):
                return self._select_all(parts, among)
            case Or(parts):
                return self._select_any(parts, among)
            case Not(part):
                return among & ~self.select(part, among)
            case _:
                columnar = self._columnar(wanted, len(among))
                return self._one_by_one(wanted, among) if columnar is None else among & columnar

    def _select_all(self, parts: Sequence[Filter], among: Mask) -> Mask:
        left = among
        # Columns first: what reads memories one by one then reads only those still possible.
        for part in sorted(parts, key=reads_memories):
            left = self.select(part, left)
        return left

    def _select_any(self, parts: Sequence[Filter], among: Mask) -> Mask:
        found = np.zeros_like(among)
        needles, others = _needles(parts)
        for (field, fold_case), wanted in needles.items():
            found |= among & self._coded[field].holding(
                frozenset(wanted), field, fold_case, len(among)
            )
        for part in sorted(others, key=reads_memories):
            found |= self.select(part, among & ~found)
        return found

    def _columnar(self, leaf: Leaf, length: int) -> Mask | None:
        """The leaf's first rows from its column alone; None when it has no column."""
        match leaf:
            case MetadataIs() | Contains(field="text"):
                return None
            case Contains(field=field) | Present(field=field) if isinstance(field, MetadataKey):
                return None
            case In(field, values) if field in KEYWORD_FIELDS:
                return self._coded[field].any_of(values, length)
            case Range(field) if field in TIME_FIELDS:
                return self._times[field].within(leaf, length)
            case Present(field) if field in TIME_FIELDS:
                return self._times[cast("TimeField", field)].present(length)
            case In() | Contains() | Range() | Present():
                return self._coded[cast("str", leaf.field)].matching(leaf, length)
            case _:
                assert_never(leaf)

    def _one_by_one(self, leaf: Leaf, among: Mask) -> Mask:
        found = np.zeros_like(among)
        rows = np.flatnonzero(among)
        memories = [self.memories[row] for row in rows.tolist()]
        if isinstance(leaf, MetadataIs):
            found[rows] = _metadata_verdicts(leaf, memories)
        else:
            found[rows] = [matches(leaf, memory) for memory in memories]
        return found


def _needles(
    parts: Sequence[Filter],
) -> tuple[dict[tuple[str, bool], list[str]], list[Filter]]:
    """Whatever is looked for in lists, by list and folding, and the other parts.

    Rules name labels by the hundred: one pass over the lists does for all of them.
    """
    needles: dict[tuple[str, bool], list[str]] = {}
    others: list[Filter] = []
    for part in parts:
        match part:
            case Contains("categories" | "tags" as field, needle, ignore_case):
                prepared = fold(needle) if ignore_case else needle
                needles.setdefault((field, ignore_case), []).append(prepared)
            case _:
                others.append(part)
    return needles, others


def _metadata_verdicts(leaf: MetadataIs, memories: Sequence[Memory]) -> list[bool]:
    """`matches` of each, asked once per distinct plain value: comparing as JSON is slow."""
    known: dict[tuple[type, Hashable], bool] = {}
    verdicts: list[bool] = []
    for memory in memories:
        held = value_of(memory, MetadataKey(leaf.key))
        if not isinstance(held, Hashable):
            verdicts.append(matches(leaf, memory))
            continue
        # With its type, because True and 1 are one dictionary key but two JSON values.
        kind = (type(held), held)
        if kind not in known:
            known[kind] = matches(leaf, memory)
        verdicts.append(known[kind])
    return verdicts


def reads_memories(wanted: Filter) -> bool:
    match wanted:
        case And(parts) | Or(parts):
            return any(map(reads_memories, parts))
        case Not(part):
            return reads_memories(part)
        case MetadataIs():
            return True
        case Contains(field=field) | Present(field=field):
            return field == "text" or isinstance(field, MetadataKey)
        case _:
            return False


def _microseconds(time: datetime | str) -> int:
    return (cast("datetime", time) - _EPOCH) // _MICROSECOND
