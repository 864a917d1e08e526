"""The shapes that several pages of the dashboard share."""

from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

from pydantic import BaseModel, Field

from openmemory_api.services.showing import Shown

CUT: Final = 400
"""Characters of a memory's text in a list."""

ShownState: TypeAlias = Literal["active", "paused", "archived", "trashed"]


class DashboardReaders(BaseModel):
    """How many of the known apps may read a memory now."""

    readable: int
    total: int


class DashboardMemory(BaseModel):
    """A memory in a list."""

    id: str
    short_id: str | None
    text: str = Field(description=f"In a list, the first {CUT} characters.")
    cut: bool = Field(description="Whether there is more of the text.")
    app: str | None = Field(description="Which app wrote it; null: the user, or a plain client.")
    categories: list[str] | None = Field(description="Null: not decided yet.")
    tags: list[str]
    state: ShownState
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None
    version: int
    indexed: bool = Field(description="False while it is active and waits for the index.")
    reads: int = Field(description="Calls that answered agents with it, as far as the log goes.")
    last_read_at: datetime | None
    readers: DashboardReaders | None = Field(
        description="Null for who may not settle what apps may do."
    )


def item_of(shown: Shown) -> DashboardMemory:
    """A memory as a list shows it."""
    return DashboardMemory(**fields_of(shown, cut=CUT))


def fields_of(shown: Shown, *, cut: int | None = None) -> dict[str, Any]:
    """What every shape of a memory has; the whole text where it is not `cut`."""
    memory, readers = shown.memory, shown.readers
    return {
        "id": memory.id,
        "short_id": memory.short_id,
        "text": memory.text[:cut],
        "cut": cut is not None and len(memory.text) > cut,
        "app": memory.app,
        "categories": None if memory.categories is None else list(memory.categories),
        "tags": list(memory.tags),
        "state": memory.state.value,
        "created_at": memory.created_at,
        "updated_at": memory.updated_at,
        "deleted_at": memory.deleted_at,
        "version": memory.version,
        "indexed": shown.indexed,
        "reads": shown.reads.count,
        "last_read_at": shown.reads.last_at,
        "readers": readers and DashboardReaders(readable=readers.readable, total=readers.total),
    }
