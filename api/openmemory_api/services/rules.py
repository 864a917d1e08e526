"""What a user's apps may do, as a whole: read, tried out, and explained.

Nothing here decides. Every answer comes from `domain/access.py`, with a draft in the place of what
is stored where one is tried out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from openmemory_api.db import access as access_rows
from openmemory_api.db import memories as memory_rows
from openmemory_api.db.counting import count_only
from openmemory_api.db.session import Database, ReadConnection
from openmemory_api.domain.access import (
    ACTIVE,
    Access,
    Caller,
    KeyScope,
    Verb,
    belonging_to,
    may_add,
    readable_by,
    writable_by,
)
from openmemory_api.domain.errors import UnreadableRules
from openmemory_api.domain.explaining import Explainer, Explanation
from openmemory_api.domain.filters import NOTHING, Filter, In, Not, all_of, none_of
from openmemory_api.domain.memory import Memory, ScoredMemory, State
from openmemory_api.domain.requests import MemoryRef, SearchRequest
from openmemory_api.domain.rules import Draft, Rulebook
from openmemory_api.services.access import require_manager, require_scopes
from openmemory_api.services.drafts import checked_drafts, checked_name, require_standing
from openmemory_api.services.search import SearchService
from openmemory_api.services.writing import find_one

MAX_APPS_SHOWN: Final = 200
"""Apps that one answer tells of; beyond it they are only counted."""
_ERASED: Final = In("state", (State.PURGED,))


@dataclass(frozen=True, slots=True)
class Reach:
    """What an app may reach; nothing where its rules cannot be read."""

    readable: Filter = NOTHING
    writable: Filter = NOTHING
    may_add: bool = False
    blocked: bool = True
    """Whether it is nothing because nobody knows what it should be."""


@dataclass(frozen=True, slots=True)
class Some:
    """Memories: how many, and the newest of them."""

    total: int
    memories: Sequence[Memory]


@dataclass(frozen=True, slots=True)
class Difference:
    """What an app would gain and lose for one verb."""

    gains: Some
    loses: Some


@dataclass(frozen=True, slots=True)
class AppChange:
    """What a draft would change for one app."""

    app: str
    inherits: bool
    """Whether it would have the row of any other app."""
    read: Difference
    write: Difference
    before: Reach
    after: Reach


@dataclass(frozen=True, slots=True)
class Preview:
    """What a draft would change if it was applied to this version."""

    version: int
    changes: Sequence[AppChange]
    more_apps: int
    """Apps whose rules would change, too, and that were not looked at."""


@dataclass(frozen=True, slots=True)
class MemoryDecision:
    """What an app may do with one memory."""

    version: int
    memory: Memory
    explanation: Explanation


@dataclass(frozen=True, slots=True)
class QueryDecision:
    """What an app would find, and beside it what the user would."""

    version: int
    found: Sequence[ScoredMemory]
    of_user: Sequence[tuple[ScoredMemory, Explanation]]
    degraded: str | None


class RulesService:
    """Shows what apps may do, what a change would do, and why something is as it is.

    All of it is for who may settle it: others are Forbidden.
    """

    def __init__(self, database: Database, search: SearchService) -> None:
        self._database = database
        self._search = search

    async def rules(self, caller: Caller) -> Rulebook:
        """All settings of the caller's user."""
        async with self._database.read() as connection:
            return await rulebook_of(connection, caller)

    async def preview(
        self, caller: Caller, drafts: Sequence[Draft], *, version: int | None, shown: int
    ) -> Preview:
        """What drafts would change, app by app, with the newest `shown` memories of each change.

        Raises:
            Invalid, Conflict: as `AccessService.change`.
        """
        require_scopes(caller, KeyScope.READ)
        checked = checked_drafts(drafts)
        async with self._database.read() as connection:
            book = await rulebook_of(connection, caller)
            require_standing(book, checked, version)
            after = book.changed_by(checked)
            concerned = [app for app in after.names() if _held(book, app) != _held(after, app)]
            looked_at = concerned[:MAX_APPS_SHOWN]
            changes = await _changes(connection, caller, looked_at, (book, after), shown)
        return Preview(book.version, changes, len(concerned) - len(looked_at))

    async def of_memory(
        self, caller: Caller, app: str, ref: MemoryRef, verb: Verb
    ) -> MemoryDecision:
        """Whether an app may reach a memory of the user's, in whatever state it is, and why.

        Raises:
            Invalid: `ref` is not an id, or no app can be called so.
            NotFound: the user has no such memory.
            UnreadableRules: nobody knows what the app may do.
        """
        require_scopes(caller, KeyScope.READ)
        async with self._database.read() as connection:
            book = await rulebook_of(connection, caller)
            known = all_of(belonging_to(caller), Not(_ERASED))
            memory = await find_one(connection, caller, ref, known)
        app = checked_name(app)
        explainer = Explainer(as_app(caller, app), book.access(app), verb)
        return MemoryDecision(book.version, memory, explainer.explain(memory))

    async def of_query(
        self, caller: Caller, app: str, request: SearchRequest, verb: Verb
    ) -> QueryDecision:
        """What an app would find, and what the user would, with what the app may do with each.

        Raises:
            Invalid, Unavailable: as `SearchService.search`.
            UnreadableRules: nobody knows what the app may do.
        """
        require_scopes(caller, KeyScope.READ)
        book, app = await self.rules(caller), checked_name(app)
        asked, access = as_app(caller, app), book.access(app)
        explainer = Explainer(asked, access, verb)
        found = await self._search.within(readable_by(asked, access), request)
        of_user = await self._search.within(readable_by(caller, Access()), request)
        explained = [(hit, explainer.explain(hit.memory)) for hit in of_user.hits]
        return QueryDecision(book.version, found.hits, explained, of_user.degraded)


