"""What a caller asks of the services, and what they answer: parsed, normalised, plain values."""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Final, Literal, TypeAlias

from openmemory_api.domain.extraction import Guidance
from openmemory_api.domain.filters import ALL, Filter, In, Not, Present, Range, all_of, any_of
from openmemory_api.domain.memory import EntityIds, Json, Lifecycle, Memory, ScoredMemory

MAX_TEXT: Final = 20_000
"""Characters in one memory."""
MAX_METADATA: Final = 16 * 1024
"""Bytes of a memory's metadata as JSON."""
MAX_CATEGORIES: Final = 50
"""Categories of one memory."""
MAX_ID: Final = 255
"""Characters of an entity id."""
MAX_MESSAGES: Final = 1_000
"""Messages in one add."""
MAX_BATCH: Final = 1_000
"""Memories in one batch update or delete."""


class Unset:
    """The type of UNSET: a field that was not sent, where null means something else."""


UNSET: Final = Unset()


@dataclass(frozen=True, slots=True)
class Message:
    """One message of an add; `content` as it was sent, cleaned by the service."""

    role: Literal["user", "assistant", "system"]
    content: str
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AddRequest:
    """Messages to remember. One bad message means that nothing is stored."""

    messages: tuple[Message, ...]
    entities: EntityIds
    deduced_memories: tuple[str, ...] = ()
    """If given, these texts are stored and the messages are only context."""
    metadata: dict[str, Json] | None = None
    timestamp: datetime | None = None
    """Backdates `created_at` and sets the event time."""
    expiration_date: str | None = None
    immutable: bool = False
    infer: bool = True
    """Whether facts are wanted rather than the messages. Without a model it says nothing."""
    guidance: Guidance = field(default_factory=Guidance)
    categories: tuple[str, ...] | None = None
    """Set by hand; None leaves them undecided."""
    written_by: str | None = None
    """The app that a person says it is from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateRequest:
    """Fields to replace; at least one. `metadata` is replaced whole; null clears a field."""

    text: str | None = None
    metadata: dict[str, Json] | None | Unset = UNSET
    timestamp: datetime | None = None
    expiration_date: str | None | Unset = UNSET


@dataclass(frozen=True, slots=True)
class View:
    """Which of the readable memories a list or search shows."""

    show_expired: bool = False
    latest_only: bool = False
    include_merged: bool = False

    def shown_on(self, today: date) -> Filter:
        """The filter this view adds; expiry counts the whole named day, in UTC."""
        unexpired = any_of(
            Not(Present("expiration_date")), Range("expiration_date", gte=today.isoformat())
        )
        hidden = [Lifecycle.SUPERSEDED] if self.latest_only else []
        if self.latest_only or not self.include_merged:
            hidden.append(Lifecycle.MERGED)
        return all_of(
            ALL if self.show_expired else unexpired,
            Not(In("lifecycle", tuple(hidden))) if hidden else ALL,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRequest:
    """A page of memories, newest first: by number, or after a cursor."""

    wanted: Filter = ALL
    view: View = field(default_factory=View)
    page: int = 1
    page_size: int = 100
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class MemoryPage:
    """One page; `count` is of all pages, `next_cursor` is None on the last."""

    count: int
    memories: list[Memory]
    next_cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRequest:
    """A question over what the caller may read. `top_k` counts after filters and threshold."""

    query: str
    wanted: Filter = ALL
    view: View = field(default_factory=View)
    top_k: int = 10
    threshold: float = 0.1
    max_tokens: int | None = None
    """Of the texts together, as `text.estimated_tokens` counts; None: without bound."""
    rerank: bool = False
    """Whether a reranker, where there is one, has the last word about the order."""


@dataclass(frozen=True, slots=True)
class SearchResult:
    """Hits, best first. `degraded` says what could not be done, if anything."""

    hits: list[ScoredMemory]
    degraded: str | None = None
    left_out: int = 0
    """Hits that `max_tokens` had no room for."""


class ChangeKind(StrEnum):
    """What happened to a memory. The platform's clients know ADD, UPDATE and DELETE alone."""

    ADD = "ADD"
    UPDATE = "UPDATE"
    DELETE = "DELETE"
    RESTORE = "RESTORE"
    STATE = "STATE"
    """It was paused or archived, or is in use again."""
    NONE = "NONE"


