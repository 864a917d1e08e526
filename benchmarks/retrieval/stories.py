"""Reads a story: what one user's agents remember, as a person wrote it, and questions about it.

    user: ines
    language: en
    split: dev
    speakers: I=Ines K=Kofi
    fill: 40

    == 2025-02-10 10:00 health
    a1| A fact, as an agent stores it.
    K: Something that was said, and that no question needs.
    a2| I: Something that was said.
    ? multi-hop a1 a2 | A question that these two answer?
    ? no-answer | A question that nothing answers?

Each `==` begins a session and names what it is about. `fill` is how many everyday memories are
strewn between, so that the answers have to be found (`fillers.py`).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, get_args

from benchmarks.retrieval.fillers import strewn
from benchmarks.retrieval.records import Conversation, DataSet, Question, Session, Turn, instant

Kind = Literal[
    "direct",
    "paraphrase",
    "negation",
    "identifier",
    "temporal",
    "multi-hop",
    "near-duplicate",
    "no-answer",
]
KINDS: Final = get_args(Kind)

_LABEL: Final = re.compile(r"(\w+)\| ")
_QUESTION: Final = re.compile(r"\? (?P<kind>\S+)(?P<refs>(?: \w+)*) \| (?P<text>.+)")


@dataclass(frozen=True, slots=True)
class _Head:
    user: str
    language: str
    split: str
    speakers: Mapping[str, str]
    fill: int


def read_stories(folder: Path, fillers: Path) -> DataSet:
    """All stories of a folder, in the order of their names, each with its everyday memories.

    Raises:
        ValueError: a line is none of a story's, or a question names a memory that is not there.
    """
    conversations: list[Conversation] = []
    questions: list[Question] = []
    for path in sorted(folder.glob("*.txt")):
        conversation, asked = _story(path.read_text("utf-8"), fillers)
        conversations.append(conversation)
        questions += asked
    return DataSet(conversations, questions)


def _story(text: str, fillers: Path) -> tuple[Conversation, list[Question]]:
    head_lines, *parts = text.split("\n== ")
    head = _head(head_lines)
    sessions: list[Session] = []
    domains: dict[str, str] = {}
    asked: list[tuple[str, str]] = []
    for number, part in enumerate(parts, 1):
        first, *lines = part.strip().splitlines()
        day, clock, domain = first.split()
        said = [line for line in lines if line and not line.startswith("? ")]
        turns = [_turn(line, f"s{number}t{at}", head.speakers) for at, line in enumerate(said, 1)]
        sessions.append(Session(f"s{number}", instant(f"{day}T{clock}"), turns))
        domains |= {turn.id: domain for turn in turns}
        asked += [(line, domain) for line in lines if line.startswith("? ")]
    names = list(head.speakers.values())
    sessions += strewn(fillers / f"{head.language}.txt", head.user, names, head.fill)
    sessions.sort(key=lambda session: str(session.begins))
    _check_labels(head.user, sessions)
    return Conversation(head.user, sessions), list(_questions(asked, head, domains))


def _head(text: str) -> _Head:
    told = dict(line.split(": ", 1) for line in text.strip().splitlines())
    speakers = dict(each.split("=") for each in told["speakers"].split())
    return _Head(told["user"], told["language"], told["split"], speakers, int(told["fill"]))


def _turn(line: str, otherwise: str, speakers: Mapping[str, str]) -> Turn:
    label = _LABEL.match(line)
    text = line[label.end() :] if label else line
    initial, said, rest = text.partition(": ")
    name = label[1] if label else otherwise
    return Turn(name, rest, speakers[initial]) if said and initial in speakers else Turn(name, text)


def _questions(
    asked: Sequence[tuple[str, str]], head: _Head, domains: Mapping[str, str]
) -> Iterator[Question]:
    for number, (line, domain) in enumerate(asked, 1):
        found = _QUESTION.fullmatch(line)
        if found is None or found["kind"] not in KINDS:
            raise ValueError(f"{head.user}: no question: {line}")
        refs = found["refs"].split()
        if (found["kind"] == "no-answer") == bool(refs) or not domains.keys() >= set(refs):
            raise ValueError(f"{head.user}: not the memories that this kind needs: {line}")
        labels = {
            "kind": found["kind"],
            "language": head.language,
            # A question can stand anywhere: it is about what its first memory is about.
            "domain": domains[refs[0]] if refs else domain,
            "split": head.split,
        }
        name = f"{head.user}:{number}"
        yield Question(name, head.user, found["text"], frozenset(refs), labels)


def _check_labels(user: str, sessions: Sequence[Session]) -> None:
    names = [turn.id for session in sessions for turn in session.turns]
    if len(set(names)) < len(names):
        raise ValueError(f"{user}: a label is used twice")
