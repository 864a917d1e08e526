"""The database: the only place that opens a transaction's connection."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar

import anyio
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from openmemory_api.db.failures import answered
from openmemory_api.domain import deadline

ReadConnection = AsyncConnection
WriteConnection = AsyncConnection

writing: ContextVar[bool] = ContextVar("writing", default=False)
"""Set while a write transaction is open; the tests' embedder asserts that it is not."""


class Database:
    """One SQL database. Only services call `read` and `write`; repositories take connections.

    Whatever it is asked, it raises `Unavailable` when the database cannot answer now.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self._one_writer = anyio.Lock()
        self._told: Callable[[], None] | None = None

    def on_write(self, told: Callable[[], None]) -> None:
        """Have `told` know of every write of this process, once it is committed."""
        self._told = told

    @property
    def shared(self) -> bool:
        """Whether other processes may read and write the same database."""
        return False

    async def leads(self) -> bool:
        """Whether this process does what one of those that share the database does for all."""
        return True

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[ReadConnection]:
        """A connection to read with; statements see what is committed when each starts."""
        with answered():
            async with undisturbed(), self.engine.connect() as connection:
                yield await connection.execution_options(openmemory="read")

    @asynccontextmanager
    async def write(self) -> AsyncGenerator[WriteConnection]:
        """A transaction: committed, and on disk, at the end; rolled back on any error.

        No model and no index may be awaited inside: the lock is the whole store's.
        """
        async with self._one_writer:
            await anyio.lowlevel.checkpoint_if_cancelled()
            # From here on it is made, whoever still waits for it.
            deadline.lift()
            async with self._transaction(self.engine) as connection:
                yield connection
        if self._told is not None:
            self._told()

    async def forget(self) -> None:
        """Let nothing of what was erased stay in files that only recovery reads.

        Raises:
            Unavailable: somebody reads what was there before; to be tried again.
        """

    @asynccontextmanager
    async def migrating(self) -> AsyncGenerator[WriteConnection]:
        """As `write`, for as long as changing the schema takes."""
        async with self.write() as connection:
            yield connection

    @asynccontextmanager
    async def _transaction(self, engine: AsyncEngine) -> AsyncGenerator[WriteConnection]:
        with answered():
            async with undisturbed(), engine.connect() as connection:
                await connection.execution_options(**self._writes)
                token = writing.set(True)
                try:
                    async with connection.begin():
                        yield connection
                finally:
                    writing.reset(token)

    @property
    def _writes(self) -> dict[str, str]:
        return {"openmemory": "write"}

    async def close(self) -> None:
        """Close every connection."""
        await self.engine.dispose()


def is_write(connection: sa.Connection) -> bool:
    """Whether a connection was opened by `Database.write`, when its transaction begins."""
    return connection.get_execution_options().get("openmemory") == "write"


@asynccontextmanager
async def undisturbed() -> AsyncGenerator[None]:
    """Let what is inside finish when its task is cancelled; the cancellation comes after it.

    A driver that is cancelled within a call leaves its connection, and its transaction, behind.
    """
    with anyio.CancelScope(shield=True):
        yield
