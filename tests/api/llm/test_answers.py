"""What a model answers is a claim: only what has the right form gets through."""

import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from openmemory_api.domain.extraction import MAX_FACT, MAX_FACTS, Fact
from openmemory_api.llm.answers import Nonsense, read


def answer(*items: Any) -> str:
    return json.dumps({"facts": items})


def item(fact: Any = "likes tea", message: Any = 1, date: Any = None) -> dict[str, Any]:
    return {"fact": fact, "message": message, "date": date}


def test_a_fact_has_its_text_its_message_and_its_day() -> None:
    found = read(answer(item("moved to Porto", 2, "2024-05-12")), messages=3)
    assert found.facts == (Fact("moved to Porto", 1, datetime(2024, 5, 12, tzinfo=UTC)),)
    assert found.dropped == 0


def test_no_facts_is_an_answer() -> None:
    assert read('{"facts": []}', messages=1).facts == ()


@pytest.mark.parametrize(
    "around",
    [
        "{}",
        "```json\n{}\n```",
        "<think>perhaps {{not}} this, or {{'this': 1}}</think> Sure!\n{}",
        '{{"thoughts": "none"}} {}',
        '[{}, "and more"]',
    ],
)
def test_an_answer_is_found_in_what_models_put_around_it(around: str) -> None:
    assert [fact.text for fact in read(around.format(answer(item())), messages=1).facts] == [
        "likes tea"
    ]


@pytest.mark.parametrize("hostile", ["{", '{"a":', '[{"x":['])
def test_an_answer_of_brackets_holds_nobody_up(hostile: str) -> None:
    began = time.process_time()
    with pytest.raises(Nonsense):
        read((hostile * 200_000)[:200_000], messages=1)
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    "text",
    [
        "",
        "OK",
        "null",
        "[]",
        '{"facts": "tea"}',
        '{"fact": []}',
        '{"facts": [{"fact": "likes te',
        '{"facts": [1, null, "tea"]}',
        '{"facts": [{"fact": "  "}]}',
        "{" * 100_000,
        '{"facts": [' + " " * 300_000 + "]}",
    ],
)
def test_anything_else_is_nonsense(text: str) -> None:
    with pytest.raises(Nonsense):
        read(text, messages=1)


@pytest.mark.parametrize("number", [0, 4, -1, 1.0, "1", True, None, 10**30, [1]])
def test_a_message_that_does_not_exist_is_no_message(number: Any) -> None:
    assert read(answer(item(message=number)), messages=3).facts[0].message is None


@pytest.mark.parametrize("number", [7, None, "x"])
def test_of_one_message_every_fact_is_its(number: Any) -> None:
    assert read(answer(item(message=number)), messages=1).facts[0].message == 0


@pytest.mark.parametrize(
    ("day", "read_as"),
    [
        ("2024-02-29", datetime(2024, 2, 29, tzinfo=UTC)),
        (" 2024-02-29T10:00:00Z", datetime(2024, 2, 29, tzinfo=UTC)),
        ("2023-02-29", None),
        ("1899-12-31", None),
        ("2200-01-01", None),
        ("2024-2-9", None),
        ("yesterday", None),
        ("", None),
        (20240229, None),
        (["2024-02-29"], None),
    ],
)
def test_only_a_real_day_is_a_day(day: Any, read_as: datetime | None) -> None:
    assert read(answer(item(date=day)), messages=1).facts[0].when == read_as


def test_facts_are_cleaned_as_texts_are() -> None:
    found = read(answer(item(" likes\u200b te\u202ea\r\n and e\u0301clairs ")), messages=1)
    assert found.facts[0].text == "likes tea\n and éclairs"


@pytest.mark.parametrize("fact", ["", " \u200b ", 7, None, "x" * (MAX_FACT + 1), "\ud800", ["a"]])
def test_what_is_no_fact_is_dropped_and_counted(fact: Any) -> None:
    found = read(answer(item(fact), item()), messages=1)
    assert ([each.text for each in found.facts], found.dropped) == (["likes tea"], 1)


def test_of_too_many_facts_the_first_are_taken() -> None:
    found = read(answer(*(item(f"fact {n}") for n in range(1_000))), messages=1)
    assert len(found.facts) == MAX_FACTS
    assert found.facts[-1].text == f"fact {MAX_FACTS - 1}"
    assert found.dropped == 1_000 - MAX_FACTS
