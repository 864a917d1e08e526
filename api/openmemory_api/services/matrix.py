"""Who can see what at a glance: apps by categories, by tags, or by the app that wrote."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, TypeAlias

import numpy as np
from anyio import to_thread
from numpy.typing import NDArray

from openmemory_api.db.counting import Column, count_by
from openmemory_api.db.session import Database
from openmemory_api.domain.access import Caller, KeyScope
from openmemory_api.domain.filters import fold
from openmemory_api.services.access import require_scopes
from openmemory_api.services.rules import MAX_APPS_SHOWN, Reach, all_of_user, reach, rulebook_of


class By(StrEnum):
    """What the columns of a matrix are."""

    CATEGORY = "category"
    TAG = "tag"
    APP = "app"


class Kind(StrEnum):
    """What a column holds."""

    LABEL = "label"
    """What has the label, in whatever case, or what the app wrote under any of its names."""
    NONE = "none"
    """What has no label, or was written without an app."""
    UNDECIDED = "undecided"
    """What may yet get categories."""


_COLUMNS: Final[dict[By, Column]] = {By.CATEGORY: "categories", By.TAG: "tags", By.APP: "app"}
_Key: TypeAlias = tuple[Kind, str]


@dataclass(frozen=True, slots=True)
class Group:
    """A column: some memories. One that has several labels is in several."""

    kind: Kind
    value: str | None
    total: int


@dataclass(frozen=True, slots=True)
class Cell:
    """What an app may reach of some memories."""

    readable: int
    writable: int
    total: int


@dataclass(frozen=True, slots=True)
class Row:
    """What an app may reach, of all memories and of each group in the order of the groups."""

    app: str
    inherits: bool
    paused: bool
    reach: Reach
    whole: Cell
    cells: Sequence[Cell]


@dataclass(frozen=True, slots=True)
class Matrix:
    """Apps by groups of memories."""

    version: int
    groups: Sequence[Group]
    rows: Sequence[Row]
    more_groups: int
    more_apps: int


class MatrixService:
    """Counts what apps may reach."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def matrix(self, caller: Caller, by: By, *, limit: int) -> Matrix:
        """All apps, and the `limit` largest groups by label, then those without one.

        Raises:
            Forbidden: the caller may not settle what apps may do, or may not read memories.
        """
        require_scopes(caller, KeyScope.READ)
        async with self._database.read() as connection:
            book = await rulebook_of(connection, caller)
            names = book.names()
            apps = names[:MAX_APPS_SHOWN]
            reaches = [reach(caller, book, app) for app in apps]
            sets = [each for held in reaches for each in (held.readable, held.writable)]
            counts = await count_by(connection, all_of_user(caller), sets, _COLUMNS[by])
        # Where every memory has tags of its own there are as many groups as memories.
        tallies = await to_thread.run_sync(_tallies, counts, by, book.merges, 1 + len(sets))
        labels = _largest_first(tallies)
        shown = [*labels[:limit], *(key for key in tallies if key[0] is not Kind.LABEL)]
        whole = sum(map(_numbers, counts.values()), np.zeros(1 + len(sets), np.int64))
        return Matrix(
            version=book.version,
            groups=[tallies[key].group(key[0]) for key in shown],
            rows=[
                Row(
                    app,
                    inherits=book.inherits(app),
                    paused=app in book.paused,
                    reach=reaches[i],
                    whole=_cell(whole, i),
                    cells=[_cell(tallies[key].numbers, i) for key in shown],
                )
                for i, app in enumerate(apps)
            ],
            more_groups=len(labels[limit:]),
            more_apps=len(names) - len(apps),
        )


@dataclass(slots=True)
class _Tally:
    """A group while it is counted: the total, then for each app what it may read and write."""

    numbers: NDArray[np.int64]
    spellings: Counter[str] = field(default_factory=Counter[str])

    def group(self, kind: Kind) -> Group:
        """What it is called: as most of its memories spell it."""
        most = sorted(self.spellings, key=lambda each: (-self.spellings[each], each))
        return Group(kind, most[0] if most else None, int(self.numbers[0]))


def _tallies(
    counts: Mapping[Any, Sequence[int]], by: By, merges: Mapping[str, str], width: int
) -> dict[_Key, _Tally]:
    """By group; the one without labels and the undecided one are last, and there if empty, too."""
    rest = [Kind.NONE, Kind.UNDECIDED] if by is By.CATEGORY else [Kind.NONE]
    tallies: dict[_Key, _Tally] = {(kind, ""): _Tally(np.zeros(width, np.int64)) for kind in rest}
    for value, counted in counts.items():
        numbers = _numbers(counted)
        for key, spelling in _keys(value, by, merges):
            tally = tallies.setdefault(key, _Tally(np.zeros(width, np.int64)))
            tally.numbers += numbers
            if spelling is not None:
                tally.spellings[spelling] += counted[0]
    return tallies


def _keys(value: Any, by: By, merges: Mapping[str, str]) -> Iterator[tuple[_Key, str | None]]:
    """The groups of a column's value, and how it spells each."""
    if by is By.APP and value is not None:
        app = merges.get(value, value)
        yield (Kind.LABEL, app), app
    elif value:
        for folded, label in {fold(label): label for label in reversed(value)}.items():
            yield (Kind.LABEL, folded), label
    else:
        undecided = value is None and by is By.CATEGORY
        yield (Kind.UNDECIDED if undecided else Kind.NONE, ""), None


def _numbers(counted: Sequence[int]) -> NDArray[np.int64]:
    return np.array(counted, np.int64)


def _largest_first(tallies: Mapping[_Key, _Tally]) -> list[_Key]:
    labels = [key for key in tallies if key[0] is Kind.LABEL]
    return sorted(labels, key=lambda key: (-int(tallies[key].numbers[0]), key[1]))


def _cell(numbers: NDArray[np.int64], app: int) -> Cell:
    total, readable, writable = (int(numbers[at]) for at in (0, 1 + 2 * app, 2 + 2 * app))
    return Cell(readable, writable, total)
