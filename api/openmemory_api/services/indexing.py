"""Brings committed writes into the vector index; the same code serves every write and recovery.

A write is done when SQL has it. One loop then reflects it in the index by change number; another
embeds what has no vector yet and keeps the vectors in SQL, which is a write like any other. Whatever
a crash interrupts is picked up by the same two questions on the next start: what changed after
`index.applied`, and what has no vector. Two loops, because a model may take a minute to answer, and
by its words a memory is found at once.
"""

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import anyio

from openmemory_api.db import memories as rows
from openmemory_api.db.session import Database
from openmemory_api.domain.errors import Invalid, Unavailable
from openmemory_api.domain.memory import State
from openmemory_api.domain.protocols import Embedder, Matrix, Point, Space, VectorIndex

log = logging.getLogger(__name__)

_APPLY_BATCH: Final = 1_000
_EMBED_BATCH: Final = 32
_POLL_SECONDS: Final = 5.0
_SHARED_POLL_SECONDS: Final = 0.1
"""Where other processes write, too, and nobody says when."""
_TROUBLE_SECONDS: Final = 1.0
_RETRY_SECONDS: Final = 30.0
_PATIENCE_SECONDS: Final = 5.0
"""A start waits so long for an embedder; requests wait with it."""
_ASIDE_SECONDS: Final = 600.0
_TRIES: Final = 2
_FILLING: Final = "the index is being filled; not every memory can be found yet"

_Text: TypeAlias = tuple[str, int, str]
"""(memory id, text version, text)."""


class _Calls:
    """Calls for a loop's attention, and how many of them it had heard when it last came to rest."""

    def __init__(self) -> None:
        self._called = 0
        self._wake = anyio.Event()
        self.answered = 0

    def call(self) -> int:
        """Ask for a pass; the number of this call."""
        self._called += 1
        self._wake.set()
        return self._called

    def begin(self) -> int:
        """The number of the last call that a pass beginning now answers."""
        self._wake = anyio.Event()
        return self._called

    async def rest(self, seconds: float) -> None:
        """Wait for the next call, so long at most."""
        with anyio.move_on_after(seconds):
            await self._wake.wait()


@dataclass(slots=True, eq=False)
class _Waiting:
    """Somebody who waits until memories can be found, and which passes it called for."""

    ids: Collection[str]
    change: int
    follow: int
    embed: int
    answered: anyio.Event = field(default_factory=anyio.Event)
    found: bool = False

    def tell(self, *, found: bool) -> None:
        self.found = found
        self.answered.set()


