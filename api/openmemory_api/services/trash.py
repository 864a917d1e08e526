"""The trash: where deleted memories wait, are brought back from, and end."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from openmemory_api.db import actions as action_rows
from openmemory_api.db import memories as rows
from openmemory_api.db.session import Database, WriteConnection
from openmemory_api.domain.access import Caller, KeyScope
from openmemory_api.domain.errors import Forbidden, NotFound
from openmemory_api.domain.filters import Filter
from openmemory_api.domain.memory import Memory
from openmemory_api.domain.protocols import Clock
from openmemory_api.domain.requests import ActionKind, MemoryRef
from openmemory_api.services.access import AccessService
from openmemory_api.services.activity import note_memories
from openmemory_api.services.indexing import Indexer
from openmemory_api.services.limits import NO_QUOTA, Quota
from openmemory_api.services.writing import Forget, Write, erase, find_all, user_of

_SWEEP: Final = 1_000


class TrashService:
    """Only users and admins see it; an app never does."""

    def __init__(
        self,
        database: Database,
        access: AccessService,
        indexer: Indexer,
        clock: Clock,
        keep: timedelta,
        forget: Forget,
        quota: Quota = NO_QUOTA,
    ) -> None:
        self._database = database
        self._access = access
        self._indexer = indexer
        self._clock = clock
        self._keep = keep
        self._forget = forget
        self._quota = quota

    async def page(self, caller: Caller, *, page: int, page_size: int) -> tuple[int, list[Memory]]:
        """How many memories are in the caller's trash, and one page of them."""
        trash = (await self._access.scope(_as_user(caller), KeyScope.READ)).trash
        async with self._database.read() as connection:
            total = await rows.count(connection, trash)
            offset = (page - 1) * page_size
            found = await rows.page(connection, trash, limit=page_size, offset=offset)
        note_memories([memory.id for memory in found])
        return total, found

    async def restore(self, caller: Caller, refs: Sequence[MemoryRef]) -> list[Memory]:
        """Bring memories back as they were, with ids and short ids, all of them or none.

        Raises:
            NotFound: one is not in the caller's trash.
            QuotaExceeded: the user would have more than it may.
        """
        trash = (await self._access.scope(_as_user(caller), KeyScope.WRITE)).trash
        async with self._database.write() as connection:
            found = await _find(connection, caller, refs, trash)
            await self._quota.require_room_for(connection, caller, found)
            write = await Write.start(
                connection, caller, ActionKind.RESTORE, user_id=user_of(found), now=self._clock()
            )
            states = await action_rows.states_before_trash(connection, [each.id for each in found])
            await write.restore(found, states)
            await write.finish()
        note_memories([memory.id for memory in found])
        self._indexer.notice()
        return [change.memory for change in write.changes]

    async def purge(self, caller: Caller, refs: Sequence[MemoryRef]) -> int:
        """Erase memories of the trash for good: text, vectors and history texts.

        Raises:
            NotFound: one is not in the caller's trash.
        """
        trash = (await self._access.scope(_as_user(caller), KeyScope.DELETE)).trash
        async with self._database.write() as connection:
            found = await _find(connection, caller, refs, trash)
            await erase(connection, [memory.id for memory in found])
        await self._forget()
        note_memories([memory.id for memory in found])
        return len(found)

    async def sweep(self) -> int:
        """Erase what has been in the trash for its time; how many that were."""
        erased = 0
        until = self._clock() - self._keep
        while True:
            async with self._database.write() as connection:
                ids = await rows.trashed_before(connection, until, limit=_SWEEP)
                if not ids:
                    break
                await erase(connection, ids)
            erased += len(ids)
        if erased:
            await self._forget()
        return erased


def _as_user(caller: Caller) -> Caller:
    if caller.app is not None:
        raise Forbidden("The trash is the user's; an app cannot see it")
    return caller


async def _find(
    connection: WriteConnection, caller: Caller, refs: Sequence[MemoryRef], trash: Filter
) -> list[Memory]:
    found = await find_all(connection, caller, refs, trash)
    if len(found) < len(set(refs)):
        raise NotFound
    return list({memory.id: memory for memory in found.values()}.values())
