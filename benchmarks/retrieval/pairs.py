"""Facts in five languages among others of their language, asked in that language and in English.

A file's first line names the two people of its everyday memories; every other one is a fact, a
question about it, and the same question in English.
"""

from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Final

from benchmarks.retrieval.fillers import sentences
from benchmarks.retrieval.records import Conversation, DataSet, Question, Session, Turn

USER: Final = "polyglot"
_DISTRACTORS: Final = 80


def read_pairs(folder: Path, fillers: Path) -> DataSet:
    """All facts as one user's memory; English questions are told apart from the total."""
    sessions: list[Session] = []
    questions: list[Question] = []
    for path in sorted(folder.glob("*.txt")):
        language = path.stem
        head, *lines = path.read_text("utf-8").splitlines()
        names = head.removeprefix("names: ").split(", ")
        rows = [line.split(" | ") for line in lines]
        facts = [Turn(f"{language}{at}", row[0]) for at, row in enumerate(rows, 1)]
        sessions.append(Session(language, None, [*facts, *_distractors(fillers, language, names)]))
        questions += _questions(language, rows)
    return DataSet([Conversation(USER, sessions)], questions)


def _distractors(fillers: Path, language: str, names: list[str]) -> Iterator[Turn]:
    rng = Random(f"polyglot {language}")
    made = sentences(fillers / f"{language}.txt", rng, names, _DISTRACTORS)
    for number, (text, _) in enumerate(made, 1):
        yield Turn(f"{language}f{number}", text)


def _questions(language: str, rows: list[list[str]]) -> Iterator[Question]:
    for number, (_, own, english) in enumerate(rows, 1):
        fact = f"{language}{number}"
        evidence = frozenset({fact})
        yield Question(fact, USER, own, evidence, {"language": language})
        # A figure of its own: it asks for more than to find what one's own words say.
        labels = {"English to": language, "asked in": "English"}
        yield Question(f"{fact}en", USER, english, evidence, labels, apart=True)
