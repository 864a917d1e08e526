"""Whether our ranking is anywhere worse than BM25 alone, by language and by kind of question."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.retrieval.asking import Answer, asked
from benchmarks.retrieval.legs import words_alone
from benchmarks.retrieval.metrics import recall
from benchmarks.retrieval.reading import OWN, read
from benchmarks.retrieval.records import DataSet, Question
from benchmarks.retrieval.report import abstaining, groups
from benchmarks.retrieval.serving import served

SMALLEST: Final = 40
"""Questions that a cell needs, so that one of them does not decide."""
_CUT: Final = 10
_GUARDED: Final = ("kind", "language")


@dataclass(frozen=True, slots=True)
class Compared:
    """One cell: how much both find, in questions."""

    group: str
    questions: int
    ours: float
    words: float

    @property
    def holds(self) -> bool:
        """Whether ours finds as much, but for one question."""
        return self.ours >= self.words - 1

    def __str__(self) -> str:
        ours, words = self.ours / self.questions, self.words / self.questions
        return f"{self.group} ({self.questions}): ours {ours:.3f}, BM25 alone {words:.3f}"


async def check() -> list[str]:
    """Ask our own set of a server; the cells in which it is worse than BM25 alone.

    Raises:
        benchmarks.peers.processes.Failed: the server did not start.
    """
    data = read(OWN / "everyday.jsonl", "jsonl")
    words = words_alone(data, top_k=_CUT)
    with served({}) as address:
        async with asked(address, data, top_k=_CUT) as store:
            await store.load()
            ours = await store.answers()
    cells = compared(data, ours, words)
    print(*(f"{'ok   ' if cell.holds else 'WORSE'} {cell}" for cell in cells), sep="\n")
    print("told apart from questions without an answer:", abstaining_beside(data, ours, words))
    return [str(cell) for cell in cells if not cell.holds]


def compared(
    data: DataSet, ours: Mapping[str, Answer], words: Mapping[str, Answer]
) -> list[Compared]:
    """Every cell of enough questions."""
    return [
        Compared(group, len(questions), _found(questions, ours), _found(questions, words))
        for group, questions in groups(data.questions).items()
        if len(questions) >= SMALLEST and group.split(":")[0] in _GUARDED
    ]


def abstaining_beside(
    data: DataSet, ours: Mapping[str, Answer], words: Mapping[str, Answer]
) -> dict[str, float]:
    """`report.abstaining` of both."""
    told = abstaining(data.questions, {"ours": ours, "BM25 alone": words})
    return {system: round(value, 3) for system, value in told.items()}


def _found(questions: Sequence[Question], answers: Mapping[str, Answer]) -> float:
    return sum(recall(answers[each.id].found, each.evidence, _CUT) for each in questions)
