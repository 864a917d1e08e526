"""The apps of a user: what they are called, what they may reach, which names are one app."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Literal

from openmemory_api.db import access as access_rows
from openmemory_api.db import apps as app_rows
from openmemory_api.db import memories as memory_rows
from openmemory_api.db.apps import AppRow
from openmemory_api.db.session import Database, ReadConnection
from openmemory_api.domain.access import (
    ACTIVE,
    Caller,
    belonging_to,
    names_of,
    readable_by,
    writable_by,
)
from openmemory_api.domain.errors import Invalid, NotFound, UnreadableRules
from openmemory_api.domain.filters import Filter, all_of, fold
from openmemory_api.domain.protocols import Clock
from openmemory_api.domain.rules import ANY_OTHER_APP, Draft, Rulebook
from openmemory_api.services.access import AccessService, require_manager
from openmemory_api.services.drafts import Applied, put_in_place
from openmemory_api.services.validation import checked_id

Order = Literal["name", "memories", "last_seen"]

_SHOWN: Final = {"mcp": "Python client", "fastmcp": "Python client"}
"""What names say that tell of a library instead of a program."""


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """An app, whatever names it goes by, and what it may reach now."""

    name: str
    label: str
    """What people call it."""
    kind: str | None
    """The program it said it is when it was last seen."""
    version: str | None
    """Of that program."""
    created_at: datetime
    last_seen_at: datetime
    paused: bool
    merged: list[str]
    """Its further names."""
    keys: int
    """Bound to one of its names and still good."""
    written: int
    """Of the user's memories, how many it wrote."""
    readable: int = 0
    writable: int = 0
    total: int = 0
    """All memories of the user."""
    problem: str | None = None
    """Why it can reach nothing, where its rules cannot be understood."""


_PLACES: Final[dict[Order, Callable[[App], Any]]] = {
    "name": lambda app: (fold(app.label), app.name),
    "memories": lambda app: (app.written, app.name),
    "last_seen": lambda app: (app.last_seen_at, app.name),
}


class AppService:
    """Lists and names apps, pauses them, and says which names are one app."""

    def __init__(self, database: Database, access: AccessService, clock: Clock) -> None:
        self._database = database
        self._access = access
        self._clock = clock

    async def page(
        self,
        caller: Caller,
        *,
        page: int,
        page_size: int,
        like: str = "",
        is_active: bool | None = None,
        order: Order = "name",
        descending: bool = False,
    ) -> tuple[int, list[App]]:
        """How many apps of the caller's user there are, and one page of them.

        Args:
            caller: who manages them.
            page: from 1.
            page_size: apps on a page.
            like: what a name or the label has to contain, in any case.
            is_active: only those that are not paused, or are.
            order: what they are sorted by.
            descending: whether from the last to the first.
        """
        async with self._database.read() as connection:
            book = await _book(connection, caller)
            found = await _apps(connection, caller, book, self._clock())
            chosen = [
                app
                for app in found
                if (is_active is None or is_active is not app.paused) and _is_called(app, like)
            ]
            chosen.sort(key=_PLACES[order], reverse=descending)
            start = (page - 1) * page_size
            shown = chosen[start : start + page_size]
            return len(chosen), await _with_reach(connection, caller, book, shown)

    async def get(self, caller: Caller, app: str) -> App:
        """The app that goes by a name.

        Raises:
            NotFound: the user has none.
        """
        async with self._database.read() as connection:
            book = await _book(connection, caller)
            name = known_app(book, app)
            found = await _apps(connection, caller, book, self._clock())
            called = [each for each in found if name in (each.name, *each.merged)]
            return (await _with_reach(connection, caller, book, called))[0]

    async def rename(self, caller: Caller, app: str, label: str | None) -> App:
        """Say what people call an app; the name it calls itself stays, and so does its history.

        Raises:
            Invalid: it is no label.
            NotFound: the user has no such app.
        """
        require_manager(caller)
        label = checked_id((label or "").strip(), name="label")
        name = (await self.get(caller, app)).name
        async with self._database.write() as connection:
            user = await app_rows.ensure_user(
                connection, caller.project_id, _user_of(caller), self._clock()
            )
            await app_rows.set_label(connection, user, name, label)
        return await self.get(caller, name)

    async def pause(self, caller: Caller, app: str, *, paused: bool) -> tuple[Applied, App]:
        """Pause an app under all its names, or let it go on; answers it as it is then.

        Raises:
            NotFound: the user has no such app.
        """
        name = (await self.get(caller, app)).name
        applied = await self._access.pause(caller, name, paused=paused)
        return applied, await self.get(caller, name)

    async def merge(self, caller: Caller, app: str, into: str) -> tuple[Applied, App]:
        """Make a name, and those merged into it, one app with another; answers that one.

        Raises:
            NotFound: the user has no app of that name.
            Invalid: it cannot be merged into that one.
        """
        async with self._access.changing(caller) as connection:
            book = await _book(connection, caller)
            name = known_app(book, app)
            target = _target(book, name, into)
            names = [other for other, of in book.merges.items() if of == name]
            drafts = [Draft(each, into=target) for each in (name, *names)]
            applied = await put_in_place(
                connection, caller, _user_of(caller), drafts, version=None, now=self._clock()
            )
        return applied, await self.get(caller, target)

    async def unmerge(self, caller: Caller, app: str) -> tuple[Applied, App]:
        """Make a merged name an app of its own again, with the rules and the pause it had.

        Raises:
            NotFound: the user has no app of that name.
            Invalid: it is not merged.
        """
        async with self._access.changing(caller) as connection:
            book = await _book(connection, caller)
            name = known_app(book, app)
            if name not in book.merges:
                raise Invalid(f"The app {name!r} is not merged into another")
            applied = await put_in_place(
                connection,
                caller,
                _user_of(caller),
                [Draft(name, into=None)],
                version=None,
                now=self._clock(),
            )
        return applied, await self.get(caller, name)


