"""Figures by system and label: as tables to read, as JSON to keep."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.retrieval.asking import Answer
from benchmarks.retrieval.metrics import NAMES, Values, interval, means, told_apart, worth
from benchmarks.retrieval.records import DataSet, Question

Answers = Mapping[str, Mapping[str, Answer]]
"""By system, then by question."""

TOTAL = "all"


@dataclass(frozen=True, slots=True)
class Cell:
    """One system's figures for one group of questions."""

    group: str
    system: str
    users: Sequence[str]
    """Whom each question asks."""
    values: Values
    """A row per question, a column per figure."""

    @property
    def count(self) -> int:
        return len(self.values)

    def json(self) -> dict[str, Any]:
        by_question = interval(self.values)
        by_conversation = interval(self.values, self.users)
        return {
            name: {
                "mean": round(mean, 4),
                "by_question": by_question[:, column].round(4).tolist(),
                "by_conversation": by_conversation[:, column].round(4).tolist(),
            }
            for column, (name, mean) in enumerate(means(self.values).items())
        }


def groups(questions: Sequence[Question]) -> dict[str, list[Question]]:
    """All that have evidence and are not told apart, then each label's own."""
    answerable = [each for each in questions if each.evidence]
    found = {TOTAL: [each for each in answerable if not each.apart]}
    labels = sorted({label for each in answerable for label in each.labels.items()})
    for name, value in labels:
        found[f"{name}: {value}"] = [e for e in answerable if e.labels.get(name) == value]
    return {group: asked for group, asked in found.items() if asked}


def cells(questions: Sequence[Question], answers: Answers) -> Iterator[Cell]:
    """The figures of every system in every group."""
    for group, asked in groups(questions).items():
        for system, found in answers.items():
            rows = [worth(found[each.id].found, each.evidence) for each in asked]
            yield Cell(group, system, [each.user for each in asked], np.array(rows))


def abstaining(questions: Sequence[Question], answers: Answers) -> dict[str, float]:
    """How well each system's best score tells answerable questions from others; {} without both."""
    with_answer = [each.id for each in questions if each.evidence and not each.apart]
    without = [each.id for each in questions if not each.evidence]
    if not with_answer or not without:
        return {}
    return {
        system: told_apart([found[n].top for n in with_answer], [found[n].top for n in without])
        for system, found in answers.items()
    }


def table(data: DataSet, answers: Answers) -> str:
    """Everything, as Markdown; the intervals are those of R@10."""
    lines = [
        f"{data.turns} memories of {len(data.conversations)} users, {len(data.questions)} questions"
        f" ({data.unusable} more were left out: none of the turns they name is there)",
        "",
        f"| questions | n | system | {' | '.join(NAMES)} | R@10 by question | by conversation |",
        "|---" * (len(NAMES) + 5) + "|",
        *(_row(cell) for cell in cells(data.questions, answers)),
    ]
    apart = abstaining(data.questions, answers)
    if apart:
        without = sum(not each.evidence for each in data.questions)
        lines += ["", f"{without} questions without an answer; told apart by the best score:"]
        lines += [f"- {system}: {value:.3f}" for system, value in apart.items()]
    return "\n".join(lines)


def _row(cell: Cell) -> str:
    figures = " | ".join(f"{value:.3f}" for value in means(cell.values).values())
    column = NAMES.index("R@10")
    bounds = (interval(cell.values), interval(cell.values, cell.users))
    spans = " | ".join(f"{low:.3f}-{high:.3f}" for low, high in (b[:, column] for b in bounds))
    return f"| {cell.group} | {cell.count} | {cell.system} | {figures} | {spans} |"


def as_json(data: DataSet, answers: Answers, about: Mapping[str, Any]) -> dict[str, Any]:
    """Everything, with what each question found, so that a miss can be looked at."""
    figures: dict[str, dict[str, Any]] = {}
    for cell in cells(data.questions, answers):
        group = figures.setdefault(cell.group, {"questions": cell.count, "systems": {}})
        group["systems"][cell.system] = cell.json()
    return {
        **about,
        "memories": data.turns,
        "unusable": data.unusable,
        "figures": figures,
        "told_apart": abstaining(data.questions, answers),
        "answers": {
            system: {name: list(answer.found[:20]) for name, answer in found.items()}
            for system, found in answers.items()
        },
    }
