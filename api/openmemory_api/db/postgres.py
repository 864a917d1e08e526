"""PostgreSQL: a database that several processes share (docs/decisions/0008-postgresql.md).

One process writes at a time: every write takes an advisory lock first, so that change numbers are
given in commit order and each write sees all that came before it. One process leads: it holds
another advisory lock on a connection of its own, and loses it with that connection.
"""

import importlib
import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final, TypeAlias

import anyio
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from openmemory_api.db.failures import answered
from openmemory_api.db.session import Database, WriteConnection, is_write, undisturbed
from openmemory_api.domain.errors import Unavailable
from openmemory_api.domain.filters import canonical_json

Connect: TypeAlias = Callable[..., Awaitable[Any]]
"""asyncpg's `connect`, which takes all further options by name."""

_DRIVER: Final = re.compile(r"^postgres(ql)?(\+asyncpg)?://")
_HOST: Final = r"(\[[0-9a-fA-F:.]+\]|[^\[\]:/?#@,]*)(:\d+)?"
_READABLE: Final = re.compile(
    rf"postgresql://([^\[\]/?#@]*@)?{_HOST}(,{_HOST})*(/[^/?#]*)?(\?[^#]*)?"
)
# Two numbers: ours, and the schema's, so that stores in two schemas of a database are strangers.
_KEY: Final = "hashtext('openmemory {}'), hashtext(current_schema())"
_TAKE_WRITE: Final = f"SELECT pg_advisory_xact_lock({_KEY.format('{}')})"
_TRY_LEAD: Final = f"SELECT pg_try_advisory_lock({_KEY.format('lead')})"

_CONNECT_SECONDS: Final = 10
_POOL: Final = 10
_MORE: Final = 10
"""Connections beyond the pool's that a rush of readers may open."""
_LEAD_SECONDS: Final = 5
_SETTINGS: Final = {
    "application_name": "openmemory",
    # Compiling a filter takes longer than running it.
    "jit": "off",
    # A process that hangs, or whose machine is gone, may not keep the others from writing.
    "idle_in_transaction_session_timeout": "30s",
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
}
_HURRIED: Final = {**_SETTINGS, "statement_timeout": "60s", "lock_timeout": "30s"}
_UNHURRIED: Final = {**_SETTINGS, "statement_timeout": "0", "lock_timeout": "0"}


class MissingDriver(Unavailable):
    """The package that speaks to PostgreSQL is not installed."""


class PostgresDatabase(Database):
    """A database that other processes read and write, too."""

    def __init__(self, connect: Connect, lock: str = "write") -> None:
        super().__init__(_pooled(connect))
        self._lock = lock
        self._connect = connect
        self._leader: AsyncEngine | None = None
        self._leading: AsyncConnection | None = None
        self._holds = False
        self._one_asks = anyio.Lock()

    @property
    def shared(self) -> bool:
        """Yes."""
        return True

    @property
    def _writes(self) -> dict[str, str]:
        # Each statement sees what is committed when it starts: the first one waits for the lock,
        # and an older view would be of before the write that was waited for.
        return {
            "openmemory": "write",
            "openmemory_lock": self._lock,
            "isolation_level": "READ COMMITTED",
        }

    @asynccontextmanager
    async def migrating(self) -> AsyncGenerator[WriteConnection]:
        """As `write`, for as long as changing the schema takes."""
        engine = _engine(self._connect, _UNHURRIED, within=None, poolclass=NullPool)
        try:
            async with self._transaction(engine) as connection:
                yield connection
        finally:
            await engine.dispose()

    async def leads(self) -> bool:
        """Whether this process leads; it does from when its predecessor's connection has ended.

        Raises:
            Unavailable: the database cannot answer, so that nobody knows.
        """
        with answered():
            async with undisturbed(), self._one_asks:
                try:
                    return await self._ask()
                except BaseException:
                    await self._let_go()
                    raise

    async def _ask(self) -> bool:
        if self._leading is None:
            self._leader = self._leader or _engine(
                self._connect, _HURRIED, within=_LEAD_SECONDS, poolclass=NullPool
            )
            self._leading = await self._leader.connect()
        # A lock that is held stays held; asking for it again would count it twice.
        asked = "SELECT true" if self._holds else _TRY_LEAD
        self._holds = (await self._leading.exec_driver_sql(asked)).scalar_one()
        return self._holds

    async def _let_go(self) -> None:
        connection, self._leading, self._holds = self._leading, None, False
        if connection is not None:
            await connection.invalidate()
            await connection.close()

    async def close(self) -> None:
        """Close every connection; another process leads from now on."""
        async with undisturbed(), self._one_asks:
            connection, self._leading, self._holds = self._leading, None, False
            if connection is not None:
                await connection.close()
            if self._leader is not None:
                await self._leader.dispose()
        await super().close()


def open_postgres(url: str, *, lock: str = "write") -> Database:
    """The database of a URL; nothing is connected before it is asked.

    Its writes come one at a time with all those of the same `lock`, in whichever process.

    Raises:
        MissingDriver: asyncpg is not installed.
        ValueError: the URL cannot be read.
    """
    try:
        driver = importlib.import_module("asyncpg")
    except ModuleNotFoundError as error:
        raise MissingDriver(
            "PostgreSQL needs its driver: pip install 'openmemory-server[postgres]'"
        ) from error
    return PostgresDatabase(partial(driver.connect, _checked(url)), lock)


def _checked(url: str) -> str:
    plain = _DRIVER.sub("postgresql://", url)
    if not _READABLE.fullmatch(plain):
        # Not shown: what cannot be read is often a part of the password.
        raise ValueError(
            "OPENMEMORY_DATABASE_URL cannot be read; special characters in its password must be "
            "percent-encoded, as in postgresql://anna:p%40ss@127.0.0.1/openmemory"
        )
    return plain


def _pooled(connect: Connect) -> AsyncEngine:
    return _engine(
        connect,
        _HURRIED,
        within=90,
        pool_size=_POOL,
        max_overflow=_MORE,
        pool_timeout=30,
        # A connection that ended meanwhile is noticed and replaced before it is used.
        pool_pre_ping=True,
    )


def _engine(
    connect: Connect, settings: dict[str, str], *, within: float | None, **pool: Any
) -> AsyncEngine:
    """An engine whose statements take `within` seconds at most, however dead the network is."""
    options = {"timeout": _CONNECT_SECONDS, "command_timeout": within, "server_settings": settings}
    engine = create_async_engine(
        "postgresql+asyncpg://",
        async_creator=partial(connect, **options),
        json_serializer=canonical_json,
        isolation_level="AUTOCOMMIT",
        hide_parameters=True,
        **pool,
    )
    event.listen(engine.sync_engine, "begin", _begin)
    return engine


def _begin(connection: sa.Connection) -> None:
    if is_write(connection):
        lock = connection.get_execution_options()["openmemory_lock"]
        connection.exec_driver_sql(_TAKE_WRITE.format(lock))
