"""Reads and writes data sets as JSON lines: a memory or a question each, in any order.

    {"memory": "m1", "user": "u", "session": "s1", "time": "2025-03-04T19:20:00", "text": "…",
     "speaker": "Anna"}
    {"question": "q1", "user": "u", "text": "…", "evidence": ["m1"], "labels": {"kind": "direct"}}

Memories of a session are in their order, and its first one's time is the session's. `speaker`,
`role`, `time`, `labels`, `asked_at` and `apart` may be left out.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from benchmarks.retrieval.records import Conversation, DataSet, Question, Session, Turn, instant

_Row = Mapping[str, Any]


def read_lines(lines: Iterable[str]) -> DataSet:
    """What the lines say; blank ones say nothing.

    Raises:
        ValueError: a line is neither a memory nor a question, or names evidence that is not there.
    """
    sessions: dict[tuple[str, str], list[_Row]] = {}
    questions: list[Question] = []
    for row in map(json.loads, filter(str.strip, lines)):
        if "memory" in row:
            sessions.setdefault((row["user"], row["session"]), []).append(row)
        elif "question" in row:
            questions.append(_question(row))
        else:
            raise ValueError(f"neither a memory nor a question: {row}")
    conversations = _conversations(sessions)
    _check(conversations, questions)
    return DataSet(conversations, questions)


def write_lines(data: DataSet) -> Iterator[str]:
    """The lines that `read_lines` reads the same data set from."""
    for conversation in data.conversations:
        for session in conversation.sessions:
            for turn in session.turns:
                yield _line(_memory_row(conversation.user, session, turn))
    for question in data.questions:
        yield _line(_question_row(question))


def _line(row: _Row) -> str:
    told = {name: value for name, value in row.items() if value not in (None, False)}
    return json.dumps(told, ensure_ascii=False)


def _memory_row(user: str, session: Session, turn: Turn) -> _Row:
    return {
        "memory": turn.id,
        "user": user,
        "session": session.id,
        "time": session.begins and session.begins.isoformat(),
        "speaker": turn.speaker,
        "role": None if turn.role == "user" else turn.role,
        "text": turn.text,
    }


def _question_row(question: Question) -> _Row:
    return {
        "question": question.id,
        "user": question.user,
        "text": question.text,
        "evidence": sorted(question.evidence),
        "labels": dict(question.labels),
        "asked_at": question.asked_at and question.asked_at.isoformat(),
        "apart": question.apart,
    }


def _conversations(sessions: Mapping[tuple[str, str], list[_Row]]) -> list[Conversation]:
    by_user: dict[str, list[Session]] = {}
    for (user, name), rows in sessions.items():
        begins = rows[0].get("time")
        turns = [_turn(row) for row in rows]
        by_user.setdefault(user, []).append(Session(name, begins and instant(begins), turns))
    return [Conversation(user, held) for user, held in by_user.items()]


def _turn(row: _Row) -> Turn:
    return Turn(row["memory"], row["text"], row.get("speaker"), row.get("role", "user"))


def _question(row: _Row) -> Question:
    asked = row.get("asked_at")
    return Question(
        row["question"],
        row["user"],
        row["text"],
        frozenset(row["evidence"]),
        row.get("labels", {}),
        asked and instant(asked),
        row.get("apart", False),
    )


def _check(conversations: Iterable[Conversation], questions: Iterable[Question]) -> None:
    held = {each.user: {turn.id for turn, _ in each.turns()} for each in conversations}
    for question in questions:
        missing = question.evidence - held.get(question.user, set())
        if missing:
            raise ValueError(f"question {question.id} names {sorted(missing)}, which are not there")