@dataclass(frozen=True, slots=True)
class Change:
    """One memory as a write left it, and what the write did to it."""

    kind: ChangeKind
    memory: Memory


@dataclass(frozen=True, slots=True)
class Secrets:
    """What looked like secrets in what was written: the kind of each, never its text."""

    kinds: tuple[str, ...] = ()
    redacted: bool = False
    """Whether they were replaced; else they are stored."""

    def __add__(self, other: "Secrets") -> "Secrets":
        return Secrets(self.kinds + other.kinds, self.redacted or other.redacted)


NO_SECRETS: Final = Secrets()


@dataclass(frozen=True, slots=True)
class Updated:
    """The answer to an update: the memories as they are now, in the order asked for."""

    memories: list[Memory]
    secrets: Secrets = NO_SECRETS


@dataclass(frozen=True, slots=True)
class Added:
    """The answer to an add. `indexed` is False while the memories cannot be found yet."""

    action_id: str
    changes: list[Change]
    removed_characters: int
    indexed: bool
    reserved_id: str | None = None
    """The id of the first memory to come, where the changes follow under the action's id."""
    secrets: Secrets = NO_SECRETS

    @property
    def pending(self) -> bool:
        """Whether the add is taken in and not yet carried out."""
        return self.reserved_id is not None


@dataclass(frozen=True, slots=True)
class Deleted:
    """What a delete moved to the trash, and what it was asked for and left."""

    action_id: str | None
    deleted: list[str]
    left: int = 0
    missing: list[str] = field(default_factory=list[str])
    denied: list[str] = field(default_factory=list[str])
    """Readable, but not the caller's to change."""


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One change in the life of a memory."""

    id: str
    memory_id: str
    kind: ChangeKind
    old_text: str | None
    new_text: str | None
    entities: EntityIds
    metadata: dict[str, Json] | None
    categories: tuple[str, ...] | None
    role: str | None
    action_id: str
    app: str | None
    created_at: datetime


class ActionKind(StrEnum):
    """What a write was; the platform's `event_type` of the event with the same id."""

    ADD = "ADD"
    UPDATE = "UPDATE"
    DELETE = "DELETE"
    DELETE_ALL = "DELETE_ALL"
    DELETE_USER = "DELETE_USER"
    RESTORE = "RESTORE"
    UNDO = "UNDO"
    ACCESS = "ACCESS"
    PAUSE = "PAUSE"
    RESUME = "RESUME"
    ARCHIVE = "ARCHIVE"
    UNARCHIVE = "UNARCHIVE"
    CATEGORISE = "CATEGORISE"


@dataclass(frozen=True, slots=True)
class Action:
    """One write as a whole: a tool call, a request, an undo. Its id is the event id."""

    id: str
    project_id: str
    user_id: str | None
    app: str | None
    surface: str
    kind: ActionKind
    status: Literal["PENDING", "RUNNING", "SUCCEEDED", "FAILED"]
    created_at: datetime
    completed_at: datetime | None
    undone_by: str | None
    detail: dict[str, Json] | None = None
    """How an extraction went: see `services/extraction.py`."""
    changes: list[Change] = field(default_factory=list[Change])
    """Of the memories the asking caller may read now."""


@dataclass(frozen=True, slots=True)
class Undone:
    """The answer to an undo: what was reversed, and what had changed since and was left."""

    action_id: str | None
    reversed: list[str]
    left: list[str]


@dataclass(frozen=True, slots=True)
class Entity:
    """An id that some readable memory carries."""

    id: int
    """Stable number derived from project, type and name, for the platform's v1 delete."""
    type: Literal["user", "agent", "app", "run"]
    name: str
    total_memories: int
    created_at: datetime
    updated_at: datetime


MemoryRef: TypeAlias = str
"""A memory's UUID, or `m<number>` where the caller is bound to a user."""
