"""Why a caller may reach a memory or not: read off the decision, never decided anew."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from openmemory_api.domain.access import (
    ACTIVE,
    Access,
    Base,
    Caller,
    Effect,
    OfCategory,
    OfMemory,
    Rule,
    Verb,
    belonging_to,
    reach_of,
    readable_by,
    subjects_of,
    writable_by,
)
from openmemory_api.domain.filters import Filter, matches
from openmemory_api.domain.memory import Memory
from openmemory_api.domain.rules import kind_and_value


class Because(StrEnum):
    """What settles the decision about one memory."""

    USER = "user"
    """The caller has no app: no rule holds for it."""
    NOT_ACTIVE = "not_active"
    ANOTHERS = "anothers"
    """The memory is another user's."""
    PAUSED = "paused"
    NOT_READABLE = "not_readable"
    """It may not change what it may not read; the rules are those about reading."""
    DENIED = "denied"
    BASE = "base"
    ALLOWED = "allowed"
    BEYOND_BASE = "beyond_base"
    """The base does not reach so far, and no rule does."""


_VERBS: Final = {Verb.READ: "read", Verb.WRITE: "change"}


@dataclass(frozen=True, slots=True)
class Explanation:
    """The decision about one memory, and where it comes from."""

    allowed: bool
    """By `matches`, whatever the rest says."""
    verb: Verb
    base: Base
    because: Because
    rules: tuple[Rule, ...]
    """The rules of the verb that are about the memory, denies first."""
    reason: str


class Explainer:
    """Explains what one caller may do; made once for many memories."""

    def __init__(self, caller: Caller, access: Access, verb: Verb) -> None:
        """`access` is ignored for a caller without an app; its key holds nobody back here."""
        self._caller = caller
        self._access = access
        self._verb = verb
        self._base = access.read if verb is Verb.READ else access.write
        scope_of = readable_by if verb is Verb.READ else writable_by
        self._scope = scope_of(caller, access)
        self._readable = readable_by(caller, access)
        self._one: dict[str, list[Rule]] = {}
        self._many: list[tuple[Rule, Filter]] = []
        for rule in access.rules:
            if rule.verb is verb:
                self._sort_in(rule)

    def _sort_in(self, rule: Rule) -> None:
        # There can be thousands about single memories.
        if isinstance(rule.subject, OfMemory):
            self._one.setdefault(rule.subject.memory_id, []).append(rule)
        else:
            self._many.append((rule, subjects_of(rule, self._access)))

    def explain(self, memory: Memory) -> Explanation:
        """Whether the caller may reach a memory, and why."""
        if self._verb is Verb.WRITE and not matches(self._readable, memory):
            return self._of_reading(memory)
        rules = self._about(memory)
        because = self._because(memory, rules)
        return Explanation(
            allowed=matches(self._scope, memory),
            verb=self._verb,
            base=self._base,
            because=because,
            rules=rules,
            reason=self._reason(because, rules, memory),
        )

    def _of_reading(self, memory: Memory) -> Explanation:
        reading = Explainer(self._caller, self._access, Verb.READ).explain(memory)
        return Explanation(
            allowed=matches(self._scope, memory),
            verb=self._verb,
            base=reading.base,
            because=Because.NOT_READABLE,
            rules=reading.rules,
            reason=f"What it may not read it may not change. {reading.reason}",
        )

    def _about(self, memory: Memory) -> tuple[Rule, ...]:
        about = [rule for rule, subjects in self._many if matches(subjects, memory)]
        about += self._one.get(memory.id, [])
        return tuple(sorted(about, key=lambda rule: rule.effect is not Effect.DENY))

    def _because(self, memory: Memory, rules: tuple[Rule, ...]) -> Because:
        if not matches(ACTIVE, memory):
            return Because.NOT_ACTIVE
        if not matches(belonging_to(self._caller), memory):
            return Because.ANOTHERS
        if self._caller.app is None:
            return Because.USER
        if self._access.paused:
            return Because.PAUSED
        if rules and rules[0].effect is Effect.DENY:
            return Because.DENIED
        if matches(reach_of(self._base, self._caller.app, self._access), memory):
            return Because.BASE
        return Because.ALLOWED if rules else Because.BEYOND_BASE

    def _reason(self, because: Because, rules: tuple[Rule, ...], memory: Memory) -> str:
        app, verb = self._caller.app, _VERBS[self._verb]
        match because:
            case Because.NOT_ACTIVE:
                return f"The memory is {memory.state}, and only active ones can be reached."
            case Because.ANOTHERS:
                return "The memory is not this user's."
            case Because.USER:
                return f"Who acts as the user may {verb} all the user has."
            case Because.PAUSED:
                return f"{app} is paused."
            case Because.DENIED:
                return f"{_in_words(rules[0])}.{_undecided(rules[0], memory)}"
            case Because.BASE:
                return f"{app} may {verb} {_REACH[self._base]}, and no rule takes this away."
            case Because.ALLOWED:
                return f"{_in_words(rules[0])}."
            case _:
                return f"{app} may {verb} {_REACH[self._base]}, and no rule adds this."


_REACH: Final = {
    Base.EVERYTHING: "everything",
    Base.OWN: "what it wrote itself",
    Base.NOTHING: "nothing",
}


def _in_words(rule: Rule) -> str:
    kind, value = kind_and_value(rule.subject)
    effect = "denies" if rule.effect is Effect.DENY else "allows"
    about = f"{kind} {value!r}" if value else "everything"
    return f"A rule {effect} to {_VERBS[rule.verb]} {about}"


def _undecided(rule: Rule, memory: Memory) -> str:
    if isinstance(rule.subject, OfCategory) and memory.categories is None:
        return " The categories of this memory are not decided yet, so it could be of that one."
    return ""
