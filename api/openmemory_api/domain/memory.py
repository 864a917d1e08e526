"""A memory, and the closed sets of values it is made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal, NamedTuple, TypeAlias

Json: TypeAlias = "str | int | float | bool | None | list[Json] | dict[str, Json]"
Metadata: TypeAlias = Mapping[str, Json]

EntityType = Literal["user", "agent", "app", "run"]
ENTITY_TYPES: tuple[EntityType, ...] = ("user", "agent", "app", "run")


class State(StrEnum):
    """Whether a memory is in use. Only an active one is ever readable."""

    ACTIVE = "active"
    PAUSED = "paused"
    ARCHIVED = "archived"
    TRASHED = "trashed"
    PURGED = "purged"


KEPT = (State.ACTIVE, State.PAUSED, State.ARCHIVED)
"""Where a memory is for good; only from these may it be changed."""


class Lifecycle(StrEnum):
    """Where a memory stands among its successors (the platform's `lifecycle_state`)."""

    ACTIVE = "active"
    SUPERSEDED = "superseded"
    MERGED = "merged"


@dataclass(frozen=True, slots=True)
class EntityIds:
    """The four Mem0 entities a memory can belong to. Data, never an identity claim."""

    user_id: str | None = None
    agent_id: str | None = None
    app_id: str | None = None
    run_id: str | None = None

    def __bool__(self) -> bool:
        return any((self.user_id, self.agent_id, self.app_id, self.run_id))


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """One remembered text with everything a filter, a rule or an answer can name."""

    id: str
    """UUID, lower case with hyphens."""
    number: int | None
    """Short id within the user (`m12` is 12); None for a memory without a user."""
    project_id: str
    entities: EntityIds
    app: str | None
    """The app that wrote it: what the access base *own* means. None for an SDK or REST caller."""
    text: str
    metadata: Metadata | None
    categories: tuple[str, ...] | None
    """None until decided."""
    tags: tuple[str, ...]
    state: State
    lifecycle: Lifecycle
    created_at: datetime
    """Aware, UTC."""
    updated_at: datetime
    expiration_date: str | None
    """Last day it is listed, `YYYY-MM-DD` in UTC; None never expires."""
    event_time: datetime | None = None
    role: str | None = None
    actor: str | None = None
    """The `name` of the message it came from."""
    sequence: int | None = None
    """Position of that message within its add."""
    source_event_id: str | None = None
    """The action that wrote it."""
    surface: str | None = None
    inferred: bool = False
    immutable: bool = False
    replaced_by: str | None = None
    version: int = 1
    deleted_at: datetime | None = None
    change: int = 0
    """Number of the write that last touched it; grows across the whole store."""

    @property
    def short_id(self) -> str | None:
        """What people and models call it, within its user."""
        return None if self.number is None else f"m{self.number}"


class Utterance(NamedTuple):
    """A memory as something said in a conversation: what ranking asks beside words and meaning."""

    text: str
    actor: str | None = None
    run: tuple[str | None, ...] | None = None
    """What the messages of one conversation have in common; None for a memory of none."""
    number: int | None = None
    """As in `Memory`: messages that were stored one after the other have consecutive ones."""
    event_time: datetime | None = None


SignalName = Literal[
    "semantic", "bm25", "stand_in", "before", "after", "run", "actor", "length", "question", "time",
    "rerank",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Signal:
    """One kind of evidence about a search hit, and what it added to its place in the order."""

    name: SignalName
    raw: float | None
    """None where it was not asked."""
    weight: float
    contribution: float
    """`weight` times `raw`. The sum over a hit's signals is what the order goes by."""


@dataclass(frozen=True, slots=True)
class ScoredMemory:
    """A search hit. `score` is absolute evidence in 0..1 (docs/decisions: ranking)."""

    memory: Memory
    score: float
    breakdown: Mapping[str, float] = field(default_factory=dict[str, float])
    signals: Sequence[Signal] = ()
