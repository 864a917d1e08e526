"""The parts that everybody ships, alone and as everybody fuses them, over the same texts.

BM25 is `words.py`'s, over day, speaker and text; the vectors are the store's own embedder's, over
speaker and text, as the store embeds them; RRF60 adds the reciprocal ranks of the first hundred of
both.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.retrieval.asking import Answer
from benchmarks.retrieval.records import Conversation, DataSet, Question
from benchmarks.retrieval.words import Bm25
from openmemory_api.domain.text import spoken
from openmemory_api.embeddings.minilm import MiniLMEmbedder

BM25: Final = "BM25 only"
DENSE: Final = "dense only"
RRF60: Final = "RRF60"

_Scores = NDArray[np.float64]
_POOL: Final = 100
_K: Final = 60


async def alone(data: DataSet, *, top_k: int) -> Mapping[str, Mapping[str, Answer]]:
    """What each leg and their usual fusion answers to each question, by system and question."""
    embedder = MiniLMEmbedder()
    found: dict[str, dict[str, Answer]] = {BM25: {}, DENSE: {}, RRF60: {}}
    for conversation in data.conversations:
        asked = [each for each in data.questions if each.user == conversation.user]
        legs = await _Legs.of(conversation, embedder)
        for question in asked:
            for system, scores in (await legs.scores(question)).items():
                found[system][question.id] = legs.answer(scores, top_k)
    return found


class _Legs:
    """One conversation, ready to be asked."""

    def __init__(self, units: Sequence[str], words: Bm25, meaning: "_Meaning") -> None:
        self._units = units
        self._words = words
        self._meaning = meaning

    @classmethod
    async def of(cls, conversation: Conversation, embedder: MiniLMEmbedder) -> "_Legs":
        turns = list(conversation.turns())
        dated = [f"({day:%-d %B %Y}) " if day else "" for _, day in turns]
        texts = [spoken(turn.text, turn.speaker) for turn, _ in turns]
        words = Bm25([day + text for day, text in zip(dated, texts, strict=True)])
        return cls([turn.counts_as for turn, _ in turns], words, await _Meaning.of(texts, embedder))

    async def scores(self, question: Question) -> dict[str, _Scores]:
        """Of each turn, by system; 0 where a system does not find it."""
        words = self._words.scores(question.text)
        meaning = await self._meaning.scores(question.text)
        return {BM25: words, DENSE: meaning, RRF60: fused(words, meaning)}

    def answer(self, scores: _Scores, top_k: int) -> Answer:
        """The best turns; equals in the order they were said in, those without a score left out."""
        order = [at for at in np.argsort(-scores, kind="stable") if scores[at] > 0][:top_k]
        units = dict.fromkeys(self._units[at] for at in order)
        return Answer(list(units), float(scores[order[0]]) if order else 0.0)


class _Meaning:
    def __init__(self, rows: NDArray[np.float32], ends: Sequence[int], by: MiniLMEmbedder) -> None:
        self._rows = rows
        self._starts = [0, *ends][:-1]
        self._embedder = by

    @classmethod
    async def of(cls, texts: Sequence[str], embedder: MiniLMEmbedder) -> "_Meaning":
        pieces = await embedder.embed_documents(texts)
        ends = np.cumsum([len(each) for each in pieces]).tolist()
        return cls(np.concatenate(pieces), ends, embedder)

    async def scores(self, query: str) -> _Scores:
        """The cosine of each text's best piece, moved above 0."""
        cosines = self._rows @ await self._embedder.embed_query(query)
        return np.maximum.reduceat(cosines, self._starts).astype(np.float64) + 1


def fused(*legs: _Scores) -> _Scores:
    """The sum of 1 / (60 + rank) over the first hundred that each leg has a score for."""
    total = np.zeros(len(legs[0]))
    for scores in legs:
        order = np.argsort(-scores, kind="stable")[:_POOL]
        for rank, at in enumerate(order, 1):
            total[at] += 1 / (_K + rank) if scores[at] > 0 else 0
    return total
