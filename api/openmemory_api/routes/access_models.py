"""The shapes of access rules over HTTP. A row that was read can be sent back as a draft."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from openmemory_api.domain.access import Access, Base, Effect, Rule, Verb
from openmemory_api.domain.errors import Invalid
from openmemory_api.domain.explaining import Because, Explanation
from openmemory_api.domain.memory import Memory
from openmemory_api.domain.requests import UNSET, Unset
from openmemory_api.domain.rules import (
    ANY_OTHER_APP,
    Draft,
    Rulebook,
    SubjectKind,
    kind_and_value,
    subject_of,
)
from openmemory_api.domain.templates import template
from openmemory_api.services.drafts import MAX_APPS, MAX_RULES
from openmemory_api.services.matrix import Kind

EXCERPT = 200
"""Characters of a memory's text."""
_RULES_TOLD = 20

Labels = Annotated[list[str], Field(max_length=1_000)]


class _Exact(BaseModel):
    # A misspelt field would be a rule that nobody set.
    model_config = ConfigDict(extra="forbid")


class SubjectModel(_Exact):
    """What a rule is about."""

    kind: SubjectKind
    value: str = Field(
        "", description="Name of the app, category or tag, UUID of the memory; empty: everything."
    )


class RuleModel(_Exact):
    """Adds to (allow) or takes away from (deny) what the base of a verb gives."""

    verb: Verb
    effect: Effect
    subject: SubjectModel

    @classmethod
    def of(cls, rule: Rule) -> "RuleModel":
        """A rule as it is shown."""
        kind, value = kind_and_value(rule.subject)
        subject = SubjectModel(kind=kind, value=value)
        return cls(verb=rule.verb, effect=rule.effect, subject=subject)

    def rule(self) -> Rule:
        """The rule it stands for.

        Raises:
            Invalid: a rule about everything names something.
        """
        if self.subject.kind is SubjectKind.EVERYTHING and self.subject.value:
            raise Invalid("subject: a rule about everything has no value")
        return Rule(self.verb, self.effect, subject_of(self.subject.kind, self.subject.value))


class DraftRow(_Exact):
    """What is to become of one app's row: `read`, `write` and `rules` whole, `inherit`, or a `template`.

    What is not named stays: `paused` alone only pauses. The app need not have called before.
    """

    app: str = Field(description=f"Its name, or `{ANY_OTHER_APP}`: every app without a row.")
    inherit: bool = Field(False, description="Drop its own row; `*` then holds for it, whole.")
    template: str | None = Field(None, description="One of `/api/v1/access/templates`.")
    tags: Labels | None = Field(None, description="Of the template, where it takes some.")
    categories: Labels | None = Field(None, description="Of the template, where it takes some.")
    read: Base | None = None
    write: Base | None = None
    rules: list[RuleModel] | None = Field(None, max_length=MAX_RULES)
    paused: bool | None = Field(None, description="Null: as it is.")
    merged: list[str] | None = Field(None, description="As read; without effect.")
    problem: str | None = Field(None, description="As read; without effect.")

    def draft(self) -> Draft:
        """The draft it stands for.

        Raises:
            Invalid: it says two things at once, or nothing.
        """
        row = self._row()
        if isinstance(row, Unset) and self.paused is None:
            raise Invalid(f"{self.app}: give read and write, inherit, template or paused")
        return Draft(self.app, row, self.paused)

    def _row(self) -> Access | None | Unset:
        own = bool(self.read or self.write or self.rules)
        if own + self.inherit + (self.template is not None) > 1:
            raise Invalid(
                f"{self.app}: its own bases and rules, inherit and template exclude each other"
            )
        if self.template is not None:
            return template(self.template).access(self.tags, self.categories)
        if self.tags is not None or self.categories is not None:
            raise Invalid(f"{self.app}: tags and categories are a template's")
        if self.inherit:
            return None
        if not own:
            return UNSET
        if self.read is None or self.write is None:
            raise Invalid(f"{self.app}: a row has both bases, read and write")
        return Access(self.read, self.write, tuple(rule.rule() for rule in self.rules or ()))


Version = Annotated[
    int | None,
    Field(
        ge=0,
        le=2**31 - 1,
        description="The version it was decided on; 409 if that has passed. Null: whichever.",
    ),
]


class ChangesBody(_Exact):
    """A draft: rows to put in the place of those of the same apps."""

    changes: list[DraftRow] = Field(min_length=1, max_length=MAX_APPS)
    version: Version = None

    def drafts(self) -> list[Draft]:
        """The drafts it stands for; Invalid as `DraftRow.draft`."""
        return [row.draft() for row in self.changes]


class PreviewBody(ChangesBody):
    """A draft to try out."""

    limit: int = Field(20, ge=0, le=100, description="Memories listed of each kind of change.")


class RowModel(BaseModel):
    """What is settled for one app. Where it inherits it has no bases and rules of its own."""

    app: str
    inherit: bool
    read: Base | None
    write: Base | None
    rules: list[RuleModel]
    paused: bool
    merged: list[str] = Field(description="Further names that it goes by.")
    problem: str | None = Field(description="Why it can reach nothing, if its rules are broken.")

    @classmethod
    def of(cls, book: Rulebook, app: str) -> "RowModel":
        """An app's row as it is stored."""
        row = book.rows.get(app)
        broken = not book.inherits(app) and row is None
        return cls(
            app=app,
            inherit=book.inherits(app),
            read=row.read if row else None,
            write=row.write if row else None,
            rules=[RuleModel.of(rule) for rule in row.rules] if row else [],
            paused=app in book.paused,
            merged=sorted(name for name, target in book.merges.items() if target == app),
            problem="Its rules cannot be read; set them anew" if broken else None,
        )


