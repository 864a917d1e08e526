"""The SQLite driver: one visit to its thread per statement, and the answers of the one below."""

import sqlite3
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from openmemory_api.db.driver import Connection, connect
from openmemory_api.db.sqlite import open_sqlite


class Visits(list[Any]):
    """What a connection's thread was asked to do."""

    @classmethod
    def of(cls, connection: Connection, monkeypatch: pytest.MonkeyPatch) -> "Visits":
        visits, visit = cls(), connection.run

        async def counted(work: Any, *args: Any) -> None:
            visits.append(work)
            await visit(work, *args)

        monkeypatch.setattr(connection, "run", counted)
        return visits


@asynccontextmanager
async def opened(tmp_path: Path) -> AsyncGenerator[Connection]:
    connection = await connect(tmp_path / "a.db")
    try:
        yield connection
    finally:
        await connection.close()


async def test_a_statement_is_one_visit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(tmp_path) as connection:
        visits = Visits.of(connection, monkeypatch)
        cursor = await connection.cursor().execute("SELECT ? AS a, 2 AS b", ["one"])
        assert await cursor.fetchall() == [("one", 2)]
        assert [column[0] for column in cursor.description] == ["a", "b"]
        await cursor.close()
        assert len(visits) == 1


async def test_a_rollback_without_a_transaction_is_no_visit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(tmp_path) as connection:
        await connection.cursor().execute("CREATE TABLE t (a)")
        visits = Visits.of(connection, monkeypatch)
        await connection.rollback()
        assert visits == []
        await connection.cursor().execute("BEGIN")
        await connection.cursor().execute("INSERT INTO t VALUES (1)")
        await connection.rollback()
        after = await connection.cursor().execute("SELECT count(*) FROM t")
        assert await after.fetchall() == [(0,)]


async def test_what_a_statement_changed_is_told(tmp_path: Path) -> None:
    async with opened(tmp_path) as connection:
        await connection.cursor().execute("CREATE TABLE t (a INTEGER PRIMARY KEY)")
        many = await connection.cursor().executemany("INSERT INTO t VALUES (?)", [[5], [7]])
        assert many.rowcount == 2
        one = await connection.cursor().execute("INSERT INTO t VALUES (9)")
        assert one.lastrowid == 9
        assert await one.fetchall() == ()


async def test_a_failed_statement_leaves_the_connection_usable(tmp_path: Path) -> None:
    async with opened(tmp_path) as connection:
        with pytest.raises(sqlite3.OperationalError, match="no such table"):
            await connection.cursor().execute("SELECT * FROM missing")
        found = await connection.cursor().execute("SELECT 1")
        assert await found.fetchall() == [(1,)]


async def test_the_engine_uses_it(tmp_path: Path) -> None:
    database = open_sqlite(tmp_path / "a.db")
    try:
        async with database.read() as connection:
            raw = await connection.get_raw_connection()
            assert isinstance(raw.driver_connection, Connection)
            assert (await connection.execute(sa.text("PRAGMA synchronous"))).scalar_one() == 2
    finally:
        await database.close()
