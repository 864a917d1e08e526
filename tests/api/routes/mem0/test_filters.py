"""The filter language: what each form selects, and what is refused."""

import re
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openmemory_api.domain.errors import Invalid
from openmemory_api.domain.filters import matches
from openmemory_api.domain.memory import Json
from openmemory_api.routes.mem0.filters import narrowed, parse_filters
from openmemory_api.routes.mem0.parsing import MAX_LITERAL, Place, read_literal
from tests.api.routes.mem0.samples import NOON, PLAIN, found, of

ROWS = {
    "A": of(user_id="alice"),
    "B": of(user_id="alice", agent_id="bot"),
    "C": of(agent_id="bot"),
    "D": of(user_id="bob", run_id="r1"),
}


def _rows(filters: Json) -> str:
    return "".join(name for name, memory in ROWS.items() if found(filters, memory))


@pytest.mark.parametrize(
    ("filters", "rows"),
    [
        ({"user_id": "alice"}, "AB"),
        ({"user_id": "alice", "agent_id": "bot"}, "B"),
        ({"OR": [{"user_id": "alice"}, {"agent_id": "bot"}]}, "ABC"),
        ({"user_id": "*"}, "ABD"),
        ({"user_id": {"ne": "alice"}}, "CD"),
        ({"AND": [{"user_id": "*"}, {"user_id": {"ne": "alice"}}]}, "D"),
        ({"AND": [{"user_id": "alice"}, {"NOT": {"agent_id": "*"}}]}, "A"),
        ({"OR": [{"agent_id": "bot"}], "AND": [{"user_id": "alice"}]}, "B"),
        ({"user_id": {"in": ["alice", "bob"]}}, "ABD"),
        ({"user_id": "Alice"}, ""),
        ({"user_id": "ali*"}, ""),
        ({"user_id": {"eq": "alice"}}, "AB"),
        ({"user_id": {"ne": "*"}}, "C"),
        ({"user_id": {"in": []}}, ""),
        ({"user_id": {"in": ["*"]}}, "ABD"),
        ({"user_id": {"contains": "ali"}}, ""),
        ({"user_id": {"icontains": "ALI"}}, ""),
        ({"run_id": {"exists": True}}, "D"),
        ({"run_id": {"exists": False}}, "ABC"),
        ({"userId": "alice", "agentId": "bot"}, "B"),
        ({"NOT": [{"user_id": "alice"}, {"agent_id": "bot"}]}, "ACD"),
        ({"NOT": [{"OR": [{"user_id": "alice"}, {"agent_id": "bot"}]}]}, "D"),
        ({"user_id": "alice", "NOT": {"agent_id": "bot"}}, "A"),
    ],
)
def test_a_filter_selects_the_rows_that_the_reference_names(filters: Json, rows: str) -> None:
    assert _rows(filters) == rows


@pytest.mark.parametrize(
    ("condition", "selected"),
    [
        ("2025-05-17", True),
        ("2025-05-16", False),
        ("2025-05-17T12:00:00", True),
        ("2025-05-17T14:00:00+02:00", True),
        ("2025-05-17T12:00:01Z", False),
        (NOON.timestamp(), True),
        ("*", True),
        ({"eq": "2025-05-17"}, True),
        ({"ne": "2025-05-17"}, False),
        ({"ne": "*"}, False),
        ({"in": ["2025-05-16", "2025-05-17"]}, True),
        ({"in": []}, False),
        ({"exists": True}, True),
        ({"gte": "2025-05-17"}, True),
        ({"gt": "2025-05-17"}, False),
        ({"gt": "2025-05-16"}, True),
        ({"lte": "2025-05-17"}, True),
        ({"lt": "2025-05-17"}, False),
        ({"gt": "2025-05-17T12:00:00Z"}, False),
        ({"gte": "2025-05-17T12:00:00Z", "lte": "2025-05-17T12:00:00Z"}, True),
        ({"lt": "2025-05-17T12:00:00Z"}, False),
    ],
)
@pytest.mark.parametrize("field", ["created_at", "updated_at", "timestamp", "createdAt"])
def test_times_are_utc_and_a_bare_day_is_the_whole_day(
    field: str, condition: Json, selected: bool
) -> None:
    assert found({field: condition}) is selected


def test_timestamp_means_when_the_memory_was_created() -> None:
    changed = replace(PLAIN, updated_at=NOON + timedelta(days=3))

    assert found({"timestamp": "2025-05-17"}, changed)
    assert not found({"updated_at": "2025-05-17"}, changed)


