"""Domain values → the JSON that clients of the Mem0 contract read."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from openmemory_api.domain.memory import EntityIds, Json, Memory, ScoredMemory, Signal
from openmemory_api.domain.requests import (
    Action,
    ActionKind,
    Added,
    Change,
    ChangeKind,
    Entity,
    HistoryEntry,
    SearchResult,
    Secrets,
)
from openmemory_api.routes.mem0.answers import (
    AddedOut,
    ChangeOut,
    EntityOut,
    EventOut,
    HistoryOut,
    JsonObject,
    MemoryOut,
    ScoredMemoryOut,
    SignalOut,
    StructuredAttributes,
    TextOut,
)

_DAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SATURDAY: Final = 5
_EVENTS: Final = {ChangeKind.RESTORE: ChangeKind.ADD, ChangeKind.STATE: ChangeKind.UPDATE}
_OF_STATES: Final = (
    ActionKind.PAUSE,
    ActionKind.RESUME,
    ActionKind.ARCHIVE,
    ActionKind.UNARCHIVE,
    ActionKind.CATEGORISE,
)
"""What the platform has no name for; each changes memories that stay."""
_INTERNAL: Final = ("repeats", "error")
"""Parts of an event's detail that it shows elsewhere: as results, and as its error."""


def memory_out(memory: Memory) -> MemoryOut:
    return MemoryOut(**_memory_fields(memory))


def scored_out(hit: ScoredMemory) -> ScoredMemoryOut:
    return ScoredMemoryOut(
        **_memory_fields(hit.memory), score=hit.score, score_breakdown=dict(hit.breakdown)
    )


def row(shown: MemoryOut, fields: Collection[str] | None = None) -> JsonObject:
    """A memory as JSON, reduced to `fields` where given; its id always stays."""
    return shown.model_dump(include={"id", *fields} if fields else None)


def rows(memories: Sequence[Memory], fields: Collection[str] | None = None) -> list[JsonObject]:
    return [row(memory_out(memory), fields) for memory in memories]


def hit_rows(
    found: SearchResult, fields: Collection[str] | None = None, *, explain: bool | None = None
) -> list[JsonObject]:
    """Search hits, each with its signals where it is to be explained."""
    rows = [row(scored_out(hit), fields) for hit in found.hits]
    if explain:
        for shown, hit in zip(rows, found.hits, strict=True):
            shown["signals"] = [_signal_out(signal) for signal in hit.signals]
    return rows


def _signal_out(signal: Signal) -> JsonObject:
    told = SignalOut(
        signal=signal.name,
        raw=signal.raw,
        weight=signal.weight,
        contribution=signal.contribution,
    )
    return told.model_dump()


def change_out(change: Change) -> ChangeOut:
    memory = change.memory
    return ChangeOut(
        id=memory.id,
        short_id=memory.short_id,
        memory=memory.text,
        data=TextOut(memory=memory.text),
        event=_event_name(change.kind),
    )


def change_rows(changes: Sequence[Change]) -> list[JsonObject]:
    return [change_out(change).model_dump() for change in changes]


def added_out(added: Added) -> JsonObject:
    """Keys that not every add has are left out rather than null: `indexing` means something."""
    if added.pending:
        return {**pending_out(added), **notices(added)}
    shown = AddedOut(
        id=first_id(added),
        message="Memories added successfully!",
        status="SUCCEEDED",
        event_id=added.action_id,
        results=[change_out(change) for change in added.changes],
    )
    return {**shown.model_dump(), **notices(added)}


def pending_out(added: Added) -> JsonObject:
    """The answer to an add whose memories follow: without `results`, which would mean none."""
    return {
        "id": added.reserved_id,
        "message": "Memory processing has been queued for background execution",
        "status": "PENDING",
        "event_id": added.action_id,
    }


def first_id(added: Added) -> str | None:
    """What the published examples print as `response["id"]`."""
    if added.pending:
        return added.reserved_id
    return added.changes[0].memory.id if added.changes else None


def secrets_notice(secrets: Secrets) -> JsonObject:
    """What looked like secrets; nothing where nothing did."""
    if not secrets.kinds:
        return {}
    kinds = {kind: secrets.kinds.count(kind) for kind in sorted(set(secrets.kinds))}
    return {"secrets": {"found": kinds, "redacted": secrets.redacted}}


