"""The filter language: its ends, and values that are easily confused."""

from datetime import timedelta

import pytest

from openmemory_api.domain.filters import (
    ALL,
    NOTHING,
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
    all_of,
    any_of,
    canonical_json,
    fold,
    matches,
    none_of,
)
from openmemory_api.domain.memory import Json
from tests.api.stores import a_memory
from tests.fakes import START

LEAF = In("app", ("cursor",))


def test_the_two_ends_match_everything_and_nothing():
    assert matches(ALL, a_memory())
    assert not matches(NOTHING, a_memory())
    assert not matches(Not(ALL), a_memory())
    assert matches(Not(NOTHING), a_memory())


def test_joining_keeps_the_ends_recognisable():
    assert all_of() == ALL
    assert any_of() == NOTHING
    assert none_of() == ALL
    assert all_of(ALL, LEAF, ALL) == LEAF
    assert all_of(LEAF, NOTHING) == NOTHING
    assert any_of(NOTHING, LEAF) == LEAF
    assert any_of(LEAF, ALL) == ALL
    assert none_of(ALL, LEAF) == NOTHING
    assert none_of(NOTHING) == ALL
    assert none_of(LEAF) == Not(LEAF)


@pytest.mark.parametrize(
    "nothing",
    [In("app", ()), In("tags", ()), Or(()), And((NOTHING, LEAF)), Not(And(()))],
)
def test_an_empty_list_of_choices_matches_nothing(nothing: Filter):
    assert not matches(nothing, a_memory(app="cursor", tags=("a",)))
    assert matches(Not(nothing), a_memory(app="cursor", tags=("a",)))


def test_a_null_field_does_not_match_and_its_negation_does():
    memory = a_memory()
    for leaf in (
        In("app", ("cursor",)),
        Contains("categories", "a"),
        Range("event_time", lt=START),
        Present("categories"),
        MetadataIs("key", 1),
        Present(MetadataKey("key")),
    ):
        assert not matches(leaf, memory)
        assert matches(Not(leaf), memory)


def test_an_empty_list_is_present_because_it_was_decided():
    assert matches(Present("categories"), a_memory(categories=()))


@pytest.mark.parametrize(
    ("held", "asked", "equal"),
    [
        (1, 1.0, True),
        (1, True, False),
        (0, False, False),
        (1, "1", False),
        (-0.0, 0, True),
        (2**53 + 1, float(2**53), False),
        (2**64, 2**64 + 1, False),
        (10**400, 10**400, True),
        ([1, 2], [1.0, 2], True),
        ([1, 2], [2, 1], False),
        ({"a": 1, "b": [True]}, {"b": [True], "a": 1.0}, True),
        ({"a": 1}, {"a": True}, False),
        ("é", "e\u0301", False),
    ],
)
def test_metadata_is_equal_as_json_is(held: Json, asked: Json, equal: bool):
    assert matches(MetadataIs("k", asked), a_memory(metadata={"k": held})) is equal


def test_a_metadata_null_is_as_good_as_absent():
    memory = a_memory(metadata={"k": None})

    assert not matches(MetadataIs("k", None), memory)
    assert not matches(Present(MetadataKey("k")), memory)


def test_lists_are_compared_by_element_and_texts_by_part():
    memory = a_memory(tags=("workshop",), text="Workshop", metadata={"l": ["Straße"], "s": "ab"})

    assert not matches(Contains("tags", "work"), memory)
    assert matches(Contains("tags", "WORKSHOP"), memory)
    assert matches(Contains("text", "WORK"), memory)
    assert not matches(Contains("text", "WORK", ignore_case=False), memory)
    assert matches(Contains(MetadataKey("l"), "STRASSE"), memory)
    assert matches(Contains(MetadataKey("s"), "b"), memory)
    assert not matches(Contains(MetadataKey("absent"), "b"), memory)


def test_bounds_are_open_or_closed_as_they_say():
    memory = a_memory(created_at=START)
    tick = timedelta(microseconds=1)

    assert matches(Range("created_at", gte=START, lte=START), memory)
    assert not matches(Range("created_at", gt=START), memory)
    assert not matches(Range("created_at", lt=START), memory)
    assert matches(Range("created_at", gt=START - tick, lt=START + tick), memory)


def test_folding_composes_and_ignores_case():
    assert fold("E\u0301") == fold("é")
    assert fold("STRASSE") == fold("straße")


def test_canonical_json_has_one_spelling():
    assert canonical_json({"b": 1.0, "a": [True, None, "é"]}) == '{"a":[true,null,"é"],"b":1}'
