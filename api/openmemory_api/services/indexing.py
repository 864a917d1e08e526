"""Brings committed writes into the vector index; the same code serves every write and recovery.

A write is done when SQL has it. This loop then reflects it in the index by change number, embeds
what has no vector yet, keeps the vectors in SQL and reflects them too. Whatever a crash interrupts
is picked up by the same two questions on the next start: what changed after `index.applied`, and
what has no vector.
"""

import logging
from collections.abc import Collection, Sequence

import anyio
from anyio.abc import TaskStatus

from openmemory_api.db import memories as rows
from openmemory_api.db.session import Database
from openmemory_api.domain.errors import Unavailable
from openmemory_api.domain.memory import State
from openmemory_api.domain.protocols import Embedder, Matrix, Point, Space, VectorIndex

log = logging.getLogger(__name__)

_APPLY_BATCH = 1_000
_EMBED_BATCH = 32
_POLL_SECONDS = 5.0
_RETRY_SECONDS = 30.0


class Indexer:
    """Owns the path from SQL to the index."""

    def __init__(self, database: Database, index: VectorIndex, embedder: Embedder) -> None:
        self._database = database
        self._index = index
        self._embedder = embedder
        self._wake = anyio.Event()
        self._passed = anyio.Event()
        self._opened = False
        self.degraded: str | None = None
        """Why texts cannot be embedded now, if they cannot."""
        self.unreached: str | None = None
        """Why the index cannot be brought up to date now, if it cannot."""
        self.behind: str | None = None
        """That memories are missing from the index in number, while it is being filled."""

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Work until cancelled. Started when the index has what SQL has, or cannot be reached."""
        try:
            await self._open()
            await self.catch_up()
        except Unavailable as error:
            # SQL is the truth, and it is here: the store opens, and searches say what they lack.
            self._could_not(error)
        task_status.started()
        while True:
            self._wake = anyio.Event()
            busy = await self._attempt()
            self._passed.set()
            self._passed = anyio.Event()
            if not busy:
                with anyio.move_on_after(_RETRY_SECONDS if self.degraded else _POLL_SECONDS):
                    await self._wake.wait()

    async def _open(self) -> None:
        try:
            await self._embedder.open()
        except Unavailable as error:
            self.degraded = str(error)
        async with self._database.read() as connection:
            store = await rows.store_id(connection)
        await self._index.open(Space(store, self._embedder.name, self._embedder.dimensions))
        self._opened = True

    async def _attempt(self) -> bool:
        try:
            return await self.run_once()
        except Unavailable as error:
            self._could_not(error)
            return False
        except Exception as error:
            # One pass may fail, for a full disk or a locked file: the store goes on without it.
            log.exception("The index could not be brought up to date")
            self.unreached = f"The index could not be brought up to date: {error}"
            return False

    def _could_not(self, error: Unavailable) -> None:
        if self.unreached != str(error):
            log.warning("The index cannot be brought up to date: %s", error)
        self.unreached = str(error)

    async def run_once(self) -> bool:
        """Apply what is committed and embed one batch; whether there may be more to embed."""
        if not (self._opened and self._embedder.dimensions):
            await self._open()
        await self.catch_up()
        self.unreached = None
        async with self._database.read() as connection:
            pending = await rows.unembedded(connection, self._embedder.name, limit=_EMBED_BATCH)
        if not pending:
            self.degraded = None
            return False
        return await self._embed(pending)

    async def catch_up(self) -> None:
        """Bring every committed write into the index."""
        applied = await self._index.applied()
        while True:
            async with self._database.read() as connection:
                points = await rows.changed_after(
                    connection,
                    applied,
                    embedder=self._embedder.name,
                    limit=_APPLY_BATCH,
                )
            if not points:
                self.behind = None
                return
            if len(points) >= _APPLY_BATCH:
                self.behind = "the index is being filled; not every memory can be found yet"
            await self._apply(points)
            applied = points[-1].memory.change

    async def _apply(self, points: Sequence[Point]) -> None:
        active = [point for point in points if point.memory.state is State.ACTIVE]
        gone = [point.memory.id for point in points if point.memory.state is not State.ACTIVE]
        await self._index.apply(active, gone, change=points[-1].memory.change)

    async def _embed(self, pending: Sequence[tuple[str, int, str]]) -> bool:
        try:
            matrices = await self._embedder.embed_documents([text for _, _, text in pending])
        except Unavailable as error:
            self.degraded = str(error)
            log.warning("Memories are found by their words alone: %s", error)
            return False
        self.degraded = None
        embedded: dict[tuple[str, int], Matrix] = {
            (memory_id, version): matrix
            for (memory_id, version, _), matrix in zip(pending, matrices, strict=True)
        }
        async with self._database.write() as connection:
            change = await rows.next_change(connection)
            await rows.store_vectors(connection, self._embedder.name, embedded, change=change)
        await self.catch_up()
        return len(pending) == _EMBED_BATCH

    async def found(self, ids: Collection[str], change: int, *, within: float) -> bool:
        """Whether memories written at `change` can be found; waits `within` seconds at most."""
        if not ids:
            return True
        with anyio.move_on_after(within):
            while True:
                passed = self._passed
                self._wake.set()
                await passed.wait()
                if self.degraded or self.unreached:
                    return False
                if await self._reflects(change) and await self._embedded(ids):
                    return True
        return False

    async def _reflects(self, change: int) -> bool:
        try:
            return await self._index.applied() >= change
        except Unavailable as error:
            # What waits here has been written: that the index is gone since is not its failure.
            self._could_not(error)
            return False

    async def _embedded(self, ids: Collection[str]) -> bool:
        async with self._database.read() as connection:
            left = await rows.unembedded(connection, self._embedder.name, limit=1, among=ids)
        return not left

    async def pending(self) -> int:
        """How many memories are found by their words alone until they are embedded."""
        async with self._database.read() as connection:
            return await rows.count_unembedded(connection, self._embedder.name)

    def notice(self) -> None:
        """There is something new to index; nobody waits for it."""
        self._wake.set()
