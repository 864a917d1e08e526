"""Users, apps and what each app may reach."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from openmemory_api.db.session import ReadConnection, WriteConnection
from openmemory_api.db.tables import ANY_OTHER_APP, access_bases, access_rules, apps, users
from openmemory_api.domain.access import (
    Access,
    Base,
    Caller,
    Effect,
    Everything,
    OfApp,
    OfCategory,
    OfMemory,
    OfTag,
    Rule,
    Subject,
    Verb,
)

_SUBJECTS = {"app": OfApp, "category": OfCategory, "tag": OfTag, "memory": OfMemory}


@dataclass(frozen=True, slots=True)
class AppState:
    """What the store knows of an app when it calls."""

    access: Access
    last_seen_at: datetime | None
    """None until its first call."""


async def app_state(connection: ReadConnection, caller: Caller) -> AppState:
    """The access that holds for the caller's app: its own row, else "any other app", whole.

    One statement: between two, a base could be read with the rules of its successor, or none.
    """
    statement = (
        sa.select(
            apps.c.paused,
            apps.c.last_seen_at,
            access_bases.c.id,
            access_bases.c.app,
            access_bases.c.read,
            access_bases.c.write,
            access_rules.c.verb,
            access_rules.c.effect,
            access_rules.c.subject_kind,
            access_rules.c.subject,
        )
        .select_from(users)
        .outerjoin(apps, sa.and_(apps.c.user_id == users.c.id, apps.c.name == caller.app))
        .outerjoin(
            access_bases,
            sa.and_(
                access_bases.c.user_id == users.c.id,
                access_bases.c.app.in_((caller.app, ANY_OTHER_APP)),
            ),
        )
        .outerjoin(access_rules, access_rules.c.base_id == access_bases.c.id)
        .where(users.c.project_id == caller.project_id, users.c.name == caller.user_id)
        .order_by((access_bases.c.app == ANY_OTHER_APP).asc(), access_rules.c.id)
    )
    rows = list(await connection.execute(statement))
    if not rows:
        return AppState(Access(), None)
    first, paused = rows[0], bool(rows[0].paused)
    if first.id is None:
        return AppState(Access(paused=paused), first.last_seen_at)
    rules = tuple(_rule(row) for row in rows if row.id == first.id and row.verb is not None)
    return AppState(Access(Base(first.read), Base(first.write), rules, paused), first.last_seen_at)


def _rule(row: Any) -> Rule:
    return Rule(Verb(row.verb), Effect(row.effect), _subject(row.subject_kind, row.subject))


def _subject(kind: str, value: str) -> Subject:
    return Everything() if kind == "everything" else _SUBJECTS[kind](value)


def _subject_row(subject: Subject) -> dict[str, str]:
    match subject:
        case Everything():
            return {"subject_kind": "everything", "subject": ""}
        case OfApp(value):
            return {"subject_kind": "app", "subject": value}
        case OfCategory(value):
            return {"subject_kind": "category", "subject": value}
        case OfTag(value):
            return {"subject_kind": "tag", "subject": value}
        case OfMemory(value):
            return {"subject_kind": "memory", "subject": value}


async def ensure_user(
    connection: WriteConnection, project_id: str, name: str, now: datetime
) -> int:
    """The row of a user, made on its first write or its app's first call."""
    wanted = sa.select(users.c.id).where(users.c.project_id == project_id, users.c.name == name)
    found = (await connection.execute(wanted)).scalar_one_or_none()
    if found is not None:
        return found
    row = {"project_id": project_id, "name": name, "created_at": now}
    return await _inserted(connection, users, row)


async def take_numbers(connection: WriteConnection, user_row: int, count: int) -> int:
    """Reserve `count` short ids of a user; answers the first. A number is never given twice."""
    advance = (
        sa.update(users)
        .where(users.c.id == user_row)
        .values(next_number=users.c.next_number + count)
        .returning(users.c.next_number)
    )
    return (await connection.execute(advance)).scalar_one() - count


async def touch_app(connection: WriteConnection, user_row: int, name: str, now: datetime) -> int:
    """The row of an app, made on its first call, seen now if it was not seen since."""
    later = sa.case((apps.c.last_seen_at < now, sa.bindparam("now", now, apps.c.last_seen_at.type)),
                    else_=apps.c.last_seen_at)  # fmt: skip
    seen = (
        sa.update(apps)
        .where(apps.c.user_id == user_row, apps.c.name == name)
        .values(last_seen_at=later)
        .returning(apps.c.id)
    )
    found = (await connection.execute(seen)).scalar_one_or_none()
    if found is not None:
        return found
    row = {"user_id": user_row, "name": name, "created_at": now, "last_seen_at": now}
    return await _inserted(connection, apps, row)


async def set_paused(connection: WriteConnection, app_row: int, *, paused: bool) -> None:
    """Pause or resume an app."""
    await connection.execute(sa.update(apps).where(apps.c.id == app_row).values(paused=paused))


async def replace_access(
    connection: WriteConnection, user_row: int, app: str, access: Access, now: datetime
) -> None:
    """Give an app, or `ANY_OTHER_APP`, a base and rules in place of what it had."""
    key = (access_bases.c.user_id == user_row, access_bases.c.app == app)
    old = sa.select(access_bases.c.id).where(*key)
    await connection.execute(sa.delete(access_rules).where(access_rules.c.base_id.in_(old)))
    await connection.execute(sa.delete(access_bases).where(*key))
    row = {
        "user_id": user_row,
        "app": app,
        "read": access.read,
        "write": access.write,
        "created_at": now,
    }
    base_id = await _inserted(connection, access_bases, row)
    rules = [
        {
            "base_id": base_id,
            "verb": rule.verb,
            "effect": rule.effect,
            "created_at": now,
            **_subject_row(rule.subject),
        }
        for rule in access.rules
    ]
    if rules:
        await connection.execute(sa.insert(access_rules), rules)


async def _inserted(connection: WriteConnection, table: sa.Table, row: dict[str, Any]) -> int:
    return (
        await connection.execute(sa.insert(table).values(row).returning(table.c.id))
    ).scalar_one()
