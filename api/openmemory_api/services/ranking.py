"""The order of an answer, and how good each hit is: two questions with two answers.

The order is a sum of contributions, in which a word counts by its rarity among what the caller may
read. The score is absolute: fixed arithmetic on one query and one memory, the same alone and among
a hundred thousand. No row the caller may not read moves either (docs/decisions/0004-ranking.md).
"""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from openmemory_api.domain.protocols import Candidate

SPECIFIC_SCALE = 0.1
"""Two rare words found weigh about as much as the best meaning can."""
SEMANTIC_SCALE = 0.5
"""What a perfect match of meaning contributes to the order."""
SEMANTIC_WEIGHT = 0.75
"""In the score: a perfect match of meaning against a perfect match of words, which is 1."""
COSINE_FLOOR = 0.1
"""Cosine of the usual unrelated pair: it says nothing."""
COSINE_PER_WORD_SHARE = 0.5
"""What words say of meaning where there is no usable vector."""
HALF_SCORE = 0.27
"""The evidence that scores 0.5: an answer in other words than the question keeps 0.3."""
_DECIMALS = 6


@dataclass(frozen=True, slots=True)
class Ranked:
    """A candidate's place in an answer."""

    id: str
    score: float
    """Absolute evidence, 0..1."""
    breakdown: Mapping[str, float]
    """What each kind of evidence contributed to the order, by the contract's names."""


@dataclass(frozen=True, slots=True)
class Signal:
    """One kind of evidence about a candidate, and what it added to its place in the order."""

    name: Literal["semantic", "bm25", "stand_in"]
    raw: float | None
    """Cosine, BM25, or the share of the query's words that stands in for a meaning not known."""
    weight: float
    """What the raw value is multiplied by; a cosine after `COSINE_FLOOR` is taken off."""
    contribution: float


class Ranker(Protocol):
    """Orders candidates, best first. A cross-encoder would be another one."""

    def __call__(self, query: str, candidates: Sequence[Candidate]) -> list[Ranked]:
        """Every candidate, scored."""
        ...


def rank(query: str, candidates: Sequence[Candidate]) -> list[Ranked]:
    """The built-in `Ranker`: words and meaning, added."""
    trust = latin_share(query)
    ranked = [_ranked(candidate, trust) for candidate in candidates]
    return sorted(ranked, key=lambda each: (-sum(each.breakdown.values()), -each.score, each.id))


def signals_of(query: str, candidate: Candidate, breakdown: Mapping[str, float]) -> list[Signal]:
    """What `rank` made a candidate's `breakdown` of; the contributions are its sum."""
    trust = 0.0 if candidate.dense is None else latin_share(query)
    _, share = _meaning(candidate, trust)
    stand_in = round(SEMANTIC_SCALE * share, _DECIMALS)
    words = round(breakdown["bm25"] - stand_in, _DECIMALS)
    semantic = SEMANTIC_SCALE * trust / (1 - COSINE_FLOOR)
    per_share = SEMANTIC_SCALE * (1 - trust) * COSINE_PER_WORD_SHARE
    signals = [
        Signal("semantic", candidate.dense, round(semantic, _DECIMALS), breakdown["semantic"]),
        Signal("bm25", candidate.specific, SPECIFIC_SCALE, words),
    ]
    if stand_in:
        signals.append(Signal("stand_in", candidate.lexical, round(per_share, _DECIMALS), stand_in))
    return signals


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
    meaning, stand_in = _meaning(candidate, trust)
    # Squared: two of two words found say more than twice what one of two does.
    evidence = candidate.lexical**2 + SEMANTIC_WEIGHT * (meaning + stand_in)
    words = SPECIFIC_SCALE * candidate.specific + SEMANTIC_SCALE * stand_in
    breakdown = {
        "semantic": round(SEMANTIC_SCALE * meaning, _DECIMALS),
        "bm25": round(words, _DECIMALS),
        "entity": 0.0,
    }
    return Ranked(candidate.id, round(score_of(evidence), _DECIMALS), breakdown)


def _meaning(candidate: Candidate, trust: float) -> tuple[float, float]:
    """Closeness in meaning, 0..1: as far as the model can tell, and what words say in its place.

    `trust` is how far the English model can read the query. Where it cannot, or there is no vector
    yet, a store would otherwise find the right memories and call them weak.
    """
    if candidate.dense is None:
        trust = 0.0
    cosine = max(0.0, (candidate.dense or 0.0) - COSINE_FLOOR) / (1 - COSINE_FLOOR)
    return trust * cosine, (1 - trust) * COSINE_PER_WORD_SHARE * candidate.lexical
