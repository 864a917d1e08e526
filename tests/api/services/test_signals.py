"""What speaks for a memory beside words and meaning: each signal, and what it moves."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from openmemory_api.domain.memory import Utterance
from openmemory_api.domain.protocols import Candidate
from openmemory_api.embeddings.minilm import READING
from openmemory_api.services.ranking import rank
from openmemory_api.services.signals import (
    beside,
    by_named_actor,
    lengths,
    of_run,
    questions,
    saying_when,
)

RUN = ("standup", "anna")
OTHER = ("retro", "anna")


def said(*turns: tuple[str, int | None, str]) -> list[Utterance]:
    """Messages of runs by their numbers."""
    return [Utterance(text, None, None if run == "-" else (run,), at) for run, at, text in turns]


def test_a_neighbour_speaks_for_a_message_and_less_so_the_farther_it_is():
    talk = said(("a", 1, ""), ("a", 2, ""), ("a", 3, ""), ("a", 6, ""))
    evidence = np.array([0.8, 0.0, 0.2, 1.0])
    assert beside(evidence, talk, -1).tolist() == [0.0, 0.8, 0.4, 0.0]
    assert beside(evidence, talk, +1).tolist() == [0.1, 0.2, 0.0, 0.0]


def test_messages_a_second_apart_are_neighbours_whatever_was_stored_between_them():
    start = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
    talk = [
        Utterance("", None, RUN, number, start + timedelta(seconds=second))
        for number, second in ((10, 0), (40, 1), (70, 2), (99, 60))
    ]
    assert beside(np.array([0.8, 0.0, 0.0, 1.0]), talk, -1).tolist() == [0.0, 0.8, 0.4, 0.0]


def test_of_messages_at_one_second_none_is_next_by_time():
    noon = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    talk = [Utterance("", None, RUN, None, noon) for _ in range(3)]
    later = Utterance("", None, RUN, None, noon + timedelta(seconds=1))
    assert not beside(np.ones(4), [*talk, later], -1).any()


def test_of_equals_the_newest_comes_first():
    twins = [Candidate(name, 0.5, 0.5, 1.0) for name in ("a", "b", "c")]
    talk = {name: Utterance("tea", None, None, at) for name, at in (("a", 3), ("b", 9), ("c", 5))}
    assert [each.id for each in rank("tea", twins, talk, READING)] == ["b", "c", "a"]


def test_what_was_stored_next_to_it_in_another_conversation_is_no_neighbour():
    talk = said(("a", 1, ""), ("b", 2, ""), ("-", 3, ""), ("-", 4, ""), ("a", None, ""))
    assert not beside(np.ones(5), talk, -1).any()
    assert not beside(np.ones(5), talk, +1).any()


def test_a_conversation_is_about_what_its_best_messages_are_about():
    talk = said(
        ("a", 1, ""), ("a", 9, ""), ("a", 20, ""), ("a", 30, ""), ("b", 31, ""), ("-", 40, "")
    )
    found = of_run(np.array([0.9, 0.0, 0.6, 0.3, 0.3, 0.3]), talk)
    assert found == pytest.approx([0.6, 0.6, 0.6, 0.6, 0.1, 0.1])


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("What did Anna buy?", [1, 0, 0]),
        ("what did anna's sister buy", [1, 0, 0]),
        ("What did Anna buy for Bo?", [0, 0, 0]),
        ("What did Annabel buy?", [0, 0, 0]),
        ("What was bought?", [0, 0, 0]),
    ],
)
def test_who_is_named_alone_is_asked_about(query: str, expected: list[int]) -> None:
    talk = [Utterance("x", "Anna"), Utterance("x", "Bo"), Utterance("Anna said so")]
    assert by_named_actor(query, talk).tolist() == expected


def test_greetings_and_questions_tell_less_than_statements():
    talk = [
        Utterance(text) for text in ("Hi!", "word " * 40, "Where is it? ", "在哪里？", "There.")
    ]
    assert lengths(talk).tolist() == pytest.approx([1 / 30, 1, 0.1, 1 / 30, 1 / 30])
    assert questions(talk).tolist() == [0, 0, 1, 1, 0]


@pytest.mark.parametrize("query", ["When did she move?", "Wann zog sie um?", "她什么时候搬家？"])
def test_who_asks_when_is_told_of_times(query: str) -> None:
    texts = ("We moved last week.", "It was 2023", "她2021年搬家", "We moved far away.", "Nice!")
    talk = [Utterance(text) for text in texts]
    assert saying_when(query, talk).tolist() == [1, 1, 1, 0, 0]
    assert not saying_when("Where did she move?", talk).any()


def test_an_answer_in_other_words_comes_with_the_question_before_it():
    question, answer, noise = (Candidate(name, 0.1, 0.0, 0.0) for name in ("q", "ans", "noise"))
    question = Candidate("q", 0.7, 0.5, 4.0)
    talk = {
        "q": Utterance("Which instrument does Bo play?", "Anna", RUN, 1),
        "ans": Utterance("The ukulele, since school", "Bo", RUN, 2),
        "noise": Utterance("The garage, since school", "Bo", OTHER, 9),
    }
    found = [
        each.id for each in rank("Which instrument?", [noise, answer, question], talk, READING)
    ]
    assert found == ["q", "ans", "noise"]


def test_every_contribution_is_told_and_is_its_weight_times_its_value():
    talk = {
        "a": Utterance("I moved yesterday", "Anna", RUN, 1),
        "b": Utterance("Why?", "Bo", RUN, 2),
    }
    candidates = [Candidate("a", 0.5, 0.4, 3.0), Candidate("b", None, 0.2, 1.0)]
    for each in rank("When did Anna move?", candidates, talk, READING):
        told = {signal.name: signal for signal in each.signals}
        assert {"semantic", "bm25", "run"} <= set(told)
        assert ("actor" in told) == ("time" in told) == (each.id == "a")
        assert (
            ("before" in told) == ("question" in told) == ("stand_in" in told) == (each.id == "b")
        )
        for signal in each.signals:
            product = (signal.raw or 0.0) * signal.weight
            assert signal.contribution == pytest.approx(product, abs=1e-6)
    unknown = {each.id: each.signals[0].raw for each in rank("tea", candidates, talk, READING)}
    assert unknown["b"] is None
