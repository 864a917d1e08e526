"""Reads LoCoMo (snap-research/locomo, CC BY-NC 4.0; not part of this repository)."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from benchmarks.retrieval.records import Conversation, DataSet, Question, Session, Turn

CATEGORIES: Final = {
    1: "multi-hop",
    2: "temporal",
    3: "open-domain",
    4: "single-hop",
    5: "adversarial",
}
"""The names behind the numbers of its `category`."""
_ADVERSARIAL: Final = 5
_TURN: Final = re.compile(r"D(\d+):0*(\d+)")
_SESSION: Final = re.compile(r"session_(\d+)")


def read_locomo(samples: Sequence[Mapping[str, Any]]) -> DataSet:
    """Every turn with its speaker, time and image caption; every question that has evidence."""
    conversations = [_conversation(sample) for sample in samples]
    questions: list[Question] = []
    asked = 0
    for sample, conversation in zip(samples, conversations, strict=True):
        known = {turn.id for turn, _ in conversation.turns()}
        asked += len(sample["qa"])
        questions += _questions(sample, conversation.user, known)
    return DataSet(conversations, questions, unusable=asked - len(questions))


def _conversation(sample: Mapping[str, Any]) -> Conversation:
    said = sample["conversation"]
    numbers = sorted(int(found[1]) for key in said if (found := _SESSION.fullmatch(key)))
    return Conversation(sample["sample_id"], [_session(said, number) for number in numbers])


def _session(said: Mapping[str, Any], number: int) -> Session:
    name = f"session_{number}"
    return Session(name, _time(said[f"{name}_date_time"]), [_turn(each) for each in said[name]])


def _time(written: str) -> datetime:
    return datetime.strptime(written, "%I:%M %p on %d %B, %Y").replace(tzinfo=UTC)


def _turn(turn: Mapping[str, str]) -> Turn:
    caption = turn.get("blip_caption")
    text = turn["text"] + (f" [shares {caption}]" if caption else "")
    return Turn(turn["dia_id"], text.strip(), turn["speaker"])


def _questions(sample: Mapping[str, Any], user: str, known: set[str]) -> Iterator[Question]:
    for number, asked in enumerate(sample["qa"]):
        # Its own writing of evidence varies: several in one string, zeros before the number.
        named = _TURN.findall(" ".join(asked.get("evidence", [])))
        evidence = known.intersection(f"D{session}:{turn}" for session, turn in named)
        if evidence:
            category = asked["category"]
            yield Question(
                f"{user}:{number}",
                user,
                asked["question"],
                frozenset(evidence),
                {"category": CATEGORIES[category]},
                # Asked of the wrong speaker: there is evidence, though no answer.
                apart=category == _ADVERSARIAL,
            )
