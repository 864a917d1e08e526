"""Databases for tests: `DATABASES = BOTH` in a module runs those that have a store on each."""

import os
from collections.abc import Generator
from contextlib import ExitStack
from typing import Final

import anyio
import pytest
from pydantic import SecretStr

from openmemory_api.db.postgres import open_postgres
from openmemory_api.db.schema import migrate
from tests.postgres.server import NoServer, Server, running

BOTH: Final = ("sqlite", "postgresql")

_EMPTY: Final = """
SET lock_timeout = '10s';
DO $$ BEGIN
    EXECUTE (
        SELECT 'TRUNCATE ' || string_agg(quote_ident(tablename), ', ') || ' RESTART IDENTITY'
        FROM pg_tables WHERE schemaname = 'public' AND tablename NOT IN ('alembic_version', 'activity_version')
    );
END $$;
INSERT INTO counters VALUES ('change', 0);
"""


@pytest.fixture(scope="session")
def postgres() -> Generator[Server]:
    """A server, started when the first test asks for it.

    `TEST_POSTGRES` names another version: 16, or a folder with the programs of one.
    """
    with ExitStack() as stack:
        try:
            server = stack.enter_context(running(os.environ.get("TEST_POSTGRES", "18")))
        except NoServer as error:
            if os.environ.get("CI") == "true":
                raise
            pytest.skip(str(error))
        yield server


@pytest.fixture(scope="session")
def postgres_template(postgres: Server) -> str:
    """A database with our schema and nothing in it, to make others from."""

    async def make(url: str) -> None:
        database = open_postgres(url)
        await migrate(database)
        await migrate(database, "reads")
        await database.close()

    name = postgres.create(name="openmemory_template")
    anyio.run(make, postgres.url(name))
    return name


@pytest.fixture(scope="session")
def _one_for_all(postgres: Server, postgres_template: str) -> str:
    return postgres.create(postgres_template)


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> SecretStr | None:
    """None for SQLite in the data folder, else an empty PostgreSQL database with our schema."""
    if getattr(request, "param", "sqlite") == "sqlite":
        return None
    postgres: Server = request.getfixturevalue("postgres")
    # Emptied, not made anew: that takes a tenth of the time.
    name = request.getfixturevalue("_one_for_all")
    postgres.psql(name, _EMPTY)
    return SecretStr(postgres.url(name))


@pytest.fixture
def empty_database(postgres: Server) -> Generator[str]:
    """The name of a PostgreSQL database with nothing in it, for this test alone."""
    name = postgres.create()
    yield name
    postgres.drop(name)