async def rulebook_of(connection: ReadConnection, caller: Caller) -> Rulebook:
    """The settings of the caller's user.

    Raises:
        Forbidden: the caller may not settle them.
    """
    require_manager(caller)
    assert caller.user_id is not None, "who settles this settles it for a user"
    return await access_rows.rulebook(connection, caller.project_id, caller.user_id)


def as_app(caller: Caller, app: str) -> Caller:
    """An app of the caller's user, as it calls with a key that holds it back in nothing."""
    return Caller(caller.project_id, caller.user_id, app)


def all_of_user(caller: Caller) -> Filter:
    """The memories that rules are about: active ones of the caller's user."""
    return all_of(ACTIVE, belonging_to(caller))


def reach(caller: Caller, book: Rulebook, app: str) -> Reach:
    """What an app of the caller's user may reach by a set of rules."""
    access = _held(book, app)
    if access is None:
        return Reach()
    asked = as_app(caller, app)
    return Reach(
        readable_by(asked, access), writable_by(asked, access), may_add(asked, access), False
    )


def _held(book: Rulebook, app: str) -> Access | None:
    try:
        return book.access(app)
    except UnreadableRules:
        return None


async def _changes(
    connection: ReadConnection,
    caller: Caller,
    apps: Sequence[str],
    books: tuple[Rulebook, Rulebook],
    shown: int,
) -> list[AppChange]:
    """What two sets of rules differ in, for the apps for which they do."""
    reaches = [tuple(reach(caller, book, app) for book in books) for app in apps]
    pairs = [each for before, after in reaches for each in _gained_and_lost(before, after)]
    counts = await count_only(connection, all_of_user(caller), pairs)
    changes: list[AppChange] = []
    for i, (app, (before, after)) in enumerate(zip(apps, reaches, strict=True)):
        of_app = slice(4 * i, 4 * i + 4)
        if any(counts[of_app]) or before.may_add != after.may_add:
            parts = zip(pairs[of_app], counts[of_app], strict=True)
            some = [await _some(connection, *part, shown) for part in parts]
            read, write = Difference(*some[:2]), Difference(*some[2:])
            inherits = books[1].inherits(app)
            changes.append(AppChange(app, inherits, read, write, before, after))
    return changes


def _gained_and_lost(before: Reach, after: Reach) -> list[tuple[Filter, Filter]]:
    """What is in the one and not in the other: read and write, each gained and lost."""
    return [
        (after.readable, before.readable),
        (before.readable, after.readable),
        (after.writable, before.writable),
        (before.writable, after.writable),
    ]


async def _some(
    connection: ReadConnection, pair: tuple[Filter, Filter], total: int, shown: int
) -> Some:
    if not total:
        return Some(0, [])
    one, other = pair
    wanted = all_of(one, none_of(other))
    return Some(total, await memory_rows.page(connection, wanted, limit=shown))
