"""Figures against cases computed by hand."""

import math

import numpy as np
import pytest

from benchmarks.retrieval.asking import Answer
from benchmarks.retrieval.guard import Compared
from benchmarks.retrieval.metrics import (
    NAMES,
    every,
    interval,
    ndcg,
    recall,
    reciprocal_rank,
    some,
    told_apart,
    worth,
)
from benchmarks.retrieval.records import Conversation, DataSet, Question, Session, Turn
from benchmarks.retrieval.report import as_json, groups, table

FOUND = ["x", "a", "y", "b", "z", "c"]


def test_recall_is_the_share_that_was_found_in_time() -> None:
    assert recall(FOUND, {"a", "b", "c", "d"}, 5) == 0.5
    assert recall(FOUND, {"a", "b", "c", "d"}, 6) == 0.75
    assert recall([], {"a"}, 5) == 0
    assert recall(FOUND, {"a"}, 1) == 0


def test_all_and_any_are_of_the_first_few() -> None:
    assert every(FOUND, {"a", "b"}, 4) == 1
    assert every(FOUND, {"a", "c"}, 5) == 0
    assert some(FOUND, {"c", "a"}, 5) == 1
    assert some(FOUND, {"c"}, 5) == 0


def test_ndcg_discounts_by_the_logarithm_of_the_place() -> None:
    gain = 1 / math.log2(3) + 1 / math.log2(5)
    best = 1 + 1 / math.log2(3)
    assert ndcg(FOUND, {"a", "b"}, 10) == pytest.approx(gain / best)
    assert ndcg(["a", "b"], {"a", "b"}, 10) == 1
    assert ndcg(FOUND, {"q"}, 10) == 0
    # Even the best order has ten places.
    assert ndcg([str(n) for n in range(10)], {str(n) for n in range(12)}, 10) == 1


def test_the_reciprocal_rank_is_of_the_first_that_was_wanted() -> None:
    assert reciprocal_rank(FOUND, {"b", "c"}) == 0.25
    assert reciprocal_rank(FOUND, {"q"}) == 0


def test_all_figures_come_in_the_order_of_their_names() -> None:
    figures = dict(zip(NAMES, worth(["a"], {"a", "b"}).tolist(), strict=True))
    assert figures["R@5"] == figures["R@10"] == figures["R@20"] == 0.5
    assert (figures["all@5"], figures["any@5"], figures["MRR"], figures["hit@1"]) == (0, 1, 1, 1)


def test_an_interval_holds_the_mean_and_is_wider_by_groups_that_agree() -> None:
    values = np.array([[0.0], [0.0], [0.0], [1.0], [1.0], [1.0]] * 5)
    low, high = interval(values)[:, 0]
    assert 0.2 < low < 0.5 < high < 0.8
    together = interval(values, ["a", "a", "a", "b", "b", "b"] * 5)[:, 0]
    assert together.tolist() == [0, 1]
    assert interval(np.ones((4, 1)), ["a", "b", "a", "b"]).tolist() == [[1], [1]]


def test_groups_of_different_sizes_weigh_by_their_questions() -> None:
    values = np.array([[1.0], [0.0], [0.0], [0.0]])
    drawn = interval(values, ["a", "b", "b", "b"])[:, 0]
    assert drawn.tolist() == [0, 1]


def test_questions_without_an_answer_are_told_apart_by_their_best_score() -> None:
    assert told_apart([0.9, 0.8], [0.1, 0.2]) == 1
    assert told_apart([0.5], [0.5]) == 0.5
    assert told_apart([0.5, 0.1], [0.3, 0.3]) == 0.5


def small() -> DataSet:
    turns = [Turn("a", "one"), Turn("b", "two")]
    questions = [
        Question("q1", "u", "?", frozenset({"a"}), {"kind": "x"}),
        Question("q2", "u", "?", frozenset({"b"}), {"kind": "y"}, apart=True),
        Question("q3", "u", "?", frozenset(), {"kind": "z"}),
    ]
    return DataSet([Conversation("u", [Session("s", None, turns)])], questions)


def test_the_total_leaves_out_what_is_apart_and_what_has_no_answer() -> None:
    grouped = groups(small().questions)
    assert {name: [each.id for each in asked] for name, asked in grouped.items()} == {
        "all": ["q1"],
        "kind: x": ["q1"],
        "kind: y": ["q2"],
    }


def test_a_report_has_every_group_and_system() -> None:
    answers = {
        "ours": {
            "q1": Answer(["a"], 0.9),
            "q2": Answer(["a", "b"], 0.4),
            "q3": Answer(["b"], 0.1),
        }
    }
    told = as_json(small(), answers, {"data": "small"})
    assert told["figures"]["kind: y"]["systems"]["ours"]["MRR"]["mean"] == 0.5
    assert told["figures"]["all"]["questions"] == 1
    assert told["told_apart"] == {"ours": 1.0}
    assert "| kind: y | 1 | ours | 1.000 |" in table(small(), answers)
    without = DataSet(small().conversations, small().questions[:2])
    assert as_json(without, answers, {})["told_apart"] == {}


def test_a_cell_may_miss_one_question_and_no_more() -> None:
    assert Compared("x", 40, ours=20.0, words=21.0).holds
    assert not Compared("x", 40, ours=19.9, words=21.0).holds
    assert str(Compared("x", 40, 20, 21)) == "x (40): ours 0.500, BM25 alone 0.525"