def known_app(book: Rulebook, app: str) -> str:
    """The name of an app that has called, in the form that names are kept in.

    Raises:
        NotFound: none of that name has.
    """
    if app.lower() not in book.apps:
        raise NotFound("App not found")
    return app.lower()


def label_of(app: AppRow) -> str:
    """What people call an app: as they said, else as it calls itself."""
    return app.label or _SHOWN.get(app.name, app.name)


def _target(book: Rulebook, name: str, into: str) -> str:
    target = into.lower()
    if target == ANY_OTHER_APP:
        raise Invalid("into: `*` is the row of any other app, and no app")
    if target not in book.apps:
        raise Invalid(f"into: there is no app {target!r}")
    if target == name:
        raise Invalid("into: an app cannot be merged into itself")
    if target in book.merges:
        raise Invalid(f"into: the app {target!r} is itself merged into {book.merges[target]!r}")
    return target


async def _book(connection: ReadConnection, caller: Caller) -> Rulebook:
    require_manager(caller)
    return await access_rows.rulebook(connection, caller.project_id, _user_of(caller))


def _user_of(caller: Caller) -> str:
    assert caller.user_id is not None, "who manages apps manages those of a user"
    return caller.user_id


def _is_called(app: App, part: str) -> bool:
    return any(fold(part) in fold(called) for called in (app.label, app.name, *app.merged))


async def _apps(
    connection: ReadConnection, caller: Caller, book: Rulebook, now: datetime
) -> list[App]:
    """The apps of a user, without what they may reach."""
    of_user = (connection, caller.project_id, _user_of(caller))
    rows = {row.name: row for row in await app_rows.called(*of_user)}
    keys = await app_rows.count_keys(*of_user, now)
    memories = await memory_rows.entities(connection, "app", _memories_of(caller))
    written = {app.name: app.total for app in memories}
    return [
        _app([rows[each] for each in names_of(name, book.merges)], book, keys=keys, written=written)
        for name in rows
        if name not in book.merges
    ]


def _app(
    names: Sequence[AppRow], book: Rulebook, *, keys: Mapping[str, int], written: Mapping[str, int]
) -> App:
    known_by = names[0]
    last = max(names, key=lambda row: row.last_seen_at)
    return App(
        name=known_by.name,
        label=label_of(known_by),
        kind=last.kind,
        version=last.version,
        created_at=min(row.created_at for row in names),
        last_seen_at=last.last_seen_at,
        paused=known_by.name in book.paused,
        merged=[row.name for row in names[1:]],
        keys=sum(keys.get(row.name, 0) for row in names),
        written=sum(written.get(row.name, 0) for row in names),
    )


def _memories_of(caller: Caller) -> Filter:
    return all_of(ACTIVE, belonging_to(caller))


async def _with_reach(
    connection: ReadConnection, caller: Caller, book: Rulebook, apps: Sequence[App]
) -> list[App]:
    counted: dict[Filter, int] = {}

    async def count(wanted: Filter) -> int:
        # Apps without rules of their own, which are most, share theirs.
        if wanted not in counted:
            counted[wanted] = await memory_rows.count(connection, wanted)
        return counted[wanted]

    told: list[App] = []
    for app in apps:
        asked = Caller(caller.project_id, caller.user_id, app.name)
        total = await count(_memories_of(caller))
        try:
            access = book.access(app.name)
        except UnreadableRules as error:
            told.append(replace(app, total=total, problem=str(error)))
            continue
        readable = await count(readable_by(asked, access))
        writable = await count(writable_by(asked, access))
        told.append(replace(app, readable=readable, writable=writable, total=total))
    return told
