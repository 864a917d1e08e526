"""Drafts of access rules: checked, put in place as one action, and taken back."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from openmemory_api.db import access as access_rows
from openmemory_api.db import actions as action_rows
from openmemory_api.db import apps as app_rows
from openmemory_api.db import memories as memory_rows
from openmemory_api.db.session import WriteConnection
from openmemory_api.domain.access import Access, Base, Caller, Rule
from openmemory_api.domain.errors import Conflict, Invalid
from openmemory_api.domain.memory import Json
from openmemory_api.domain.requests import UNSET, Action, ActionKind, Undone, Unset
from openmemory_api.domain.rules import (
    ANY_OTHER_APP,
    Draft,
    Rulebook,
    kind_and_value,
    rule_of,
    same_row,
)
from openmemory_api.services.validation import checked_app, checked_rule

MAX_RULES: Final = 10_000
"""Rules of one app."""
MAX_APPS: Final = 200
"""Apps in one draft."""


@dataclass(frozen=True, slots=True)
class Applied:
    """What a draft made: the action, None where nothing was to change, and the version now."""

    action_id: str | None
    version: int


def checked_drafts(drafts: Sequence[Draft]) -> list[Draft]:
    """Drafts as they are stored: names in the form callers have them, no rule twice.

    Raises:
        Invalid: an app is named twice or cannot exist, or a rule is out of bounds.
    """
    if len(drafts) > MAX_APPS:
        raise Invalid(f"At most {MAX_APPS} apps in one draft, not {len(drafts)}")
    checked = [_checked(draft) for draft in drafts]
    names = [draft.app for draft in checked]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise Invalid(f"The app {twice!r} is in the draft twice")
    return checked


def checked_name(app: str) -> str:
    """The name of an access row as it is stored.

    Raises:
        Invalid: it is neither an app's nor the row of any other app.
    """
    name = app if app == ANY_OTHER_APP else checked_app(app, name="app")
    if name is None:
        raise Invalid("app is empty")
    return name


def _checked(draft: Draft) -> Draft:
    app = checked_name(draft.app)
    if app == ANY_OTHER_APP and draft.paused:
        raise Invalid("Any other app cannot be paused; its bases can be nothing")
    if not isinstance(draft.row, Access):
        return replace(draft, app=app)
    if len(draft.row.rules) > MAX_RULES:
        raise Invalid(f"At most {MAX_RULES:,} rules for one app, not {len(draft.row.rules):,}")
    rules = tuple(dict.fromkeys(checked_rule(rule) for rule in draft.row.rules))
    return replace(draft, app=app, row=replace(draft.row, rules=rules))


def require_standing(book: Rulebook, drafts: Sequence[Draft], version: int | None) -> None:
    """Refuse what was decided on other rules than hold now, or would have no effect.

    Raises:
        Conflict: the version has passed, or a paused app would go on with the one it is merged into.
        Invalid: an app has been merged into another, whose row holds for it.
    """
    if version is not None and version != book.version:
        raise Conflict(
            f"The rules are at version {book.version} and no longer at {version}; look again"
        )
    for draft in drafts:
        if draft.app in book.merges and isinstance(draft.into, Unset):
            into = book.merges[draft.app]
            raise Invalid(f"The app {draft.app!r} is merged into {into!r}, whose rules it has")
        if draft.app in book.paused and isinstance(draft.into, str):
            _refuse_to_wake(book, draft.app, draft.into)


def _refuse_to_wake(book: Rulebook, app: str, into: str) -> None:
    if into not in book.paused:
        raise Conflict(
            f"The app {app!r} is paused and {into!r} is not: resume the one or pause the other"
        )


async def put_in_place(
    connection: WriteConnection,
    caller: Caller,
    user_id: str,
    drafts: Sequence[Draft],
    *,
    version: int | None,
    now: datetime,
) -> Applied:
    """Store checked drafts as one action; nothing is written where they change nothing.

    Raises:
        Conflict, Invalid: as `require_standing`.
    """
    book = await access_rows.rulebook(connection, caller.project_id, user_id)
    require_standing(book, drafts, version)
    changing = [change for draft in drafts if (change := _changing(book, draft)) is not None]
    if not changing:
        return Applied(None, book.version)
    return await _write(connection, caller, user_id, book, changing, {}, now)


def _changing(book: Rulebook, draft: Draft) -> Draft | None:
    """What of a draft differs from what holds."""
    if not isinstance(draft.row, Unset) and _is_held(book, draft.app, draft.row):
        draft = replace(draft, row=Draft("").row)
    if draft.paused == (draft.app in book.paused):
        draft = replace(draft, paused=None)
    if draft.into == book.merges.get(draft.app):
        draft = replace(draft, into=UNSET)
    return None if draft == Draft(draft.app) else draft


def _is_held(book: Rulebook, app: str, row: Access | None) -> bool:
    if row is None or app not in book.rows:
        return row is None and app not in book.rows
    held = book.rows[app]
    return held is not None and same_row(held, row)


async def _write(
    connection: WriteConnection,
    caller: Caller,
    user_id: str,
    book: Rulebook,
    drafts: Sequence[Draft],
    detail: Mapping[str, Json],
    now: datetime,
) -> Applied:
    user = await app_rows.ensure_user(connection, caller.project_id, user_id, now)
    for draft in drafts:
        if not isinstance(draft.row, Unset):
            await access_rows.replace_access(connection, user, draft.app, draft.row, now)
        if draft.paused is not None:
            await access_rows.set_paused(connection, user, draft.app, paused=draft.paused, now=now)
    after = book.changed_by(drafts)
    if after.merges != book.merges:
        await access_rows.set_merges(connection, user, after.merges)
    version = await access_rows.advance(connection, user)
    number = await memory_rows.next_change(connection)
    action_id = await action_rows.start(
        connection, caller, ActionKind.ACCESS, user_id=user_id, number=number, now=now
    )
    changes: list[Json] = [
        {"app": draft.app, "before": _part(book, draft), "after": _part(after, draft)}
        for draft in drafts
    ]
    told = {"version": version, "changes": changes, **detail}
    await action_rows.describe(connection, action_id, told)
    return Applied(action_id, version)


async def take_back(
    connection: WriteConnection, caller: Caller, action: Action, now: datetime
) -> Undone:
    """Restore the rows that are still as an action left them; the apps of the rest are `left`.

    It is an action of the same kind, so that it can be taken back like the first.
    """
    assert action.user_id is not None, "access settings are always a user's"
    book = await access_rows.rulebook(connection, caller.project_id, action.user_id)
    restored = [
        draft
        for app, before, after in _changes(action)
        if (draft := _draft(app, before)) is not None and _stands(book, app, after)
    ]
    if _is_chained(book.changed_by(restored)):
        # One of the names is merged into by now, or into another.
        restored = [draft for draft in restored if isinstance(draft.into, Unset)]
    apps = [draft.app for draft in restored]
    left = [app for app, _, _ in _changes(action) if app not in apps]
    if not restored:
        return Undone(None, [], left)
    applied = await _write(
        connection, caller, action.user_id, book, restored, {"undoes": action.id}, now
    )
    assert applied.action_id is not None
    await action_rows.mark_undone(connection, [action.id], applied.action_id)
    return Undone(applied.action_id, apps, left)


def _is_chained(book: Rulebook) -> bool:
    return any(target in book.merges for target in book.merges.values())


def _changes(action: Action) -> Iterator[tuple[str, Mapping[str, Any], Mapping[str, Any]]]:
    listed: Any = (action.detail or {})["changes"]
    for change in listed:
        yield change["app"], change["before"], change["after"]


def _stands(book: Rulebook, app: str, after: Mapping[str, Any]) -> bool:
    """Whether an app's row is still as an action left it, in what the action was about."""
    draft = _draft(app, after)
    return draft is not None and _changing(book, draft) is None


