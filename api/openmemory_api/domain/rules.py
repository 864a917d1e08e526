"""Access rules as one document per user: what is stored, and what a draft would make of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final, TypeAlias, cast

from openmemory_api.domain.access import (
    Access,
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
from openmemory_api.domain.errors import UnreadableMerges, UnreadableRules
from openmemory_api.domain.requests import UNSET, Unset

ANY_OTHER_APP: Final = "*"
"""The access row of apps that have none of their own; not a name an app can have."""


class SubjectKind(StrEnum):
    """What a rule is about, by the name it is stored and shown under."""

    EVERYTHING = "everything"
    APP = "app"
    CATEGORY = "category"
    TAG = "tag"
    MEMORY = "memory"


def subject_of(kind: str, value: str) -> Subject:
    """The subject that a kind and a value name.

    Raises:
        ValueError: there is no such kind.
    """
    match SubjectKind(kind):
        case SubjectKind.EVERYTHING:
            return Everything()
        case SubjectKind.APP:
            return OfApp(value)
        case SubjectKind.CATEGORY:
            return OfCategory(value)
        case SubjectKind.TAG:
            return OfTag(value)
        case SubjectKind.MEMORY:
            return OfMemory(value)


def kind_and_value(subject: Subject) -> tuple[SubjectKind, str]:
    """What `subject_of` makes a subject from; everything has the empty value."""
    match subject:
        case Everything():
            return SubjectKind.EVERYTHING, ""
        case OfApp(value):
            return SubjectKind.APP, value
        case OfCategory(value):
            return SubjectKind.CATEGORY, value
        case OfTag(value):
            return SubjectKind.TAG, value
        case OfMemory(value):
            return SubjectKind.MEMORY, value


def rule_of(verb: str, effect: str, kind: str, value: str) -> Rule:
    """A rule from the words it is stored as.

    Raises:
        ValueError: one of them is not a word of ours.
    """
    return Rule(Verb(verb), Effect(effect), subject_of(kind, value))


def understood_merges(stored: object) -> Mapping[str, str]:
    """The app that each merged name belongs to, as it is stored; None where nothing is merged.

    Raises:
        UnreadableMerges: not each is of a name into an app that is not merged itself.
    """
    if stored is None:
        return {}
    if not isinstance(stored, dict):
        raise UnreadableMerges
    found = cast("dict[str, object]", stored)
    merges = {name: into for name, into in found.items() if isinstance(into, str)}
    if len(merges) < len(found) or not merges.keys().isdisjoint(merges.values()):
        raise UnreadableMerges
    return merges


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to become of one app's row. What is not named stays as it is."""

    app: str
    row: Access | None | Unset = UNSET
    """Its bases and rules; None drops its own row, and "any other app" holds again."""
    paused: bool | None = None
    into: str | None | Unset = UNSET
    """The app it is merged into from then on; None makes it one of its own."""


Row: TypeAlias = Access | None
"""Bases and rules of an app; None where they are stored and cannot be read."""


@dataclass(frozen=True, slots=True)
class Rulebook:
    """All that settles what a user's apps may do, at one version."""

    version: int = 0
    rows: Mapping[str, Row] = field(default_factory=dict[str, Row])
    paused: frozenset[str] = frozenset()
    apps: frozenset[str] = frozenset()
    """The apps that have called, or that were paused before they did."""
    merges: Mapping[str, str] = field(default_factory=dict[str, str])

    def names(self) -> list[str]:
        """The row of any other app, then every app that goes by its own name, in order."""
        known = (self.apps | self.rows.keys()) - self.merges.keys() - {ANY_OTHER_APP}
        return [ANY_OTHER_APP, *sorted(known)]

    def inherits(self, app: str) -> bool:
        """Whether an app has no row of its own."""
        return app not in self.rows

    def access(self, app: str) -> Access:
        """What holds for an app, or for one that was never heard of.

        Raises:
            UnreadableRules: its rules are stored and cannot be understood.
        """
        app = self.merges.get(app, app)
        held = self.rows.get(app, self.rows.get(ANY_OTHER_APP, Access()))
        if held is None:
            raise UnreadableRules(app)
        return replace(held, paused=app in self.paused, merges=self.merges)

    def changed_by(self, drafts: Iterable[Draft]) -> "Rulebook":
        """The same with drafts in place of what is stored."""
        rows, paused, merges = dict(self.rows), set(self.paused), dict(self.merges)
        for draft in drafts:
            if draft.row is None:
                rows.pop(draft.app, None)
            elif not isinstance(draft.row, Unset):
                rows[draft.app] = draft.row
            if draft.paused is not None:
                (paused.add if draft.paused else paused.discard)(draft.app)
            if draft.into is None:
                merges.pop(draft.app, None)
            elif not isinstance(draft.into, Unset):
                merges[draft.app] = draft.into
        return replace(self, rows=rows, paused=frozenset(paused), merges=merges)


def same_row(one: Access, other: Access) -> bool:
    """Whether two rows say the same, in whatever order their rules stand."""
    return (one.read, one.write, frozenset(one.rules)) == (
        other.read,
        other.write,
        frozenset(other.rules),
    )
