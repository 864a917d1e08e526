"""Who may do what with one memory, in the plainest words there are for it.

Written from docs/decisions/0003 and 0011, not from the code: nothing of the product decides here.
"""

from collections.abc import Mapping

from openmemory_api.domain.access import (
    Access,
    Base,
    Caller,
    Everything,
    KeyScope,
    OfApp,
    OfCategory,
    OfMemory,
    OfTag,
    Rule,
    Verb,
)
from openmemory_api.domain.memory import Memory

Merges = Mapping[str, str]
"""Names of an app → the name it was merged into."""
NO_MERGES: Merges = {}


def may_read(caller: Caller, access: Access, row: Memory, merges: Merges = NO_MERGES) -> bool:
    if KeyScope.READ not in caller.scopes:
        return False
    return reaches(caller, row) and (
        caller.app is None or may(caller.app, access, access.read, Verb.READ, row, merges)
    )


def may_write(caller: Caller, access: Access, row: Memory, merges: Merges = NO_MERGES) -> bool:
    if not (KeyScope.WRITE in caller.scopes or KeyScope.DELETE in caller.scopes):
        return False
    if not may_read(caller, access, row, merges):
        return False
    return caller.app is None or may(caller.app, access, access.write, Verb.WRITE, row, merges)


def may_add(caller: Caller, access: Access) -> bool:
    if KeyScope.WRITE not in caller.scopes:
        return False
    return caller.app is None or (not access.paused and access.write != "nothing")


def reaches(caller: Caller, row: Memory) -> bool:
    """Whether a memory is there at all for a caller, whatever the rules."""
    if row.state != "active" or row.project_id != caller.project_id:
        return False
    return caller.user_id is None or row.entities.user_id == caller.user_id


def may(
    app: str, access: Access, base: Base, verb: Verb, row: Memory, merges: Merges = NO_MERGES
) -> bool:
    if access.paused:
        return False
    permitted = base == "everything" or (base == "own" and is_by(app, row, merges))
    for rule in access.rules:
        if rule.verb == verb and rule.effect == "allow" and is_about(rule, row, merges):
            permitted = True
    for rule in access.rules:
        if rule.verb == verb and rule.effect == "deny" and is_about(rule, row, merges):
            permitted = False
    return permitted


def is_about(rule: Rule, row: Memory, merges: Merges = NO_MERGES) -> bool:
    match rule.subject:
        case Everything():
            return True
        case OfApp(app):
            return is_by(app, row, merges)
        case OfMemory(memory_id):
            return row.id == memory_id
        case OfTag(tag):
            return tag.casefold() in [held.casefold() for held in row.tags]
        case OfCategory(category):
            if row.categories is None:
                return rule.effect == "deny"
            return category.casefold() in [held.casefold() for held in row.categories]


def is_by(app: str, row: Memory, merges: Merges) -> bool:
    """Whether a memory was written by an app, under whichever of its names."""
    return is_name_of(app, row.app, merges)


def is_name_of(app: str, name: str | None, merges: Merges) -> bool:
    """Whether a name is one of those an app goes by."""
    return name is not None and merges.get(name, name) == merges.get(app, app)


def is_manager(caller: Caller) -> bool:
    """Whether a caller settles what keys and apps may do."""
    return caller.app is None and KeyScope.ADMIN in caller.scopes
