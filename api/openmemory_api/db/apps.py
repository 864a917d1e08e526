"""Users, apps and what each app may reach."""

from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from openmemory_api.db.access import ROW, row_of
from openmemory_api.db.session import ReadConnection, WriteConnection
from openmemory_api.db.tables import access_bases, access_rules, apps, keys, users
from openmemory_api.domain.access import Access, Caller
from openmemory_api.domain.rules import ANY_OTHER_APP, understood_merges


@dataclass(frozen=True, slots=True)
class AppState:
    """What the store knows of an app when it calls."""

    access: Access
    last_seen_at: datetime | None
    """None until its first call."""


async def app_state(connection: ReadConnection, caller: Caller) -> AppState:
    """The access that holds for the caller's app: its own row, else "any other app", whole.

    A name that is merged into another has the row and the pause of that one.

    One statement: between two, a base could be read with the rules of its successor, or none, and a
    merge with a row of before it.

    Raises:
        UnreadableRules: what is stored cannot be understood.
    """
    assert caller.app is not None, "only an app has an access row"
    user = _user_with_target(connection.dialect.name, caller, caller.app)
    itself, known = apps.alias("itself"), apps.alias("known")
    statement = (
        sa.select(
            itself.c.last_seen_at,
            known.c.paused,
            user.c.merges,
            *ROW,
        )
        .select_from(user)
        .outerjoin(itself, sa.and_(itself.c.user_id == user.c.id, itself.c.name == caller.app))
        .outerjoin(known, sa.and_(known.c.user_id == user.c.id, known.c.name == user.c.target))
        .outerjoin(
            access_bases,
            sa.and_(
                access_bases.c.user_id == user.c.id,
                access_bases.c.app.in_((user.c.target, ANY_OTHER_APP)),
            ),
        )
        .outerjoin(access_rules, access_rules.c.base_id == access_bases.c.id)
        .order_by((access_bases.c.app == ANY_OTHER_APP).asc(), access_rules.c.id)
    )
    rows = list(await connection.execute(statement))
    if not rows:
        return AppState(Access(), None)
    first = rows[0]
    held = Access() if first.id is None else row_of([row for row in rows if row.id == first.id])
    access = replace(held, paused=bool(first.paused), merges=understood_merges(first.merges))
    return AppState(access, first.last_seen_at)


def _user_with_target(dialect: str, caller: Caller, app: str) -> sa.Subquery:
    """The caller's user, and the name that `app` is known by as of now."""
    if dialect == "sqlite":
        each = sa.func.json_each(users.c.merges).table_valued("key", "value")
        merged_into = sa.select(each.c.value).where(each.c.key == app).scalar_subquery()
    else:
        merged_into = sa.func.jsonb_extract_path_text(users.c.merges, app)
    target = sa.func.coalesce(merged_into, app).label("target")
    return (
        sa.select(users.c.id, users.c.merges, target)
        .where(users.c.project_id == caller.project_id, users.c.name == caller.user_id)
        .subquery()
    )


async def count_of(connection: ReadConnection, caller: Caller) -> int:
    """How many apps the caller's user has."""
    statement = (
        sa.select(sa.func.count())
        .select_from(apps.join(users, apps.c.user_id == users.c.id))
        .where(users.c.project_id == caller.project_id, users.c.name == caller.user_id)
    )
    return (await connection.execute(statement)).scalar_one()


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


async def touch_app(
    connection: WriteConnection, user_row: int, caller: Caller, now: datetime
) -> int:
    """The row of a caller's app, made on its first call, seen now if it was not seen since."""
    client = {"kind": caller.client, "version": caller.client_version} if caller.client else {}
    later = sa.case((apps.c.last_seen_at < now, sa.bindparam("now", now, apps.c.last_seen_at.type)),
                    else_=apps.c.last_seen_at)  # fmt: skip
    seen = (
        sa.update(apps)
        .where(apps.c.user_id == user_row, apps.c.name == caller.app)
        .values(last_seen_at=later, **client)
        .returning(apps.c.id)
    )
    found = (await connection.execute(seen)).scalar_one_or_none()
    if found is not None:
        return found
    row = {"user_id": user_row, "name": caller.app, "created_at": now, "last_seen_at": now}
    return await _inserted(connection, apps, {**row, **client})


@dataclass(frozen=True, slots=True)
class AppRow:
    """An app as it is known by one of its names."""

    name: str
    label: str | None
    kind: str | None
    version: str | None
    created_at: datetime
    last_seen_at: datetime


async def called(connection: ReadConnection, project_id: str, user_id: str) -> list[AppRow]:
    """The apps of a user, each name for itself."""
    columns = (apps.c[each.name] for each in fields(AppRow))
    statement = sa.select(*columns).join(users, users.c.id == apps.c.user_id)
    chosen = (users.c.project_id == project_id, users.c.name == user_id)
    rows = await connection.execute(statement.where(*chosen).order_by(apps.c.name))
    return [AppRow(*row) for row in rows]


async def count_keys(
    connection: ReadConnection, project_id: str, user_id: str, now: datetime
) -> dict[str, int]:
    """How many keys of a user that are good now are bound to each app."""
    statement = (
        sa.select(keys.c.app, sa.func.count())
        .where(
            keys.c.project_id == project_id,
            keys.c.user_id == user_id,
            keys.c.app.is_not(None),
            keys.c.revoked_at.is_(None),
            sa.or_(keys.c.expires_at.is_(None), keys.c.expires_at > now),
        )
        .group_by(keys.c.app)
    )
    return {row[0]: row[1] for row in await connection.execute(statement)}


async def set_label(
    connection: WriteConnection, user_row: int, name: str, label: str | None
) -> None:
    """Say what people call an app; None for what its name says."""
    chosen = sa.update(apps).where(apps.c.user_id == user_row, apps.c.name == name)
    await connection.execute(chosen.values(label=label))


async def _inserted(connection: WriteConnection, table: sa.Table, row: dict[str, Any]) -> int:
    return (
        await connection.execute(sa.insert(table).values(row).returning(table.c.id))
    ).scalar_one()