def _part(book: Rulebook, draft: Draft) -> dict[str, Json]:
    """What holds for an app of that which a draft is about, in the form of a draft."""
    part: dict[str, Json] = {}
    if not isinstance(draft.row, Unset):
        part |= {"inherit": True} if book.inherits(draft.app) else as_json(book.rows[draft.app])
    if draft.paused is not None:
        part["paused"] = draft.app in book.paused
    if not isinstance(draft.into, Unset):
        part["into"] = book.merges.get(draft.app)
    return part


def as_json(row: Access | None) -> dict[str, Json]:
    """Bases and rules in the form that a draft has them; `unreadable` where nobody knows them."""
    if row is None:
        return {"unreadable": True}
    rules: list[Json] = [_rule_as_json(rule) for rule in row.rules]
    return {"read": row.read, "write": row.write, "rules": rules}


def _rule_as_json(rule: Rule) -> dict[str, Json]:
    kind, value = kind_and_value(rule.subject)
    subject: dict[str, Json] = {"kind": kind, "value": value}
    return {"verb": rule.verb, "effect": rule.effect, "subject": subject}


def _draft(app: str, part: Mapping[str, Any]) -> Draft | None:
    """The draft a part tells of; None where it was not readable even then."""
    if "unreadable" in part:
        return None
    draft = Draft(app, paused=part.get("paused"), into=part.get("into", UNSET))
    if "inherit" in part:
        return replace(draft, row=None)
    if "read" not in part:
        return draft
    rules = tuple(
        rule_of(rule["verb"], rule["effect"], rule["subject"]["kind"], rule["subject"]["value"])
        for rule in part["rules"]
    )
    return replace(draft, row=Access(Base(part["read"]), Base(part["write"]), rules))
