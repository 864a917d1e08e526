"""What a PostgreSQL server must offer, and what of ours must be in its database."""

import logging
from typing import Final

import sqlalchemy as sa

from openmemory_api.db.folding import create_fold, fold_name
from openmemory_api.db.session import ReadConnection, WriteConnection
from openmemory_api.domain.errors import Unavailable

log = logging.getLogger(__name__)

_OLDEST: Final = 150_000
"""The oldest server that the tests were run on, as it numbers itself."""


async def require_usable(connection: ReadConnection) -> None:
    """Refuse a server that cannot keep memories as they are meant.

    Raises:
        Unavailable: it is too old, not in UTF-8, read-only, or the schema does not exist.
    """
    asked = (
        "SELECT current_setting('server_version_num')::int AS number, "
        "current_setting('server_version') AS version, "
        "current_setting('server_encoding') AS encoding, "
        "current_setting('synchronous_commit') AS commits, "
        "current_schema() AS schema, pg_is_in_recovery() AS standby"
    )
    found = (await connection.exec_driver_sql(asked)).one()
    if found.number < _OLDEST:
        raise Unavailable(f"PostgreSQL {found.version} is too old; 15 or newer is needed")
    if found.encoding != "UTF8":
        raise Unavailable(
            f"The database is encoded in {found.encoding}; create one with ENCODING 'UTF8'"
        )
    if found.schema is None:
        raise Unavailable("The schema that search_path names does not exist: CREATE SCHEMA first")
    if found.standby:
        raise Unavailable("The database is a read-only standby; name the primary")
    if found.commits == "off":
        log.warning("synchronous_commit is off: the last writes are lost when the server crashes")


async def has_functions(connection: ReadConnection) -> bool:
    """Whether the functions that this process's statements call are there."""
    known = sa.select(sa.func.to_regproc(fold_name()).is_not(None))
    return (await connection.execute(known)).scalar_one()


async def create_functions(connection: WriteConnection) -> None:
    """Make them; harmless when they are there."""
    await connection.exec_driver_sql(create_fold())
