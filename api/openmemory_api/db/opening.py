"""Which database a store is kept in, and whether it can be."""

from pathlib import Path

from anyio.from_thread import start_blocking_portal

from openmemory_api.db.failures import Unreachable
from openmemory_api.db.postgres import open_postgres
from openmemory_api.db.schema import refuse_foreign, revision_of
from openmemory_api.db.session import Database
from openmemory_api.db.sqlite import open_sqlite


def open_database(path: Path | None, url: str | None) -> Database:
    """PostgreSQL where there is a URL, else the SQLite file. Nothing is connected yet.

    Raises:
        MissingDriver: the URL asks for a driver that is not installed.
        ValueError: the URL cannot be read, or there is neither.
    """
    if url is not None:
        return open_postgres(url)
    if path is None:
        raise ValueError("A store needs a database")
    return open_sqlite(path)


def open_activity(store: Path | None, url: str | None) -> Database:
    """Where the log of calls is kept: a file beside the store's, or tables in its database.

    Of its own in either case, so that neither waits for the other's writes.
    """
    if url is not None:
        return open_postgres(url, lock="activity")
    if store is None:
        raise ValueError("A store needs a database")
    return open_sqlite(activity_file(store), synchronous="NORMAL", busy_seconds=2)


def activity_file(store: Path) -> Path:
    """The file of the log of calls, by the store's."""
    return store.with_name("activity.db")


def refuse_unusable(path: Path | None, url: str | None) -> None:
    """Look at a database before anything is served from it; it is left as it is.

    A server that cannot be reached is no reason to refuse: it may only start later.

    Raises:
        ForeignDatabase: it holds another program's tables.
        Unavailable: the server does not let us in, or cannot keep memories.
    """
    if path is not None:
        refuse_foreign(path)
    if url is not None:
        # A thread with a loop of its own, since a server that imports us may have one here.
        with start_blocking_portal() as portal:
            portal.call(_look_at, url)


async def _look_at(url: str) -> None:
    database = open_postgres(url)
    try:
        await revision_of(database)
    except Unreachable:
        return
    finally:
        await database.close()
