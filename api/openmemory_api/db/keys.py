"""The rows of keys."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from openmemory_api.db.session import ReadConnection, WriteConnection
from openmemory_api.db.tables import keys
from openmemory_api.domain.access import KeyScope
from openmemory_api.domain.keys import Key


async def insert(connection: WriteConnection, key: Key) -> None:
    """Store a new key."""
    row = {**asdict(key), "scopes": sorted(key.scopes)}
    await connection.execute(sa.insert(keys).values(row))


async def by_id(connection: ReadConnection, key_id: str) -> Key | None:
    """One key, whatever has become of it."""
    found = await connection.execute(sa.select(keys).where(keys.c.id == key_id))
    row = found.mappings().one_or_none()
    return _key(row) if row else None


async def page(
    connection: ReadConnection, project_id: str, user_id: str | None, *, limit: int, offset: int
) -> tuple[int, list[Key]]:
    """How many keys a user has, or all users and nobody, and some of them, newest first."""
    mine = [keys.c.project_id == project_id]
    if user_id is not None:
        mine.append(keys.c.user_id == user_id)
    count = await connection.execute(sa.select(sa.func.count()).select_from(keys).where(*mine))
    newest = sa.select(keys).where(*mine).order_by(keys.c.created_at.desc(), keys.c.id)
    found = await connection.execute(newest.limit(limit).offset(offset))
    return count.scalar_one(), [_key(row) for row in found.mappings()]


async def replaced_by(connection: ReadConnection, key_id: str) -> list[str]:
    """The keys in whose place one stands, the nearest first."""
    found: list[str] = []
    newest = key_id
    while True:
        older = sa.select(keys.c.id).where(keys.c.replaced_by == newest)
        newest = (await connection.execute(older)).scalar_one_or_none()
        if newest is None:
            return found
        found.append(newest)


async def any_(connection: ReadConnection) -> bool:
    """Whether a key was ever made."""
    return (await connection.execute(sa.select(keys.c.id).limit(1))).first() is not None


async def end(
    connection: WriteConnection,
    key_id: str,
    *,
    expires_at: datetime | None = None,
    revoked_at: datetime | None = None,
    replaced_by: str | None = None,
) -> None:
    """Write down how a key ends; what is None stays as it is."""
    new = {"expires_at": expires_at, "revoked_at": revoked_at, "replaced_by": replaced_by}
    ends = {name: value for name, value in new.items() if value is not None}
    await connection.execute(sa.update(keys).where(keys.c.id == key_id).values(ends))


async def touch(connection: WriteConnection, used: Mapping[str, datetime]) -> None:
    """Write down when keys were last used, where that is news."""
    for key_id, moment in used.items():
        older = sa.or_(keys.c.last_used_at.is_(None), keys.c.last_used_at < moment)
        chosen = sa.update(keys).where(keys.c.id == key_id, older)
        await connection.execute(chosen.values(last_used_at=moment))


async def scopes_without_app(connection: ReadConnection, now: datetime) -> set[KeyScope]:
    """Everything that keys which count, and are bound to no app, allow taken together."""
    alive = sa.or_(keys.c.expires_at.is_(None), keys.c.expires_at > now)
    statement = sa.select(keys.c.scopes).distinct()
    found = await connection.execute(
        statement.where(keys.c.app.is_(None), keys.c.revoked_at.is_(None), alive)
    )
    return {KeyScope(scope) for listed in found.scalars() for scope in listed}


def _key(row: sa.RowMapping) -> Key:
    values: dict[str, Any] = dict(row)
    values["scopes"] = frozenset(KeyScope(scope) for scope in row["scopes"])
    return Key(**values)