class RulesOut(BaseModel):
    """All settings of a user's apps. Without a row of `*`, every app may do everything."""

    version: int
    apps: list[RowModel]


class AppliedOut(BaseModel):
    """What an apply made."""

    action_id: str | None = Field(description="To undo it by; null where it was so before.")
    version: int


class ExcerptOut(BaseModel):
    """A memory, by its first words."""

    id: str
    short_id: str | None
    excerpt: str = Field(description=f"The first {EXCERPT} characters.")
    app: str | None = Field(description="Which app wrote it.")

    @classmethod
    def of(cls, memory: Memory) -> "ExcerptOut":
        """A memory as it is shown."""
        return cls(
            id=memory.id,
            short_id=memory.short_id,
            excerpt=memory.text[:EXCERPT],
            app=memory.app,
        )


class ChangedMemoryOut(ExcerptOut):
    """A memory that an app would gain or lose."""

    change: Literal["gains", "loses"]


class DifferenceOut(BaseModel):
    """What an app would gain and lose for a verb: how many, and the newest of them."""

    gains: int
    loses: int
    memories: list[ChangedMemoryOut]


class AppChangeOut(BaseModel):
    """What a draft would change for one app."""

    app: str
    inherit: bool = Field(description="Whether it would have the row `*`.")
    read: DifferenceOut
    write: DifferenceOut
    may_add: dict[Literal["before", "after"], bool]
    blocked: bool = Field(description="Its rules as stored cannot be read; now it has nothing.")


class PreviewOut(BaseModel):
    """What a draft would change. Apps for which nothing changes are not listed."""

    version: int
    apps: list[AppChangeOut]
    more_apps: int = Field(description="Apps with other rules that were not looked at.")


class SimulateBody(_Exact):
    """What to ask for an app: about a `memory`, or about what a `query` finds."""

    app: str
    memory: str | None = Field(None, description="UUID or short id.")
    query: str | None = None
    verb: Verb = Verb.READ
    top_k: int = Field(10, ge=1, le=100)
    threshold: float = Field(0, ge=0, le=1, description="Tools have none, so 0.")
    latest_only: bool = Field(True, description="Leave out what was replaced, as tools do.")


class ExplanationOut(BaseModel):
    """The decision about one memory, and where it comes from."""

    allowed: bool
    verb: Verb
    base: Base
    because: Because
    rules: list[RuleModel] = Field(
        description=f"Those about the memory, denies first; {_RULES_TOLD} at most."
    )
    more_rules: int
    reason: str

    @classmethod
    def of(cls, explanation: Explanation) -> "ExplanationOut":
        """An explanation as it is shown."""
        told = explanation.rules[:_RULES_TOLD]
        return cls(
            allowed=explanation.allowed,
            verb=explanation.verb,
            base=explanation.base,
            because=explanation.because,
            rules=[RuleModel.of(rule) for rule in told],
            more_rules=len(explanation.rules) - len(told),
            reason=explanation.reason,
        )


class HitOut(BaseModel):
    """A memory that a query finds."""

    rank: int
    score: float
    memory: ExcerptOut


class UserHitOut(HitOut):
    """A memory that the user's query finds, and whether the app may have it."""

    explanation: ExplanationOut


class SimulatedOut(BaseModel):
    """What an app may do, of one memory or of what a query finds."""

    version: int
    app: str
    memory: ExcerptOut | None = None
    explanation: ExplanationOut | None = None
    results: list[HitOut] | None = Field(None, description="What the app would be answered.")
    of_user: list[UserHitOut] | None = Field(None, description="What the user would be.")
    degraded: str | None = None


class GroupOut(BaseModel):
    """A column of the matrix."""

    kind: Kind
    value: str | None
    total: int


class CellOut(BaseModel):
    """What an app may reach of a column's memories."""

    readable: int
    writable: int
    total: int
    blocked: bool = Field(description="Nobody knows: its rules cannot be read, so it has nothing.")


class MatrixRowOut(BaseModel):
    """An app, and its cells in the order of the columns."""

    app: str
    inherit: bool
    paused: bool
    blocked: bool
    may_add: bool
    whole: CellOut = Field(description="Of all memories.")
    cells: list[CellOut]


class MatrixOut(BaseModel):
    """Apps by groups of memories. A memory with several labels is in several columns."""

    version: int
    columns: list[GroupOut]
    apps: list[MatrixRowOut]
    more_columns: int = Field(description="Smaller groups that are left out.")
    more_apps: int = Field(description="Apps that are left out.")


class TemplateOut(BaseModel):
    """A ready-made row."""

    name: str
    title: str
    description: str
    tags: list[str] | None = Field(description="The default; null: it takes none.")
    categories: list[str] | None = Field(description="The default; null: it takes none.")
    read: Base
    write: Base
    rules: list[RuleModel]


class TemplatesOut(BaseModel):
    """All templates."""

    templates: list[TemplateOut]
