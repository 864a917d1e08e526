"""How texts become terms, in many scripts."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from openmemory_api.domain.text import spoken
from openmemory_api.vectors.terms import (
    document_terms,
    query_terms,
    searchable_text,
    telling_terms,
)
from tests.strategies import plain_memory


def lexical(query: str, text: str) -> float:
    held = document_terms(text)
    return sum(weight * held.get(term, 0.0) for term, weight in query_terms(query).items())


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("painting", "She painted a sunrise"),
        ("Caroline", "Caroline's dog"),
        ("Caroline’s", "caroline"),
        ("cafe", "Café Zürich"),
        ("ZÜRICH", "zurich"),
        ("strasse", "Lange Straße"),
        ("test", "Ｔｅｓｔ"),
        ("fine", "ﬁne"),
        ("2023", "in 2023."),
        ("snake", "snake_case"),
        ("москва", "Москва"),
        ("собаки", "у меня собака"),
        ("мой", "мой дом"),
        ("किताबें", "किताब"),
        ("σκύλοι", "σκύλος"),
        ("елка", "ёлка"),
        ("καφες", "Καφές"),
        ("مدرسة", "مَدْرَسَة"),
        ("नमस्ते", "नमस्ते दुनिया"),
        ("东京", "我住在东京。"),
        ("猫", "黒い猫が好き"),
        ("カメラ", "新しいカメラを買った"),
        ("학교", "학교에서 만났다"),
        ("กาแฟ", "ฉันชอบกาแฟ"),
        ("Python", "我用Python写代码"),
        ("写代码", "我用Python写代码"),
    ],
)
def test_a_query_finds_its_word(query: str, text: str) -> None:
    assert lexical(query, text) > 0.5


@pytest.mark.parametrize(
    ("query", "text"),
    [("Berlin", "Paris"), ("दिन", "दान"), ("东京", "北京"), ("art", "party"), ("202", "2023")],
)
def test_a_query_does_not_find_another_word(query: str, text: str) -> None:
    assert lexical(query, text) == 0


def test_the_weights_of_a_query_sum_to_one_and_rare_words_weigh_more() -> None:
    weights = query_terms("What does Anna think of the ukulele?")
    assert sum(weights.values()) == pytest.approx(1)
    assert set(weights) == {"anna", "think", "ukulel"}
    assert weights["ukulel"] > weights["anna"] > weights["think"]


def test_every_term_of_a_document_lies_between_nought_and_one() -> None:
    strengths = document_terms("tea tea tea coffee the 东京 " * 50)
    assert all(0 < strength < 1 for strength in strengths.values())
    assert strengths["tea"] > strengths["coffe"]


@pytest.mark.parametrize("query", ["the who", "to be or not to be", "it", "don't"])
def test_a_query_of_stop_words_alone_still_finds_them(query: str) -> None:
    assert lexical(query, "The Who sang: to be or not to be, it don't matter") > 0.5


def test_stop_words_beside_other_words_are_ignored() -> None:
    assert query_terms("where is the camera") == query_terms("camera") == {"camera": 1.0}


@pytest.mark.parametrize("text", ["", "  ", "!?…", "😀", "\x00", "'s", "\u0301"])
def test_a_text_without_words_has_no_weight_to_divide(text: str) -> None:
    assert all(0 < weight <= 1 for weight in query_terms(text).values())
    assert all(0 < strength < 1 for strength in document_terms(text).values())


def test_the_same_word_in_a_longer_text_counts_less_but_still_counts() -> None:
    short, page = lexical("zither", "a zither"), lexical("zither", "zither " + "word " * 3_000)
    assert 0.4 < page < short


def test_a_memory_is_searched_with_its_speaker_and_day() -> None:
    memory = replace(
        plain_memory("a", "I moved"), actor="Anna", event_time=datetime(2023, 5, 8, tzinfo=UTC)
    )
    assert searchable_text(memory) == "(8 May 2023) Anna: I moved"
    assert spoken(memory.text, memory.actor) == "Anna: I moved"


def test_a_memory_without_speaker_or_day_is_searched_as_it_stands() -> None:
    memory = plain_memory("a", "I moved")
    assert searchable_text(memory) == spoken(memory.text, memory.actor) == "I moved"


@pytest.mark.parametrize(
    "text",
    [
        "it's a_b c'mon 3.14 x'y'z o''k 'quoted' AT&T e-mail Foo's",
        "a''s 's 1's2 'tis rock'n'roll",
        "Hey Mel! I'm swamped; 10:30 pm?",
    ],
)
def test_plain_english_is_cut_as_it_is_beside_other_letters(text: str) -> None:
    beside = document_terms(f"{text} ü").keys() - document_terms("ü").keys()
    assert document_terms(text).keys() == beside


@pytest.mark.parametrize(
    ("query", "text", "other"),
    [
        ("snake_case", "rename it to snake_case", "a snake in the case"),
        ("v1.2.3", "we run v1.2.3 now", "we run v3.1.2 now"),
        ("/etc/hosts", "it is in /etc/hosts", "the hosts of etc"),
        ("ERR_42", "it ends with ERR_42", "42 times err"),
        ("10.0.0.7", "the printer is at 10.0.0.7", "the printer is at 10.7.0.0"),
        ("@anna@example.org", "write to anna@example.org", "anna is an example of an org"),
        ("größe_in_cm", "die Spalte größe_in_cm", "die Größe in cm"),
    ],
)
def test_an_identifier_is_found_whole_before_its_parts(query: str, text: str, other: str) -> None:
    assert lexical(query, text) > lexical(query, other) > 0


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("case", "snake_case"),
        ("hosts", "/etc/hosts"),
        ("user name", "call getUserName first"),
        ("getUserName", "the user's name"),
        ("2023-05-07", "on 2023-05-07"),
        ("parser", "HttpParser2"),
    ],
)
def test_the_parts_of_an_identifier_are_found(query: str, text: str) -> None:
    assert lexical(query, text) > 0.3


def test_an_identifier_makes_a_text_no_longer():
    assert document_terms("deploy a/b")["deploy"] == document_terms("deploy a b")["deploy"]


@pytest.mark.parametrize(
    ("query", "telling"),
    [
        ("где живёт Анна", "Анна"),
        ("wo wohnt sie", "wohnt"),
        ("أين تسكن مريم", "مريم"),
        ("मीरा कहाँ है", "मीरा"),
        ("她住在哪里的公园", "公园"),
        ("公園はどこですか", "公園"),
    ],
)
def test_words_of_grammar_weigh_little_in_any_script(query: str, telling: str) -> None:
    weights = query_terms(query)
    assert max(weights.values()) == weights[next(iter(query_terms(telling)))]
    assert lexical(query, telling) > 1 / len(weights)


def test_words_of_grammar_tell_little_however_rare_they_are():
    tells = telling_terms("¿Hasta cuándo seguimos con el Faro?")
    assert tells["con"] == tells["el"] == 0.2
    assert tells["faro"] == 1
    pairs = telling_terms("子どもの預け先")
    assert pairs["ども"] == 0.15
    assert pairs["預け"] == 0.5
    assert telling_terms("where is /etc/hosts") == {"etc": 1, "host": 1, "etc/hosts": 1}
