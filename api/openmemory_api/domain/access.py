"""Who may see what: the one access decision, as a filter (docs/decisions/0003-access.md).

    readable = active AND the caller's project and user AND (base OR any allow) AND NOT any deny
    writable = readable AND (base OR any allow) AND NOT any deny, over the write rules

An allow never narrows and a deny always wins. A base of `nothing` without an allow is the empty
allow-list: NOTHING. A paused app's sets are NOTHING.

An app is the name it calls itself by. Where names are merged, each stands for all of them: what one
wrote is every one's own, and a rule about one is about all.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypeAlias, assert_never

from openmemory_api.domain.filters import (
    ALL,
    NOTHING,
    Contains,
    Filter,
    In,
    Not,
    Present,
    all_of,
    any_of,
    none_of,
)
from openmemory_api.domain.memory import KEPT, State

ACTIVE = In("state", (State.ACTIVE,))
TRASHED = In("state", (State.TRASHED,))
HELD = In("state", (*KEPT, State.TRASHED))


class Base(StrEnum):
    """What an app may reach before any rule is applied."""

    EVERYTHING = "everything"
    OWN = "own"
    NOTHING = "nothing"


class Verb(StrEnum):
    """What a base or a rule is about. Deleting and changing are both writing."""

    READ = "read"
    WRITE = "write"


class Effect(StrEnum):
    """Whether a rule adds to the base or takes away from it."""

    ALLOW = "allow"
    DENY = "deny"


class KeyScope(StrEnum):
    """What a key lets its holder do at all; the access table then says with which memories."""

    READ = "memory:read"
    WRITE = "memory:write"
    DELETE = "memory:delete"
    ADMIN = "admin"


EVERY_SCOPE: Final = frozenset(KeyScope)
_REACHING: Final = {
    Verb.READ: frozenset({KeyScope.READ}),
    Verb.WRITE: frozenset({KeyScope.WRITE, KeyScope.DELETE}),
}


@dataclass(frozen=True, slots=True)
class Everything:
    """A rule's subject: all memories."""


@dataclass(frozen=True, slots=True)
class OfApp:
    """A rule's subject: what an app wrote."""

    app: str


@dataclass(frozen=True, slots=True)
class OfCategory:
    """A rule's subject: the memories of a category, in any spelling of its case."""

    category: str


@dataclass(frozen=True, slots=True)
class OfTag:
    """A rule's subject: the memories with a tag, in any spelling of its case."""

    tag: str


@dataclass(frozen=True, slots=True)
class OfMemory:
    """A rule's subject: one memory, by its UUID."""

    memory_id: str


Subject: TypeAlias = Everything | OfApp | OfCategory | OfTag | OfMemory


@dataclass(frozen=True, slots=True)
class Rule:
    """Adds to (allow) or takes away from (deny) what a verb's base gives."""

    verb: Verb
    effect: Effect
    subject: Subject


@dataclass(frozen=True, slots=True)
class Access:
    """One row of the access table, as it applies to one app of one user.

    An app with no row of its own has the row "any other app", whole: bases and rules together.
    """

    read: Base = Base.EVERYTHING
    write: Base = Base.EVERYTHING
    rules: tuple[Rule, ...] = ()
    paused: bool = False
    merges: Mapping[str, str] = field(default_factory=dict[str, str])
    """The user's apps that go by several names: each further name, and the one it belongs to."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is asking. Built in one place: `routes/identity.py`."""

    project_id: str
    user_id: str | None
    """None: not bound to a user, as the platform's own clients are not."""
    app: str | None
    """None: acts as the user."""
    surface: str = "rest"
    scopes: frozenset[KeyScope] = EVERY_SCOPE
    """What its key allows; everything for a trusted caller without one."""
    key_id: str | None = None
    """The key it proved itself by; None for a trusted caller, and for the configured key."""
    keyless: bool = False
    """Whether it came without any key, and is trusted for where it came from."""
    proven: bool = False
    """Whether the key is bound to `app`, rather than the app a claim of the caller's."""
    client: str | None = None
    """The program's name for itself, where it gives one; a label and never proof of anything."""
    client_version: str | None = None


def lacking(caller: Caller, needs: Iterable[KeyScope]) -> list[KeyScope]:
    """The scopes among `needs` that the caller does not have."""
    return [need for need in needs if need not in caller.scopes]


def readable_by(caller: Caller, access: Access) -> Filter:
    """The memories `caller` may read. `access` is ignored for a caller without an app."""
    return all_of(ACTIVE, belonging_to(caller), _granted(caller, access, Verb.READ))


