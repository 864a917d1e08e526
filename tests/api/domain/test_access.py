"""The access decision, case by case."""

from dataclasses import replace
from itertools import product

import pytest

from openmemory_api.domain.access import (
    Access,
    Base,
    Caller,
    Effect,
    Everything,
    OfApp,
    OfCategory,
    OfMemory,
    OfTag,
    Rule,
    Subject,
    Verb,
    may_add,
    readable_by,
    trash_of,
    writable_by,
)
from openmemory_api.domain.filters import NOTHING, matches
from openmemory_api.domain.memory import EntityIds, State
from tests.api.stores import ADMIN, ANNA, a_memory, app_of, uuid

CURSOR = app_of(ANNA)
OWN = a_memory(1, app="cursor")
OTHERS = a_memory(2, app="claude", categories=("Work",), tags=("secret",))
BY_USER = a_memory(3, app=None, categories=())
ALL_MEMORIES = (OWN, OTHERS, BY_USER)
SUBJECTS: list[tuple[Subject, set[str]]] = [
    (Everything(), {OWN.id, OTHERS.id, BY_USER.id}),
    (OfApp("claude"), {OTHERS.id}),
    (OfApp("nobody"), set()),
    (OfCategory("WORK"), {OTHERS.id}),
    (OfTag("Secret"), {OTHERS.id}),
    (OfMemory(BY_USER.id), {BY_USER.id}),
    (OfMemory(uuid(99)), set()),
]
BASES: list[tuple[Base, set[str]]] = [
    (Base.EVERYTHING, {OWN.id, OTHERS.id, BY_USER.id}),
    (Base.OWN, {OWN.id}),
    (Base.NOTHING, set()),
]


def read_rule(effect: Effect, subject: Subject) -> Rule:
    return Rule(Verb.READ, effect, subject)


def readable(access: Access, caller: Caller = CURSOR) -> set[str]:
    return {memory.id for memory in ALL_MEMORIES if matches(readable_by(caller, access), memory)}


def writable(access: Access, caller: Caller = CURSOR) -> set[str]:
    return {memory.id for memory in ALL_MEMORIES if matches(writable_by(caller, access), memory)}


@pytest.mark.parametrize(("base", "reached"), BASES)
def test_a_base_alone_reaches_what_it_names(base: Base, reached: set[str]):
    assert readable(Access(read=base)) == reached
    assert writable(Access(write=base)) == reached


@pytest.mark.parametrize(("base", "named"), list(product(BASES, SUBJECTS)))
def test_an_allow_adds_its_subject_and_never_narrows(
    base: tuple[Base, set[str]], named: tuple[Subject, set[str]]
):
    rule = read_rule(Effect.ALLOW, named[0])

    assert readable(Access(read=base[0], rules=(rule,))) == base[1] | named[1]


@pytest.mark.parametrize(("base", "named"), list(product(BASES, SUBJECTS)))
def test_a_deny_takes_its_subject_away(
    base: tuple[Base, set[str]], named: tuple[Subject, set[str]]
):
    rule = read_rule(Effect.DENY, named[0])
    # OWN has no categories yet: a deny on any category covers it.
    hidden = named[1] | ({OWN.id} if isinstance(named[0], OfCategory) else set[str]())

    assert readable(Access(read=base[0], rules=(rule,))) == base[1] - hidden


@pytest.mark.parametrize(("subject", "_named"), SUBJECTS)
def test_a_deny_wins_over_an_allow_of_the_same_in_either_order(subject: Subject, _named: set[str]):
    rules = (read_rule(Effect.ALLOW, subject), read_rule(Effect.DENY, subject))

    for order in (rules, rules[::-1]):
        left = readable(Access(read=Base.NOTHING, rules=order))
        assert left == set()


def test_base_nothing_without_an_allow_is_the_named_nothing():
    assert readable_by(CURSOR, Access(read=Base.NOTHING)) == NOTHING
    assert writable_by(CURSOR, Access(read=Base.NOTHING)) == NOTHING


def test_deny_all_is_the_named_nothing():
    access = Access(rules=(read_rule(Effect.DENY, Everything()),))

    assert readable_by(CURSOR, access) == NOTHING
    assert writable_by(CURSOR, access) == NOTHING


def test_a_write_rule_says_nothing_about_reading():
    access = Access(rules=(Rule(Verb.WRITE, Effect.DENY, Everything()),))

    assert readable(access) == {OWN.id, OTHERS.id, BY_USER.id}
    assert writable(access) == set()


def test_what_cannot_be_read_cannot_be_written_whatever_the_write_rules_allow():
    access = Access(
        read=Base.OWN,
        write=Base.EVERYTHING,
        rules=(Rule(Verb.WRITE, Effect.ALLOW, Everything()),),
    )

    assert writable(access) == {OWN.id}


def test_a_write_allow_adds_to_the_write_base():
    access = Access(write=Base.OWN, rules=(Rule(Verb.WRITE, Effect.ALLOW, OfTag("secret")),))

    assert writable(access) == {OWN.id, OTHERS.id}


