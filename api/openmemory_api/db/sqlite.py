"""SQLite: one file, one process, one writer."""

import json
import os
import sqlite3
from contextlib import suppress
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.ext.asyncio import create_async_engine

from openmemory_api.db.driver import connect
from openmemory_api.db.session import Database, is_write
from openmemory_api.domain.errors import Unavailable
from openmemory_api.domain.filters import canonical_json, fold
from openmemory_api.domain.memory import Json

_READERS_MS: Final = 1_000
"""How long emptying the write-ahead log waits for those who read from it."""


def open_sqlite(path: Path, *, synchronous: str = "FULL", busy_seconds: int = 30) -> Database:
    """A SQLite database in WAL mode; `FULL` keeps an acknowledged write through power loss.

    Another program may hold its lock for `busy_seconds` before a write gives up.
    """
    engine = create_async_engine(
        # The path makes the engine pool connections, as it does for files; `connect` opens them.
        sa.URL.create("sqlite+aiosqlite", database=str(path)),
        async_creator=partial(connect, path),
        hide_parameters=True,
    )

    def prepare(connection: Any, _record: object) -> None:
        # The driver's own transactions start late and as readers; ours start where we say.
        connection.isolation_level = None
        connection.create_function("openmemory_fold", 1, _fold_or_null, deterministic=True)
        connection.create_function("openmemory_holds", 2, _holds, deterministic=True)
        connection.create_function("openmemory_member", 2, _member_or_null, deterministic=True)
        cursor: sqlite3.Cursor = connection.cursor()
        for pragma in (
            f"busy_timeout={busy_seconds * 1000}",
            "journal_mode=WAL",
            f"synchronous={synchronous}",
            "foreign_keys=ON",
            "secure_delete=ON",  # what is erased is overwritten in the file, too
            "cache_size=-16000",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    def begin(connection: sa.Connection) -> None:
        if is_write(connection):
            connection.exec_driver_sql("BEGIN IMMEDIATE")

    event.listen(engine.sync_engine, "connect", prepare)
    event.listen(engine.sync_engine, "begin", begin)
    return SqliteDatabase(engine)


class SqliteDatabase(Database):
    """A file, and beside it the log of what was last written to it."""

    async def forget(self) -> None:
        """Empty the write-ahead log, which holds pages as they were before something was erased.

        Raises:
            Unavailable: another connection reads from it; to be tried again.
        """
        async with self._one_writer, self.read() as connection:
            # Whoever waits here for a reader keeps writers out: not as long as a write may wait.
            before = (await connection.exec_driver_sql("PRAGMA busy_timeout")).scalar_one()
            await connection.exec_driver_sql(f"PRAGMA busy_timeout={min(before, _READERS_MS)}")
            try:
                answer = await connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
                busy = answer.scalars().one()
            finally:
                await connection.exec_driver_sql(f"PRAGMA busy_timeout={before}")
        if busy:
            raise Unavailable("What was erased is still being read by another program")


def _member_or_null(document: str | None, key: str) -> str | None:
    members: dict[str, Json] = json.loads(document) if document else {}
    return canonical_json(members[key]) if key in members else None


def _fold_or_null(value: object) -> str | None:
    return fold(value) if isinstance(value, str) else None


def _holds(listed: str | None, needles: str) -> bool:
    return not _folded(listed or "[]").isdisjoint(_folded(needles))


@lru_cache(maxsize=8_192)
def _folded(listed: str) -> frozenset[str]:
    # Asked once for every row and rule; rows share lists, and rules ask about the same row.
    return frozenset(map(fold, json.loads(listed)))


def make_private(path: Path) -> None:
    """Make a database's file for its owner alone, before the driver makes it for everybody."""
    # Where that fails, opening it says why.
    with suppress(OSError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
