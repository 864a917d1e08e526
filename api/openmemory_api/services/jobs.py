"""A durable queue: what was promised is done, by one worker at a time, however often one dies.

A worker owns a row while its lease lasts. Whoever is late finds the row another's, and what it
brings is dropped; so a job may be begun twice, but is never done twice.
"""

import logging
import math
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any, Final
from uuid import uuid4

import anyio
from sqlalchemy.exc import SQLAlchemyError

from openmemory_api.db import actions as action_rows
from openmemory_api.db import jobs as rows
from openmemory_api.db.jobs import Job
from openmemory_api.db.session import Database, ReadConnection
from openmemory_api.domain.errors import Unavailable
from openmemory_api.domain.protocols import Clock

log = logging.getLogger(__name__)

_POLL_SECONDS: Final = 5.0
_FULL_SECONDS: Final = 1.0
"""While other processes fill the bound."""
_AFTER_AN_ERROR: Final = timedelta(seconds=30)

Work = Callable[[Job], Awaitable[None]]


class JobQueue:
    """Hands rows to workers.

    Args:
        database: where the rows are.
        clock: tells when a lease ends; shared by all processes, within its slack.
        at_once: rows worked at, by all processes together.
        lease: how long a worker may be silent; longer than anything it waits for.
    """

    def __init__(self, database: Database, clock: Clock, *, at_once: int, lease: timedelta) -> None:
        self._database = database
        self._clock = clock
        self._at_once = at_once
        self._lease = lease
        self._wake = anyio.Event()
        self._ended = anyio.Event()

    async def run(self, work: Work) -> None:
        """Work until cancelled. `work` ends each row itself, within its own last transaction."""
        if not self._database.shared:
            await self._free_all()
        async with anyio.create_task_group() as workers:
            for _ in range(self._at_once):
                workers.start_soon(self._worker, work)

    async def _free_all(self) -> None:
        """Take from the dead what they held: nobody else works here."""
        try:
            async with self._database.write() as connection:
                await rows.free_all(connection)
        except (SQLAlchemyError, Unavailable):
            log.exception("Adds that were being read wait until their lease ends")

    async def _worker(self, work: Work) -> None:
        while True:
            wake = self._wake
            try:
                job = await self._next()
                if isinstance(job, Job):
                    await self._carry_out(job, work)
                    continue
                seconds = job
            except (SQLAlchemyError, Unavailable):
                # A locked file or a full disk: the rows are where they were.
                log.exception("Waiting adds could not be looked at")
                seconds = _POLL_SECONDS
            with anyio.move_on_after(seconds):
                await wake.wait()

    async def _next(self) -> Job | float:
        """A row, or in how many seconds to look again."""
        async with self._database.read() as connection:
            due = await rows.due(connection)
        now = self._clock()
        if due is None:
            # Elsewhere than here only another process could promise something.
            return _POLL_SECONDS if self._database.shared else math.inf
        if due > now:
            return min((due - now).total_seconds(), _POLL_SECONDS)
        async with self._database.write() as connection:
            until = now + self._lease
            job = await rows.claim(
                connection, owner=str(uuid4()), now=now, until=until, at_once=self._at_once
            )
        return _FULL_SECONDS if job is None else job

    async def _carry_out(self, job: Job, work: Work) -> None:
        try:
            await work(job)
        except anyio.get_cancelled_exc_class():
            # The server ends: whoever starts next need not wait for the lease.
            with anyio.CancelScope(shield=True):
                await self.put_back(job, after=timedelta(), counted=False)
            raise
        except Exception:
            log.exception("A waiting add could not be carried out; it is tried again")
            await self.put_back(job, after=_AFTER_AN_ERROR, counted=True)
        self._ended.set()
        self._ended = anyio.Event()
        # One place more under the bound, for a worker that found none.
        self.notice()

    async def renew(self, job: Job, progress: Mapping[str, Any]) -> bool:
        """Keep what is done so far, and the lease; whether the row is the worker's still."""
        async with self._database.write() as connection:
            until = self._clock() + self._lease
            return await rows.renew(connection, job, progress, until=until)

    async def put_back(
        self,
        job: Job,
        *,
        after: timedelta,
        counted: bool,
        progress: Mapping[str, Any] | None = None,
        detail: Mapping[str, Any] | None = None,
    ) -> None:
        """Let somebody go on later; `detail` is what the event says until then."""
        async with self._database.write() as connection:
            if not await rows.held(connection, job):
                return
            run_after = self._clock() + after
            await rows.put_back(
                connection, job, run_after=run_after, counted=counted, progress=progress
            )
            if detail is not None:
                await action_rows.describe(connection, job.action_id, detail)

    async def held(self, connection: ReadConnection, job: Job) -> bool:
        """Whether the row is the worker's still; asked in the transaction that ends it."""
        return await rows.held(connection, job)

    def notice(self) -> None:
        """There is something new, or a free place."""
        self._wake.set()
        self._wake = anyio.Event()

    async def some_end(self, *, within: float) -> None:
        """Wait until a row was worked at, `within` seconds at most."""
        with anyio.move_on_after(within):
            await self._ended.wait()

    async def waiting(self) -> int:
        """How many rows there are."""
        async with self._database.read() as connection:
            return await rows.count(connection)
