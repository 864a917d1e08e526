"""Which memories a person wishes to see, and what they are made of in number."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from openmemory_api.domain.filters import fold
from openmemory_api.domain.memory import KEPT, Memory, State

SHOWN: Final = (*KEPT, State.TRASHED)
"""All states but that of what was erased."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Which memories to show; what is empty or None does not narrow."""

    states: tuple[State, ...] = KEPT
    apps: tuple[str, ...] = ()
    """Names of apps; the empty one for what was written without an app."""
    categories: tuple[str, ...] = ()
    """In any case; the empty one for what is undecided."""
    text: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    """Exclusive."""
    never_read: bool = False
    readable_by: str | None = None

    @property
    def is_indexed(self) -> bool:
        """Whether an index of the database has all it asks of a memory."""
        return not (self.categories or self.text or self.never_read or self.readable_by)


@dataclass(frozen=True, slots=True)
class Window:
    """A part of a list."""

    total: int
    memories: list[Memory]


@dataclass(frozen=True, slots=True)
class Facet:
    """A value, and how many memories have it; None is what the empty value of a wish stands for."""

    value: str | None
    count: int


@dataclass(frozen=True, slots=True)
class Facets:
    """What a list is made of: by each kind as if that kind were not asked for."""

    states: Mapping[State, int]
    apps: list[Facet]
    categories: list[Facet]
    total: int


def facets_of(counted: Iterable[tuple[str | None, int]]) -> list[Facet]:
    sums: Counter[str | None] = Counter()
    for value, count in counted:
        sums[value] += count
    return [Facet(*each) for each in sorted(sums.items(), key=_largest_first)]


def _largest_first(counted: tuple[str | None, int]) -> tuple[int, str]:
    value, count = counted
    return -count, value or ""


def by_label(counted: Sequence[tuple[Any, int]]) -> list[Facet]:
    """By category in whatever case, as most memories spell it."""
    spellings: dict[str, Counter[str]] = {}
    undecided = 0
    for listed, count in counted:
        undecided += count if listed is None else 0
        for folded, name in {fold(name): name for name in listed or ()}.items():
            spellings.setdefault(folded, Counter())[name] += count
    named = ((max(each, key=lambda name: (each[name], name)), each.total())
             for each in spellings.values())  # fmt: skip
    return facets_of([*named, *([(None, undecided)] if undecided else [])])
