"""What people are told about a decision, and the rows they can choose ready-made."""

from typing import Any

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
)
from openmemory_api.domain.errors import Invalid
from openmemory_api.domain.explaining import Because, Explainer
from openmemory_api.domain.memory import State
from openmemory_api.domain.rules import ANY_OTHER_APP, Rulebook
from openmemory_api.domain.templates import WORK_CATEGORIES, WORK_TAGS, template
from tests.api.stores import ANNA, a_memory, app_of, uuid

CURSOR = app_of(ANNA)


def deny(subject: Subject) -> Rule:
    return Rule(Verb.READ, Effect.DENY, subject)


def allow(subject: Subject) -> Rule:
    return Rule(Verb.READ, Effect.ALLOW, subject)


def only(*rules: Rule) -> Access:
    return Access(read=Base.NOTHING, rules=rules)


@pytest.mark.parametrize(
    ("access", "held", "because", "reason"),
    [
        (Access(), {"state": State.TRASHED}, Because.NOT_ACTIVE, "is trashed"),
        (Access(), {"user": "bob"}, Because.ANOTHERS, "not this user's"),
        (Access(paused=True), {}, Because.PAUSED, "cursor is paused"),
        (Access(), {}, Because.BASE, "may read everything"),
        (Access(read=Base.OWN), {"app": "cursor"}, Because.BASE, "what it wrote itself"),
        (Access(read=Base.OWN), {}, Because.BEYOND_BASE, "no rule adds this"),
        (only(), {}, Because.BEYOND_BASE, "may read nothing"),
        (only(allow(OfTag("Tea"))), {"tags": ("tea",)}, Because.ALLOWED, "allows to read tag"),
        (only(allow(OfCategory("tea"))), {}, Because.BEYOND_BASE, "no rule adds this"),
        (Access(rules=(deny(Everything()),)), {}, Because.DENIED, "denies to read everything"),
        (Access(rules=(deny(OfMemory(uuid(1))),)), {}, Because.DENIED, uuid(1)),
        (Access(rules=(deny(OfMemory(uuid(2))),)), {}, Because.BASE, "takes this away"),
        (
            Access(rules=(deny(OfApp("zed")),), merges={"zed-next": "zed"}),
            {"app": "zed-next"},
            Because.DENIED,
            "app 'zed'",
        ),
        (Access(rules=(deny(OfCategory("tea")),)), {}, Because.DENIED, "not decided yet"),
        (
            Access(rules=(deny(OfCategory("tea")),)),
            {"categories": ("coffee",)},
            Because.BASE,
            "takes this away",
        ),
    ],
)
def test_the_reason_names_what_settles_it(
    access: Access, held: dict[str, Any], because: Because, reason: str
):
    told = Explainer(CURSOR, access, Verb.READ).explain(a_memory(1, **held))

    assert told.because is because
    assert reason in told.reason


def test_a_denied_category_that_was_decided_is_not_called_undecided():
    access = Access(rules=(deny(OfCategory("tea")),))
    told = Explainer(CURSOR, access, Verb.READ).explain(a_memory(1, categories=("Tea",)))
    assert (told.allowed, "not decided" in told.reason) == (False, False)


def test_rules_that_deny_come_first_and_those_about_other_verbs_and_memories_not_at_all():
    about = (allow(OfTag("a")), deny(OfTag("a")), allow(OfMemory(uuid(1))))
    others = (deny(OfTag("b")), Rule(Verb.WRITE, Effect.DENY, OfTag("a")), deny(OfMemory(uuid(2))))

    told = Explainer(CURSOR, only(*about, *others), Verb.READ).explain(a_memory(1, tags=("a",)))

    assert told.rules == (about[1], about[0], about[2])


def test_what_may_not_be_read_is_explained_by_the_rules_of_reading():
    access = Access(rules=(deny(OfTag("a")),))
    told = Explainer(CURSOR, access, Verb.WRITE).explain(a_memory(1, tags=("a",)))
    assert (told.allowed, told.because, told.rules) == (
        False,
        Because.NOT_READABLE,
        (deny(OfTag("a")),),
    )
    assert "tag 'a'" in told.reason


def test_the_user_needs_no_rule():
    told = Explainer(Caller("default", "anna", None), Access(), Verb.WRITE).explain(a_memory(1))
    assert (told.allowed, told.because) == (True, Because.USER)


def test_labels_of_a_template_replace_both_defaults():
    work = template("work_apart")

    def labels(access: Access) -> set[Subject]:
        return {rule.subject for rule in access.rules}

    assert labels(work.access()) == {*map(OfTag, WORK_TAGS), *map(OfCategory, WORK_CATEGORIES)}
    assert labels(work.access(tags=["job"])) == {OfTag("job")}
    assert labels(work.access(categories=["job"])) == {OfCategory("job")}
    assert work.access(tags=[]) == Access(Base.OWN, Base.OWN)


def test_what_no_template_is_is_refused():
    with pytest.raises(Invalid, match="own_only"):
        template("mine")
    with pytest.raises(Invalid, match="neither"):
        template("own_only").access(categories=[])


def test_a_merged_name_has_the_row_and_the_pause_of_the_one_it_belongs_to():
    book = Rulebook(
        rows={"claude": Access(Base.OWN), "claude-code": Access(), ANY_OTHER_APP: only()},
        paused=frozenset({"claude"}),
        apps=frozenset({"claude", "claude-code", "zed"}),
        merges={"claude-code": "claude"},
    )

    assert book.names() == [ANY_OTHER_APP, "claude", "zed"]
    assert book.access("claude-code") == book.access("claude")
    assert book.access("claude-code").paused
    assert book.access("zed") == book.access("nobody") != book.access("claude")
