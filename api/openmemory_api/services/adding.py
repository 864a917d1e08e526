"""Adding: verbatim and at once, or promised to be extracted by a model."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final
from uuid import uuid4

from openmemory_api.db import apps as app_rows
from openmemory_api.db import jobs as job_rows
from openmemory_api.db import memories as rows
from openmemory_api.db.session import Database, WriteConnection
from openmemory_api.domain.access import Caller, KeyScope
from openmemory_api.domain.errors import Forbidden
from openmemory_api.domain.filters import all_of
from openmemory_api.domain.memory import Memory
from openmemory_api.domain.protocols import Clock
from openmemory_api.domain.requests import (
    ActionKind,
    Added,
    AddRequest,
    Change,
    ChangeKind,
    Secrets,
    View,
)
from openmemory_api.services.access import AccessService, Scope
from openmemory_api.services.activity import note_memories
from openmemory_api.services.indexing import Indexer
from openmemory_api.services.jobs import JobQueue
from openmemory_api.services.limits import NO_QUOTA, Quota
from openmemory_api.services.pending import KIND, Order
from openmemory_api.services.redaction import NO_REDACTION, Redaction
from openmemory_api.services.validation import (
    checked_app,
    checked_categories,
    checked_entities,
    checked_expiration,
    checked_guidance,
    checked_metadata,
    checked_moment,
    drafts_of,
)
from openmemory_api.services.writing import Write, fingerprint_of

_FOUND_WITHIN: Final = 2.0


class AddService:
    """Takes in what is to be remembered.

    Args:
        queue: where adds wait for a model; None where there is none, and all is stored verbatim.
        redaction: what is done about secrets.
        quota: how many memories a user may have.
    """

    def __init__(
        self,
        database: Database,
        access: AccessService,
        indexer: Indexer,
        clock: Clock,
        queue: JobQueue | None = None,
        redaction: Redaction = NO_REDACTION,
        quota: Quota = NO_QUOTA,
    ) -> None:
        self._database = database
        self._access = access
        self._indexer = indexer
        self._clock = clock
        self._queue = queue
        self._quota = quota
        self._redaction = redaction

    async def add(self, caller: Caller, request: AddRequest) -> Added:
        """Store one memory per message, verbatim, unless it exactly repeats a readable one.

        Where facts are wanted and there is a model, the add is `pending` instead.

        Raises:
            Invalid: a message, an id or an option is out of bounds; nothing is stored.
            Forbidden: the app may not add, or the body names another user.
            QuotaExceeded: the user would have more memories than it may; nothing is stored.
        """
        require_adding(await self._access.scope(caller, KeyScope.WRITE))
        order, secrets = self._checked(caller, request)
        # Deduced memories are facts already.
        if self._queue and request.infer and not request.deduced_memories:
            guidance, more = self._redaction.guidance(checked_guidance(request.guidance))
            added = await self._promise(self._queue, replace(order, guidance=guidance))
            return replace(added, secrets=secrets + more)
        return replace(await self._store(order), secrets=secrets)

    def _checked(self, caller: Caller, request: AddRequest) -> tuple[Order, Secrets]:
        drafts, in_texts = self._redaction.drafts(drafts_of(request))
        metadata, in_metadata = self._redaction.metadata(checked_metadata(request.metadata))
        order = Order(
            caller=caller,
            entities=checked_entities(caller, request.entities),
            metadata=metadata,
            timestamp=checked_moment(request.timestamp, name="timestamp"),
            expiration_date=checked_expiration(request.expiration_date),
            immutable=request.immutable,
            guidance=request.guidance,
            drafts=drafts,
            accepted_at=self._clock(),
            first_id=str(uuid4()),
            categories=checked_categories(request.categories),
            written_by=checked_app(request.written_by, name="app"),
        )
        return order, in_texts + in_metadata

    async def _store(self, order: Order) -> Added:
        async with self._database.write() as connection:
            scope, write, order = await self._start(connection, order)
            changes = await keep(
                write, scope, order.verbatim(), first_id=order.first_id, quota=self._quota
            )
            await write.finish()
        ids = [change.memory.id for change in changes if change.kind is ChangeKind.ADD]
        note_memories(ids)
        return Added(
            action_id=write.action_id,
            changes=changes,
            removed_characters=_removed(order),
            indexed=await self._indexer.found(ids, write.change, within=_FOUND_WITHIN),
        )

    async def _promise(self, queue: JobQueue, order: Order) -> Added:
        async with self._database.write() as connection:
            _, write, order = await self._start(connection, order, pending=True)
            user_id = order.entities.user_id
            await self._quota.require_room(connection, order.caller, user_id, 1)
            await job_rows.enqueue(
                connection, KIND, order.dump(), action_id=write.action_id, now=write.now
            )
        queue.notice()
        return Added(
            action_id=write.action_id,
            changes=[],
            removed_characters=_removed(order),
            indexed=True,
            reserved_id=order.first_id,
        )

    async def _start(
        self, connection: WriteConnection, order: Order, *, pending: bool = False
    ) -> tuple[Scope, Write, Order]:
        scope = await self._access.scope_within(connection, order.caller, KeyScope.WRITE)
        require_adding(scope)
        write = await Write.start(
            connection,
            order.caller,
            ActionKind.ADD,
            user_id=order.entities.user_id,
            now=self._clock(),
            pending=pending,
        )
        return scope, write, replace(order, accepted_at=write.now)


def require_adding(scope: Scope) -> None:
    """Refuse an app that may not add.

    Raises:
        Forbidden: its write base is nothing.
    """
    if not scope.may_add:
        raise Forbidden(f"The app {scope.caller.app!r} may not add memories")


async def keep(
    write: Write,
    scope: Scope,
    proposed: Sequence[Memory],
    *,
    first_id: str,
    quota: Quota,
) -> list[Change]:
    """Store what repeats nothing; one change per proposal, in order: added, or NONE for a repeat.

    Args:
        write: the write they belong to.
        scope: the caller's; only what it may read can be repeated.
        proposed: memories of one user.
        first_id: the id of the first that is stored.
        quota: how many the user may have.

    Raises:
        QuotaExceeded: it would have more.
    """
    # A repeat of what no list shows would be an add that is never seen.
    shown = all_of(scope.readable, View(latest_only=True).shown_on(write.now.date()))
    known = await rows.repeats(write.connection, map(fingerprint_of, proposed), shown)
    fresh: dict[str, Memory] = {}
    for memory in proposed:
        key = fingerprint_of(memory)
        if key not in known:
            of_this = {"source_event_id": write.action_id, "change": write.change}
            named = {"id": first_id} if not fresh else {}
            new = replace(memory, updated_at=write.now, **of_this, **named)
            fresh.setdefault(key, new)
    if proposed:
        user_id = proposed[0].entities.user_id
        await quota.require_room(write.connection, scope.caller, user_id, len(fresh))
    numbered = await _numbered(write, scope.caller, list(fresh.values()))
    await write.insert(numbered)
    return _answers(proposed, known, {fingerprint_of(memory): memory for memory in numbered})


async def _numbered(write: Write, caller: Caller, memories: Sequence[Memory]) -> list[Memory]:
    user_id = memories[0].entities.user_id if memories else None
    if user_id is None:
        return list(memories)
    connection = write.connection
    user = await app_rows.ensure_user(connection, caller.project_id, user_id, write.now)
    first = await app_rows.take_numbers(connection, user, len(memories))
    return [replace(memory, number=first + i) for i, memory in enumerate(memories)]


def _answers(
    proposed: Sequence[Memory], known: dict[str, Memory], stored: dict[str, Memory]
) -> list[Change]:
    answered: set[str] = set()
    changes: list[Change] = []
    for memory in proposed:
        key = fingerprint_of(memory)
        fresh = key in stored and key not in answered
        answered.add(key)
        kind = ChangeKind.ADD if fresh else ChangeKind.NONE
        changes.append(Change(kind, stored[key] if key in stored else known[key]))
    return changes


def _removed(order: Order) -> int:
    return sum(draft.removed for draft in order.drafts if draft)
