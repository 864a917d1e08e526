"""Texts before they are stored."""

import unicodedata
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openmemory_api.domain.errors import Invalid
from openmemory_api.domain.memory import EntityIds
from openmemory_api.domain.text import clean, estimated_tokens, fingerprint, repeat_form

ANNA = EntityIds(user_id="anna")
TODAY = date(2026, 3, 1)


@pytest.mark.parametrize(
    "invisible",
    ["\x00", "\x07", "\x1b", "\x7f", "\x85", "\u200b", "\u2060", "\ufeff", "\u202e", "\u2066",
     "\U000e0041"],
)  # fmt: skip
def test_invisible_characters_are_removed_and_counted(invisible: str):
    assert clean(f"a{invisible}b{invisible}c") == ("abc", 2)


@pytest.mark.parametrize("kept", ["\t", "\n", "\u200d", "\u200c", "\u200e", "\u200f"])
def test_what_languages_and_emoji_need_stays(kept: str):
    assert clean(f"a{kept}b") == (f"a{kept}b", 0)


def test_line_ends_become_newlines():
    assert clean("a\r\nb\rc\n") == ("a\nb\nc", 0)


def test_a_lone_surrogate_is_refused():
    with pytest.raises(Invalid, match="surrogate"):
        clean("a\ud800")


def test_an_accent_behind_an_invisible_character_is_composed_too():
    assert clean("cafe\u200b\u0301") == ("café", 1)


@settings(derandomize=True, max_examples=300, database=None)
@given(
    st.text(st.sampled_from("ae\u0301\u200b\ufeff\u202e\r\n \tÅA\u030a\u1100\u1161"), max_size=12)
)
def test_cleaning_is_final(text: str):
    cleaned, _ = clean(text)

    assert clean(cleaned) == (cleaned, 0)
    assert unicodedata.is_normalized("NFC", cleaned)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("I like tea", "I like tea."),
        ("I like tea", "  i LIKE\n\ttea !"),
        ("Café", "CAFE\u0301"),
        ("好きです", "好きです。"),
    ],
)
def test_repeats_differ_in_case_space_and_one_final_mark(one: str, other: str):
    assert repeat_form(one) == repeat_form(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("I like tea", "I like teas"),
        ("I like tea", "I like tea.."),
        ("I like tea", "I, like tea"),
        ("?", "!"),
        ("resume", "résumé"),
    ],
)
def test_anything_looser_is_not_a_repeat(one: str, other: str):
    assert repeat_form(one) != repeat_form(other)


def test_a_fingerprint_holds_text_ids_metadata_and_day():
    same = fingerprint("Tea", ANNA, {"a": 1}, TODAY)

    assert fingerprint("tea.", ANNA, {"a": 1.0}, TODAY) == same
    assert fingerprint("tea", ANNA, {"a": True}, TODAY) != same
    assert fingerprint("tea", ANNA, None, TODAY) != same
    assert fingerprint("tea", EntityIds(user_id="anna", run_id="r"), {"a": 1}, TODAY) != same
    assert fingerprint("tea", EntityIds(agent_id="anna"), {"a": 1}, TODAY) != same
    assert fingerprint("tea", ANNA, {"a": 1}, date(2026, 3, 2)) != same


def test_no_metadata_is_the_same_as_empty_metadata():
    assert fingerprint("tea", ANNA, None, TODAY) == fingerprint("tea", ANNA, {}, TODAY)


@pytest.mark.parametrize(
    ("text", "tokens"), [("", 1), ("abcd", 2), ("a" * 400, 101), ("东京", 3), ("café", 2)]
)
def test_tokens_are_estimated_by_letters(text: str, tokens: int) -> None:
    assert estimated_tokens(text) == tokens
