"""Pages by number, in the platform's envelope."""

from collections.abc import Sequence
from typing import Annotated, Any, Final

from fastapi import Depends, Query, Request

from openmemory_api.domain.errors import NotFound
from openmemory_api.domain.requests import ListRequest, MemoryPage
from openmemory_api.routes.mem0.answers import JsonObject
from openmemory_api.routes.mem0.queries import (
    DEFAULT_PAGE_SIZE,
    ListBody,
    PageNumber,
    PageSize,
)

MAX_ENTITIES: Final = 10_000


class Paging:
    """The page a query asks for, and where its neighbours are."""

    def __init__(
        self,
        request: Request,
        page: Annotated[PageNumber | None, Query()] = None,
        page_size: Annotated[PageSize | None, Query()] = None,
    ) -> None:
        self._request = request
        self.page = page
        self.page_size = page_size

    def list_request(self, body: ListBody) -> ListRequest:
        """The query wins over the body: clients that send both mean the query."""
        return ListRequest(
            wanted=body.wanted(),
            view=body.view(),
            page=self.page or body.page or 1,
            page_size=(
                self.page_size or body.page_size or body.limit or body.top_k or DEFAULT_PAGE_SIZE
            ),
            cursor=body.cursor,
        )

    def envelope(self, results: Sequence[Any], *, count: int, request: ListRequest) -> JsonObject:
        """One page with the addresses of its neighbours.

        Raises:
            NotFound: the page lies beyond the last.
        """
        page = request.page
        if page > 1 and not results:
            raise NotFound("Invalid page.")
        # After a cursor a page has no number that its neighbours could be counted from.
        more = request.cursor is None and page * request.page_size < count
        return {
            "count": count,
            "next": self._url(page + 1) if more else None,
            "previous": self._url(page - 1) if page > 1 else None,
            "results": list(results),
        }

    def legacy(
        self, body: ListBody, request: ListRequest, page: MemoryPage, results: Sequence[Any]
    ) -> Any:
        """What v1 and v2 answer: an array, unless both numbers of a page were sent."""
        numbered = self.page or body.page
        sized = self.page_size or body.page_size
        if not (numbered and sized):
            return list(results)
        return self.envelope(results, count=page.count, request=request)

    def _url(self, page: int) -> str:
        return str(self._request.url.include_query_params(page=page))


class EntityPaging(Paging):
    """The same with larger pages: the SDKs' `reset()` deletes what the first one lists."""

    def __init__(
        self,
        request: Request,
        page: Annotated[PageNumber | None, Query()] = None,
        page_size: Annotated[int, Query(ge=1, le=MAX_ENTITIES)] = MAX_ENTITIES,
    ) -> None:
        super().__init__(request, page, page_size)


PagingDep = Annotated[Paging, Depends()]
EntityPagingDep = Annotated[EntityPaging, Depends()]