def notices(added: Added) -> JsonObject:
    """What the platform has no words for: characters and secrets taken out, no index yet."""
    removed = {"removed_characters": added.removed_characters} if added.removed_characters else {}
    indexing = {} if added.indexed else {"indexing": True}
    return {**removed, **secrets_notice(added.secrets), **indexing}


def history_out(entry: HistoryEntry) -> HistoryOut:
    said = {"role": entry.role or "user", "content": entry.new_text or ""}
    return HistoryOut(
        id=entry.id,
        memory_id=entry.memory_id,
        input=[said] if entry.kind is ChangeKind.ADD else [],
        old_memory=entry.old_text,
        new_memory=entry.new_text,
        **_ids(entry.entities),
        app=entry.app,
        categories=_listed(entry.categories),
        event=_event_name(entry.kind),
        event_id=entry.action_id,
        metadata=entry.metadata,
        created_at=entry.created_at.isoformat(),
        updated_at=entry.created_at.isoformat(),
    )


def entity_out(entity: Entity, owner: str) -> EntityOut:
    return EntityOut(
        id=str(entity.id),
        name=entity.name,
        type=entity.type,
        owner=owner,
        total_memories=entity.total_memories,
        created_at=entity.created_at.isoformat(),
        updated_at=entity.updated_at.isoformat(),
    )


def event_out(action: Action) -> EventOut:
    completed = action.completed_at
    detail = {key: value for key, value in (action.detail or {}).items() if key not in _INTERNAL}
    return EventOut(
        id=action.id,
        event_type=ActionKind.UPDATE if action.kind in _OF_STATES else action.kind,
        status=action.status,
        payload={},
        metadata={"extraction": detail} if detail and action.kind is ActionKind.ADD else None,
        error=_error_of(action),
        results=[
            {**change_out(change).model_dump(), "user_id": change.memory.entities.user_id}
            for change in action.changes
        ],
        created_at=action.created_at.isoformat(),
        updated_at=(completed or action.created_at).isoformat(),
        started_at=action.created_at.isoformat(),
        completed_at=completed.isoformat() if completed else None,
        latency=(completed - action.created_at).total_seconds() * 1000 if completed else None,
    )


def _error_of(action: Action) -> str | None:
    error = (action.detail or {}).get("error")
    return error if isinstance(error, str) else None


def _memory_fields(memory: Memory) -> Mapping[str, Any]:
    return {
        "id": memory.id,
        "short_id": memory.short_id,
        "memory": memory.text,
        **_ids(memory.entities),
        "app": memory.app,
        "metadata": _object(memory.metadata),
        "categories": _listed(memory.categories),
        "created_at": memory.created_at.isoformat(),
        "updated_at": memory.updated_at.isoformat(),
        "expiration_date": memory.expiration_date,
        "structured_attributes": _attributes(memory.created_at),
        "immutable": memory.immutable,
        "lifecycle_state": memory.lifecycle,
        "replaced_by": memory.replaced_by,
        "synthesized": False,
    }


def _ids(entities: EntityIds) -> dict[str, Any]:
    """The platform calls the run `run_id` in one answer and `session_id` in the next."""
    return {
        "user_id": entities.user_id,
        "agent_id": entities.agent_id,
        "app_id": entities.app_id,
        "run_id": entities.run_id,
        "session_id": entities.run_id,
    }


def _attributes(moment: datetime) -> StructuredAttributes:
    return StructuredAttributes(
        year=moment.year,
        month=moment.month,
        day=moment.day,
        hour=moment.hour,
        minute=moment.minute,
        day_of_week=_DAYS[moment.weekday()],
        week_of_year=moment.isocalendar().week,
        day_of_year=moment.timetuple().tm_yday,
        quarter=(moment.month - 1) // 3 + 1,
        is_weekend=moment.weekday() >= _SATURDAY,
    )


def _event_name(kind: ChangeKind) -> str:
    """The platform has neither restore nor states; its clients know what an ADD or UPDATE is."""
    return _EVENTS.get(kind, kind)


def _listed(values: tuple[str, ...] | None) -> list[str] | None:
    return None if values is None else list(values)


def _object(metadata: Mapping[str, Json] | None) -> JsonObject | None:
    return None if metadata is None else dict(metadata)
