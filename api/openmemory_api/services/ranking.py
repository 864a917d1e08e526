"""How good an answer each candidate is: fixed arithmetic on one query and one memory at a time.

Nothing here looks at the other candidates, so a memory's score says the same alone and among a
hundred thousand, and no row the caller may not read can move it (docs/decisions/0004-ranking.md).
"""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from openmemory_api.domain.protocols import Candidate

SEMANTIC_WEIGHT = 0.75
"""A perfect match of meaning against a perfect match of words, which is 1."""
COSINE_FLOOR = 0.1
"""Cosine of the usual unrelated pair: it says nothing."""
COSINE_PER_WORD_SHARE = 0.5
"""What words say of meaning where there is no usable vector."""
HALF_SCORE = 0.45
"""The evidence that scores 0.5."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """A candidate's place in an answer."""

    id: str
    score: float
    """Absolute evidence, 0..1, rising with the sum of `breakdown`."""
    breakdown: Mapping[str, float]
    """What each kind of evidence contributed, by the contract's names."""


class Ranker(Protocol):
    """Orders candidates, best first, score never rising. A cross-encoder would be another one."""

    def __call__(self, query: str, candidates: Sequence[Candidate]) -> list[Ranked]:
        """Every candidate, scored."""
        ...


def rank(query: str, candidates: Sequence[Candidate]) -> list[Ranked]:
    """The built-in `Ranker`: words and meaning, added."""
    trust = latin_share(query)
    ranked = [_ranked(candidate, trust) for candidate in candidates]
    return sorted(ranked, key=lambda each: (-each.score, each.id))


def score_of(evidence: float) -> float:
    """The contract's score: 0 for no evidence, steep where answers begin, 1 out of reach."""
    return evidence**2 / (evidence**2 + HALF_SCORE**2)


def latin_share(text: str) -> float:
    """Share of the letters that are Latin, 0..1; 1 when there are no letters."""
    letters = [char for char in text if char.isalpha()]
    if not letters:
        return 1.0
    return sum("LATIN" in unicodedata.name(char, "") for char in letters) / len(letters)


def _ranked(candidate: Candidate, trust: float) -> Ranked:
    breakdown = {**_contributions(candidate, trust), "entity": 0.0}
    score = score_of(sum(breakdown.values()))
    return Ranked(candidate.id, round(score, 6), breakdown)


def _contributions(candidate: Candidate, trust: float) -> dict[str, float]:
    """Evidence of both legs; `trust` is how far the English model can read the query, 0..1.

    Where it cannot, or there is no vector yet, the words stand in for the meaning too. Otherwise
    a store without a model, or in Japanese, would find the right memories and call them weak.
    """
    if candidate.dense is None:
        trust = 0.0
    cosine = max(0.0, (candidate.dense or 0.0) - COSINE_FLOOR) / (1 - COSINE_FLOOR)
    stand_in = COSINE_PER_WORD_SHARE * candidate.lexical
    # Squared: two of two words found say more than twice what one of two does.
    words = candidate.lexical**2 + SEMANTIC_WEIGHT * (1 - trust) * stand_in
    return {
        "semantic": round(SEMANTIC_WEIGHT * trust * cosine, 6),
        "bm25": round(words, 6),
    }
