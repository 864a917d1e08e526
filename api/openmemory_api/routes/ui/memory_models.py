"""The shapes of memories on the dashboard: lists, filters, one memory, changes."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from openmemory_api.domain.memory import State
from openmemory_api.domain.requests import ActionKind, ChangeKind
from openmemory_api.domain.text import require_text
from openmemory_api.routes.access_models import ExplanationOut
from openmemory_api.routes.activity import Moment
from openmemory_api.routes.ui.models import DashboardMemory, ShownState
from openmemory_api.services.browsing import Sort
from openmemory_api.services.looking import IndexState, Relation
from openmemory_api.services.states import Operation
from openmemory_api.services.validation import checked_app, checked_id
from openmemory_api.services.wishes import Wish

JsonObject = dict[str, Any]
Name = Annotated[str, Field(max_length=255)]
Names = Annotated[list[Name], Field(max_length=100)]
_KEPT: Final[list[ShownState]] = ["active", "paused", "archived"]


class DashboardFilter(BaseModel):
    """Which memories. What is not given does not narrow; several values of one kind are either."""

    model_config = ConfigDict(populate_by_name=True)

    state: list[ShownState] = Field(_KEPT, max_length=4)
    app: Names = Field([], description="Which app wrote it; the empty name: none did.")
    category: Names = Field([], description="In any case; the empty name: undecided.")
    text: str | None = Field(None, max_length=2_000, description="A part of it, in any case.")
    since: Moment | None = Field(None, alias="from", description="Created then or later.")
    until: Moment | None = Field(None, alias="to", description="Created before that.")
    never_read: bool = Field(False, description="No agent was ever answered with it.")
    readable_by: Name | None = Field(None, description="An app that may read it now.")

    def wish(self) -> Wish:
        """What it asks for; Invalid where a name cannot be."""
        if self.text:
            require_text(self.text, name="text")
        return Wish(
            states=tuple(dict.fromkeys(State(each) for each in self.state)),
            apps=tuple(checked_app(each, name="app") or "" for each in self.app),
            categories=tuple(checked_id(each, name="category") or "" for each in self.category),
            text=self.text or None,
            since=self.since,
            until=self.until,
            never_read=self.never_read,
            readable_by=checked_app(self.readable_by, name="readable_by"),
        )


class DashboardFilterBody(DashboardFilter):
    """A filter that is acted on: a field it does not know would silently widen it to everything."""

    model_config = ConfigDict(extra="forbid")


class DashboardListQuery(DashboardFilter):
    """A window of a list."""

    sort: Sort = "-created"
    offset: int = Field(0, ge=0, le=10_000_000)
    limit: int = Field(100, ge=1, le=200)


class DashboardWindow(BaseModel):
    """A window of a list, and how long the list is."""

    total: int
    offset: int
    items: list[DashboardMemory]


class DashboardFacet(BaseModel):
    """A value of the filter, and how many memories it would leave."""

    value: str | None = Field(description="Null: what the empty name in the filter stands for.")
    count: int


class DashboardFacets(BaseModel):
    """What the list is made of: by each kind as if the filter did not name that kind."""

    states: dict[ShownState, int]
    apps: list[DashboardFacet]
    categories: list[DashboardFacet]
    total: int


class DashboardAppAccess(BaseModel):
    """What an app may do with the memory, and why."""

    app: str = Field(description="`*`: any app that has not called yet.")
    label: str
    paused: bool
    read: ExplanationOut | None = Field(
        description="Null, as write: its rules cannot be read, and it has nothing."
    )
    write: ExplanationOut | None


class DashboardTechnical(BaseModel):
    """How the memory is held."""

    embedder: str
    dimensions: int
    embedded_with: str | None = Field(description="Null while its text has no vector.")
    index: IndexState
    text_version: int


class DashboardMemoryDetail(DashboardMemory):
    """All that is known of a memory; `text` is whole."""

    metadata: JsonObject | None
    user_id: str | None
    agent_id: str | None
    app_id: str | None
    run_id: str | None
    role: str | None
    actor: str | None
    event_time: datetime | None
    expiration_date: str | None
    surface: str | None
    inferred: bool = Field(description="Whether a model has put it into words.")
    immutable: bool
    source_action_id: str | None
    access: list[DashboardAppAccess] = Field(
        description="Empty for who may not settle what apps may do."
    )
    technical: DashboardTechnical


class DashboardContents(BaseModel):
    """What a memory held at a version."""

    text: str
    metadata: JsonObject | None
    tags: list[str]
    categories: list[str] | None
    expiration_date: str | None
    created_at: datetime
    event_time: datetime | None
    state: ShownState | None = Field(None, description="Null: from before states were recorded.")


class DashboardVersion(BaseModel):
    """One change in the life of a memory."""

    version: int
    kind: ChangeKind
    action_kind: ActionKind
    action_id: str
    at: datetime
    app: str | None
    surface: str
    user_id: str | None
    undone_by: str | None
    before: DashboardContents | None
    after: DashboardContents | None


class DashboardHistory(BaseModel):
    """The life of a memory, oldest first."""

    versions: list[DashboardVersion]


class DashboardRelated(BaseModel):
    """A memory that has to do with another."""

    item: DashboardMemory
    score: float | None = Field(description="Null where it is linked and not only near.")
    relation: Relation


class DashboardRelatedList(BaseModel):
    """Linked ones first, then the nearest."""

    items: list[DashboardRelated]


class DashboardSimilar(BaseModel):
    """A memory that may say the same."""

    item: DashboardMemory
    score: float


class DashboardSimilarList(BaseModel):
    """The most alike first."""

    items: list[DashboardSimilar]


class _Exact(BaseModel):
    model_config = ConfigDict(extra="forbid")


class DashboardText(_Exact):
    """A text that is about to be saved."""

    text: str


class DashboardNewMemory(_Exact):
    """A memory as a person writes it."""

    text: str
    categories: list[str] | None = Field(None, description="Null leaves them undecided.")
    metadata: JsonObject | None = None
    infer: bool = Field(False, description="Extract facts, where there is a language model.")
    app: str | None = Field(None, description="The app it is said to be from; for managers.")


class DashboardAdded(BaseModel):
    """What came of it."""

    action_id: str
    event: Literal["ADD", "NONE", "PENDING"] = Field(
        description="NONE: it was known already, and is left as it was, its categories too. "
        "PENDING: a language model reads it."
    )
    items: list[DashboardMemory]
    not_applied: list[Literal["app", "categories"]] = Field(
        description="Of a memory that was known: what was given with the text, and is not so of it."
    )


class DashboardEdit(_Exact):
    """Fields to replace; null clears one, and what is not sent stays."""

    text: str | None = None
    categories: list[str] | None = Field(None, description="Null: undecided; empty: none.")
    metadata: JsonObject | None = None


class DashboardEdited(BaseModel):
    """A memory after a change."""

    action_id: str | None = Field(description="To undo it by; null where it was so before.")
    memory: DashboardMemoryDetail
    indexed: bool = Field(description="Whether agents find it as it is now.")


class DashboardCategories(_Exact):
    """Categories to add and to remove, in any case."""

    add: list[str] = []
    remove: list[str] = []


class DashboardBulk(_Exact):
    """What to do to which memories: `ids`, or all of a `filter`."""

    operation: Operation
    ids: list[Annotated[str, Field(max_length=64)]] | None = Field(None, max_length=10_000)
    filter: DashboardFilterBody | None = None
    categories: DashboardCategories | None = Field(None, description="Of categorise.")


class DashboardLeft(BaseModel):
    """A memory that was left alone."""

    id: str
    why: str


class DashboardBulkDone(BaseModel):
    """What was done, as one action."""

    action_id: str | None = Field(
        description="To undo it by; null where nothing changed, and for what cannot be undone."
    )
    changed: int
    left: list[DashboardLeft] = Field(description="1,000 at most.")
    left_total: int
