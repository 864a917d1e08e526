"""Hypothesis strategies: memories and filters drawn from the same few values, so that they meet."""

from datetime import UTC, datetime, timedelta
from typing import cast, get_args

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

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
)
from openmemory_api.domain.memory import EntityIds, Json, Lifecycle, Memory, Metadata, State

KEYWORDS: tuple[KeywordField, ...] = get_args(KeywordField)
LISTS: tuple[ListField, ...] = get_args(ListField)
TIMES: tuple[TimeField, ...] = get_args(TimeField)

_NAMES = ("anna", "Anna", "bob", "straße", "STRASSE", "é", "e\u0301", "", "%", "_", "a_b", "'")
_TEXTS = ("Anna likes Berlin", "anna", "Die STRASSE", "straße 5%", "a_b", "l'été", "İzmir", "东京")
_METADATA_KEYS: tuple[str, ...] = ("kind", "Anna", "a.b", "")
_START = datetime(2025, 1, 30, 23, 59, 59, 999_999, tzinfo=UTC)
_MOMENTS = tuple(
    _START + step
    for step in (
        timedelta(days=-20_500),
        timedelta(0),
        timedelta(microseconds=1),
        timedelta(seconds=1),
        timedelta(days=400),
    )
)
_DAYS = ("2025-01-30", "2025-01-31", "2026-03-01")


def plain_memory(memory_id: str, text: str = "likes tea") -> Memory:
    """An active memory with nothing else to it; `dataclasses.replace` gives it the rest."""
    return Memory(
        id=memory_id,
        number=None,
        project_id="p",
        entities=EntityIds(user_id="anna"),
        app=None,
        text=text,
        metadata=None,
        categories=None,
        tags=(),
        state=State.ACTIVE,
        lifecycle=Lifecycle.ACTIVE,
        created_at=_START,
        updated_at=_START,
        expiration_date=None,
    )


def names() -> SearchStrategy[str]:
    """Short strings that differ in case, accents and characters special to SQL."""
    return st.sampled_from(_NAMES)


def moments() -> SearchStrategy[datetime]:
    """Aware UTC times, some a microsecond apart, one before the epoch."""
    return st.sampled_from(_MOMENTS)


def json_values() -> SearchStrategy[Json]:
    """JSON values that are easily confused: `1`, `1.0`, `true`, `"1"`; and nested ones."""
    plain = st.sampled_from([None, True, False, 0, 1, 1.0, 1.5, -0.0, "1", "true", *_NAMES])
    nested = st.one_of(
        st.lists(plain, max_size=2), st.dictionaries(st.sampled_from(["a", "b"]), plain, max_size=2)
    )
    return cast("SearchStrategy[Json]", st.one_of(plain, nested))


def metadata() -> SearchStrategy[Metadata | None]:
    """Null, empty, or a few keys."""
    keys = st.sampled_from(_METADATA_KEYS)
    return st.none() | st.dictionaries(keys, json_values(), max_size=3)


def memories() -> SearchStrategy[Memory]:
    """Memories of every shape a filter can tell apart; ids are distinct."""
    label = st.none() | names()
    labels = st.lists(names(), max_size=2).map(tuple)
    return st.builds(
        Memory,
        id=st.uuids().map(str),
        number=st.none(),
        project_id=names(),
        entities=st.builds(EntityIds, user_id=label, agent_id=label, app_id=label, run_id=label),
        app=label,
        text=st.sampled_from(_TEXTS),
        metadata=metadata(),
        categories=st.none() | labels,
        tags=labels,
        state=st.sampled_from(State),
        lifecycle=st.sampled_from(Lifecycle),
        created_at=moments(),
        updated_at=moments(),
        expiration_date=st.none() | st.sampled_from(_DAYS),
        event_time=st.none() | moments(),
    )


def leaves() -> SearchStrategy[Filter]:
    """Filters without parts."""
    metadata_keys = st.builds(MetadataKey, st.sampled_from(_METADATA_KEYS))
    values = names() | st.sampled_from([*State, *Lifecycle, *_DAYS, "unknown"]).map(str)
    needles = names() | st.sampled_from(["ANNA", "str", "n", "s"])
    return st.one_of(
        st.builds(
            In,
            st.sampled_from([*KEYWORDS, *LISTS]),
            st.lists(values, max_size=3).map(tuple),
        ),
        st.builds(MetadataIs, st.sampled_from(_METADATA_KEYS), json_values()),
        st.builds(
            Contains,
            st.sampled_from(["text", *LISTS]) | metadata_keys,
            needles,
            ignore_case=st.booleans(),
        ),
        _ranges(st.sampled_from(TIMES), moments()),
        _ranges(st.just("expiration_date"), st.sampled_from(_DAYS)),
        st.builds(Present, st.sampled_from([*KEYWORDS, *LISTS, *TIMES]) | metadata_keys),
    )


def filters() -> SearchStrategy[Filter]:
    """Filters of every kind, nested, with empty conjunctions and disjunctions."""
    return st.recursive(leaves(), _combined, max_leaves=6)


def _combined(parts: SearchStrategy[Filter]) -> SearchStrategy[Filter]:
    several = st.lists(parts, max_size=3).map(tuple)
    return st.builds(And, several) | st.builds(Or, several) | st.builds(Not, parts)


def _ranges(
    fields: SearchStrategy[TimeField] | SearchStrategy[str],
    bounds: SearchStrategy[datetime] | SearchStrategy[str],
) -> SearchStrategy[Filter]:
    bound = st.none() | bounds
    return st.builds(Range, fields, gt=bound, gte=bound, lt=bound, lte=bound)
