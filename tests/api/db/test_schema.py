"""Migrations: what they make on each database, and what they refuse."""

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from openmemory_api.container import Container
from openmemory_api.db import schema
from openmemory_api.db.opening import open_database
from openmemory_api.db.schema import HEADS, VERSIONS, History, migrate, revision_of
from openmemory_api.db.session import Database
from openmemory_api.db.tables import metadata, read_metadata
from openmemory_api.domain.errors import Unavailable
from openmemory_api.settings import Settings
from tests.fakes import HashEmbedder
from tests.postgres.fixtures import BOTH


@pytest.fixture(params=BOTH)
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings of a store whose database has nothing in it yet."""
    if request.param == "sqlite":
        return Settings(data_dir=tmp_path)
    name: str = request.getfixturevalue("empty_database")
    url: str = request.getfixturevalue("postgres").url(name)
    return Settings.model_validate({"data_dir": tmp_path, "database_url": url})


def opened(settings: Settings) -> Database:
    return open_database(settings.database_path, settings.postgres_url)


async def test_a_database_of_a_newer_version_is_refused(empty: Settings):
    database = opened(empty)
    await migrate(database)
    async with database.write() as connection:
        await connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    await database.close()

    container = Container(empty, embedder=HashEmbedder())
    async with container.open():
        with pytest.raises(Unavailable, match="newer version"):
            await container.ready()


@pytest.mark.parametrize(("history", "tables"), [("store", metadata), ("reads", read_metadata)])
async def test_migrations_make_exactly_the_tables_of_the_code(
    empty: Settings, history: History, tables: sa.MetaData
):
    database = opened(empty)
    await migrate(database, history)
    await migrate(database, history)

    def differences(connection: sa.Connection) -> list[Any]:
        options = {"version_table": VERSIONS[history]}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), tables))

    async with database.read() as connection:
        assert await connection.run_sync(differences) == []
        version = await connection.execute(sa.text(f"SELECT version_num FROM {VERSIONS[history]}"))
        assert version.scalar_one() == HEADS[history]
    await database.close()


async def test_the_store_and_the_log_share_a_database_without_a_common_version(empty: Settings):
    database = opened(empty)
    # In either order, and whatever is there of the other.
    for history in ("reads", "store", "reads"):
        await migrate(database, history)
    for history in ("store", "reads"):
        assert await revision_of(database, history) == HEADS[history]
    await database.close()


@pytest.mark.parametrize("history", ["store", "reads"])
def test_the_named_head_is_the_newest_migration(history: History):
    migrations = Path(schema.__file__).parent / "migrations"
    scripts = ScriptDirectory(
        str(migrations), version_locations=[str(migrations / history / "versions")]
    )

    assert scripts.get_heads() == [HEADS[history]]
