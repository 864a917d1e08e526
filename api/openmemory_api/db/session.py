"""The database: the only place that opens a transaction's connection."""

import json
import sqlite3
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import anyio
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from openmemory_api.domain.filters import canonical_json, fold
from openmemory_api.domain.memory import Json

ReadConnection = AsyncConnection
WriteConnection = AsyncConnection

writing: ContextVar[bool] = ContextVar("writing", default=False)
"""Set while a write transaction is open; the tests' embedder asserts that it is not."""


class Database:
    """One SQL database. Only services call `read` and `write`; repositories take connections."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self._one_writer = anyio.Lock()

    @asynccontextmanager
    async def read(self) -> AsyncGenerator[ReadConnection]:
        """A connection to read with; statements see what is committed when each starts."""
        async with _undisturbed(), self.engine.connect() as connection:
            yield await connection.execution_options(openmemory="read")

    @asynccontextmanager
    async def write(self) -> AsyncGenerator[WriteConnection]:
        """A transaction: committed, and on disk, at the end; rolled back on any error.

        No model and no index may be awaited inside: the lock is the whole store's.
        """
        async with self._one_writer, _undisturbed(), self.engine.connect() as connection:
            await connection.execution_options(openmemory="write")
            token = writing.set(True)
            try:
                async with connection.begin():
                    yield connection
            finally:
                writing.reset(token)

    async def close(self) -> None:
        """Close every connection."""
        await self.engine.dispose()


@asynccontextmanager
async def _undisturbed() -> AsyncGenerator[None]:
    """Let what is inside finish when its task is cancelled; the cancellation comes after it.

    A driver that is cancelled within a call leaves its connection, and its transaction, behind.
    """
    with anyio.CancelScope(shield=True):
        yield


def open_sqlite(path: Path, *, synchronous: str = "FULL") -> Database:
    """A SQLite database in WAL mode; `FULL` keeps an acknowledged write through power loss."""
    # Not as one text: a folder's name may hold what means something in a URL.
    url = sa.URL.create("sqlite+aiosqlite", database=str(path))
    engine = create_async_engine(url, connect_args={"timeout": 30}, hide_parameters=True)

    def prepare(connection: Any, _record: object) -> None:
        # The driver's own transactions start late and as readers; ours start where we say.
        connection.isolation_level = None
        connection.create_function("openmemory_fold", 1, _fold_or_null, deterministic=True)
        connection.create_function("openmemory_member", 2, _member_or_null, deterministic=True)
        cursor: sqlite3.Cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            f"synchronous={synchronous}",
            "foreign_keys=ON",
            "secure_delete=ON",  # what is erased is overwritten in the file, too
            "busy_timeout=30000",
            "cache_size=-16000",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    def begin(connection: sa.Connection) -> None:
        if connection.get_execution_options().get("openmemory") != "read":
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    event.listen(engine.sync_engine, "connect", prepare)
    event.listen(engine.sync_engine, "begin", begin)
    return Database(engine)


def _member_or_null(document: str | None, key: str) -> str | None:
    members: dict[str, Json] = json.loads(document) if document else {}
    return canonical_json(members[key]) if key in members else None


def _fold_or_null(value: object) -> str | None:
    return fold(value) if isinstance(value, str) else None
