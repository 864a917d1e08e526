"""Rows at the platform: read page by page, and deleted by id alone."""

import re
from contextlib import suppress
from typing import Final

from pydantic import BaseModel

from openmemory_mcp.backends.base import MemoryNotFoundError
from openmemory_mcp.backends.ownership import Row, Scope
from openmemory_mcp.backends.platform import Json, NotThereError, Platform, RefusedError
from openmemory_mcp.text import quoted

UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
MAX_PAGE: Final = 200

_BATCH: Final = 100
_ALL_OF_THEM: Final[Json] = {"show_expired": True, "include_merged": True}


class Page(BaseModel):
    """A page of a list, or what a search found."""

    results: list[Row]
    next: str | None = None


class Rows:
    """What the platform keeps, without a word about who may see it: that is the scope's."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    async def clear(self, readable: Scope, doomed: Scope, deleted: list[str]) -> int:
        """Delete what `doomed` may change; the number of readable memories that are left.

        Pages shift while rows go, so everything is listed before anything is deleted, and again
        afterwards: for what was missed or came in between, and for what is left.
        """
        tried: set[str] = set()
        rows = await self.everything(readable)
        while ids := [row.id for row in rows if row.id not in tried and doomed.may_change(row)]:
            tried.update(ids)
            for start in range(0, len(ids), _BATCH):
                await self._erase(ids[start : start + _BATCH], deleted)
            rows = await self.everything(readable)
        return sum(readable.shows(row) for row in rows if row.id not in tried)

    async def everything(self, scope: Scope) -> list[Row]:
        """Every row of the scope, superseded and expired ones too, each once."""
        found: dict[str, Row] = {}
        page = 1
        while True:
            rows = await self.page(scope, page, MAX_PAGE, _ALL_OF_THEM)
            fresh = {row.id: row for row in rows.results if row.id not in found}
            found |= fresh
            if rows.next is None or not fresh:
                return list(found.values())
            page += 1

    async def page(self, scope: Scope, page: int, size: int, view: Json) -> Page:
        """One page of what the scope's filters find, newest first; beyond the last it is empty."""
        path = f"/v3/memories/?page={page}&page_size={size}"
        try:
            response = await self._platform.read("POST", path, {"filters": scope.filters(), **view})
        except NotThereError:
            # Beyond the last page, which may have been there a moment ago.
            if page > 1:
                return Page(results=[])
            raise
        return self._platform.parsed(Page, response)

    async def get(self, memory_id: str) -> Row:
        """One row, whosever it is, or `MemoryNotFoundError`."""
        try:
            response = await self._platform.read("GET", path_of(memory_id))
        except NotThereError as error:
            raise missing(memory_id) from error
        return self._platform.parsed(Row, response)

    async def _erase(self, ids: list[str], deleted: list[str]) -> None:
        """Delete rows that were checked, by id and never by filter; `deleted` grows by them."""
        batch: Json = {"memories": [{"memory_id": each} for each in ids]}
        try:
            await self._platform.write("DELETE", "/v1/batch/", batch)
        except (RefusedError, NotThereError):
            # One of them went meanwhile, and the platform may refuse all for that.
            for each in ids:
                with suppress(NotThereError, MemoryNotFoundError):
                    await self._platform.write("DELETE", path_of(each))
                    deleted.append(each)
        else:
            deleted.extend(ids)


def path_of(memory_id: str) -> str:
    """The path of one memory; a text that is no id has none."""
    # A model writes this value; anything but an id could climb to another route.
    if not UUID.fullmatch(memory_id):
        raise missing(memory_id)
    return f"/v1/memories/{memory_id}/"


def missing(memory_id: str) -> MemoryNotFoundError:
    """The one answer about all that the caller may not see."""
    return MemoryNotFoundError(f"no such memory: {quoted(memory_id)}")
