"""Writes the log of calls: behind everybody's back, bounded, and never in the way.

docs/decisions/0012-activity.md says why.
"""

import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, Literal

import anyio
from sqlalchemy.exc import SQLAlchemyError

from openmemory_api.db import activity as rows
from openmemory_api.db.schema import migrate
from openmemory_api.db.session import Database, WriteConnection, undisturbed
from openmemory_api.db.sqlite import make_private
from openmemory_api.domain.errors import StoreError, Unavailable
from openmemory_api.domain.protocols import Clock
from openmemory_api.domain.secrets import redacted
from openmemory_api.services.activity import Entry
from openmemory_api.services.batch import KEEP_ERRORS, Batch

log = logging.getLogger(__name__)

FLUSH_SECONDS: Final = 1.0
"""What a killed process loses at most."""
KEEP_CALLS: Final = 1_000_000
KEEP_STRANGERS: Final = 10_000
"""Of those, failed calls of nobody that is known."""
KEEP_USAGE: Final = timedelta(days=400)
MAX_QUERY: Final = 2_000
"""Characters of a query that are kept."""
MAX_HITS: Final = 1_000
"""Memories that are kept of one call."""
_REMEMBERED: Final = 10_000
_AT_ONCE: Final = 10_000

Queries = Literal["text", "hash", "none"]


