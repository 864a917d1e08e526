"""Whether our ranking is anywhere worse than BM25 alone, by language and by kind of question."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.retrieval.asking import Answer, Wish, asked
from benchmarks.retrieval.legs import words_alone
from benchmarks.retrieval.metrics import recall
from benchmarks.retrieval.reading import OWN, read
from benchmarks.retrieval.records import DataSet, Question
from benchmarks.retrieval.report import abstaining, groups
from benchmarks.retrieval.serving import served

SMALLEST: Final = 40
"""Questions that a cell needs, so that one of them does not decide."""
_CUT: Final = 10
_WISHES: Final = {"no threshold": Wish(_CUT, 0), "contract's threshold": Wish(_CUT)}
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

    It is asked as tools ask, who want the best there is, and as the contract has it over REST,
    whose threshold leaves out what does not look good enough.

    Raises:
        benchmarks.peers.processes.Failed: the server did not start.
    """
    data = part(read(OWN / "everyday.jsonl", "jsonl"))
    words = words_alone(data, top_k=_CUT)
    broken: list[str] = []
    with served({}) as address:
        async with asked(address, data) as store:
            await store.load()
            for name, wish in _WISHES.items():
                ours = await store.answers(wish)
                cells = [(f"{name}, {cell}", cell.holds) for cell in compared(data, ours, words)]
                print(
                    *(f"{'ok   ' if holds else 'WORSE'} {cell}" for cell, holds in cells), sep="\n"
                )
                print(f"{name}, told apart by score: {abstaining_beside(data, ours, words)}")
                broken += [cell for cell, holds in cells if not holds]
    return broken


def part(data: DataSet) -> DataSet:
    """Half of the English stories and all others: no cell that is guarded gets too small."""
    left_out = {"language": "en", "split": "held-out"}
    asked = [each for each in data.questions if not left_out.items() <= each.labels.items()]
    return data.of(asked)


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