def writable_by(caller: Caller, access: Access) -> Filter:
    """The memories `caller` may change or delete; always a part of what it may read."""
    return all_of(readable_by(caller, access), _granted(caller, access, Verb.WRITE))


def may_add(caller: Caller, access: Access) -> bool:
    """Whether `caller` may add: its app is not paused and its write base is not `nothing`."""
    if KeyScope.WRITE not in caller.scopes:
        return False
    return caller.app is None or not (access.paused or access.write is Base.NOTHING)


def trash_of(caller: Caller) -> Filter:
    """The trash `caller` may see: its user's; an app sees none."""
    if caller.app is not None or KeyScope.READ not in caller.scopes:
        return NOTHING
    return all_of(TRASHED, belonging_to(caller))


def held_by(caller: Caller) -> Filter:
    """What a person has, in whatever state it is; an app has nothing by itself."""
    if caller.app is not None or KeyScope.READ not in caller.scopes:
        return NOTHING
    return all_of(HELD, belonging_to(caller))


def belonging_to(caller: Caller) -> Filter:
    """The caller's project, and its user where it is bound to one."""
    project = In("project_id", (caller.project_id,))
    if caller.user_id is None:
        return project
    return all_of(project, In("user_id", (caller.user_id,)))


def names_of(app: str, merges: Mapping[str, str]) -> tuple[str, ...]:
    """Every name of the app that is called `app` among others; the one it is known by first."""
    known_by = merges.get(app, app)
    return known_by, *sorted(name for name, target in merges.items() if target == known_by)


def written_by(app: str, merges: Mapping[str, str]) -> Filter:
    """What an app wrote, under whatever name: the meaning of the base `own`."""
    return In("app", names_of(app, merges))


def reach_of(base: Base, app: str, access: Access) -> Filter:
    """What a base gives an app before any rule, whichever memories there are."""
    return _base_filter(base, app, access.merges)


def subjects_of(rule: Rule, access: Access) -> Filter:
    """The memories a rule is about."""
    named = _named_by(rule.subject, access.merges)
    return any_of(named, *_undecided([rule.subject] if rule.effect is Effect.DENY else []))


def _granted(caller: Caller, access: Access, verb: Verb) -> Filter:
    if not caller.scopes & _REACHING[verb]:
        return NOTHING
    if caller.app is None:
        return ALL
    if access.paused:
        return NOTHING
    base = access.read if verb is Verb.READ else access.write
    allows = _subjects(access.rules, verb, Effect.ALLOW)
    denies = _subjects(access.rules, verb, Effect.DENY)
    merges = access.merges
    return all_of(
        any_of(_base_filter(base, caller.app, merges), *_named_by_any(allows, merges)),
        none_of(*_named_by_any(denies, merges), *_undecided(denies)),
    )


def _named_by_any(subjects: Sequence[Subject], merges: Mapping[str, str]) -> list[Filter]:
    """What some subjects name: memories and apps in one part each, for they can be thousands."""
    ids = tuple(subject.memory_id for subject in subjects if isinstance(subject, OfMemory))
    apps = (names_of(subject.app, merges) for subject in subjects if isinstance(subject, OfApp))
    names = tuple(name for each in apps for name in each)
    others = [
        _named_by(each, merges) for each in subjects if not isinstance(each, OfMemory | OfApp)
    ]
    return [*others, *([In("app", names)] if names else []), *([In("id", ids)] if ids else [])]


def _undecided(denied: Iterable[Subject]) -> list[Filter]:
    """What a denied category covers beside itself: what nobody knows not to be of it."""
    by_category = any(isinstance(subject, OfCategory) for subject in denied)
    return [Not(Present("categories"))] if by_category else []


def _subjects(rules: Iterable[Rule], verb: Verb, effect: Effect) -> list[Subject]:
    return [rule.subject for rule in rules if rule.verb is verb and rule.effect is effect]


def _base_filter(base: Base, app: str, merges: Mapping[str, str]) -> Filter:
    match base:
        case Base.EVERYTHING:
            return ALL
        case Base.OWN:
            return written_by(app, merges)
        case Base.NOTHING:
            return NOTHING
        case _:
            assert_never(base)


def _named_by(subject: Subject, merges: Mapping[str, str]) -> Filter:
    match subject:
        case Everything():
            return ALL
        case OfApp(app):
            return written_by(app, merges)
        case OfCategory(category):
            return Contains("categories", category)
        case OfTag(tag):
            return Contains("tags", tag)
        case OfMemory(memory_id):
            return In("id", (memory_id,))
        case _:
            assert_never(subject)
