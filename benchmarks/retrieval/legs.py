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
from benchmarks.retrieval.records import Conversation, DataSet
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
        words = Bm25(_dated(conversation))
        meaning = await _Meaning.of(_spoken(conversation), embedder)
        for question in data.asked(conversation.user):
            by_words = words.scores(question.text)
            by_meaning = await meaning.scores(question.text)
            both = fused(by_words, by_meaning)
            for system, scores in ((BM25, by_words), (DENSE, by_meaning), (RRF60, both)):
                found[system][question.id] = _answer(conversation, scores, top_k)
    return found


def words_alone(data: DataSet, *, top_k: int) -> Mapping[str, Answer]:
    """What BM25 answers to each question: `alone` without what takes long."""
    found: dict[str, Answer] = {}
    for conversation in data.conversations:
        words = Bm25(_dated(conversation))
        for question in data.asked(conversation.user):
            found[question.id] = _answer(conversation, words.scores(question.text), top_k)
    return found


def fused(*legs: _Scores) -> _Scores:
    """The sum of 1 / (60 + rank) over the first hundred that each leg has a score for."""
    total = np.zeros(len(legs[0]))
    for scores in legs:
        order = np.argsort(-scores, kind="stable")[:_POOL]
        for rank, at in enumerate(order, 1):
            total[at] += 1 / (_K + rank) if scores[at] > 0 else 0
    return total


def _spoken(conversation: Conversation) -> list[str]:
    return [spoken(turn.text, turn.speaker) for turn, _ in conversation.turns()]


def _dated(conversation: Conversation) -> list[str]:
    days = [f"({day.day} {day:%B %Y}) " if day else "" for _, day in conversation.turns()]
    return [day + text for day, text in zip(days, _spoken(conversation), strict=True)]


def _answer(conversation: Conversation, scores: _Scores, top_k: int) -> Answer:
    """The best turns; equals in the order they were said in, those without a score left out."""
    units = [turn.counts_as for turn, _ in conversation.turns()]
    best: list[int] = np.argsort(-scores, kind="stable").tolist()
    order = [at for at in best if scores[at] > 0][:top_k]
    top = float(scores[order[0]]) if order else 0.0
    return Answer(list(dict.fromkeys(units[at] for at in order)), top)


class _Meaning:
    """The vectors of one conversation's texts."""

    def __init__(
        self, rows: NDArray[np.float32], starts: Sequence[int], embedder: MiniLMEmbedder
    ) -> None:
        self._rows = rows
        self._starts = starts
        self._embedder = embedder

    @classmethod
    async def of(cls, texts: Sequence[str], embedder: MiniLMEmbedder) -> "_Meaning":
        pieces = await embedder.embed_documents(texts)
        ends = np.cumsum([len(each) for each in pieces]).tolist()
        return cls(np.concatenate(pieces), [0, *ends][:-1], embedder)

    async def scores(self, query: str) -> _Scores:
        """The cosine of each text's best piece, moved above 0."""
        cosines = self._rows @ await self._embedder.embed_query(query)
        return np.maximum.reduceat(cosines, self._starts).astype(np.float64) + 1