@pytest.mark.parametrize(
    ("condition", "selected"),
    [
        ("2030-01-31", True),
        ("2030-02-01", False),
        ("*", True),
        ({"ne": "2030-01-31"}, False),
        ({"in": ["2030-01-31"]}, True),
        ({"gte": "2030-01-31", "lte": "2030-01-31"}, True),
        ({"gt": "2030-01-31"}, False),
        ({"lt": "2030-01-31"}, False),
        ({"lt": "2030-02-01T00:30:00Z"}, True),
        ({"exists": False}, False),
    ],
)
def test_expiry_is_compared_by_day(condition: Json, selected: bool) -> None:
    assert found({"expiration_date": condition}, replace(PLAIN, expiration_date="2030-01-31")) is (
        selected
    )


@pytest.mark.parametrize(
    ("condition", "selected"),
    [
        ("FOOD", True),
        ("foo", False),
        ("*", True),
        (["work", "food"], True),
        ({"in": ["work"]}, False),
        ({"in": ["food"]}, True),
        ({"contains": "Food"}, True),
        ({"icontains": "Food"}, True),
        ({"eq": "food"}, True),
        ({"ne": "food"}, False),
        ({"exists": True}, True),
    ],
)
def test_a_category_is_named_whole_and_in_any_case(condition: Json, selected: bool) -> None:
    assert found({"categories": condition}, replace(PLAIN, categories=("food",))) is selected


@pytest.mark.parametrize(
    ("metadata", "selected"),
    [
        ({"n": 1}, True),
        ({"n": 1.0}, True),
        ({"n": True}, False),
        ({"n": "1"}, False),
        ({"n": 1, "kind": "work"}, True),
        ({"n": 1, "kind": "home"}, False),
        ({"n": "*"}, True),
        ({"missing": "*"}, False),
        ({"missing": {"ne": 1}}, True),
        ({"n": {"ne": 1}}, False),
        ({"n": {"in": [2, 1]}}, True),
        ({"n": {"eq": 1}}, True),
        ({"n": {"exists": True}}, True),
        ({"kind": {"contains": "or"}}, True),
        ({"kind": {"contains": "OR"}}, False),
        ({"kind": {"icontains": "OR"}}, True),
        ({"deep": {"a": [1, None, {"b": "c"}]}}, True),
        ({"deep": {"a": [2]}}, False),
        ({"deep": {"eq": {"a": [1, None, {"b": "c"}]}}}, True),
    ],
)
def test_metadata_is_compared_by_top_level_key(metadata: Json, selected: bool) -> None:
    memory = replace(PLAIN, metadata={"n": 1, "kind": "work", "deep": {"a": [1, None, {"b": "c"}]}})

    assert found({"metadata": metadata}, memory) is selected


def test_a_dotted_path_names_a_metadata_key() -> None:
    memory = replace(PLAIN, metadata={"kind": "work"})

    assert found({"metadata.kind": "work"}, memory)
    assert not found({"metadata.kind": {"ne": "work"}}, memory)


@pytest.mark.parametrize("field", ["text", "keywords", "keywords_search", "keywordsSearch"])
@pytest.mark.parametrize(
    ("condition", "selected"),
    [
        ("STRASSE", True),
        ("coffee", False),
        ({"icontains": "TEA"}, True),
        ({"contains": "TEA"}, False),
        ({"contains": "tea", "icontains": "alice"}, True),
        ("*", True),
    ],
)
def test_words_are_looked_for_in_the_text(field: str, condition: Json, selected: bool) -> None:
    assert found({field: condition}) is selected


@pytest.mark.parametrize(
    ("condition", "selected"),
    [
        ([PLAIN.id], True),
        ({"in": [PLAIN.id.upper()]}, True),
        ({"in": ["nonsense", PLAIN.id]}, True),
        (["nonsense"], False),
        ([], False),
        (PLAIN.id, True),
        ({"ne": PLAIN.id}, False),
    ],
)
def test_memories_are_named_by_uuid_in_any_spelling(condition: Json, selected: bool) -> None:
    assert found({"memory_ids": condition}) is selected


def test_ids_are_compared_in_their_composed_form() -> None:
    assert found({"user_id": "Jose\u0301"}, of(user_id="Jos\u00e9"))


