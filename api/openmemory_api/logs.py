"""What is written about what the server does: where and what kind, never what somebody said.

An exception's message may quote what it failed on, which may be a memory or a key. Its type and its
place say nearly as much to whoever mends it, so only messages of kinds that quote nothing are shown.
"""

import logging
import traceback
from collections.abc import Iterator
from types import TracebackType
from typing import Final, TypeAlias, cast

from openmemory_api.domain.errors import StoreError

_FORMAT: Final = "%(asctime)s %(levelname)s %(name)s: %(message)s"
# At debug the database driver and the event stream would log the texts of memories.
_CHATTY: Final = ("aiosqlite", "alembic", "mcp", "httpx", "httpx2", "openai", "sse_starlette")
_QUOTES_NOTHING: Final = (StoreError, OSError)
# A database that is locked, full or away; other errors of its own may quote a value.
_OF_DATABASES: Final = "sqlalchemy.exc.OperationalError"
_ExcInfo: TypeAlias = (
    tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
)


def log_quietly(level: str) -> None:
    """Log to the standard error stream, in this form."""
    handler = logging.StreamHandler()
    handler.setFormatter(QuietFormatter(_FORMAT))
    logging.basicConfig(level=level.upper(), handlers=[handler])
    for chatty in _CHATTY:
        logging.getLogger(chatty).setLevel(logging.WARNING)


class QuietFormatter(logging.Formatter):
    """Shows where exceptions were raised and of which type they are, and few messages."""

    def formatException(self, ei: _ExcInfo) -> str:  # noqa: N802 - the library's name
        """A traceback without what exceptions quote."""
        return "" if ei[1] is None else "".join(_told(ei[1])).rstrip("\n")


def _told(error: BaseException) -> Iterator[str]:
    before = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if before is not None:
        yield from _told(before)
        yield "\nand then:\n"
    yield from traceback.format_tb(error.__traceback__)
    kind = type(error)
    name = f"{kind.__module__}.{kind.__qualname__}"
    quotes_nothing = isinstance(error, _QUOTES_NOTHING) or name == _OF_DATABASES
    yield f"{name}: {error}\n" if quotes_nothing else f"{name}\n"
    if isinstance(error, BaseExceptionGroup):
        for each in cast("BaseExceptionGroup[BaseException]", error).exceptions:
            yield from _told(each)
