"""How good a hit is: absolute evidence, a function of one query and one memory.

The same alone and among a hundred thousand, so that a threshold can be chosen once
(docs/decisions/0004-ranking.md).
"""

import unicodedata
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from openmemory_api.domain.protocols import Candidate, Reading

Values = NDArray[np.float64]
"""One number per candidate, in the candidates' order."""

SEMANTIC_WEIGHT: Final = 0.75
"""In the score: a perfect match of meaning against a perfect match of words, which is 1."""
COSINE_PER_WORD_SHARE: Final = 0.5
"""What words say of meaning where there is no usable vector."""
HALF_SCORE: Final = 0.27
"""The evidence that scores 0.5: an answer in other words than the question keeps 0.3."""


def meaning_of(
    query: str, candidates: Sequence[Candidate], reading: Reading
) -> tuple[Values, Values]:
    """Closeness in meaning, 0..1: as far as the model can tell, and what words say in its place.

    Where the model cannot read the query, or there is no vector yet, a store would otherwise find
    the right memories and call them weak.
    """
    known = np.array([each.dense is not None for each in candidates], bool)
    cosines = np.array([each.dense or 0.0 for each in candidates])
    trust = max(reading.other_scripts, latin_share(query)) * known
    shares = np.array([each.lexical for each in candidates])
    above = (cosines - reading.unrelated) / (reading.same - reading.unrelated)
    return trust * above.clip(0, 1), (1 - trust) * COSINE_PER_WORD_SHARE * shares


def scores_of(query: str, candidates: Sequence[Candidate], reading: Reading) -> Values:
    """The contract's score: 0 for no evidence, steep where answers begin, 1 out of reach."""
    meaning, stand_in = meaning_of(query, candidates, reading)
    shares = np.array([each.lexical for each in candidates])
    # Squared: two of two words found say more than twice what one of two does.
    evidence = shares**2 + SEMANTIC_WEIGHT * (meaning + stand_in)
    return evidence**2 / (evidence**2 + HALF_SCORE**2)


def latin_share(text: str) -> float:
    """Share of the letters that are Latin, 0..1; 1 when there are no letters."""
    letters = [char for char in text if char.isalpha()]
    if not letters:
        return 1.0
    return sum("LATIN" in unicodedata.name(char, "") for char in letters) / len(letters)