def test_a_deny_on_a_category_hides_undecided_memories_and_an_allow_does_not_show_them():
    deny = Access(rules=(read_rule(Effect.DENY, OfCategory("health")),))
    allow = Access(read=Base.NOTHING, rules=(read_rule(Effect.ALLOW, OfCategory("work")),))

    assert readable(deny) == {OTHERS.id, BY_USER.id}
    assert readable(allow) == {OTHERS.id}


def test_a_paused_apps_sets_are_nothing_whatever_its_rules():
    access = Access(rules=(read_rule(Effect.ALLOW, Everything()),), paused=True)

    assert readable_by(CURSOR, access) == NOTHING
    assert writable_by(CURSOR, access) == NOTHING
    assert not may_add(CURSOR, access)


@pytest.mark.parametrize(
    ("base", "allowed"), [(Base.EVERYTHING, True), (Base.OWN, True), (Base.NOTHING, False)]
)
def test_adding_needs_a_write_base_other_than_nothing(base: Base, allowed: bool):
    rules = (Rule(Verb.WRITE, Effect.ALLOW, Everything()),)

    assert may_add(CURSOR, Access(write=base, rules=rules)) is allowed


def test_a_caller_without_an_app_acts_as_the_user_and_no_rule_holds_for_it():
    access = Access(Base.NOTHING, Base.NOTHING, (read_rule(Effect.DENY, Everything()),), True)

    assert readable(access, ANNA) == {OWN.id, OTHERS.id, BY_USER.id}
    assert writable(access, ANNA) == {OWN.id, OTHERS.id, BY_USER.id}
    assert may_add(ANNA, access)


@pytest.mark.parametrize("state", [state for state in State if state is not State.ACTIVE])
def test_only_active_memories_are_readable_by_anyone(state: State):
    memory = replace(OWN, state=state)

    for caller in (ANNA, ADMIN, CURSOR):
        assert not matches(readable_by(caller, Access()), memory)
        assert not matches(writable_by(caller, Access()), memory)


def test_another_users_and_anothers_projects_memories_are_out_of_reach():
    bobs = a_memory(4, user="bob")
    nobodys = a_memory(5, user=None)
    elsewhere = replace(OWN, project_id="other")
    allow = Access(rules=(read_rule(Effect.ALLOW, Everything()),))

    for caller in (ANNA, CURSOR):
        for memory in (bobs, nobodys, elsewhere):
            assert not matches(readable_by(caller, allow), memory)


def test_an_unbound_caller_reaches_every_user_and_memories_without_one_of_its_project():
    assert matches(readable_by(ADMIN, Access()), a_memory(4, user="bob"))
    assert matches(readable_by(ADMIN, Access()), a_memory(5, user=None))
    assert not matches(readable_by(ADMIN, Access()), replace(OWN, project_id="other"))


def test_an_app_named_like_a_memorys_app_id_does_not_own_it():
    named = replace(BY_USER, entities=EntityIds(user_id="anna", app_id="cursor"))

    assert not matches(readable_by(CURSOR, Access(read=Base.OWN)), named)


def test_the_trash_is_the_users_and_an_app_sees_none():
    trashed = replace(OWN, state=State.TRASHED)

    assert matches(trash_of(ANNA), trashed)
    assert matches(trash_of(ADMIN), trashed)
    assert not matches(trash_of(ANNA), OWN)
    assert not matches(trash_of(ANNA), replace(trashed, state=State.PURGED))
    assert trash_of(CURSOR) == NOTHING


@pytest.mark.parametrize("app", ["cursor", "cursor-vscode", "cursor-nightly"])
def test_every_name_of_an_app_owns_what_any_of_them_wrote(app: str):
    merges = {"cursor-vscode": "cursor", "cursor-nightly": "cursor", "claude-code": "claude"}
    access = Access(read=Base.OWN, write=Base.OWN, merges=merges)

    for name in ("cursor", "cursor-vscode", "cursor-nightly"):
        assert matches(writable_by(app_of(ANNA, app), access), replace(OWN, app=name))
    for stranger in (OTHERS, BY_USER, replace(OWN, app="claude-code")):
        assert not matches(readable_by(app_of(ANNA, app), access), stranger)


@pytest.mark.parametrize("named", ["claude", "claude-code"])
def test_a_rule_about_any_name_of_an_app_is_about_all(named: str):
    rule = read_rule(Effect.DENY, OfApp(named))
    access = Access(rules=(rule,), merges={"claude-code": "claude"})

    assert readable(access) == {OWN.id, BY_USER.id}
    assert not matches(readable_by(CURSOR, access), replace(OTHERS, app="claude-code"))


def test_deleting_a_rule_never_changes_the_base():
    rule = read_rule(Effect.ALLOW, OfMemory(OTHERS.id))
    access = Access(read=Base.OWN, rules=(rule,))

    assert readable(replace(access, rules=())) == {OWN.id}