class Indexer:
    """Owns the path from SQL to the index."""

    def __init__(self, database: Database, index: VectorIndex, embedder: Embedder) -> None:
        self._database = database
        self._index = index
        self._embedder = embedder
        self._space: Space | None = None
        self._stale = False
        """Whether the store has become another one to its index."""
        self._follow_calls = _Calls()
        self._embed_calls = _Calls()
        self._waiting: set[_Waiting] = set()
        self._failures: dict[tuple[str, int], int] = {}
        self._aside_until: dict[tuple[str, int], float] = {}
        self._many = False
        """Whether memories wait for their vectors in number."""
        self.leads = False
        """Whether this process, of all that share the database, embeds and writes a shared index."""
        self.degraded: str | None = None
        """Why texts cannot be embedded now, if they cannot."""
        self.unreached: str | None = None
        """Why the index cannot be brought up to date now, if it cannot."""
        self._reflected = 0
        """What the index reflected when it was last caught up with."""
        self.behind: str | None = None
        """That memories are missing from the index in number, while it is being filled."""

    @property
    def _embeds(self) -> bool:
        return self._embedder.reading is not None

    @property
    def searches_by_meaning(self) -> bool:
        """Whether the index holds vectors of the model that queries are embedded with."""
        return self._space is not None and self._space.embedder == self._embedder.name

    async def open(self) -> None:
        """Wait for the embedder, and until the index has what SQL has or cannot be reached."""
        with anyio.move_on_after(_PATIENCE_SECONDS) as patience:
            await self._open_embedder()
        if patience.cancelled_caught:
            self._cannot_embed(Unavailable("The embedder has not answered yet"))
        try:
            await self._caught_up()
        except Unavailable as error:
            # SQL is the truth, and it is here: the store opens, and searches say what they lack.
            self._could_not(error)

    async def run(self) -> None:
        """Work until cancelled."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._follow)
            if self._embeds:
                tasks.start_soon(self._embed)

    async def _follow(self) -> None:
        while True:
            heard = self._follow_calls.begin()
            moved = await self._follow_once()
            await self._rested(self._follow_calls, heard, moved=moved)
            await self._follow_calls.rest(self._poll_seconds)

    async def _embed(self) -> None:
        while True:
            heard = self._embed_calls.begin()
            if await self._embed_once():
                continue
            await self._rested(self._embed_calls, heard, moved=False)
            await self._embed_calls.rest(_RETRY_SECONDS if self.degraded else self._poll_seconds)

    @property
    def _poll_seconds(self) -> float:
        if self.unreached:
            return _TROUBLE_SECONDS
        return _SHARED_POLL_SECONDS if self._database.shared else _POLL_SECONDS

    async def _rested(self, calls: _Calls, heard: int, *, moved: bool) -> None:
        if heard == calls.answered and not moved:
            # Whoever waits would be told what was found before.
            return
        calls.answered = heard
        try:
            await self._answer()
        except Exception:
            # They stop waiting by themselves; the store goes on.
            log.exception("Those who wait for the index could not be told")

    async def _follow_once(self) -> bool:
        """Whether the index reflects something else than before, or cannot be asked."""
        before = self._reflected
        try:
            await self._caught_up()
        except Unavailable as error:
            self._could_not(error)
        except Exception as error:
            # One pass may fail, for a full disk or a locked file: the store goes on without it.
            log.exception("The index could not be brought up to date")
            # Its own words may name a path, and anyone may read this.
            name = type(error).__name__
            self.unreached = f"The index could not be brought up to date: {name}"
        else:
            self.unreached = None
        return self._reflected != before or self.unreached is not None

    def _could_not(self, error: Unavailable) -> None:
        if self.unreached != str(error):
            log.warning("The index cannot be brought up to date: %s", error)
        self.unreached = str(error)

    async def _caught_up(self) -> None:
        self.leads = await self._database.leads()
        await self._open_index()
        if self.leads or not self._index.shared:
            await self.catch_up()
        else:
            self._reflected = await self._index.applied()

    async def _open_index(self) -> None:
        name, dimensions = self._embedder.name, self._embedder.dimensions
        held = self._space and (self._space.embedder, self._space.dimensions)
        if held == (name, dimensions) and not self._stale:
            return
        # Until it is open there is none, so that an attempt that fails is made again.
        self._stale, self._space = False, None
        space = await self._opened(name, dimensions)
        applied = await self._index.applied()
        async with self._database.read() as connection:
            newest = await rows.last_change(connection)
        if applied > newest and await self._database.leads():
            log.warning("The index is ahead of the database, which is an older copy: made anew")
            await self.renew_store()
            space = await self._opened(name, dimensions)
        self._space = space

    async def _opened(self, embedder: str, dimensions: int) -> Space:
        async with self._database.read() as connection:
            space = Space(await rows.store_id(connection), embedder, dimensions)
        await self._index.open(space)
        return space

    async def renew_store(self) -> None:
        """Make this another store to its index, which then begins empty."""
        async with self._database.write() as connection:
            await rows.renew_store_id(connection)

    async def rebuild(self) -> None:
        """Fill the index from SQL, from the beginning. Nothing is embedded again.

        Where several processes share a database, the others follow when they are started again.
        """
        await self.renew_store()
        self._stale = True
        self.notice()

    async def catch_up(self) -> None:
        """Bring every committed write into the index."""
        assert self._space is not None, "the index is opened first"
        applied = await self._index.applied()
        if applied < self._reflected:
            # It was emptied, or put back to an older copy: until it is full again, say so.
            self.behind = _FILLING
        while True:
            async with self._database.read() as connection:
                points = await rows.changed_after(
                    connection, applied, embedder=self._space.embedder, limit=_APPLY_BATCH
                )
            if not points:
                self.behind, self._reflected = None, applied
                return
            if self._index.shared and not await self._database.leads():
                # Whoever leads now must not find older contents written over newer ones.
                return
            if len(points) >= _APPLY_BATCH:
                self.behind = _FILLING
            await self._apply(points)
            applied = points[-1].memory.change
            if len(points) < _APPLY_BATCH:
                # That was all when it was asked, and whoever writes calls again.
                self.behind, self._reflected = None, applied
                return

    async def _apply(self, points: Sequence[Point]) -> None:
        active = [point for point in points if point.memory.state is State.ACTIVE]
        gone = [point.memory.id for point in points if point.memory.state is not State.ACTIVE]
        await self._index.apply(active, gone, change=points[-1].memory.change)

    async def _open_embedder(self) -> bool:
        try:
            await self._embedder.open()
        except Unavailable as error:
            self._cannot_embed(error)
            return False
        return True

    async def _embed_once(self) -> bool:
        """Embed one batch; whether there may be more to embed at once."""
        try:
            if not self._embedder.dimensions and not await self._open_embedder():
                return False
            pending = await self._next_batch() if await self._database.leads() else []
            if not await self._embed_all(pending):
                return False
            more = len(pending) == _EMBED_BATCH
            await self._tell_progress(more=more)
        except Unavailable as error:
            # Of the database, which the other loop asks as well: it says when it is back.
            self._could_not(error)
            return False
        except Exception as error:
            log.exception("Texts could not be embedded")
            self.degraded = f"Texts could not be embedded: {type(error).__name__}"
            return False
        self.degraded = None
        return more

    async def _tell_progress(self, *, more: bool) -> None:
        """Log when many memories begin to wait for their vectors, and when none does any more."""
        if more and not self._many:
            waiting = await self.pending()
            log.info("%d memories wait to be embedded with %s", waiting, self._embedder.name)
        elif self._many and not more:
            log.info("Every memory is embedded with %s", self._embedder.name)
        self._many = more

    async def _embed_all(self, pending: Sequence[_Text]) -> bool:
        """Give texts their vectors; False when the embedder cannot be asked."""
        try:
            matrices = await self._vectors(pending) if pending else []
        except Unavailable as error:
            self._cannot_embed(error)
            return False
        await self._keep(pending, matrices)
        return True

    def _cannot_embed(self, error: Unavailable) -> None:
        if self.degraded != str(error):
            log.warning("Memories are found by their words alone: %s", error)
        self.degraded = str(error)

    async def _next_batch(self) -> list[_Text]:
        now = anyio.current_time()
        aside = {text for text, until in self._aside_until.items() if until > now}
        async with self._database.read() as connection:
            limit = _EMBED_BATCH + len(aside)
            found = await rows.unembedded(connection, self._embedder.name, limit=limit)
        return [text for text in found if text[:2] not in aside][:_EMBED_BATCH]

    async def _vectors(self, pending: Sequence[_Text]) -> list[Matrix | None]:
        """A matrix per text; None for one that has to be set aside.

        Raises:
            Unavailable: the embedder cannot be reached.
            Exception: it failed on a text for the first time, for a reason of its own.
        """
        try:
            return [*await self._embedder.embed_documents([text for _, _, text in pending])]
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001  whatever it is, the other texts go on
            if len(pending) == 1:
                self._set_aside(pending[0], error)
                return [None]
            log.warning("A batch could not be embedded (%s): one by one", type(error).__name__)
        return [matrix for text in pending for matrix in await self._vectors([text])]

    def _set_aside(self, text: _Text, error: Exception) -> None:
        """Leave a text for a while, so that it does not stand before all the others for ever."""
        key = text[:2]
        self._failures[key] = self._failures.get(key, 0) + 1
        if not isinstance(error, Invalid) and self._failures[key] < _TRIES:
            raise error
        log.warning("Memory %s cannot be embedded (%s)", text[0], type(error).__name__)
        self._aside_until[key] = anyio.current_time() + _ASIDE_SECONDS

    async def _keep(self, pending: Sequence[_Text], matrices: Sequence[Matrix | None]) -> None:
        embedded = {
            (memory_id, version): matrix
            for (memory_id, version, _), matrix in zip(pending, matrices, strict=True)
            if matrix is not None
        }
        if not embedded:
            return
        for key in embedded:
            self._failures.pop(key, None)
            self._aside_until.pop(key, None)
        async with self._database.write() as connection:
            change = await rows.next_change(connection)
            await rows.store_vectors(connection, self._embedder.name, embedded, change=change)
        self._follow_calls.call()

    async def found(self, ids: Collection[str], change: int, *, within: float) -> bool:
        """Whether memories written at `change` can be found; waits `within` seconds at most."""
        if not ids:
            return True
        waiting = _Waiting(ids, change, self._follow_calls.call(), self._embed_calls.call())
        self._waiting.add(waiting)
        try:
            with anyio.move_on_after(within):
                await waiting.answered.wait()
        finally:
            self._waiting.discard(waiting)
        return waiting.found

    async def _answer(self) -> None:
        """Tell those who wait what a pass has brought them, all of them by one question."""
        waiting = list(self._waiting)
        try:
            applied = await self._index.applied() if waiting else 0
        except Unavailable as error:
            # What waits here has been written: that the index is gone since is not its failure.
            self._could_not(error)
            applied = -1
        # Right after a write there is nothing to ask the database for yet.
        ids = {each for one in waiting if one.change <= applied for each in one.ids}
        try:
            standing = await self._standing(ids) if ids else {}
        except Unavailable as error:
            # It is written: who is told that it failed writes it again.
            self._could_not(error)
            for one in waiting:
                one.tell(found=False)
            return
        for one in waiting:
            self._tell(one, applied, [standing[each] for each in one.ids if each in standing])

    async def _standing(self, ids: Collection[str]) -> dict[str, tuple[bool, int]]:
        async with self._database.read() as connection:
            return await rows.standing(connection, self._embedder.name, ids)

    def _tell(self, one: _Waiting, applied: int, standing: Sequence[tuple[bool, int]]) -> None:
        embedded = not self._embeds or all(has for has, _ in standing)
        reflected = applied >= max([one.change, *(change for _, change in standing)])
        # What its leader does, a follower sees only when it is done.
        tried = self.leads and self._embed_calls.answered >= one.embed
        followed = self._follow_calls.answered >= one.follow
        if embedded and reflected:
            one.tell(found=True)
        elif (followed and self.unreached) or (tried and reflected and not embedded):
            one.tell(found=False)

    async def reflects(self, change: int) -> bool:
        """Whether the index has what was written at a change; not where it cannot be asked."""
        try:
            return await self._index.applied() >= change
        except Unavailable:
            return False

    async def pending(self) -> int:
        """How many memories are found by their words alone until they are embedded."""
        if not self._embeds:
            return 0
        async with self._database.read() as connection:
            return await rows.count_unembedded(connection, self._embedder.name)

    def notice(self) -> None:
        """There is something new to index; nobody waits for it."""
        self._follow_calls.call()
        self._embed_calls.call()
