"""What an add stores, and what is kept of it while a model reads it: the promise of memories.

A deletion that comes meanwhile is asked of the promise too. What was to be deleted must not appear
when the model is done.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import uuid4

from pydantic import TypeAdapter

from openmemory_api.db import actions as action_rows
from openmemory_api.db import jobs as job_rows
from openmemory_api.db.session import WriteConnection
from openmemory_api.domain.access import Caller
from openmemory_api.domain.extraction import Guidance
from openmemory_api.domain.filters import ALL, Filter, matches
from openmemory_api.domain.memory import EntityIds, Lifecycle, Memory, State
from openmemory_api.services.validation import Draft, tags_of

KIND: Final = "extract"
DELETED: Final = "deleted before its memories were extracted"
UNDONE: Final = "undone before its memories were extracted"

_TICK: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Order:
    """An add as it was accepted: checked, cleaned, and on whose behalf."""

    caller: Caller
    entities: EntityIds
    metadata: dict[str, Any] | None
    timestamp: datetime | None
    expiration_date: str | None
    immutable: bool
    guidance: Guidance
    drafts: tuple[Draft | None, ...]
    """One per message; None for one that was deleted before it was stored."""
    accepted_at: datetime
    first_id: str
    """The id that the first memory gets."""
    categories: tuple[str, ...] | None = None
    written_by: str | None = None
    """The app that a person says it is from; None for the caller's."""

    def dump(self) -> dict[str, Any]:
        """As JSON."""
        return _ORDER.dump_python(self, mode="json")

    @staticmethod
    def load(payload: dict[str, Any]) -> "Order":
        """From what `dump` gave."""
        return _ORDER.validate_python(payload)

    def memory(
        self,
        draft: Draft,
        *,
        place: int,
        text: str | None = None,
        when: datetime | None = None,
        inferred: bool = False,
    ) -> Memory:
        """The memory a draft becomes: itself, or a fact that comes from it.

        Args:
            draft: the message.
            place: position among the memories of the add, which keeps their order in time.
            text: the fact; the message itself if None.
            when: the time of the event, if it is not that of the add.
            inferred: whether a model has put it into words.
        """
        return Memory(
            id=str(uuid4()),
            number=None,
            project_id=self.caller.project_id,
            entities=self.entities,
            app=self.written_by or self.caller.app,
            text=draft.text if text is None else text,
            metadata=self.metadata,
            categories=self.categories,
            tags=tags_of(self.metadata),
            state=State.ACTIVE,
            lifecycle=Lifecycle.ACTIVE,
            created_at=(self.timestamp or self.accepted_at) + place * _TICK,
            updated_at=self.accepted_at,
            expiration_date=self.expiration_date,
            event_time=when or self.timestamp,
            role=draft.role,
            actor=draft.actor,
            sequence=draft.sequence,
            surface=self.caller.surface,
            inferred=inferred,
            immutable=self.immutable,
        )

    def verbatim(self) -> list[Memory]:
        """Each message as a memory of its own."""
        return [self.memory(draft, place=draft.sequence) for draft in self.drafts if draft]


_ORDER: Final = TypeAdapter(Order)


async def withdraw(
    connection: WriteConnection,
    caller: Caller,
    wanted: Filter = ALL,
    *,
    because: str,
    now: datetime,
    action_ids: Collection[str] | None = None,
) -> int:
    """Erase from the caller's waiting adds, or from some, the messages of a set; how many adds.

    An add that loses all its messages has failed; of the others the rest is read anew.
    """
    touched = 0
    for job in await job_rows.waiting(
        connection, caller.project_id, caller.user_id, action_ids=action_ids
    ):
        order = Order.load(job.payload)
        left = tuple(_unless_in(wanted, order, order.drafts))
        if left == order.drafts:
            continue
        touched += 1
        if any(left):
            await job_rows.rewrite(connection, job, replace(order, drafts=left).dump())
        else:
            await job_rows.remove(connection, job.id)
            await action_rows.complete(connection, job.action_id, "FAILED", {"error": because}, now)
    return touched


def _unless_in(
    wanted: Filter, order: Order, drafts: Iterable[Draft | None]
) -> Iterable[Draft | None]:
    for draft in drafts:
        covered = draft and matches(wanted, order.memory(draft, place=draft.sequence))
        yield None if covered else draft
