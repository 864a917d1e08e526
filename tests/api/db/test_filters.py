"""The compilers to SQL, held to `matches` where databases differ most: JSON, letters, NUL."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openmemory_api.domain.filters import (
    Contains,
    Filter,
    In,
    MetadataIs,
    MetadataKey,
    Not,
    Present,
    fold,
    matches,
)
from openmemory_api.domain.memory import Memory
from tests.api.stores import a_memory
from tests.api.test_access_property import Rig, rig
from tests.strategies import filters, memories

__all__ = ["rig"]

EXAMPLES = settings(
    max_examples=60,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
NUMBERS: list[Any] = [
    0, -0.0, 1, 1.0, 1.5, 0.1, 1e-7, 5e-324, -1.5e-300, 2**53, 2**53 + 1, 2**63 - 1, 2**63, -(2**63),
    2**64, 2**64 + 1, 1e19, 1e22, 1e23, 1e308, 1.7976931348623157e308, 10**400,
]  # fmt: skip
NESTED: list[Any] = [
    [], {}, [[]], [{}], {"a": []}, [1, 2.0], [1.0, 2], [True], [1], ["1"], [None], {"a": 1, "b": 2},
    {"b": 2, "a": 1.0}, {"a": {"b": [1, {"c": None}]}}, {"": ""}, "", "null", "[]", "é", "e\u0301",
    'a"b\\c', "\\u0000", "a\nb", True, False, None,
]  # fmt: skip
UNHEARD_OF: list[Any] = [
    "a\0b", "\0", ["a\0"], {"\0": 1}, {"a": {"b": "\0"}}, "\ud800",
    float("nan"), float("inf"), [float("-inf")],
]  # fmt: skip


def agree(rig: Rig, stored: Sequence[Memory], asked: Sequence[Filter]) -> None:
    asked = [*asked, *map(Not, asked)]
    rig.portal.call(rig.fill, stored)
    found = rig.portal.call(rig.in_sql, asked)
    for each, ids in zip(asked, found, strict=True):
        assert ids == {memory.id for memory in stored if matches(each, memory)}, each


@EXAMPLES
@given(
    stored=st.lists(memories(), max_size=8, unique_by=lambda memory: memory.id),
    asked=st.lists(filters(), min_size=3, max_size=6),
)
def test_sql_means_what_the_language_means(rig: Rig, stored: list[Memory], asked: list[Filter]):
    agree(rig, [replace(memory, project_id="default") for memory in stored], asked)


@pytest.mark.parametrize("values", [NUMBERS, NESTED], ids=["numbers", "nested"])
def test_json_equals_only_its_equals(rig: Rig, values: list[Any]):
    stored = [a_memory(n, metadata={"k": value}) for n, value in enumerate(values, 1)]
    if rig.database.shared:
        agree(rig, stored, [MetadataIs("k", value) for value in [*values, *UNHEARD_OF]])
    else:
        agree(rig, stored, [MetadataIs("k", value) for value in values])


def test_what_cannot_be_stored_is_found_nowhere_and_refused_nowhere(rig: Rig):
    stored = [
        a_memory(1, text="ab", tags=("a",), categories=("b",), metadata={"k": ["a"], "s": "ab"})
    ]
    asked = [
        In("user_id", ("a\0", "anna")),
        In("user_id", ("\0",)),
        In("tags", ("a\0", "a")),
        Contains("text", "a\0"),
        Contains("text", "\0", ignore_case=False),
        Contains("tags", "a\0"),
        Contains(MetadataKey("k"), "a\0"),
        Contains(MetadataKey("s"), "\0"),
        Contains(MetadataKey("s\0"), "a"),
        MetadataIs("k\0", "a"),
        MetadataIs("k", ["a\0"]),
        Present(MetadataKey("k\0")),
    ]
    agree(rig, stored, asked)


LETTERS = "ßẞſﬃİıΣςσǅŉΐᾳᾼµÅÅﬅ ÄÖÜ Ёё Աա ᏣꮳᲐა 𐐀𐐨 𞤀𞤢 e\u0301E\u0301 \u0345 가힣 東京 a\u0323\u0307 a\u0307\u0323"


@EXAMPLES
@given(
    held=st.lists(st.text(st.sampled_from(LETTERS) | st.characters(exclude_categories=["Cs", "Cn"],
                          exclude_characters="\0"), max_size=6), min_size=1, max_size=6),
    needle=st.text(st.sampled_from(LETTERS), max_size=3),
)  # fmt: skip
def test_case_is_folded_as_python_folds_it(rig: Rig, held: list[str], needle: str):
    stored = [
        a_memory(n, text=text, tags=(text,), metadata={"s": text, "l": [text, 1]})
        for n, text in enumerate(held, 1)
    ]
    asked: list[Filter] = []
    for sought in (needle, held[0], held[0].upper(), fold(held[0])):
        fields = ("text", "tags", MetadataKey("s"), MetadataKey("l"))
        asked += [Contains(field, sought) for field in fields]
    agree(rig, stored, asked)
