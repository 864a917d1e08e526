"""Memories kept by the hosted Mem0 platform, spoken to through its own contract and nothing else.

The platform knows users and apps only as ids on rows; what an app may see and change is decided
here. Filters narrow what is asked for, and every row of an answer is looked at again, because the
platform is reported to honour only one of several ids.
"""

import re
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Final, Literal

import httpx

from openmemory_mcp.backends.base import (
    Added,
    BackendError,
    Deleted,
    DeletedAll,
    Memory,
    MemoryNotFoundError,
    MemoryPage,
)
from openmemory_mcp.backends.events import Event
from openmemory_mcp.backends.ownership import APP_KEY, DEFAULT_USER, Row, Scope, scope_of
from openmemory_mcp.backends.platform import Json, NotThereError, Platform
from openmemory_mcp.backends.rows import MAX_PAGE, UUID, Page, Rows, missing, path_of
from openmemory_mcp.backends.waiting import ADD_WAIT, settled
from openmemory_mcp.caller import Caller

_CURSOR: Final = re.compile(r"([1-9]\d{0,6})\.([1-9]\d{0,2})")


class HostedBackend:
    """`MemoryBackend` over the platform.

    Args:
        http: a client whose base URL is the platform and which sends the key.
        default_user: whose memories are meant where a caller names nobody.
        reads: all memories of the caller's user, or those that the caller's app wrote.
        add_wait: seconds to wait for the platform to take in a text; after that it is `queued`.
    """

    permanent: bool = True

    def __init__(
        self,
        http: httpx.AsyncClient,
        *,
        default_user: str = DEFAULT_USER,
        reads: Literal["all", "own"] = "all",
        add_wait: float = ADD_WAIT,
    ) -> None:
        self._platform = Platform(http)
        self._rows = Rows(self._platform)
        self._default_user = default_user
        self._own_only = reads == "own"
        self._add_wait = add_wait

    async def search(self, caller: Caller, query: str, *, limit: int) -> MemoryPage:
        """The memories nearest in meaning, best first."""
        scope = self._scope(caller)
        body: Json = {
            "query": query,
            "filters": scope.filters(),
            "top_k": limit,
            "threshold": 0,
            "latest_only": True,
        }
        response = await self._platform.read("POST", "/v3/memories/search/", body)
        return _shown(self._platform.parsed(Page, response), scope)

    async def list(self, caller: Caller, *, limit: int, cursor: str | None) -> MemoryPage:
        """A page of all memories, newest first."""
        scope = self._scope(caller)
        page, size = _place(cursor, limit)
        rows = await self._rows.page(scope, page, size, {"latest_only": True})
        following = f"{page + 1}.{size}" if rows.next else None
        return _shown(rows, scope, following)

    async def get(self, caller: Caller, memory_id: str) -> Memory:
        """One memory, or `MemoryNotFoundError`."""
        scope = self._scope(caller)
        return (await self._theirs(scope, memory_id)).as_memory()

    async def add(self, caller: Caller, text: str, *, infer: bool) -> Added:
        """Store what a text says, under the caller's user and app."""
        scope = self._scope(caller)
        body: Json = {
            "messages": [{"role": "user", "content": text}],
            "user_id": scope.user,
            "app_id": scope.app,
            "metadata": {APP_KEY: scope.app},
            "infer": infer,
        }
        response = await self._platform.write("POST", "/v3/memories/add/", body)
        receipt = self._platform.parsed(Event, response, written=True)
        event_id = receipt.event_id or ""
        if receipt.is_open and UUID.fullmatch(event_id):
            look = partial(self._look, event_id)
            receipt = await settled(look, receipt, within=self._add_wait)
        outcome = receipt.outcome(event_id or "unknown")
        # A server of ours in the platform's place would name ids that the platform does not have.
        changes = [each.model_copy(update={"short_id": None}) for each in outcome.results]
        return outcome.model_copy(update={"results": changes})

    async def update(self, caller: Caller, memory_id: str, text: str) -> None:
        """Replace a memory's text."""
        await self._theirs(self._scope(caller), memory_id)
        try:
            await self._platform.write("PUT", path_of(memory_id), {"text": text})
        except NotThereError as error:
            raise missing(memory_id) from error

    async def delete(self, caller: Caller, memory_ids: Sequence[str]) -> Deleted:
        """Delete those of the named memories that the caller may delete, one after the other."""
        scope = self._scope(caller)
        outcome = Deleted()
        with _counting(outcome.deleted):
            for memory_id in memory_ids:
                try:
                    await self._theirs(scope, memory_id)
                    await self._platform.write("DELETE", path_of(memory_id))
                except (MemoryNotFoundError, NotThereError):
                    outcome.missing.append(memory_id)
                else:
                    outcome.deleted.append(memory_id)
        return outcome

    async def delete_all(self, caller: Caller, *, own_only: bool) -> DeletedAll:
        """Delete all that the caller may change, or only what its app wrote."""
        scope = self._scope(caller)
        deleted: list[str] = []
        with _counting(deleted):
            left = await self._rows.clear(
                scope, replace(scope, own_only=scope.own_only or own_only), deleted
            )
        return DeletedAll(deleted=len(deleted), left=left)

    async def _theirs(self, scope: Scope, memory_id: str) -> Row:
        """One row, which must say itself whose it is: no filter found it."""
        row = await self._rows.get(memory_id)
        if not scope.may_change(row):
            raise missing(memory_id)
        return row

    async def _look(self, event_id: str) -> Event | None:
        try:
            response = await self._platform.read("GET", f"/v1/event/{event_id}/")
        except NotThereError:
            return None
        return self._platform.parsed(Event, response)

    def _scope(self, caller: Caller) -> Scope:
        return scope_of(caller, default_user=self._default_user, own_only=self._own_only)


@contextmanager
def _counting(deleted: list[str]) -> Generator[None]:
    """Say with an error how much was deleted before it."""
    try:
        yield
    except BackendError as error:
        if not deleted:
            raise
        before = f"Deleted for good before that: {len(deleted)}."
        raise BackendError(f"{error} {before}") from error


def _shown(rows: Page, scope: Scope, next_cursor: str | None = None) -> MemoryPage:
    shown = [row.as_memory() for row in rows.results if scope.shows(row)]
    return MemoryPage(results=shown, next_cursor=next_cursor)


def _place(cursor: str | None, limit: int) -> tuple[int, int]:
    """Page and page size: pages of another size would begin elsewhere, so a cursor keeps both."""
    if cursor is None:
        return 1, limit
    known = _CURSOR.fullmatch(cursor)
    if known is None:
        raise BackendError("cursor: must be the `next` of an earlier answer")
    return int(known[1]), min(int(known[2]), MAX_PAGE)
