"""Sees what is written, called and changed, whoever did it, and has `Live` tell it."""

import logging
from typing import Final

import anyio

from openmemory_api.db import changes as rows
from openmemory_api.db.changes import Changed, Changes
from openmemory_api.db.memories import last_change
from openmemory_api.db.session import Database
from openmemory_api.domain.errors import StoreError
from openmemory_api.domain.memory import State
from openmemory_api.domain.requests import ChangeKind
from openmemory_api.services.activity import Entry, Kind, Outcome
from openmemory_api.services.indexing import Indexer
from openmemory_api.services.live import EventType, Live

log = logging.getLogger(__name__)

FLUSH_SECONDS: Final = 0.25
"""Events go out so often at most, however much happens."""
POLL_SECONDS: Final = 1.0
"""How soon writes of other processes are seen."""
STAY_SECONDS: Final = 300.0
"""How long it goes on when nobody looks on, for those who come back."""
SEEN_AGAIN_SECONDS: Final = 60.0
_APPS: Final = 1_000
_CALLS: Final[dict[Kind, EventType]] = {Kind.READ: "call.read", Kind.WRITE: "call.write"}


class Watch:
    """Reads what was written since it last looked, while somebody looks on or did lately."""

    def __init__(self, database: Database, indexer: Indexer, live: Live) -> None:
        self._database = database
        self._indexer = indexer
        self._live = live
        self._change: int | None = None
        """Up to where all was told; None while nobody looks on."""
        self._index: tuple[str | None, bool] | None = None
        self._seen: dict[tuple[str, str], float] = {}

    def call(self, entry: Entry) -> None:
        """A call has ended."""
        caller = entry.caller
        if self._change is None or caller is None or caller.user_id is None:
            return
        if caller.app is not None:
            self._app(caller.user_id, caller.app)
        type_ = _CALLS.get(entry.kind) if entry.outcome is Outcome.OK else None
        if entry.outcome is Outcome.DENIED:
            type_ = "call.denied"
        if type_ is not None:
            named = {
                "ids": [memory_id for memory_id, _ in entry.hits],
                "apps": [caller.app],
                "operations": [entry.tool or entry.operation],
            }
            self._live.happened(type_, caller.user_id, named=named)

    def _app(self, user_id: str, app: str) -> None:
        """An app has called: told when it has not for a while."""
        now = anyio.current_time()
        last = self._seen.pop((user_id, app), -SEEN_AGAIN_SECONDS)
        if now - last >= SEEN_AGAIN_SECONDS:
            self._live.happened("app.seen", user_id, named={"apps": [app]})
            last = now
        self._seen[user_id, app] = last
        if len(self._seen) > _APPS:
            del self._seen[next(iter(self._seen))]

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            if self._live.quiet_for() >= STAY_SECONDS:
                await self._rest()
            with anyio.move_on_after(POLL_SECONDS):
                await self._live.something()
            try:
                await self._look()
            except StoreError:
                # It cannot be read now; what happened meanwhile is told when it can.
                log.debug("What was written cannot be read", exc_info=True)
            self._live.flush()
            await anyio.sleep(FLUSH_SECONDS)

    async def _rest(self) -> None:
        """Look at nothing until somebody looks on."""
        self._change = None
        self._live.forget()
        while self._live.quiet_for() > 0:
            self._live.flush()
            await self._live.something()

    async def _look(self) -> None:
        async with self._database.read() as connection:
            if self._change is None:
                self._change = await last_change(connection)
                return
            found = await rows.since(connection, self._change)
        self._tell(found)
        if found.upto != self._change or self._index is None or self._index[1]:
            pending = await self._indexer.pending()
        else:
            pending = 0
        self._change = found.upto
        standing = (_problem(self._indexer), pending > 0)
        if standing != self._index:
            self._index = standing
            self._live.happened("index.status", None, problem=standing[0], pending=pending)

    def _tell(self, found: Changes) -> None:
        if found.more:
            self._live.happened("reset", None)
        for user_id in found.rules_of:
            self._live.happened("access.changed", user_id)
        for memory in found.memories:
            named = {"ids": [memory.id], "apps": [memory.app]}
            if memory.user_id is not None:
                self._live.happened(_event_of(memory), memory.user_id, named=named)


def _event_of(memory: Changed) -> EventType:
    if memory.state is State.PURGED:
        return "memory.deleted"
    if ChangeKind.ADD in memory.kinds and memory.state is not State.TRASHED:
        return "memory.created"
    if not memory.kinds:
        # It got its vectors: it is found by its meaning from now on.
        return "index.status"
    last = memory.kinds[-1]
    if last == ChangeKind.DELETE:
        return "memory.deleted"
    return "memory.updated" if last == ChangeKind.UPDATE else "memory.state"


def _problem(indexer: Indexer) -> str | None:
    return indexer.unreached or indexer.behind or indexer.degraded
