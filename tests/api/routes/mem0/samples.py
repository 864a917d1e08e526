"""Memories for the tests of the contract."""

from dataclasses import replace
from datetime import UTC, datetime

from openmemory_api.domain.filters import matches
from openmemory_api.domain.memory import EntityIds, Json, Lifecycle, Memory, State
from openmemory_api.routes.mem0.filters import parse_filters

NOON = datetime(2025, 5, 17, 12, 0, tzinfo=UTC)

PLAIN = Memory(
    id="11111111-2222-4333-8444-abcdefabcdef",
    number=12,
    project_id="default",
    entities=EntityIds(user_id="alice"),
    app="cursor",
    text="Alice likes Straße and tea",
    metadata=None,
    categories=None,
    tags=(),
    state=State.ACTIVE,
    lifecycle=Lifecycle.ACTIVE,
    created_at=NOON,
    updated_at=NOON,
    expiration_date=None,
)


def of(**ids: str) -> Memory:
    """A memory that carries these ids and no others."""
    return replace(PLAIN, entities=EntityIds(**ids))


def found(filters: Json, memory: Memory = PLAIN) -> bool:
    """Whether the Mem0 filter selects the memory."""
    return matches(parse_filters(filters), memory)
