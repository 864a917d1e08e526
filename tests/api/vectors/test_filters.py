"""The columnar filter compiler against the reference meaning of a filter."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from openmemory_api.domain.filters import (
    ALL,
    NOTHING,
    Contains,
    Filter,
    In,
    MetadataIs,
    Not,
    Present,
    Range,
    all_of,
    any_of,
    matches,
)
from openmemory_api.domain.memory import EntityIds, Memory
from openmemory_api.vectors.filters import MemoryTable
from tests.strategies import filters, memories, plain_memory

NOON = datetime(2025, 5, 1, 12, tzinfo=UTC)


def make(name: str, **changes: Any) -> Memory:
    return replace(plain_memory(name), **changes)


def selected(wanted: Filter, *held: Memory, among: list[bool] | None = None) -> list[str]:
    table = MemoryTable()
    for memory in held:
        table.add(memory)
    rows = table.select(wanted, np.array(among or [True] * len(held), np.bool_))
    return [memory.id for memory, chosen in zip(held, rows.tolist(), strict=True) if chosen]


@settings(max_examples=400, deadline=None)
@given(st.lists(memories(), max_size=8), st.lists(filters(), min_size=1, max_size=6), st.data())
def test_a_compiled_filter_selects_exactly_what_the_reference_matches(
    held: list[Memory], wanted: list[Filter], data: st.DataObject
) -> None:
    table = MemoryTable()
    for memory in held:
        table.add(memory)
    sizes = st.lists(st.booleans(), min_size=len(held), max_size=len(held))
    among = np.array(data.draw(sizes), np.bool_)
    for each in wanted:
        expected = [
            possible and matches(each, memory)
            for possible, memory in zip(among.tolist(), held, strict=True)
        ]
        assert table.select(each, among).tolist() == expected


def test_everything_and_nothing_select_all_and_none() -> None:
    assert selected(ALL, make("a"), make("b")) == ["a", "b"]
    assert selected(NOTHING, make("a"), make("b")) == []
    assert selected(Not(NOTHING), make("a"), make("b")) == ["a", "b"]


def test_an_empty_table_has_nothing_to_select() -> None:
    for wanted in (ALL, NOTHING, In("tags", ("x",)), Range("created_at", gt=NOON)):
        assert selected(wanted) == []


def test_a_row_outside_the_given_ones_is_never_selected() -> None:
    assert selected(Not(In("app", ("x",))), make("a"), make("b"), among=[False, True]) == ["b"]


def test_null_does_not_match_and_its_negation_does() -> None:
    held = make("null"), make("set", app="mail")
    assert selected(In("app", ("mail",)), *held) == ["set"]
    assert selected(Not(In("app", ("mail",))), *held) == ["null"]
    assert selected(Present("app"), *held) == ["set"]


def test_undecided_categories_are_absent_and_empty_ones_are_present() -> None:
    held = make("undecided"), make("none", categories=()), make("work", categories=("work",))
    assert selected(Present("categories"), *held) == ["none", "work"]
    assert selected(In("categories", ("work", "home")), *held) == ["work"]


def test_a_time_before_the_epoch_is_a_time() -> None:
    early = make("early", event_time=datetime(1950, 1, 1, tzinfo=UTC))
    assert selected(Range("event_time", lt=NOON), early, make("none")) == ["early"]


def test_parts_that_read_memories_combine_with_columns() -> None:
    parts = (Contains("text", "TEA"), MetadataIs("n", 1), In("user_id", ("anna",)))
    held = (
        make("all", metadata={"n": 1.0}),
        make("text only", metadata={"n": True}, entities=EntityIds()),
        make("none", text="coffee", entities=EntityIds(user_id="bob")),
    )
    assert selected(all_of(*parts), *held) == ["all"]
    assert selected(any_of(*parts), *held) == ["all", "text only"]


def test_metadata_is_compared_as_json_whatever_was_compared_before() -> None:
    held = [make(str(value), metadata={"n": value}) for value in (1, True, 1.0, "1", [1])]
    assert selected(MetadataIs("n", 1), *held) == ["1", "1.0"]
    assert selected(MetadataIs("n", True), *held) == ["True"]
    assert selected(MetadataIs("n", [1.0]), *held) == ["[1]"]


def test_many_rows_outgrow_the_first_capacity_of_a_column() -> None:
    held = [make(f"m{number}", app=f"app{number % 3}") for number in range(500)]
    assert len(selected(In("app", ("app1", "app2")), *held)) == 333
