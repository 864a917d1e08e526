"""Bodies and query strings that read or select, in the Mem0 contract."""

from typing import Annotated, Any, Final, TypeAlias

from pydantic import BeforeValidator, Field

from openmemory_api.domain.access import Caller
from openmemory_api.domain.errors import Invalid
from openmemory_api.domain.filters import ALL, Filter, Present, all_of, any_of
from openmemory_api.domain.memory import Json
from openmemory_api.domain.requests import SearchRequest, View
from openmemory_api.routes.mem0.conditions import ID_FIELDS
from openmemory_api.routes.mem0.filters import narrowed
from openmemory_api.routes.mem0.operators import ANY
from openmemory_api.routes.mem0.parsing import Place, read_literal
from openmemory_api.routes.mem0.schemas import Ids, Names, Object, optional_instant

MAX_PAGE_SIZE: Final = 200
MAX_TOP_K: Final = 1_000
DEFAULT_PAGE_SIZE: Final = 100

# What the platform documents for the three generations of search.
V1_THRESHOLD: Final = 0.0
V2_THRESHOLD: Final = 0.3
V3_THRESHOLD: Final = 0.1


def _split(given: list[str]) -> list[str]:
    """Clients repeat a list parameter, or join it with commas."""
    parts = (part.strip() for item in given for part in item.split(","))
    return [part for part in parts if part]


QueryNames: TypeAlias = Annotated[list[str], BeforeValidator(_split)]
PageNumber: TypeAlias = Annotated[int, Field(ge=1, le=1_000_000_000)]
PageSize: TypeAlias = Annotated[int, Field(ge=1, le=MAX_PAGE_SIZE)]
TopK: TypeAlias = Annotated[int, Field(ge=1, le=MAX_TOP_K)]


class Selection(Ids):
    """What narrows a list or a search, and what of the rows is shown."""

    filters: Any = Field(None, description="The filter language of docs/mem0-compatibility.md.")
    categories: Names | None = None
    keywords: str | None = None
    metadata: Object | None = None
    fields: Names | None = Field(None, description="Names to keep in each row; `id` is kept.")
    show_expired: bool | None = None
    latest_only: bool | None = None
    include_merged: bool | None = None

    def view(self) -> View:
        return View(
            show_expired=bool(self.show_expired),
            latest_only=bool(self.latest_only),
            include_merged=bool(self.include_merged),
        )


class ListBody(Selection):
    """Memories to list; `page` and `page_size` count only where the query has none."""

    start_date: Any = Field(None, description="First `created_at`.")
    end_date: Any = Field(None, description="Last `created_at`; a bare day is taken whole.")
    page: PageNumber | None = None
    page_size: PageSize | None = None
    limit: PageSize | None = None
    top_k: TopK | None = None
    cursor: str | None = Field(None, description="Ours: `next_cursor` of the answer before.")

    def wanted(self) -> Filter:
        return narrowed(
            filters=self.filters,
            ids=self.ids(),
            categories=self.categories,
            keywords=self.keywords,
            metadata=self.metadata,
            start_date=self.start_date,
            end_date=self.end_date,
        )


class SearchBody(Selection):
    """A question over the memories that the rest of the body selects."""

    query: str
    top_k: TopK | None = None
    limit: TopK | None = Field(None, description="Older name of `top_k`.")
    threshold: Annotated[float, Field(ge=0, le=1)] | None = None
    max_tokens: Annotated[int, Field(ge=1, le=1_000_000)] | None = Field(
        None, description="Ours: room for the texts together, about four letters to a token."
    )
    explain: bool | None = Field(
        None, description="Ours: with the `signals` that put each result in its place."
    )
    rerank: bool | None = Field(
        None, description="Order the best anew by a reranker, where the server has one."
    )
    reference_date: Any = Field(None, description="Unix seconds or ISO 8601.")
    output_format: str | None = None

    def request(self, *, default_threshold: float) -> SearchRequest:
        # No ranking looks at it yet, but a senseless one is a mistake that its sender should see.
        optional_instant(self.reference_date, "reference_date")
        return SearchRequest(
            query=self.query,
            wanted=narrowed(
                filters=self.filters,
                ids=self.ids(),
                categories=self.categories,
                keywords=self.keywords,
                metadata=self.metadata,
            ),
            view=self.view(),
            top_k=self.top_k or self.limit or 10,
            threshold=default_threshold if self.threshold is None else self.threshold,
            max_tokens=self.max_tokens,
            rerank=bool(self.rerank),
        )


class ListQuery(Ids):
    """What `GET /v1/memories/` selects; objects arrive as JSON or as a Python repr."""

    filters: str | None = None
    metadata: str | None = None
    categories: QueryNames | None = None
    keywords: str | None = None
    fields: QueryNames | None = None
    start_date: str | None = None
    end_date: str | None = None
    limit: PageSize | None = None
    top_k: TopK | None = None
    show_expired: bool = False
    latest_only: bool = False
    include_merged: bool = False

    def body(self) -> ListBody:
        """The same selection as a body says it."""
        given = self.model_dump(exclude={"filters", "metadata"})
        return ListBody.model_construct(
            **given,
            filters=_literal(self.filters, "filters"),
            metadata=_literal(self.metadata, "metadata"),
        )


class DeleteAllQuery(Ids):
    """What `DELETE /v1/memories/` deletes; it never means everything by leaving things out."""

    filters: str | None = None
    metadata: str | None = None
    categories: QueryNames | None = None
    keywords: str | None = None
    start_date: str | None = None
    end_date: str | None = None
    all: bool = Field(False, description="Ours: all that the caller's app may change of its user.")
    own: bool = Field(False, description="Ours: only what the caller's app wrote.")

    def wanted(self, caller: Caller) -> Filter:
        """The memories to delete, or among which to delete what is the caller's `own`.

        Raises:
            Invalid: nothing narrows the request, and it does not ask for everything.
        """
        selected = self._selected()
        if self.own and caller.app is None:
            raise Invalid("own=true needs a caller that is an app")
        if self.all and caller.user_id is None:
            raise Invalid("all=true needs a caller that is bound to a user")
        if selected == ALL and not (self.all or self.own):
            raise Invalid(
                "At least one filter is required: user_id, agent_id, app_id, run_id, metadata or"
                " filters; `*` as all four ids means everything"
            )
        return selected

    def _selected(self) -> Filter:
        whole_project = all(value == ANY for value in self.ids().values())
        return all_of(
            narrowed(
                filters=_literal(self.filters, "filters"),
                ids={} if whole_project else self.ids(),
                categories=self.categories,
                keywords=self.keywords,
                metadata=_literal(self.metadata, "metadata"),
                start_date=self.start_date,
                end_date=self.end_date,
            ),
            # The clients say "everything" so; few memories carry all four ids.
            any_of(*(Present(field) for field in ID_FIELDS)) if whole_project else ALL,
        )


def _literal(text: str | None, name: str) -> Json:
    """None only where the parameter is missing: an empty or null one must not select everything."""
    if text is None:
        return None
    value = read_literal(text, Place(name))
    if not isinstance(value, dict):
        raise Invalid(f"{name}: must be an object, as JSON")
    return value
