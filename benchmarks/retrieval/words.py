"""BM25 as a textbook has it, over the words of each text: the line that a ranking must not cross.

It is written here, and not taken from the store, so that it stays where it is when the store's own
way with words changes.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, Protocol, cast

import numpy as np
import regex
from numpy.typing import NDArray
from snowballstemmer.english_stemmer import (  # pyright: ignore[reportMissingTypeStubs]
    EnglishStemmer,
)

K1: Final = 0.9
B: Final = 0.4

_UNSPACED: Final = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}ー"
_WORD: Final = regex.compile(rf"[{_UNSPACED}]+|[\p{{L}}\p{{N}}\p{{M}}--[{_UNSPACED}]]+", regex.V1)
_UNSPACED_RUN: Final = regex.compile(rf"[{_UNSPACED}]+", regex.V1)
_FUNCTION_WORDS: Final = """
    a about after all am an and any are as at be because been before being but by can could did do
    does doing don down during each few for from further had has have having he her here hers him
    his how i if in into is it its itself just ll me more most my no nor not now of off on once only
    or other our out over own re s same she should so some such t than that the their them then
    there these they this those through to too under until up ve very was we were what when where
    which while who whom why will with would you your yours
"""
_STOP: Final = frozenset(_FUNCTION_WORDS.split())


class _Stemmer(Protocol):
    def stemWord(self, word: str) -> str:  # noqa: N802
        ...


_stemmer = cast("_Stemmer", EnglishStemmer())


class Bm25:
    """The texts of one user, counted."""

    def __init__(self, texts: Sequence[str]) -> None:
        counted = [Counter(tokens(text)) for text in texts]
        lengths = np.array([max(sum(counts.values()), 1) for counts in counted], np.float64)
        penalty = K1 * (1 - B + B * lengths / lengths.mean())
        self._size = len(texts)
        self._held: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for place, counts in enumerate(counted):
            for term, count in counts.items():
                gain = count * (K1 + 1) / (count + penalty[place])
                self._held[term].append((place, gain))

    def scores(self, query: str) -> NDArray[np.float64]:
        """The score of each text."""
        total = np.zeros(self._size)
        for term in set(tokens(query)):
            held = self._held.get(term, [])
            rarity = math.log1p((self._size - len(held) + 0.5) / (len(held) + 0.5))
            for place, gain in held:
                total[place] += rarity * gain
        return total


def tokens(text: str) -> list[str]:
    """The words that count: English ones by their stems, unspaced scripts in pairs."""
    found: list[str] = []
    for word in _WORD.findall(text.casefold()):
        if _UNSPACED_RUN.fullmatch(word):
            found += [word[at : at + 2] for at in range(max(len(word) - 1, 1))]
        elif word not in _STOP:
            found.append(_stem(word))
    return found


@lru_cache(maxsize=100_000)
def _stem(word: str) -> str:
    return _stemmer.stemWord(word) if word.isascii() else word
