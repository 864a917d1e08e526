"""What a person looks through: lists of any length, in any order, and what they are made of.

A window of a list has to come at once wherever it is. By time and by what an index knows the database
finds it; of every other list the ids are kept in their order until something is written.
"""

from collections import OrderedDict
from collections.abc import Hashable, Mapping
from dataclasses import replace
from typing import Any, Final, Generic, TypeVar

from openmemory_api.db import access as access_rows
from openmemory_api.db import browsing, reading
from openmemory_api.db import memories as rows
from openmemory_api.db.browsing import Sort
from openmemory_api.db.session import Database, ReadConnection
from openmemory_api.domain.access import Caller, KeyScope, readable_by, written_by
from openmemory_api.domain.filters import (
    Contains,
    Filter,
    In,
    Not,
    Present,
    Range,
    all_of,
    any_of,
)
from openmemory_api.domain.memory import State
from openmemory_api.services.access import AccessService, Scope
from openmemory_api.services.activity import note
from openmemory_api.services.recorder import Recorder
from openmemory_api.services.rules import as_app, rulebook_of
from openmemory_api.services.wishes import SHOWN, Facets, Window, Wish, by_label, facets_of

_LISTS: Final = 8
_COUNTS: Final = 64
_ID: Final = 36
_Key = TypeVar("_Key", bound=Hashable)
_Value = TypeVar("_Value")


