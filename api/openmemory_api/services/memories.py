"""Reading, changing and deleting memories."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from openmemory_api.db import actions as action_rows
from openmemory_api.db import memories as rows
from openmemory_api.db.session import Database, WriteConnection
from openmemory_api.domain.access import ACTIVE, Caller, KeyScope
from openmemory_api.domain.errors import Invalid, NotFound
from openmemory_api.domain.filters import Filter, all_of, matches
from openmemory_api.domain.memory import Memory
from openmemory_api.domain.protocols import Clock
from openmemory_api.domain.requests import (
    MAX_BATCH,
    NO_SECRETS,
    ActionKind,
    Deleted,
    HistoryEntry,
    ListRequest,
    MemoryPage,
    MemoryRef,
    Secrets,
    Unset,
    Updated,
    UpdateRequest,
)
from openmemory_api.services.access import AccessService, Scope
from openmemory_api.services.activity import note_memories
from openmemory_api.services.indexing import Indexer
from openmemory_api.services.pending import DELETED, withdraw
from openmemory_api.services.redaction import NO_REDACTION, Redaction
from openmemory_api.services.validation import (
    checked_expiration,
    checked_metadata,
    checked_moment,
    checked_text,
    tags_of,
)
from openmemory_api.services.writing import (
    Forget,
    Write,
    erase,
    find_all,
    find_one,
    is_id,
    require_writable,
    user_of,
)

_FOUND_WITHIN: Final = 2.0
_TICK: Final = timedelta(microseconds=1)


class MemoryService:
    """The use cases of single memories and of sets of them."""

    def __init__(
        self,
        database: Database,
        access: AccessService,
        indexer: Indexer,
        clock: Clock,
        keep_trash: timedelta,
        forget: Forget,
        redaction: Redaction = NO_REDACTION,
    ) -> None:
        self._database = database
        self._access = access
        self._indexer = indexer
        self._clock = clock
        self._keep_trash = keep_trash
        self._forget = forget
        self._redaction = redaction

    async def get(self, caller: Caller, ref: MemoryRef) -> Memory:
        """One memory, also when it has expired.

        Raises:
            Invalid: `ref` is not an id.
            NotFound: the caller cannot read it.
        """

        async def found(scope: Scope) -> Memory:
            async with self._database.read() as connection:
                return await find_one(connection, caller, ref, scope.readable)

        memory = await self._access.answer(caller, found, KeyScope.READ)
        note_memories([memory.id])
        return memory

    async def page(self, caller: Caller, request: ListRequest) -> MemoryPage:
        """A page of what the caller may read, newest first.

        Raises:
            Invalid: the cursor is not one of ours.
        """

        async def found(scope: Scope) -> MemoryPage:
            return await self._page(scope, request)

        page = await self._access.answer(caller, found, KeyScope.READ)
        note_memories([memory.id for memory in page.memories])
        return page

    async def _page(self, scope: Scope, request: ListRequest) -> MemoryPage:
        shown = request.view.shown_on(self._clock().date())
        wanted = all_of(scope.readable, request.wanted, shown)
        size = request.page_size
        async with self._database.read() as connection:
            total = await rows.count(connection, wanted)
            found = await rows.page(
                connection,
                wanted,
                limit=size + 1,
                offset=0 if request.cursor else (request.page - 1) * size,
                after=_position(request.cursor) if request.cursor else None,
            )
        more = len(found) > size
        return MemoryPage(total, found[:size], _cursor(found[size - 1]) if more else None)

    async def total(self) -> int:
        """How many active memories the store holds, of all users."""
        async with self._database.read() as connection:
            return await rows.count(connection, ACTIVE)

    async def update(self, caller: Caller, ref: MemoryRef, request: UpdateRequest) -> Updated:
        """Replace the given fields of one memory.

        Raises:
            Invalid, NotFound: as for `get`, or a field is out of bounds.
            Forbidden: the caller may read it but not change it.
        """
        return await self._update_all(caller, [(ref, request)])

    async def update_many(
        self, caller: Caller, requests: Sequence[tuple[MemoryRef, UpdateRequest]]
    ) -> Updated:
        """As `update` for up to 1,000 memories, all of them or none."""
        _require_batch(requests)
        return await self._update_all(caller, requests)

    async def _update_all(
        self, caller: Caller, requests: Sequence[tuple[MemoryRef, UpdateRequest]]
    ) -> Updated:
        await self._access.scope(caller, KeyScope.WRITE)
        checked, secrets = self._checked(requests)
        async with self._database.write() as connection:
            scope = await self._access.scope_within(connection, caller, KeyScope.WRITE)
            refs = [ref for ref, _ in checked]
            found = await find_all(connection, caller, refs, scope.readable)
            if len(found) < len(set(refs)):
                raise NotFound
            for memory in found.values():
                require_writable(scope, memory)
            write = await Write.start(
                connection,
                caller,
                ActionKind.UPDATE,
                user_id=user_of(list(found.values())),
                now=self._clock(),
            )
            current = {memory.id: memory for memory in found.values()}
            originals = list(current.values())
            for ref, request in checked:
                old = current[found[ref].id]
                current[old.id] = _updated(old, request, write)
            # One change each, however often it was named, or an undo would bring back a half.
            await write.replace([(old, current[old.id]) for old in originals])
            await write.finish()
        note_memories(list(current))
        await self._indexer.found(list(current), write.change, within=_FOUND_WITHIN)
        return Updated([current[found[ref].id] for ref in refs], secrets)

    def _checked(
        self, requests: Sequence[tuple[MemoryRef, UpdateRequest]]
    ) -> tuple[list[tuple[MemoryRef, UpdateRequest]], Secrets]:
        checked: list[tuple[MemoryRef, UpdateRequest]] = []
        found = NO_SECRETS
        for ref, asked in requests:
            request = _checked_update(asked)
            if request.text is not None:
                text, secrets = self._redaction.text(request.text)
                request, found = replace(request, text=text), found + secrets
            if not isinstance(request.metadata, Unset):
                metadata, secrets = self._redaction.metadata(request.metadata)
                request, found = replace(request, metadata=metadata), found + secrets
            checked.append((ref, request))
        return checked, found

    async def delete(
        self,
        caller: Caller,
        refs: Sequence[MemoryRef],
        *,
        linked: bool = False,
        partial: bool = False,
    ) -> Deleted:
        """Move memories to the trash; `linked` takes along what they had replaced.

        All of them or none, unless `partial`: then what is missing or denied is reported.

        Raises:
            Invalid, NotFound: as for `get`.
            Forbidden: one may be read but not changed.
        """
        _require_batch(refs)
        await self._access.scope(caller, KeyScope.DELETE)
        async with self._database.write() as connection:
            scope = await self._access.scope_within(connection, caller, KeyScope.DELETE)
            known = [ref for ref in refs if not partial or is_id(ref)]
            found = await find_all(connection, caller, known, scope.readable)
            missing = [ref for ref in refs if ref not in found]
            if missing and not partial:
                raise NotFound
            denied = [ref for ref in found if partial and not matches(scope.writable, found[ref])]
            chosen = {found[ref].id: found[ref] for ref in found if ref not in denied}
            if linked:
                chosen |= await _predecessors(connection, chosen, scope)
            for memory in chosen.values():
                require_writable(scope, memory)
            if not chosen:
                return Deleted(None, [], missing=missing, denied=denied)
            write = await self._trash(connection, caller, list(chosen.values()), ActionKind.DELETE)
        await self._gone()
        return Deleted(write.action_id, list(chosen), missing=missing, denied=denied)

    async def delete_where(
        self,
        caller: Caller,
        wanted: Filter,
        *,
        own: bool = False,
        kind: ActionKind = ActionKind.DELETE_ALL,
    ) -> Deleted:
        """Move all of a set that the caller may change to the trash; the rest of it is `left`.

        Args:
            caller: who asks.
            wanted: the set.
            own: only what the caller's app wrote of it.
            kind: what the action is called.
        """
        await self._access.scope(caller, KeyScope.DELETE)
        async with self._database.write() as connection:
            scope = await self._access.scope_within(connection, caller, KeyScope.DELETE)
            wanted = all_of(wanted, scope.own) if own else wanted
            readable = await rows.count(connection, all_of(scope.readable, wanted))
            chosen = await rows.page(
                connection, all_of(scope.writable, wanted), limit=readable or 1
            )
            write = await self._trash(connection, caller, chosen, kind)
            # What still waits to be extracted must not come back after it was deleted.
            covered = all_of(scope.writable, wanted)
            await withdraw(connection, caller, covered, because=DELETED, now=write.now)
        await self._gone()
        ids = [memory.id for memory in chosen]
        return Deleted(write.action_id, ids, left=readable - len(ids))

    async def _trash(
        self,
        connection: WriteConnection,
        caller: Caller,
        chosen: Sequence[Memory],
        kind: ActionKind,
    ) -> Write:
        user_id = caller.user_id or user_of(chosen)
        write = await Write.start(connection, caller, kind, user_id=user_id, now=self._clock())
        await write.trash(chosen)
        await write.finish()
        note_memories([memory.id for memory in chosen])
        if not self._keep_trash:
            await erase(connection, [memory.id for memory in chosen])
        return write

    async def _gone(self) -> None:
        self._indexer.notice()
        if not self._keep_trash:
            await self._forget()

    async def history(self, caller: Caller, ref: MemoryRef) -> list[HistoryEntry]:
        """What happened to a memory, oldest first; errors as for `get`."""

        async def found(scope: Scope) -> list[HistoryEntry]:
            async with self._database.read() as connection:
                memory = await find_one(connection, caller, ref, scope.readable)
                note_memories([memory.id])
                return await action_rows.entries(connection, memory, scope.readable)

        return await self._access.answer(caller, found, KeyScope.READ)


def _checked_update(request: UpdateRequest) -> UpdateRequest:
    if request == UpdateRequest():
        raise Invalid("Give at least one of text, metadata, timestamp, expiration_date")
    text, metadata, expiration = request.text, request.metadata, request.expiration_date
    return replace(
        request,
        text=None if text is None else checked_text(text, name="text")[0],
        metadata=metadata if isinstance(metadata, Unset) else checked_metadata(metadata),
        expiration_date=(
            expiration if isinstance(expiration, Unset) else checked_expiration(expiration)
        ),
        timestamp=checked_moment(request.timestamp, name="timestamp"),
    )


def _updated(old: Memory, request: UpdateRequest, write: Write) -> Memory:
    metadata = old.metadata if isinstance(request.metadata, Unset) else request.metadata
    expiration = request.expiration_date
    return replace(
        old,
        text=old.text if request.text is None else request.text,
        metadata=metadata,
        tags=tags_of(metadata),
        expiration_date=old.expiration_date if isinstance(expiration, Unset) else expiration,
        created_at=request.timestamp or old.created_at,
        event_time=request.timestamp or old.event_time,
        updated_at=write.now,
        version=old.version + 1,
        change=write.change,
    )


async def _predecessors(
    connection: WriteConnection, chosen: dict[str, Memory], scope: Scope
) -> dict[str, Memory]:
    chain: dict[str, Memory] = {}
    newest = list(chosen)
    while newest:
        older = await rows.replaced_by(connection, newest, scope.readable)
        newest = [memory.id for memory in older if memory.id not in chain]
        chain |= {memory.id: memory for memory in older}
    return chain


def _require_batch(items: Sequence[object]) -> None:
    if len(items) > MAX_BATCH:
        raise Invalid(f"At most {MAX_BATCH} memories in one batch, not {len(items)}")


def _cursor(memory: Memory) -> str:
    position = f"{memory.created_at.isoformat()}|{memory.id}"
    return base64.urlsafe_b64encode(position.encode()).decode()


def _position(cursor: str) -> tuple[datetime, str]:
    try:
        moment, _, memory_id = base64.urlsafe_b64decode(cursor).decode().partition("|")
        created_at = datetime.fromisoformat(moment).astimezone(UTC)
    except (binascii.Error, ValueError, OverflowError) as error:
        raise Invalid("cursor is not one that this server gave") from error
    return created_at, memory_id
