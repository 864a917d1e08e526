"""Brings a database to the schema this version needs, and never touches one that is not ours."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Literal

import sqlalchemy as sa

from openmemory_api.db.requirements import create_functions, has_functions, require_usable
from openmemory_api.db.session import Database
from openmemory_api.domain.errors import Unavailable

History = Literal["store", "reads"]
HEADS: Final[dict[History, str]] = {"store": "0005", "reads": "0002"}
"""The newest revision of each history; a test holds it to the migration files."""
VERSIONS: Final[dict[History, str]] = {"store": "alembic_version", "reads": "activity_version"}
"""Where each history keeps its revision: in PostgreSQL both are in one database."""
_OURS: Final = ({"alembic_version", "counters"}, {"activity_version", "activity_calls"})
_MIGRATIONS: Final = Path(__file__).parent / "migrations"


class ForeignDatabase(Unavailable):
    """The database has tables that are not this product's."""


def refuse_foreign(path: Path) -> None:
    """Look at a SQLite file before it is opened, since opening alone writes to it.

    Raises:
        ForeignDatabase: it holds another program's tables.
    """
    if not path.exists():
        return
    try:
        _require_ours(_tables_of(path))
    except sqlite3.DatabaseError as error:
        raise ForeignDatabase(f"{path} is not a SQLite database: {error}") from error


def _tables_of(path: Path) -> set[str]:
    log = Path(f"{path}-wal")
    if not (log.exists() and log.stat().st_size):
        return _table_names(f"{path.as_uri()}?immutable=1")
    # After a crash the last writes, or all of them, wait in the log: they are looked at in a copy.
    with TemporaryDirectory() as directory:
        copy = Path(directory) / "copy.db"
        shutil.copyfile(path, copy)
        shutil.copyfile(log, f"{copy}-wal")
        return _table_names(copy.as_uri())


def _table_names(uri: str) -> set[str]:
    with closing(sqlite3.connect(uri, uri=True)) as connection:
        query = "SELECT name FROM sqlite_master WHERE type = 'table'"
        return {name for (name,) in connection.execute(query)}


def _require_ours(tables: set[str]) -> None:
    if tables and not any(ours <= tables for ours in _OURS):
        raise ForeignDatabase(
            "The database was made by another program and was left as it is. Choose another with "
            "--data-dir or OPENMEMORY_DATABASE_URL; `openmemory import` will read its memories"
        )


async def revision_of(database: Database, history: History = "store") -> str | None:
    """The revision of a database's schema; None while there is nothing of it. Changes nothing.

    Raises:
        ForeignDatabase: it holds another program's tables.
        Unavailable: the server cannot keep memories, or does not let us in.
    """
    async with database.read() as connection:
        if database.shared:
            await require_usable(connection)
        return await connection.run_sync(lambda sync: _revision(sync, VERSIONS[history]))


async def migrate(database: Database, history: History = "store") -> None:
    """Create or upgrade the schema; a current one costs a query or two.

    Raises:
        ForeignDatabase, Unavailable: as `revision_of`, or a newer version of ours has written it.
    """
    current = await revision_of(database, history) == HEADS[history]
    needs_functions = database.shared and history == "store"
    if current and (not needs_functions or await _has_functions(database)):
        return
    # Of several processes that get here one makes the schema; the others then find it made.
    async with database.migrating() as connection:
        await connection.run_sync(lambda sync: _upgrade(sync, history))
        if needs_functions:
            await create_functions(connection)


async def _has_functions(database: Database) -> bool:
    async with database.read() as connection:
        return await has_functions(connection)


def _revision(connection: sa.Connection, versions: str) -> str | None:
    tables = set(sa.inspect(connection).get_table_names())
    _require_ours(tables)
    if versions not in tables:
        return None
    query = sa.text(f"SELECT version_num FROM {versions}")  # noqa: S608  a constant
    return connection.execute(query).scalar_one_or_none()


def _upgrade(connection: sa.Connection, history: History) -> None:
    # Alembic takes a third of a second to import, and most starts find the schema current.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.set_main_option("version_locations", str(_MIGRATIONS / history / "versions"))
    config.set_main_option("path_separator", "newline")
    config.attributes["connection"] = connection
    config.attributes["version_table"] = VERSIONS[history]
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise Unavailable(f"A newer version has written this database: {error}") from error
