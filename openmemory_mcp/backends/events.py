"""What becomes of an add that is answered before a model has read the text."""

from typing import Final, Literal

from pydantic import BaseModel

from openmemory_mcp.backends.base import Added, BackendError, Change

_KINDS: Final[dict[str, Literal["ADD", "UPDATE", "DELETE", "NONE"]]] = {
    "ADD": "ADD",
    "UPDATE": "UPDATE",
    "DELETE": "DELETE",
    "NONE": "NONE",
}


class _Text(BaseModel):
    memory: str | None = None


class EventChange(BaseModel):
    """One item of an event's results; the platform nests the text, and has no short ids."""

    id: str
    short_id: str | None = None
    event: str = "ADD"
    memory: str | None = None
    data: _Text | None = None

    def as_change(self) -> Change:
        """The same as the tools know it."""
        text = self.memory or (self.data.memory if self.data else None)
        # Kinds that the contract does not name are changes of some sort.
        kind = _KINDS.get(self.event, "UPDATE")
        return Change(id=self.id, short_id=self.short_id, memory=text or "", event=kind)


class Event(BaseModel):
    """The answer to an add, or the event that this answer named."""

    status: str = "SUCCEEDED"
    event_id: str | None = None
    results: list[EventChange] | None = None
    error: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether it is still worked at."""
        return self.status not in ("SUCCEEDED", "FAILED")

    def outcome(self, event_id: str, *, at: str = "The Mem0 platform") -> Added:
        """What the tools answer; `at` is who has the text.

        Raises:
            BackendError: it has given up on the text.
        """
        if self.status == "FAILED":
            reason = self.error or "it does not say why"
            raise BackendError(
                f"{at} could not take in this text (event {event_id}): {reason}. Look"
                " with list_memories before repeating it."
            )
        if self.is_open:
            return Added(status="PENDING", event_id=event_id)
        changes = [change.as_change() for change in self.results or []]
        return Added(status="SUCCEEDED", event_id=event_id, results=changes)