class _Kept(Generic[_Key, _Value]):
    """The newest of some answers, each good as long as nothing is written."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._held: OrderedDict[_Key, _Value] = OrderedDict()

    def get(self, key: _Key) -> _Value | None:
        """What is kept, if it is."""
        if key in self._held:
            self._held.move_to_end(key)
        return self._held.get(key)

    def put(self, key: _Key, value: _Value) -> _Value:
        """Keep an answer in the place of the oldest; answers it."""
        self._held[key] = value
        if len(self._held) > self._size:
            self._held.popitem(last=False)
        return value


class BrowseService:
    """Lists what a person has, in whatever state it is."""

    def __init__(self, database: Database, access: AccessService, recorder: Recorder) -> None:
        self._database = database
        self._access = access
        self._recorder = recorder
        # A filter and the number of the last write: who asks is a part of the filter.
        self._lists: _Kept[tuple[Filter, Sort, int], str] = _Kept(_LISTS)
        self._totals: _Kept[tuple[Filter, int], int] = _Kept(_COUNTS)
        self._facets: _Kept[tuple[Filter, str, int], list[tuple[Any, int]]] = _Kept(_COUNTS)
        self._read: dict[str, tuple[int, tuple[str, ...]]] = {}

    async def page(
        self, viewer: Caller, wish: Wish, sort: Sort, *, offset: int, limit: int
    ) -> Window:
        """A window of the memories that a person wishes to see.

        Raises:
            Forbidden: the person's key does not allow it.
            UnreadableRules: nobody knows what the app may read that is asked about.
        """

        async def found(scope: Scope) -> Window:
            wanted = all_of(scope.held, await self.filter_of(viewer, wish))
            async with self._database.read() as connection:
                if wish.is_indexed and sort in ("created", "-created"):
                    total, ids = await self._indexed(connection, wanted, sort, offset, limit)
                else:
                    total, ids = await self._listed(connection, wanted, sort, offset, limit)
                memories = await rows.by_ids(connection, ids, scope.held)
            return Window(total, [memories[each] for each in ids if each in memories])

        window = await self._access.answer(viewer, found, KeyScope.READ)
        note(count=len(window.memories))
        return window

    async def facets(self, viewer: Caller, wish: Wish) -> Facets:
        """What is in a list by state, app and category; errors as for `page`."""

        async def found(scope: Scope) -> Facets:
            asked = (
                replace(wish, states=SHOWN),
                replace(wish, apps=()),
                replace(wish, categories=()),
            )
            sets = [all_of(scope.held, await self.filter_of(viewer, each)) for each in asked]
            async with self._database.read() as connection:
                merges = await _merges(connection, viewer)
                by_state = await self._numbers(connection, sets[0], "state")
                by_app = await self._numbers(connection, sets[1], "app")
                by_category = await self._numbers(connection, sets[2], "categories")
            numbers = {State(state): count for state, count in by_state}
            return Facets(
                {state: numbers.get(state, 0) for state in SHOWN},
                facets_of((merges.get(app, app), count) for app, count in by_app),
                by_label(by_category),
                sum(numbers.get(state, 0) for state in wish.states),
            )

        return await self._access.answer(viewer, found, KeyScope.READ)

    async def filter_of(self, viewer: Caller, wish: Wish) -> Filter:
        """The set that a wish names, of whomever; errors as for `page`."""
        parts: list[Filter] = [In("state", wish.states)]
        if wish.text:
            parts.append(Contains("text", wish.text))
        if wish.since or wish.until:
            parts.append(Range("created_at", gte=wish.since, lt=wish.until))
        if wish.categories:
            parts.append(any_of(*map(_of_category, wish.categories)))
        if wish.never_read:
            parts.append(Not(In("id", await self._ever_read(viewer))))
        async with self._database.read() as connection:
            if wish.apps:
                merges = await _merges(connection, viewer)
                parts.append(any_of(*(_of_app(app, merges) for app in wish.apps)))
            if wish.readable_by:
                book = await rulebook_of(connection, viewer)
                access = book.access(wish.readable_by)
                parts.append(readable_by(as_app(viewer, wish.readable_by), access))
        return all_of(*parts)

    async def _indexed(
        self, connection: ReadConnection, wanted: Filter, sort: Sort, offset: int, limit: int
    ) -> tuple[int, list[str]]:
        key = (wanted, await rows.last_change(connection))
        total = self._totals.get(key)
        if total is None:
            total = self._totals.put(key, await rows.count(connection, wanted))
        if offset >= total:
            return total, []
        left = total - offset - limit
        if left < offset:
            # Counted from the other end, or half of the list would be walked for nothing.
            start, size = max(left, 0), min(limit, total - offset)
            back: Sort = "-created" if sort == "created" else "created"
            found = await browsing.window(connection, wanted, back, offset=start, limit=size)
            return total, found[::-1]
        return total, await browsing.window(connection, wanted, sort, offset=offset, limit=limit)

    async def _listed(
        self, connection: ReadConnection, wanted: Filter, sort: Sort, offset: int, limit: int
    ) -> tuple[int, list[str]]:
        key = (wanted, sort, await rows.last_change(connection))
        listed = self._lists.get(key)
        if listed is None:
            found = await browsing.window(connection, wanted, sort)
            listed = self._lists.put(key, "".join(found))
        part = listed[offset * _ID : (offset + limit) * _ID]
        return len(listed) // _ID, [part[i : i + _ID] for i in range(0, len(part), _ID)]

    async def _numbers(
        self, connection: ReadConnection, wanted: Filter, by: browsing.Column
    ) -> list[tuple[Any, int]]:
        key = (wanted, by, await rows.last_change(connection))
        known = self._facets.get(key)
        if known is None:
            known = self._facets.put(key, await browsing.numbers(connection, wanted, by))
        return known

    async def _ever_read(self, viewer: Caller) -> tuple[str, ...]:
        """What agents were ever answered with, as far as the log goes; only what is new is read."""
        await self._recorder.flush()
        last, known = self._read.get(viewer.project_id, (0, ()))
        async with self._recorder.database.read() as connection:
            newest, more = await reading.read_since(connection, viewer.project_id, last)
        if newest < last:
            # The log was begun anew.
            self._read.pop(viewer.project_id)
            return await self._ever_read(viewer)
        if more and not more.issubset(known):
            # In order and kept so: the same set is the same filter, by which lists are kept.
            known = tuple(sorted({*known, *more}))
        self._read[viewer.project_id] = newest, known
        return known


def _of_category(name: str) -> Filter:
    return Contains("categories", name) if name else Not(Present("categories"))


def _of_app(name: str, merges: Mapping[str, str]) -> Filter:
    return written_by(name, merges) if name else Not(Present("app"))


async def _merges(connection: ReadConnection, viewer: Caller) -> Mapping[str, str]:
    assert viewer.user_id is not None, "a person looks at somebody's memories"
    book = await access_rows.rulebook(connection, viewer.project_id, viewer.user_id)
    return book.merges
