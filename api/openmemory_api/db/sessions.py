"""The rows of dashboard sessions."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from openmemory_api.db.session import ReadConnection, WriteConnection
from openmemory_api.db.tables import keys, sessions
from openmemory_api.domain.keys import Session

_MOST: Final = 1_000
"""Sessions that are listed."""


async def insert(connection: WriteConnection, session: Session) -> None:
    """Store a new session."""
    await connection.execute(sa.insert(sessions).values(asdict(session)))


async def by_id(connection: ReadConnection, session_id: str) -> Session | None:
    """One session, whatever has become of it."""
    found = await connection.execute(sa.select(sessions).where(sessions.c.id == session_id))
    row = found.mappings().one_or_none()
    return Session(**row) if row else None


async def living(
    connection: ReadConnection,
    project_id: str,
    now: datetime,
    *,
    session_id: str | None = None,
    key_id: str | None = None,
    user_id: str | None = None,
) -> list[Session]:
    """The newest sessions that neither ended nor ran out: all, of one key, or of a user's keys."""
    wanted = sa.select(sessions).where(
        sessions.c.project_id == project_id,
        sessions.c.revoked_at.is_(None),
        sessions.c.expires_at > now,
    )
    if session_id is not None:
        wanted = wanted.where(sessions.c.id == session_id)
    if key_id is not None:
        wanted = wanted.where(sessions.c.key_id == key_id)
    if user_id is not None:
        theirs = sa.select(keys.c.id).where(keys.c.user_id == user_id)
        wanted = wanted.where(sessions.c.key_id.in_(theirs))
    newest = wanted.order_by(sessions.c.created_at.desc(), sessions.c.id).limit(_MOST)
    return [Session(**row) for row in (await connection.execute(newest)).mappings()]


async def revoke(connection: WriteConnection, session_id: str, now: datetime) -> None:
    """End a session."""
    chosen = sa.update(sessions).where(sessions.c.id == session_id)
    await connection.execute(chosen.values(revoked_at=now))


async def forget_old(connection: WriteConnection, now: datetime) -> None:
    """Delete the sessions that count no more."""
    over = sa.or_(sessions.c.expires_at <= now, sessions.c.revoked_at.is_not(None))
    await connection.execute(sa.delete(sessions).where(over))


async def make_room(connection: WriteConnection, key_proof: str, *, keep: int) -> None:
    """Delete the sessions of a key but the newest."""
    theirs = sa.select(sessions.c.id).where(sessions.c.key_proof == key_proof)
    newest = theirs.order_by(sessions.c.created_at.desc()).limit(keep)
    others = sessions.c.id.not_in(newest.scalar_subquery())
    await connection.execute(sa.delete(sessions).where(sessions.c.key_proof == key_proof, others))


async def touch(connection: WriteConnection, used: Mapping[str, datetime]) -> None:
    """Write down when sessions were last used."""
    for session_id, moment in used.items():
        chosen = sa.update(sessions).where(sessions.c.id == session_id)
        await connection.execute(chosen.values(last_used_at=moment))
