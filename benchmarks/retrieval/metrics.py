"""What a ranked answer is worth, and how sure a mean of such worths is."""

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

DRAWS: Final = 2_000
"""Resamples behind an interval."""


def recall(found: Sequence[str], wanted: Collection[str], cut: int) -> float:
    """Share of `wanted` among the first `cut` of `found`."""
    return len(set(wanted).intersection(found[:cut])) / len(wanted)


def every(found: Sequence[str], wanted: Collection[str], cut: int) -> float:
    """1 where all of `wanted` are among the first `cut`, else 0."""
    return float(set(wanted) <= set(found[:cut]))


def some(found: Sequence[str], wanted: Collection[str], cut: int) -> float:
    """1 where any of `wanted` is among the first `cut`, else 0."""
    return float(not set(wanted).isdisjoint(found[:cut]))


def ndcg(found: Sequence[str], wanted: Collection[str], cut: int) -> float:
    """Discounted gain of the first `cut` over that of the best order there could be."""
    gain = sum(_discount(place) for place, each in enumerate(found[:cut]) if each in wanted)
    return gain / sum(_discount(place) for place in range(min(len(wanted), cut)))


def reciprocal_rank(found: Sequence[str], wanted: Collection[str]) -> float:
    """One over the place of the first that was wanted; 0 where none was found."""
    return next((1 / place for place, each in enumerate(found, 1) if each in wanted), 0.0)


def _discount(place: int) -> float:
    return 1 / math.log2(place + 2)


NAMES: Final = ("R@5", "R@10", "R@20", "all@5", "any@5", "NDCG@10", "MRR", "hit@1")


def worth(found: Sequence[str], wanted: Collection[str]) -> Values:
    """All figures of one answer, in the order of `NAMES`; `wanted` has at least one."""
    return np.array(
        [
            recall(found, wanted, 5),
            recall(found, wanted, 10),
            recall(found, wanted, 20),
            every(found, wanted, 5),
            some(found, wanted, 5),
            ndcg(found, wanted, 10),
            reciprocal_rank(found, wanted),
            some(found, wanted, 1),
        ]
    )


def interval(values: Values, groups: Sequence[str] | None = None, *, seed: int = 0) -> Values:
    """The 2.5th and 97.5th percentile of each column's mean, by resampling rows.

    Args:
        values: a row per question.
        groups: what each row belongs to; given, whole groups are drawn, as questions about one
            conversation are easy or hard together.
        seed: of the draws.

    Returns:
        Shape (2, columns).
    """
    rng = np.random.default_rng(seed)
    sums, sizes = _summed(values, groups)
    drawn = rng.integers(len(sums), size=(DRAWS, len(sums)))
    counts = np.stack([np.bincount(draw, minlength=len(sums)) for draw in drawn])
    means = (counts @ sums) / (counts @ sizes)[:, None]
    return np.percentile(means, [2.5, 97.5], axis=0)


def _summed(values: Values, groups: Sequence[str] | None) -> tuple[Values, Values]:
    """The rows of each group added up, and how many they are."""
    if groups is None:
        return values, np.ones(len(values))
    names = sorted(set(groups))
    member = np.array([[group == name for group in groups] for name in names], np.float64)
    return member @ values, member.sum(axis=1)


def told_apart(answered: Sequence[float], unanswered: Sequence[float]) -> float:
    """How often the best score of a question that has an answer beats that of one that has none.

    0.5 is chance; equal scores count half (the area under the ROC curve).
    """
    higher = np.array(answered)[:, None] - np.array(unanswered)[None, :]
    return float(((higher > 0) + 0.5 * (higher == 0)).mean())


def means(values: Values) -> Mapping[str, float]:
    """The mean of each column, by its name."""
    return dict(zip(NAMES, values.mean(axis=0).tolist(), strict=True))
