"""What a tool server needs of a place where memories live, and the errors a model can act on."""

from collections.abc import Sequence
from typing import Literal, Protocol

from mcp.server.mcpserver.exceptions import ToolError
from pydantic import BaseModel, Field

from openmemory_mcp.caller import Caller
from openmemory_mcp.text import one_line


class BackendError(ToolError):
    """A call that failed for a reason the model should read. The text says what to do next.

    A `ToolError`, because of any other exception the SDK shows nothing but the tool's name. One
    line, because it may repeat what somebody wrote.
    """

    def __init__(self, message: str) -> None:
        super().__init__(one_line(message))


class MemoryNotFoundError(BackendError):
    """Nothing of that id is visible to the caller."""


class Memory(BaseModel):
    """One memory as the contract sends it."""

    id: str
    short_id: str | None = None
    memory: str
    app: str | None = None
    app_id: str | None = None
    created_at: str | None = None
    score: float | None = None


class MemoryPage(BaseModel):
    """Memories in the order asked for; `next_cursor` is None on the last page."""

    results: list[Memory]
    next_cursor: str | None = None
    degraded: str | None = None


class Change(BaseModel):
    """What an add did to one memory."""

    id: str
    short_id: str | None = None
    memory: str = ""
    event: Literal["ADD", "UPDATE", "DELETE", "NONE"]


class Secrets(BaseModel):
    """What looked like secrets in a text: how many of which kind, and whether they were replaced."""

    found: dict[str, int]
    redacted: bool


class Added(BaseModel):
    """The outcome of an add: done, or queued under `event_id`."""

    status: Literal["SUCCEEDED", "PENDING"]
    event_id: str | None = None
    results: list[Change] = Field(default_factory=list[Change])
    removed_characters: int = 0
    secrets: Secrets | None = None
    indexing: bool = False


class Deleted(BaseModel):
    """Which of the named memories are gone, were not there, or may not be deleted."""

    deleted: list[str] = Field(default_factory=list[str])
    missing: list[str] = Field(default_factory=list[str])
    denied: list[str] = Field(default_factory=list[str])


class DeletedAll(BaseModel):
    """How many memories are gone, and how many the caller can still read."""

    deleted: int
    left: int


class MemoryBackend(Protocol):
    """A place where memories live. Every call says on whose behalf it is made."""

    permanent: bool
    """Whether what is deleted here is gone at once, without a trash or an undo."""

    async def search(self, caller: Caller, query: str, *, limit: int) -> MemoryPage:
        """The memories nearest in meaning, best first."""
        ...

    async def list(self, caller: Caller, *, limit: int, cursor: str | None) -> MemoryPage:
        """A page of all memories, newest first."""
        ...

    async def get(self, caller: Caller, memory_id: str) -> Memory:
        """One memory, or `MemoryNotFoundError`."""
        ...

    async def add(self, caller: Caller, text: str, *, infer: bool) -> Added:
        """Store what a text says."""
        ...

    async def update(self, caller: Caller, memory_id: str, text: str) -> Secrets | None:
        """Replace a memory's text; what of it looked like secrets."""
        ...

    async def delete(self, caller: Caller, memory_ids: Sequence[str]) -> Deleted:
        """Delete those of the named memories that the caller may delete."""
        ...

    async def delete_all(self, caller: Caller, *, own_only: bool) -> DeletedAll:
        """Delete all that the caller may change, or only what its app wrote."""
        ...