def test_everything_beside_filters_narrows_them() -> None:
    memory = replace(PLAIN, categories=("food",), metadata={"n": 1})
    arguments: dict[str, Any] = {
        "filters": {"user_id": "alice"},
        "ids": {"user_id": "alice", "agent_id": ""},
        "categories": ["work", "food"],
        "keywords": "tea",
        "metadata": {"n": 1},
        "start_date": "2025-05-17",
        "end_date": "2025-05-17",
    }
    others: dict[str, Any] = {
        "filters": {"user_id": "bob"},
        "ids": {"agent_id": "*"},
        "categories": ["work"],
        "keywords": "coffee",
        "metadata": {"n": 2},
        "start_date": "2025-05-18",
        "end_date": "2025-05-16",
    }

    assert matches(narrowed(**arguments), memory)
    for name, value in others.items():
        assert not matches(narrowed(**{**arguments, name: value}), memory), name


def test_nothing_asked_selects_everything() -> None:
    assert matches(narrowed(metadata={}, categories=[], keywords=""), PLAIN)


REFUSED: list[tuple[Json, str]] = [
    ({}, "filters: must not be empty"),
    ([], "filters: must be an object, not a list"),
    (None, "filters: must be an object, not null"),
    ("user_id", "filters: must be an object, not a string"),
    ({"AND": []}, "filters.AND: must not be empty"),
    ({"OR": []}, "filters.OR: must not be empty"),
    ({"NOT": []}, "filters.NOT: must not be empty"),
    ({"AND": {"user_id": "a"}}, "filters.AND: must be a list of filters, not an object"),
    ({"AND": [{}]}, "filters.AND[0]: must not be empty"),
    ({"AND": ["a"]}, "filters.AND[0]: must be an object, not a string"),
    ({"session_id": "a"}, "unknown field 'session_id'; allowed: AND, OR, NOT, user_id,"),
    ({"user_id": None}, "filters.user_id: must be a string, not null"),
    ({"user_id": 7}, "filters.user_id: must be a string, not a number"),
    ({"user_id": True}, "filters.user_id: must be a string, not a boolean"),
    ({"user_id": ["a"]}, "filters.user_id: must be a string, not a list"),
    ({"user_id": {}}, "filters.user_id: must not be empty"),
    ({"user_id": {"nin": ["a"]}}, "unknown operator 'nin'; allowed here: contains, eq,"),
    ({"user_id": {"gt": "a"}}, "unknown operator 'gt'"),
    ({"user_id": {"in": "a"}}, "filters.user_id.in: must be a list, not a string"),
    ({"user_id": {"in": [1]}}, "filters.user_id.in[0]: must be a string, not a number"),
    ({"user_id": {"exists": 1}}, "filters.user_id.exists: must be a boolean, not a number"),
    ({"user_id": "a\0"}, "must not contain NUL"),
    ({"user_id": "\ud800"}, "must not contain lone surrogates"),
    ({"created_at": None}, "filters.created_at: must be an ISO 8601"),
    ({"created_at": True}, "not a boolean"),
    ({"created_at": "yesterday"}, "filters.created_at: must be an ISO 8601"),
    ({"created_at": "2025-02-30"}, "must be an ISO 8601"),
    ({"created_at": {"gte": "0001-01-01T00:00:00+10:00"}}, "must be an ISO 8601"),
    ({"created_at": 1e300}, "must be an ISO 8601"),
    ({"created_at": float("nan")}, "must be an ISO 8601"),
    ({"expiration_date": 5}, "must be a date as YYYY-MM-DD, not a number"),
    ({"expiration_date": "soon"}, "must be a date as YYYY-MM-DD"),
    ({"categories": {"gt": "a"}}, "unknown operator 'gt'"),
    ({"categories": ""}, "must not be an empty string"),
    ({"keywords": {"ne": "a"}}, "unknown operator 'ne'"),
    ({"keywords": ""}, "must not be an empty string"),
    ({"metadata": "a"}, "filters.metadata: must be an object, not a string"),
    ({"metadata": {}}, "filters.metadata: must not be empty"),
    ({"metadata": {"a": None}}, "filters.metadata.a: must not be null"),
    ({"metadata": {"a": {"gt": 1}}}, "unknown operator 'gt'"),
    ({"metadata": {"a": {"contains": 1}}}, "must be a string, not a number"),
    ({"metadata": {"a": {"b": "\ud800"}}}, "must not contain lone surrogates"),
    ({"metadata": {"a": [float("inf")]}}, "must be a finite number"),
    ({"memory_ids": ["m12"]}, "m12 is a short id; filters take the memory's UUID"),
    ({"memory_ids": 3}, "must be a string, not a number"),
    ({"\ud800": 1}, "unknown field"),
]


