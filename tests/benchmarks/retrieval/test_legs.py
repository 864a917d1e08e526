"""The legs that ours is compared with."""

import numpy as np
import pytest

from benchmarks.retrieval.legs import BM25, DENSE, RRF60, alone, fused, words_alone
from benchmarks.retrieval.records import Conversation, DataSet, Question, Session, Turn, instant
from benchmarks.retrieval.words import Bm25, tokens


def test_words_count_by_their_stems_and_unspaced_scripts_in_pairs() -> None:
    assert tokens("The cats were sleeping") == ["cat", "sleep"]
    assert tokens("東京駅 a 駅") == ["東京", "京駅", "駅"]
    assert tokens("हिंदी में v1.2") == ["हिंदी", "में", "v1", "2"]


def test_bm25_is_what_its_formula_says() -> None:
    scores = Bm25(["red fox", "red red bird", "blue whale sings"]).scores("red?")
    # Two of three texts hold it; the mean length is 8/3 words.
    rarity = np.log1p((3 - 2 + 0.5) / (2 + 0.5))
    once = 1.9 / (1 + 0.9 * (0.6 + 0.4 * 2 / (8 / 3)))
    twice = 2 * 1.9 / (2 + 0.9 * (0.6 + 0.4 * 3 / (8 / 3)))
    assert scores == pytest.approx([rarity * once, rarity * twice, 0])


def test_ranks_are_fused_by_their_reciprocals() -> None:
    total = fused(np.array([3.0, 2.0, 0.0]), np.array([1.0, 2.0, 3.0]))
    assert total == pytest.approx([1 / 61 + 1 / 63, 1 / 62 + 1 / 62, 1 / 61])


async def test_every_leg_answers_by_conversation() -> None:
    turns = [Turn("a", "The kettle is broken", "Ida"), Turn("b", "Nice weather in spring")]
    session = Session("s", instant("2025-05-04"), turns)
    data = DataSet(
        [Conversation("u", [session]), Conversation("v", [session])],
        [
            Question("by words", "u", "kettle?", frozenset({"a"})),
            Question("by meaning", "u", "Is it sunny outside?", frozenset({"b"})),
            Question("by speaker", "v", "Ida", frozenset({"a"})),
            Question("by month", "v", "May", frozenset({"a", "b"})),
        ],
    )
    answers = await alone(data, top_k=5)
    assert answers[BM25]["by words"].found == ["a"]
    assert answers[BM25]["by meaning"].found == []
    assert answers[BM25]["by meaning"].top == 0
    assert answers[DENSE]["by meaning"].found[0] == "b"
    assert set(answers[RRF60]["by words"].found) == {"a", "b"}
    assert answers[BM25]["by speaker"].found == ["a"]
    assert set(answers[BM25]["by month"].found) == {"a", "b"}
    assert words_alone(data, top_k=5) == answers[BM25]
