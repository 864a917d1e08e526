"""What is asked of a language model, and what it answers: messages in, facts out."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from openmemory_api.domain.errors import Unavailable

MAX_FACTS: Final = 30
"""Facts that are taken of one passage."""
MAX_FACT: Final = 1_000
"""Characters of one fact."""
MAX_GUIDANCE: Final = 8_000
"""Characters of each of an add's instructions."""


@dataclass(frozen=True, slots=True)
class Said:
    """One message, or a part of a long one."""

    role: str
    actor: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Guidance:
    """What the application wants extracted. It chooses facts, never the form of the answer."""

    instructions: str | None = None
    includes: str | None = None
    excludes: str | None = None


@dataclass(frozen=True, slots=True)
class Passage:
    """As much of a conversation as a model is given at once."""

    messages: tuple[Said, ...]
    moment: datetime
    """When it was said: what "yesterday" is counted from. Aware, UTC."""
    guidance: Guidance = field(default_factory=Guidance)


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens a model read and wrote; None where its server does not say."""

    tokens_in: int | None = None
    tokens_out: int | None = None

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            _sum((self.tokens_in, other.tokens_in)), _sum((self.tokens_out, other.tokens_out))
        )


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact, as it may be stored."""

    text: str
    message: int | None
    """Position within the passage of the message it comes from, if the model names one."""
    when: datetime | None
    """When what it tells of happens, if the model found out. Aware, UTC."""


@dataclass(frozen=True, slots=True)
class Extraction:
    """What a passage says. No facts is an answer: there was nothing to remember."""

    facts: tuple[Fact, ...]
    dropped: int = 0
    """What the model called a fact and is none: blank, too long, too many."""
    usage: Usage = field(default_factory=Usage)


class ExtractionFailed(Unavailable):
    """The model gave no usable answer. The message is shown to clients and holds no secret.

    `again` says whether the next attempt may fare better, `retry_after` is the wait in seconds that
    the server asks for.
    """

    def __init__(
        self,
        message: str,
        *,
        again: bool,
        retry_after: float | None = None,
        usage: Usage = Usage(),
    ) -> None:
        super().__init__(message)
        self.again = again
        self.retry_after = retry_after
        self.usage = usage or Usage()


def _sum(counts: Iterable[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None
