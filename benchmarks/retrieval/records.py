"""What every data set is read into: conversations of dated turns, and questions with evidence."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

Role = Literal["user", "assistant"]

TURN_APART = timedelta(seconds=1)
"""How long after the one before a turn of a session is taken to be said, where nobody knows."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One thing that was said, or one fact as an agent stores it."""

    id: str
    """Unlike all others of its conversation."""
    text: str
    speaker: str | None = None
    role: Role = "user"
    unit: str | None = None
    """What finding it counts as, where that is not the turn: its session, say."""

    @property
    def counts_as(self) -> str:
        return self.unit or self.id


@dataclass(frozen=True, slots=True)
class Session:
    """Turns in their order, the first of them said when the session begins."""

    id: str
    begins: datetime | None
    turns: Sequence[Turn]

    def dated(self) -> Iterator[tuple[Turn, datetime | None]]:
        """Each turn and when it is taken to be said."""
        for place, turn in enumerate(self.turns):
            yield turn, self.begins and self.begins + place * TURN_APART


@dataclass(frozen=True, slots=True)
class Conversation:
    """All that one user's memory holds."""

    user: str
    sessions: Sequence[Session]

    def turns(self) -> Iterator[tuple[Turn, datetime | None]]:
        """Every turn of every session, dated."""
        for session in self.sessions:
            yield from session.dated()


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of one user's memory, and the turns that answer it."""

    id: str
    user: str
    text: str
    evidence: frozenset[str]
    """What its turns count as; empty: nothing in the memory answers it."""
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    """By which figures are told apart: category, kind, language, split ..."""
    asked_at: datetime | None = None
    apart: bool = False
    """Whether it is left out of the total: it is told under its own label alone."""


@dataclass(frozen=True, slots=True)
class DataSet:
    """Conversations and what is asked of them."""

    conversations: Sequence[Conversation]
    questions: Sequence[Question]
    unusable: int = 0
    """Questions left out, because no turn that is there is named as their evidence."""

    @property
    def turns(self) -> int:
        """How many memories it makes."""
        return sum(1 for each in self.conversations for _ in each.turns())

    def bare(self) -> "DataSet":
        """As agents store it that tell neither who said something nor when."""
        held = [
            Conversation(
                each.user,
                [
                    Session(
                        session.id, None, [replace(turn, speaker=None) for turn in session.turns]
                    )
                    for session in each.sessions
                ],
            )
            for each in self.conversations
        ]
        return replace(self, conversations=held)

    def asked(self, user: str) -> list[Question]:
        """What is asked of one user's memory."""
        return [each for each in self.questions if each.user == user]

    def only(self, wanted: Mapping[str, str]) -> "DataSet":
        """With the questions alone that carry all the `wanted` labels, and whom they ask."""
        return self.of([each for each in self.questions if wanted.items() <= each.labels.items()])

    def of(self, asked: Sequence[Question]) -> "DataSet":
        """With these questions alone, and whom they ask."""
        users = {each.user for each in asked}
        held = [each for each in self.conversations if each.user in users]
        return DataSet(held, asked, self.unusable)


def instant(written: str) -> datetime:
    """An ISO 8601 time; UTC where it names no zone.

    Raises:
        ValueError: it is none.
    """
    read = datetime.fromisoformat(written)
    return read if read.tzinfo else read.replace(tzinfo=UTC)
