"""The order of an answer: a sum of contributions, each a weight times a signal.

Every weight is a constant and no signal is divided by the spread of the candidates, so that what a
contribution is does not depend on how many others there are (docs/decisions/0015-signals.md).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol, get_args

import numpy as np

from openmemory_api.domain.memory import Signal, SignalName, Utterance
from openmemory_api.domain.protocols import Candidate, Reading
from openmemory_api.services.evidence import Values, meaning_of, scores_of
from openmemory_api.services.signals import (
    beside,
    by_named_actor,
    lengths,
    of_run,
    questions,
    saying_when,
)

NAMES: Final[tuple[SignalName, ...]] = get_args(SignalName)

WEIGHTS: Final[Mapping[SignalName, float]] = {
    # What a perfect match of meaning contributes.
    "semantic": 0.5,
    # Two rare words found weigh about as much as the best meaning can.
    "bm25": 0.1,
    # Words in the place of a meaning that is not known.
    "stand_in": 0.5,
    # A message is understood from the one before more often than from the one after.
    "before": 0.3,
    "after": 0.1,
    "run": 0.4,
    "actor": 0.25,
    "length": 0.15,
    "question": -0.1,
    "time": 0.15,
    # Whoever asks for a reranker wants its word: the rest decides only where it hardly tells two
    # apart. Never below 0, so that what was reranked stays above what was not.
    "rerank": 100,
}
_IN_CONTRACT: Final[Mapping[SignalName, str]] = {
    "semantic": "semantic",
    "bm25": "bm25",
    "stand_in": "bm25",
    "before": "context",
    "after": "context",
    "run": "context",
    "actor": "entity",
    "length": "form",
    "question": "form",
    "time": "time",
    "rerank": "rerank",
}
_UNKNOWN: Final = Utterance("")
_DECIMALS: Final = 6
_MOST_LOG_ODDS: Final = 15.0
"""Surer than three in ten million no model is."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """A candidate's place in an answer."""

    id: str
    score: float
    """Absolute evidence, 0..1."""
    raw: tuple[float | None, ...]
    """The value of each signal, in the order of `NAMES`; None for a meaning not known."""

    @property
    def signals(self) -> list[Signal]:
        """Those that say something, the two legs always."""
        return [
            Signal(name, raw, WEIGHTS[name], round(WEIGHTS[name] * (raw or 0.0), _DECIMALS))
            for name, raw in zip(NAMES, self.raw, strict=True)
            if raw or name in ("semantic", "bm25")
        ]

    @property
    def total(self) -> float:
        """The sum of the contributions: what the order goes by."""
        return round(sum(signal.contribution for signal in self.signals), _DECIMALS)

    @property
    def breakdown(self) -> dict[str, float]:
        """What each kind of evidence contributed, by the contract's names, and ours after them."""
        kinds: dict[str, float] = {"semantic": 0.0, "bm25": 0.0, "entity": 0.0}
        for signal in self.signals:
            kind = _IN_CONTRACT[signal.name]
            kinds[kind] = round(kinds.get(kind, 0.0) + signal.contribution, _DECIMALS)
        return kinds


class Ranker(Protocol):
    """Orders candidates, best first."""

    def __call__(
        self,
        query: str,
        candidates: Sequence[Candidate],
        said: Mapping[str, Utterance],
        reading: Reading,
    ) -> list[Ranked]:
        """Every candidate, scored."""
        ...


def rank(
    query: str,
    candidates: Sequence[Candidate],
    said: Mapping[str, Utterance],
    reading: Reading,
) -> list[Ranked]:
    """The built-in `Ranker`. A candidate of which nothing is `said` has words and meaning alone."""
    if not candidates:
        return []
    told = [said.get(each.id, _UNKNOWN) for each in candidates]
    raw = _signals(query, candidates, told, reading)
    weights = np.array([WEIGHTS[name] for name in NAMES])
    totals = (raw * weights).round(_DECIMALS).sum(axis=1).round(_DECIMALS)
    scores = scores_of(query, candidates, reading).round(_DECIMALS)
    values: list[list[float | None]] = raw.tolist()
    for candidate, row in zip(candidates, values, strict=True):
        if candidate.dense is None:
            row[NAMES.index("semantic")] = None
    ranked = [
        Ranked(candidate.id, score, tuple(row))
        for candidate, score, row in zip(candidates, scores.tolist(), values, strict=True)
    ]
    placed = sorted(zip(totals.tolist(), ranked, told, strict=True), key=_place)
    return [each for _, each, _ in placed]


def reranked(ranked: Sequence[Ranked], relevances: Sequence[float]) -> list[Ranked]:
    """Hits in the order that a reranker gives them, its relevance among their contributions."""
    told = [
        replace(each, raw=(*each.raw[:-1], _surety(relevance)))
        for each, relevance in zip(ranked, relevances, strict=True)
    ]
    # Stable: what is equal stays in the order that it came in.
    return sorted(told, key=lambda each: -each.total)


def _surety(relevance: float) -> float:
    """Where a probability stands on the scale of log-odds, 0..1.

    Models differ most in how near to 0 and to 1 they go; there, too, a step is a step.
    """
    least = 1 / (1 + math.exp(_MOST_LOG_ODDS))
    bounded = min(max(relevance, least), 1 - least)
    log_odds = math.log(bounded / (1 - bounded))
    return round((log_odds / _MOST_LOG_ODDS + 1) / 2, _DECIMALS)


def _place(one: tuple[float, Ranked, Utterance]) -> tuple[float, float, int, str]:
    """Of equals the newest first; ids are random, and settle only what has no number."""
    total, ranked, utterance = one
    return -total, -ranked.score, -(utterance.number or 0), ranked.id


def _signals(
    query: str, candidates: Sequence[Candidate], said: Sequence[Utterance], reading: Reading
) -> Values:
    """The value of every signal, shape (candidates, signals)."""
    meaning, stand_in = meaning_of(query, candidates, reading)
    words = np.array([each.specific for each in candidates])
    own = WEIGHTS["semantic"] * meaning + WEIGHTS["bm25"] * words + WEIGHTS["stand_in"] * stand_in
    columns: dict[SignalName, Values] = {
        "semantic": meaning,
        "bm25": words,
        "stand_in": stand_in,
        "before": beside(own, said, -1),
        "after": beside(own, said, +1),
        "run": of_run(own, said),
        "actor": by_named_actor(query, said),
        "length": lengths(said),
        "question": questions(said),
        "time": saying_when(query, said),
        "rerank": np.zeros(len(said)),
    }
    return np.column_stack([columns[name] for name in NAMES]).round(_DECIMALS)
