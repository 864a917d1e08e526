"""The bodies that the Mem0 contract answers with, as its clients and its OpenAPI see them."""

from typing import Any, Generic, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from openmemory_api.domain.memory import EntityType, SignalName

Row = TypeVar("Row")
JsonObject: TypeAlias = dict[str, Any]


class Page(BaseModel, Generic[Row]):
    """The platform's pagination envelope."""

    count: int
    next: str | None
    previous: str | None
    results: list[Row]


class StructuredAttributes(BaseModel):
    """`created_at`, taken apart."""

    year: int
    month: int
    day: int
    hour: int
    minute: int
    day_of_week: str
    week_of_year: int
    day_of_year: int
    quarter: int
    is_weekend: bool


class MemoryOut(BaseModel):
    """The union of what the platform's endpoints answer, so that one shape serves every client."""

    id: str
    short_id: str | None
    memory: str
    user_id: str | None
    agent_id: str | None
    app_id: str | None
    run_id: str | None
    session_id: str | None
    app: str | None
    metadata: JsonObject | None
    categories: list[str] | None
    created_at: str
    updated_at: str
    expiration_date: str | None
    structured_attributes: StructuredAttributes
    immutable: bool
    lifecycle_state: str
    replaced_by: str | None
    synthesized: bool


class ScoredMemoryOut(MemoryOut):
    """A search hit."""

    score: float
    score_breakdown: dict[str, float]


class SignalOut(BaseModel):
    """One kind of evidence; the contributions of a result are its place in the order."""

    signal: SignalName
    raw: float | None
    weight: float
    contribution: float


def _at_least_its_id(schema: JsonObject) -> None:
    # `fields` in a request leaves out whatever it does not name.
    schema["required"] = ["id"]


class MemoryRow(MemoryOut):
    """A memory of a list, with the fields that were asked for."""

    model_config = ConfigDict(json_schema_extra=_at_least_its_id)


class ScoredRow(ScoredMemoryOut):
    """A memory of a search, with the fields that were asked for."""

    signals: list[SignalOut] | None = Field(None, description="Ours: with `explain`.")

    model_config = ConfigDict(json_schema_extra=_at_least_its_id)


class SearchOut(BaseModel):
    """The answer to a v3 search, or to one of v1 with `output_format` v1.1."""

    results: list[ScoredRow]
    degraded: str | None = None
    left_out: int | None = Field(
        None, description="Ours: results that `max_tokens` had no room for."
    )


class CursorPage(Page[Row], Generic[Row]):
    """A page that also says where the next one begins."""

    next_cursor: str | None


class TextOut(BaseModel):
    """A text where the platform nests it."""

    memory: str


class ChangeOut(BaseModel):
    """One memory as an add left it."""

    id: str
    short_id: str | None
    memory: str
    data: TextOut
    event: str


class AddedOut(BaseModel):
    """The answer to a v3 add; one that is `PENDING` has no `results` yet."""

    id: str | None
    message: str
    status: str
    event_id: str
    results: list[ChangeOut] = []


class QueuedOut(BaseModel):
    """The row in the place of memories that follow."""

    message: str
    status: str
    event_id: str


class AddedV11Out(BaseModel):
    """The answer to a v1 add with `output_format` v1.1."""

    id: str | None
    event_id: str
    results: list[ChangeOut] | list[QueuedOut]


class MessageOut(BaseModel):
    """A sentence for the person."""

    message: str


class DeletedOut(MessageOut):
    """The answer to deleting one memory."""

    event_id: str | None
    cascade_count: int | None = None


class DeletedAllOut(MessageOut):
    """The answer to deleting a set; `left` are those the caller may read but not change."""

    event_id: str | None
    deleted: int
    left: int


class BatchDeletedOut(MessageOut):
    """The answer to deleting by ids, which are given back as they were sent."""

    event_id: str | None
    deleted: list[str] | None = None
    missing: list[str] | None = None
    denied: list[str] | None = None


class HistoryOut(BaseModel):
    """One change in the life of a memory."""

    id: str
    memory_id: str
    input: list[dict[str, str]]
    old_memory: str | None
    new_memory: str | None
    user_id: str | None
    agent_id: str | None
    app_id: str | None
    run_id: str | None
    session_id: str | None
    app: str | None
    categories: list[str] | None
    event: str
    event_id: str
    metadata: JsonObject | None
    previous_embedding_qwen: None = None
    embedding_qwen: None = None
    created_at: str
    updated_at: str


class EntityOut(BaseModel):
    """An id that some memory carries; `id` is a number, as the v1 delete takes it."""

    id: str
    name: str
    type: EntityType
    owner: str
    metadata: JsonObject | None = None
    total_memories: int
    created_at: str
    updated_at: str


class EntityPage(Page[EntityOut]):
    """Entities, and how many there are of each type."""

    total_users: int
    total_agents: int
    total_apps: int
    total_runs: int


class EventOut(BaseModel):
    """One write as a whole."""

    id: str
    event_type: str
    status: str
    payload: JsonObject
    metadata: JsonObject | None = None
    results: list[JsonObject]
    created_at: str
    updated_at: str
    started_at: str
    completed_at: str | None
    latency: float | None
    graph_status: None = None
    error: str | None = None
