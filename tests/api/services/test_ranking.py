"""What a score means, from candidates alone."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openmemory_api.domain.protocols import Candidate, Reading
from openmemory_api.embeddings.minilm import READING
from openmemory_api.services.evidence import latin_share
from openmemory_api.services.ranking import Ranked, rank

CANDIDATES = st.builds(
    Candidate,
    id=st.uuids().map(str),
    dense=st.none() | st.floats(-1, 1),
    lexical=st.floats(0, 1),
    specific=st.floats(0, 40),
)
QUERIES = st.sampled_from(["Where does Anna live?", "安娜住在哪里？", "Anna は東京", "", "42"])


def ordered(query: str, candidates: list[Candidate]) -> list[Ranked]:
    """Candidates of no conversation."""
    return rank(query, candidates, {}, READING)


def score(dense: float | None, lexical: float, query: str = "where does anna live") -> float:
    (only,) = ordered(query, [Candidate("a", dense, lexical, 0.0)])
    return only.score


@given(QUERIES, st.lists(CANDIDATES, unique_by=lambda each: each.id, max_size=8))
def test_a_memory_scores_the_same_alone_and_among_others(
    query: str, candidates: list[Candidate]
) -> None:
    together = {each.id: each for each in ordered(query, candidates)}
    for candidate in candidates:
        assert ordered(query, [candidate]) == [together[candidate.id]]


@given(QUERIES, st.lists(CANDIDATES, max_size=8))
def test_every_candidate_is_ranked_by_its_summed_contributions(
    query: str, candidates: list[Candidate]
) -> None:
    ranked = ordered(query, candidates)
    sums = [sum(signal.contribution for signal in each.signals) for each in ranked]
    assert len(ranked) == len(candidates)
    assert sums == sorted(sums, reverse=True)
    assert [each.total for each in ranked] == pytest.approx(sums)
    assert [sum(each.breakdown.values()) for each in ranked] == pytest.approx(sums)
    assert all({"semantic", "bm25", "entity"} <= set(each.breakdown) for each in ranked)
    assert all(0 <= each.score < 1 for each in ranked)


@given(QUERIES, CANDIDATES, st.floats(0, 40))
def test_how_rare_a_word_is_among_the_readable_orders_but_never_scores(
    query: str, candidate: Candidate, specific: float
) -> None:
    (before,) = ordered(query, [candidate])
    (after,) = ordered(query, [replace(candidate, specific=specific)])
    assert after.score == before.score


def test_of_two_words_the_one_that_few_readable_memories_hold_comes_first() -> None:
    common, rare = Candidate("common", 0.3, 0.5, 0.4), Candidate("rare", 0.3, 0.4, 5.0)
    assert [each.id for each in ordered("anna ukulele", [common, rare])] == ["rare", "common"]


@given(st.floats(-1, 1), st.floats(-1, 1), st.floats(0, 1), st.floats(0, 1))
def test_more_evidence_of_either_kind_never_scores_less(
    cosine: float, other_cosine: float, words: float, other_words: float
) -> None:
    low, high = sorted((cosine, other_cosine))
    few, many = sorted((words, other_words))
    assert score(low, few) <= score(high, few) <= score(high, many)


def test_equal_scores_are_ordered_by_id_whatever_order_they_came_in() -> None:
    twins = [Candidate(name, 0.5, 0.5, 1.0) for name in ("b", "c", "a")]
    assert [each.id for each in ordered("tea", twins)] == ["a", "b", "c"]
    assert ordered("tea", twins) == ordered("tea", twins[::-1])


@pytest.mark.parametrize(
    ("dense", "lexical"), [(0.5, 0.25), (0.35, 0.0), (0.3, 0.4), (None, 0.5), (None, 0.77)]
)
def test_a_good_answer_passes_the_threshold_of_the_official_client(
    dense: float | None, lexical: float
) -> None:
    assert score(dense, lexical) >= 0.3


@pytest.mark.parametrize(
    ("dense", "lexical"), [(0.05, 0.0), (0.2, 0.0), (0.1, 0.15), (-0.4, 0.0), (None, 0.1)]
)
def test_an_unrelated_text_stays_under_the_default_threshold(
    dense: float | None, lexical: float
) -> None:
    assert score(dense, lexical) < 0.1


def test_no_evidence_scores_nought() -> None:
    assert score(None, 0.0) == score(0.0, 0.0) == score(-1.0, 0.0) == 0.0


def test_an_english_model_has_no_say_in_a_query_it_cannot_read() -> None:
    worded, guessed = Candidate("worded", 0.1, 0.4, 1.0), Candidate("guessed", 0.6, 0.0, 0.0)
    assert [each.id for each in ordered("安娜住在哪里", [guessed, worded])] == ["worded", "guessed"]
    assert [each.id for each in ordered("anna lives where", [guessed, worded])] == [
        "guessed",
        "worded",
    ]


def test_a_model_of_all_languages_is_believed_whatever_the_script() -> None:
    worded, guessed = Candidate("worded", 0.1, 0.4, 1.0), Candidate("guessed", 0.6, 0.0, 0.0)
    ranked = rank("安娜住在哪里", [worded, guessed], {}, Reading(unrelated=0.1))
    assert [each.id for each in ranked] == ["guessed", "worded"]


def test_models_of_narrow_and_of_wide_cosines_score_an_equal_meaning_alike() -> None:
    (wide,) = rank("tea", [Candidate("a", 0.55, 0.2, 0.0)], {}, Reading(unrelated=0.1, same=1.0))
    (narrow,) = rank("tea", [Candidate("a", 0.85, 0.2, 0.0)], {}, Reading(unrelated=0.8, same=0.9))
    (above,) = rank("tea", [Candidate("a", 1.0, 0.2, 0.0)], {}, Reading(unrelated=0.8, same=0.9))
    (at,) = rank("tea", [Candidate("a", 0.9, 0.2, 0.0)], {}, Reading(unrelated=0.8, same=0.9))
    assert narrow.score == pytest.approx(wide.score)
    assert above.score == pytest.approx(at.score)


def test_a_missing_vector_is_no_evidence_against_a_memory() -> None:
    assert score(None, 0.77) > score(0.1, 0.77)


@pytest.mark.parametrize(
    ("text", "share"),
    [("naïve café", 1.0), ("東京", 0.0), ("ab東京", 0.5), ("42 !", 1.0), ("", 1.0)],
)
def test_the_share_of_latin_letters_ignores_what_is_no_letter(text: str, share: float) -> None:
    assert latin_share(text) == share
