"""What a database's errors mean to a caller: try again later, or never."""

import logging
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from openmemory_api.domain.errors import Invalid, StoreError, Unavailable

log = logging.getLogger(__name__)

_TRANSIENT: Final = (
    "08",  # the connection broke
    "28", "3D",  # not let in; no such database
    "40",  # a deadlock
    "53", "57", "58",  # out of connections, memory or disk; going down; a statement took too long
    "55P03",  # the lock was not free in time
    "25006",  # a standby, where a server that can be written to was
)  # fmt: skip
_NOT_YET: Final = {
    "57P03": "is starting or going down",
    "53300": "has no connection left",
}
_NOT_HELD: Final = (
    "22000",  # the driver's own: it cannot be encoded, such as half of a surrogate pair
    "22021",
    "22P05",
)
_REFUSED: Final = "A value cannot be kept in the database, such as a text with a NUL character"


class Unreachable(Unavailable):
    """The database cannot be connected to; it may only be starting."""


@contextmanager
def answered() -> Generator[None]:
    """Turn what a driver raises when its database cannot answer into `Unavailable`.

    Errors that tell of a mistake of ours stay what they are.
    """
    try:
        yield
    except DBAPIError as error:
        meant = _meaning(error)
        if meant is None:
            raise
        raise meant from error
    except PoolTimeout as error:
        raise Unavailable("The database cannot answer: all connections are in use") from error
    except OSError as error:
        # Its own words name the address, which is nobody's business.
        log.warning("The database cannot be reached: %s", error)
        raise Unreachable("The database cannot be reached") from error


def _meaning(error: DBAPIError) -> StoreError | None:
    state = getattr(error.orig, "sqlstate", None) or ""
    if state in _NOT_HELD:
        return Invalid(_REFUSED)
    if state in _NOT_YET:
        return Unreachable(f"The database {_NOT_YET[state]}")
    broken = error.connection_invalidated or isinstance(error, OperationalError)
    if broken or state.startswith(_TRANSIENT) or "connection is closed" in str(error.orig):
        return Unavailable(f"The database cannot answer: {error.orig}")
    return None