@pytest.mark.parametrize(("filters", "message"), REFUSED)
def test_what_is_no_filter_is_refused_with_its_place(filters: Json, message: str) -> None:
    with pytest.raises(Invalid, match=re.escape(message)) as refused:
        parse_filters(filters)

    assert str(refused.value).encode()


def test_five_hundred_conditions_are_accepted_and_one_more_is_not() -> None:
    parts: list[Json] = [{"user_id": f"u{number}"} for number in range(499)]

    assert not found({"OR": parts})
    with pytest.raises(Invalid, match="more than 500 conditions"):
        parse_filters({"OR": [*parts, {"user_id": "one"}]})


def test_five_thousand_values_are_accepted_and_one_more_is_not() -> None:
    values: list[Json] = [f"u{number}" for number in range(2_500)]

    assert not found({"user_id": {"in": values}, "agent_id": {"in": values}})
    with pytest.raises(Invalid, match="more than 5000 values"):
        parse_filters({"user_id": {"in": values}, "agent_id": {"in": [*values, "one"]}})


def test_values_that_become_conditions_count_as_such() -> None:
    with pytest.raises(Invalid, match="more than 500 conditions"):
        parse_filters({"metadata": {"n": {"in": list(range(501))}}})


@pytest.mark.parametrize("operator", ["AND", "OR", "NOT"])
def test_twenty_levels_are_accepted_and_one_more_is_not(operator: str) -> None:
    filters: Json = {"user_id": "alice"}
    for _ in range(20):
        filters = {operator: [filters]}

    assert found(filters)
    with pytest.raises(Invalid, match="nested more than 20 levels"):
        parse_filters({operator: [filters]})


def test_a_value_of_any_depth_is_refused_before_it_is_read() -> None:
    filters: Json = "x"
    for _ in range(10_000):
        filters = [filters]

    with pytest.raises(Invalid, match="nested more than 20 levels"):
        parse_filters({"metadata": {"a": filters}})


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": null}', {"a": None}),
        ("{'a': None, 'b': (1, 2), 3: True}", {"a": None, "b": [1, 2], "3": True}),
        (" {'a': 1}", {"a": 1}),
    ],
)
def test_a_query_parameter_is_json_or_a_python_repr(text: str, value: Json) -> None:
    assert read_literal(text, Place("filters")) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "user_id=alice",
        "{'a': open('x')}",
        "{'a': {1, 2}}",
        "{'a': b'x'}",
        "{'a': 1j}",
        "{" * 30_000,
        "-" * 60_000 + "1",
        "[" * 30_000 + "]" * 30_000,
        str([[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]).replace("1", "None"),
        "'" + "x" * MAX_LITERAL + "'",
        "\0",
    ],
)
def test_any_other_query_parameter_is_refused_and_never_ignored(text: str) -> None:
    with pytest.raises(Invalid):
        read_literal(text, Place("filters"))


_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(alphabet=st.characters())
    | st.sampled_from(["*", "alice", "2025-05-17", PLAIN.id, "m1", "\ud800", "a\0b"])
)
_NAMES = (
    "AND OR NOT user_id createdAt timestamp expiration_date text categories metadata metadata.x"
    " memory_ids keywords eq ne in gt gte lt lte contains icontains exists"
)
_KEYS = st.text() | st.sampled_from(_NAMES.split())
_JSON = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_KEYS, inner, max_size=4),
    max_leaves=20,
)


def _only_invalid(value: Json) -> None:
    """Nothing but `Invalid` is raised, with a message that can be sent."""
    with suppress(Invalid):
        found(value)
    with pytest.raises(Invalid) as refused:
        parse_filters({"AND": [{"user_id": "alice"}, value, {"unknown": value}]})
    assert str(refused.value).encode()


@settings(max_examples=300, deadline=None)
@given(_JSON | st.dictionaries(_KEYS, _JSON))
def test_any_json_is_a_filter_or_invalid_and_nothing_else(value: object) -> None:
    _only_invalid(cast("Json", value))


@settings(max_examples=200, deadline=None)
@given(st.text() | _JSON.map(repr))
def test_any_query_parameter_is_read_or_invalid_and_nothing_else(text: str) -> None:
    with suppress(Invalid):
        _only_invalid(read_literal(text, Place("filters")))


def test_the_last_day_of_the_calendar_means_ever() -> None:
    assert _rows({"created_at": {"gte": "2000-01-01", "lte": "9999-12-31"}}) == "ABCD"
