"""Bases and rules in SQL: what each app of a user may reach, and the version of it all."""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from openmemory_api.db.session import ReadConnection, WriteConnection
from openmemory_api.db.tables import access_bases, access_rules, apps, users
from openmemory_api.domain.access import Access, Base, Rule
from openmemory_api.domain.errors import UnreadableRules
from openmemory_api.domain.rules import Row, Rulebook, kind_and_value, rule_of, understood_merges

ROW = (
    access_bases.c.id,
    access_bases.c.app,
    access_bases.c.read,
    access_bases.c.write,
    access_rules.c.verb,
    access_rules.c.effect,
    access_rules.c.subject_kind,
    access_rules.c.subject,
)
"""What a base joined with its rules is read by: see `row_of`."""


@contextmanager
def understood(app: str) -> Generator[None]:
    """Refuse an app whose rules hold a word that is not ours; half of them would let it too far.

    Raises:
        UnreadableRules: what is stored is not a base or a rule.
    """
    try:
        yield
    except ValueError as error:
        raise UnreadableRules(app) from error


def row_of(found: Sequence[Any]) -> Access:
    """The base and rules that rows of `ROW` hold, which are all of one base.

    Raises:
        UnreadableRules: one of them cannot be understood.
    """
    first = found[0]
    with understood(first.app):
        return Access(Base(first.read), Base(first.write), tuple(_rules(found)))


def _rules(found: Sequence[Any]) -> list[Rule]:
    return [
        rule_of(row.verb, row.effect, row.subject_kind, row.subject)
        for row in found
        if row.verb is not None
    ]


async def rulebook(connection: ReadConnection, project_id: str, user_id: str) -> Rulebook:
    """All access settings of a user. One that was never heard of has none.

    Raises:
        UnreadableMerges: what is stored of which names are one app cannot be understood.
    """
    statement = (
        sa.select(users.c.id.label("user"), users.c.access_version, users.c.merges, *ROW)
        .select_from(users)
        .outerjoin(access_bases, access_bases.c.user_id == users.c.id)
        .outerjoin(access_rules, access_rules.c.base_id == access_bases.c.id)
        .where(users.c.project_id == project_id, users.c.name == user_id)
        .order_by(access_bases.c.id, access_rules.c.id)
    )
    found = list(await connection.execute(statement))
    if not found:
        return Rulebook()
    # After the version: an app that is paused in between makes the version one that has passed.
    called = sa.select(apps.c.name, apps.c.paused).where(apps.c.user_id == found[0].user)
    names = {row.name: row.paused for row in await connection.execute(called)}
    stored = [row for row in found if row.id is not None]
    return Rulebook(
        version=found[0].access_version,
        rows={app: _row(list(rows)) for app, rows in groupby(stored, lambda row: row.app)},
        paused=frozenset(name for name, paused in names.items() if paused),
        apps=frozenset(names),
        merges=understood_merges(found[0].merges),
    )


def _row(found: Sequence[Any]) -> Row:
    try:
        return row_of(found)
    except UnreadableRules:
        return None


async def advance(connection: WriteConnection, user_row: int) -> int:
    """Count a change of a user's access settings; answers the version it makes."""
    statement = (
        sa.update(users)
        .where(users.c.id == user_row)
        .values(access_version=users.c.access_version + 1)
        .returning(users.c.access_version)
    )
    return (await connection.execute(statement)).scalar_one()


async def set_merges(connection: WriteConnection, user_row: int, merges: Mapping[str, str]) -> None:
    """Say which names of a user's apps belong to which."""
    chosen = sa.update(users).where(users.c.id == user_row)
    await connection.execute(chosen.values(merges=dict(merges) or None))


async def replace_access(
    connection: WriteConnection, user_row: int, app: str, access: Access | None, now: datetime
) -> None:
    """Give an app, or "any other app", a base and rules in place of what it had; None takes it."""
    key = (access_bases.c.user_id == user_row, access_bases.c.app == app)
    old = sa.select(access_bases.c.id).where(*key)
    await connection.execute(sa.delete(access_rules).where(access_rules.c.base_id.in_(old)))
    await connection.execute(sa.delete(access_bases).where(*key))
    if access is None:
        return
    row = {
        "user_id": user_row,
        "app": app,
        "read": access.read,
        "write": access.write,
        "created_at": now,
    }
    added = await connection.execute(
        sa.insert(access_bases).values(row).returning(access_bases.c.id)
    )
    base_id = added.scalar_one()
    rules = [_stored(rule, base_id, now) for rule in access.rules]
    if rules:
        await connection.execute(sa.insert(access_rules), rules)


def _stored(rule: Rule, base_id: int, now: datetime) -> dict[str, Any]:
    kind, value = kind_and_value(rule.subject)
    return {
        "base_id": base_id,
        "verb": rule.verb,
        "effect": rule.effect,
        "subject_kind": kind,
        "subject": value,
        "created_at": now,
    }


async def set_paused(
    connection: WriteConnection, user_row: int, app: str, *, paused: bool, now: datetime
) -> None:
    """Pause an app or let it go on; one that has not called yet gets its row."""
    held = sa.update(apps).where(apps.c.user_id == user_row, apps.c.name == app)
    known = await connection.execute(held.values(paused=paused).returning(apps.c.id))
    if known.scalar_one_or_none() is None:
        row = {
            "user_id": user_row,
            "name": app,
            "paused": paused,
            "created_at": now,
            "last_seen_at": now,
        }
        await connection.execute(sa.insert(apps).values(row))
