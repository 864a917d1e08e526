"""Reads LongMemEval's JSON (xiaowu0162/LongMemEval): a haystack of sessions per question."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from benchmarks.retrieval.records import Conversation, DataSet, Question, Session, Turn

Level = Literal["turn", "session"]


def read_longmemeval(entries: Sequence[Mapping[str, Any]], level: Level = "session") -> DataSet:
    """Each question with a haystack of its own.

    Found is, by `level`, each session that answers, or each turn marked `has_answer`. Questions to
    abstain from (`_abs`) keep an empty evidence, as its own figures leave them out.
    """
    conversations = [_conversation(entry, level) for entry in entries]
    questions = [_question(entry, level) for entry in entries]
    usable = [each for each in questions if each.evidence or each.apart]
    return DataSet(conversations, usable, unusable=len(questions) - len(usable))


def _conversation(entry: Mapping[str, Any], level: Level) -> Conversation:
    sessions = [
        Session(name, _time(date), _turns(name, turns, level))
        for name, date, turns in _haystack(entry)
    ]
    return Conversation(entry["question_id"], sessions)


def _haystack(entry: Mapping[str, Any]) -> list[tuple[str, str, list[dict[str, Any]]]]:
    """Name, date and turns of each session; a session that occurs twice gets a name for each."""
    rows = zip(
        entry["haystack_session_ids"],
        entry["haystack_dates"],
        entry["haystack_sessions"],
        strict=True,
    )
    found: list[tuple[str, str, list[dict[str, Any]]]] = []
    for name, date, turns in rows:
        again = sum(1 for seen, _, _ in found if seen.split("#")[0] == name)
        found.append((f"{name}#{again}" if again else name, date, turns))
    return found


def _turns(session: str, turns: Sequence[Mapping[str, Any]], level: Level) -> list[Turn]:
    unit = session.split("#")[0] if level == "session" else None
    return [
        Turn(f"{session}:{place}", turn["content"], role=turn["role"], unit=unit)
        for place, turn in enumerate(turns)
        # Nothing was said, so nothing can be stored.
        if turn["content"].strip()
    ]


def _question(entry: Mapping[str, Any], level: Level) -> Question:
    name = entry["question_id"]
    abstain = name.endswith("_abs")
    evidence = frozenset[str]() if abstain else _evidence(entry, level)
    return Question(
        name,
        name,
        entry["question"],
        evidence,
        {"category": "abstention" if abstain else entry["question_type"]},
        _time(entry["question_date"]),
        apart=abstain,
    )


def _evidence(entry: Mapping[str, Any], level: Level) -> frozenset[str]:
    if level == "session":
        return frozenset(entry["answer_session_ids"])
    return frozenset(
        f"{name}:{place}"
        for name, _, turns in _haystack(entry)
        for place, turn in enumerate(turns)
        if turn.get("has_answer")
    )


def _time(written: str) -> datetime:
    """As it writes times: `2023/05/30 (Tue) 23:40`."""
    day, _, clock = written.split()
    return datetime.strptime(f"{day} {clock}", "%Y/%m/%d %H:%M").replace(tzinfo=UTC)