class Recorder:
    """Takes calls in without waiting and writes them once a second.

    Args:
        database: the log's own.
        store: the memories', which is asked what was erased for good.
        file: the log's file; None on PostgreSQL.
        clock: tells when a call ended.
        days: how long calls are kept; 0 keeps none.
        queries: whether they are kept as texts, as keyed hashes, or not at all.
        hashed: the keyed hash of a query: equal for equal ones, of no use without the key.
        redacts: whether a query that is kept as a text is kept without its secrets.
    """

    def __init__(
        self,
        database: Database,
        store: Database,
        file: Path | None,
        clock: Clock,
        *,
        days: float,
        queries: Queries,
        hashed: Callable[[str], str],
        redacts: bool = False,
    ) -> None:
        self.database = database
        self._store = store
        self._file = file
        self._clock = clock
        self._keep = timedelta(days=days)
        self._queries: Queries = queries
        self._hashed = hashed
        self._redacts = redacts
        self._waiting = Batch()
        self._in_hand = Batch()
        self._something = anyio.Event()
        self._one_at_a_time = anyio.Lock()
        self._running = False
        self._opened: tuple[int, int] | None = None
        self._erased_through = 0
        self._to_forget = False
        self._strangers_written = False
        self._told: Callable[[Entry], None] | None = None
        # Of a search that is under way while what it found is erased, only this knows.
        self._erased: dict[str, None] = {}
        self.dropped = 0
        """Calls that were never written."""
        self.problem: str | None = None
        """Why the log was not written the last time, if it was not."""

    def on_call(self, told: Callable[[Entry], None]) -> None:
        """Have `told` know of every call that has ended; it must not wait."""
        self._told = told

    def put(self, entry: Entry) -> None:
        """Take in a call that has ended."""
        entry.ended_at = self._clock()
        if self._told is not None:
            self._told(entry)
        entry.query = None if entry.query is None else self._cut(entry)
        entry.hits = entry.hits[:MAX_HITS]
        if self._keep:
            self.dropped += self._waiting.add(entry)
        self._waiting.count(entry)
        self._something.set()

    @property
    def waiting(self) -> int:
        """How many calls are not written yet."""
        return len(self._waiting) + len(self._in_hand)

    async def run(self) -> None:
        """Write once a second, while there is something, until cancelled."""
        self._running = True
        while True:
            await self.flush()
            await anyio.sleep(FLUSH_SECONDS)
            await self._something.wait()

    async def close(self) -> None:
        """Write what is left, and let go of the database."""
        # Not where it failed just now: a stop should not wait for a database that is gone.
        if self._running and self.problem is None:
            await self.flush()
        await self.database.close()

    async def erase(self) -> None:
        """Forget queries that found what was erased for good, now; later where that fails now."""
        if self.problem is None:
            await self.flush()
        self._something.set()

    async def flush(self) -> None:
        """Write what waits, and forget queries that found what was erased; never raises.

        What fails for now is tried again with the next one.
        """
        # Undisturbed: what was taken out of the queue must not be lost to a cancelled request.
        async with undisturbed(), self._one_at_a_time:
            batch, self._waiting = self._waiting, Batch()
            self._in_hand = batch
            self._something = anyio.Event()
            try:
                await self._open()
                await self._write(batch)
            except (Unavailable, OSError) as error:
                self._failed(error)
                self.dropped += self._waiting.put_back(batch)
                self._something.set()
            except Exception as error:  # noqa: BLE001  whatever it is, the log goes on
                # What cannot be written once would not be the next time, and keep all else back.
                self._failed(error)
                self.dropped += len(batch)
            else:
                self.problem = None
                # What is written must not be written again because this failed.
                with suppress(StoreError, SQLAlchemyError, OSError):
                    await self.forget()
            finally:
                self._in_hand = Batch()

    def _failed(self, error: Exception) -> None:
        problem = f"The log of calls is not written: {error.__class__.__name__}"
        if problem != self.problem:
            log.warning(problem, exc_info=error)
        self.problem = problem

    async def forget(self) -> None:
        """Leave nothing of what was erased beside the file, where something may be.

        Raises:
            Unavailable: another program reads it now; to be tried again.
        """
        if not self._to_forget:
            return
        self._to_forget = False
        try:
            await self.database.forget()
        except BaseException:
            self._to_forget = True
            raise

    async def _open(self) -> None:
        """Make or find the tables; also where somebody has deleted the file meanwhile."""
        if self._opened is not None and self._opened == self._identity():
            return
        if self._opened is not None:
            log.warning("The file of the log of calls is gone; it is made anew")
            self._opened = None
            await self.database.close()
        if self._file is not None:
            make_private(self._file)
        await migrate(self.database, "reads")
        self._erased_through = 0
        self._opened = self._identity()

    def _identity(self) -> tuple[int, int]:
        if self._file is None:
            return (0, 0)
        try:
            status = self._file.stat()
        except FileNotFoundError:
            return (0, 0)
        return (status.st_dev, status.st_ino)

    async def _write(self, batch: Batch) -> None:
        erased = await self._newly_erased()
        if not batch and not erased:
            return
        async with self.database.write() as connection:
            await self._add(connection, batch)
            await rows.erase_queries(connection, [memory_id for memory_id, _ in erased])
        if erased:
            self._to_forget = True
            self._erased_through = erased[-1][1]

    async def _newly_erased(self) -> list[tuple[str, int]]:
        """What was erased for good since the last time; after a start, all that ever was."""
        async with self._store.read() as connection:
            erased = await rows.purged_after(connection, self._erased_through)
        for memory_id, _ in erased[-_REMEMBERED:]:
            self._erased[memory_id] = None
        while len(self._erased) > _REMEMBERED:
            del self._erased[next(iter(self._erased))]
        return erased

    async def _add(self, connection: WriteConnection, batch: Batch) -> None:
        entries = batch.calls
        first = await rows.last_id(connection) + 1 if entries else 0
        calls = [self._call(first + i, entry) for i, entry in enumerate(entries)]
        hits = [hit for i, entry in enumerate(entries) for hit in _hits(first + i, entry)]
        await rows.add_calls(connection, calls, hits)
        await rows.add_usage(connection, batch.usage)
        await rows.add_errors(connection, list(batch.errors), keep=KEEP_ERRORS)
        self._strangers_written |= bool(batch.strangers)

    def _call(self, call_id: int, entry: Entry) -> dict[str, Any]:
        return {
            "id": call_id,
            "at": entry.ended_at,
            "request_id": entry.request_id,
            "project_id": entry.project_id,
            "user_id": entry.caller.user_id if entry.caller else None,
            "app": entry.caller.app if entry.caller else None,
            "key_id": entry.caller.key_id if entry.caller else None,
            "surface": entry.caller.surface if entry.caller else "rest",
            "operation": entry.tool or entry.operation,
            "kind": entry.kind,
            "query": self._query(entry),
            "count": entry.count,
            "duration_ms": entry.duration_ms,
            "outcome": entry.outcome,
            "status": entry.status,
        }

    def _query(self, entry: Entry) -> str | None:
        if entry.query is None or any(hit[0] in self._erased for hit in entry.hits):
            return None
        return self._hashed(entry.query) if self._queries == "hash" else entry.query

    def _cut(self, entry: Entry) -> str | None:
        """Its query, as much of it as waits; no secret is cut in two, so that it is known."""
        # What is not known to have been found could be erased without a trace of the query.
        if self._queries == "none" or entry.query is None or len(entry.hits) > MAX_HITS:
            return None
        return self._shown(entry.query)

    def _shown(self, query: str) -> str:
        redacts = self._redacts and self._queries == "text"
        shown = (redacted(query)[0] if redacts else query)[:MAX_QUERY]
        # Half a character would keep all that is written with it from being written.
        return shown.encode("utf-8", "replace").decode()

    def kept(self, query: str) -> str | None:
        """A query as the log has it; None where it keeps none."""
        if self._queries == "text":
            return self._shown(query)
        return self._hashed(query[:MAX_QUERY]) if self._queries == "hash" else None

    async def sweep(self) -> None:
        """Let go of what is too old or too much.

        Raises:
            Unavailable: not now.
        """
        if self._opened is None:
            return
        if self._strangers_written:
            async with self.database.write() as connection:
                await rows.let_go_of_strangers(connection, keep=KEEP_STRANGERS)
            self._strangers_written = False
        before = self._clock() - self._keep
        more = True
        while more:
            async with self.database.write() as connection:
                more = await rows.let_go(
                    connection, before=before, keep=KEEP_CALLS, at_once=_AT_ONCE
                )
        day = (self._clock() - KEEP_USAGE).date().isoformat()
        async with self.database.write() as connection:
            await rows.let_go_of_usage(connection, before=day)

    async def calls_of_key(self, key_id: str, day: str) -> int:
        """How many calls of a key were let through on a day; 0 where the log cannot say."""
        try:
            await self.flush()
            async with self.database.read() as connection:
                return await rows.calls_of_key(connection, key_id, day)
        except (StoreError, SQLAlchemyError) as error:
            self._failed(error)
            return 0

    def health(self) -> dict[str, Any]:
        """How the log fares."""
        return {"waiting": self.waiting, "dropped": self.dropped, "problem": self.problem}


def _hits(call_id: int, entry: Entry) -> list[rows.HitRow]:
    found = enumerate(entry.hits, start=1)
    return [(call_id, i, memory_id, score) for i, (memory_id, score) in found]
