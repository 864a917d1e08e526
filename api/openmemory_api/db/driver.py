"""aiosqlite with one visit to its thread per statement, where it makes four.

Each visit costs the event loop some 0.15 ms, and an add is twenty statements. SQLAlchemy fetches
every row of a statement at once in any case, so a cursor here is made, run, emptied and closed in
one go; a rollback with nothing to roll back does not go at all.
"""

import sqlite3
from collections.abc import Awaitable, Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Self, cast

import aiosqlite

_BUSY_SECONDS = 30.0


async def connect(path: Path) -> "Connection":
    """An open connection, for `sqlalchemy.ext.asyncio.create_async_engine(async_creator=…)`."""
    connection = Connection(path)
    await connection
    return connection


class Connection(aiosqlite.Connection):
    """A connection whose cursors need no thread until they run a statement."""

    def __init__(self, path: Path) -> None:
        super().__init__(lambda: sqlite3.connect(path, timeout=_BUSY_SECONDS), 64)
        # As SQLAlchemy has it: a connection that was not closed must not keep the process alive.
        self._thread.daemon = True

    def cursor(self) -> "Cursor":  # pyright: ignore[reportIncompatibleMethodOverride]
        """A cursor that has not run anything."""
        return Cursor(self)

    async def rollback(self) -> None:
        """Roll back the transaction, if one is open."""
        if self.in_transaction:
            await self.run(sqlite3.Connection.rollback)

    async def run(self, work: Callable[..., Any], *args: Any) -> None:
        """Visit the thread: `work` is called there with the driver's own connection."""
        visit = cast("Callable[..., Awaitable[Any]]", self._execute)  # pyright: ignore[reportUnknownMemberType]
        await visit(work, self._conn, *args)


class Cursor:
    """The result of one statement. What SQLAlchemy's adapter calls, and nothing else."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._rows: Sequence[Any] = ()
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None
        self.arraysize = 1

    async def __aenter__(self) -> Self:
        return self

    async def execute(self, sql: str, parameters: Iterable[Any] = ()) -> Self:
        """Run a statement and fetch what it answers."""
        await self._connection.run(self._run, sqlite3.Cursor.execute, sql, parameters)
        return self

    async def executemany(self, sql: str, parameters: Iterable[Iterable[Any]]) -> Self:
        """Run a statement for each of some parameters."""
        await self._connection.run(self._run, sqlite3.Cursor.executemany, sql, parameters)
        return self

    async def fetchall(self) -> Sequence[Any]:
        """Every row."""
        return self._rows

    async def close(self) -> None:
        """Let go of the rows."""
        self._rows = ()

    def _run(
        self,
        connection: sqlite3.Connection,
        execute: Callable[..., Any],
        sql: str,
        parameters: Iterable[Any],
    ) -> None:
        cursor = connection.cursor()
        try:
            execute(cursor, sql, parameters)
            self.description = cursor.description
            self._rows = cursor.fetchall() if cursor.description else ()
            self.rowcount, self.lastrowid = cursor.rowcount, cursor.lastrowid
        finally:
            cursor.close()
