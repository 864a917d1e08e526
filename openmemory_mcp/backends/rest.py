"""The Mem0 platform's REST contract, spoken to our store in process or by URL."""

import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import TypeAlias, TypeVar

import httpx
from pydantic import BaseModel, JsonValue, ValidationError

from openmemory_mcp.backends.base import (
    Added,
    BackendError,
    Deleted,
    DeletedAll,
    Memory,
    MemoryNotFoundError,
    MemoryPage,
    Secrets,
)
from openmemory_mcp.backends.events import Event
from openmemory_mcp.backends.waiting import ADD_WAIT, settled
from openmemory_mcp.caller import Caller
from openmemory_mcp.text import quoted

TIMEOUT = httpx.Timeout(60.0, connect=3.0)
"""Connecting is quick or hopeless; an answer may have to wait for a language model."""

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")

_Json: TypeAlias = dict[str, JsonValue]
_Answer = TypeVar("_Answer", bound=BaseModel)


class RestBackend:
    """`MemoryBackend` over any httpx client whose base URL is our store."""

    permanent: bool = False

    def __init__(self, http: httpx.AsyncClient, *, add_wait: float = ADD_WAIT) -> None:
        self._http = http
        self._add_wait = add_wait

    async def search(self, caller: Caller, query: str, *, limit: int) -> MemoryPage:
        """The memories nearest in meaning, best first."""
        body: _Json = {"query": query, "top_k": limit, "threshold": 0, "latest_only": True}
        path = "/v3/memories/search/"
        return _read(MemoryPage, await self._send(caller, "POST", path, body, tool="search_memory"))

    async def list(self, caller: Caller, *, limit: int, cursor: str | None) -> MemoryPage:
        """A page of all memories, newest first."""
        body: _Json = {"latest_only": True, "cursor": cursor}
        path = f"/v3/memories/?page_size={limit}"
        return _read(MemoryPage, await self._send(caller, "POST", path, body, tool="list_memories"))

    async def get(self, caller: Caller, memory_id: str) -> Memory:
        """One memory, or `MemoryNotFoundError`."""
        path = _path_of(memory_id)
        return _read(Memory, await self._send(caller, "GET", path, about=memory_id))

    async def add(self, caller: Caller, text: str, *, infer: bool) -> Added:
        """Store what a text says; where a language model reads it, wait for that for a while."""
        body: _Json = {"messages": [{"role": "user", "content": text}], "infer": infer}
        path = "/v3/memories/add/"
        added = _read(Added, await self._send(caller, "POST", path, body, tool="add_memories"))
        if added.status != "PENDING" or added.event_id is None:
            return added
        return await self._followed(caller, added, added.event_id)

    async def _followed(self, caller: Caller, queued: Added, event_id: str) -> Added:
        """A queued add as it ended, or as it is where that takes too long."""

        async def look() -> Event:
            return _read(Event, await self._send(caller, "GET", f"/v1/event/{event_id}/"))

        event = await settled(look, Event(status="PENDING"), within=self._add_wait)
        if event.is_open:
            return queued
        done = event.outcome(event_id, at="OpenMemory")
        kept = {"removed_characters": queued.removed_characters, "secrets": queued.secrets}
        return done.model_copy(update=kept)

    async def update(self, caller: Caller, memory_id: str, text: str) -> Secrets | None:
        """Replace a memory's text; what of it looked like secrets."""
        body: _Json = {"text": text}
        path = _path_of(memory_id)
        response = await self._send(
            caller, "PUT", path, body, about=memory_id, tool="update_memory"
        )
        return _read(_Updated, response).secrets

    async def delete(self, caller: Caller, memory_ids: Sequence[str]) -> Deleted:
        """Delete those of the named memories that the caller may delete."""
        body: _Json = {"memories": [{"memory_id": each} for each in memory_ids], "partial": True}
        path = "/v1/batch/"
        return _read(
            Deleted, await self._send(caller, "DELETE", path, body, tool="delete_memories")
        )

    async def delete_all(self, caller: Caller, *, own_only: bool) -> DeletedAll:
        """Delete all that the caller may change, or only what its app wrote."""
        path = f"/v1/memories/?{'own' if own_only else 'all'}=true"
        return _read(DeletedAll, await self._send(caller, "DELETE", path, tool="delete_all"))

    async def _send(
        self,
        caller: Caller,
        method: str,
        path: str,
        body: _Json | None = None,
        *,
        about: str | None = None,
        tool: str | None = None,
    ) -> httpx.Response:
        headers = caller.headers()
        if tool is not None:
            # How the store's log of calls names what was done.
            headers[b"X-OpenMemory-Tool"] = tool.encode()
        try:
            response = await self._http.request(method, path, json=body, headers=headers)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise BackendError(_unreachable(str(error))) from error
        except httpx.TransportError as error:
            raise BackendError(_CUT) from error
        if response.is_success:
            return response
        if response.status_code == HTTPStatus.NOT_FOUND and about is not None:
            raise MemoryNotFoundError(f"no such memory: {quoted(about)}")
        raise BackendError(_refusal(response))


_CUT = (
    "The connection to the OpenMemory server was cut before it answered. A change may or may not"
    " have been stored: look with list_memories before repeating it."
)


def _unreachable(reason: str) -> str:
    return (
        f"OpenMemory cannot be reached: {reason}. Try again in a few seconds; if that does not"
        " help, ask the user to run `openmemory serve`."
    )


def _path_of(memory_id: str) -> str:
    # A model writes this value; anything but an id could climb to another route.
    if not _ID.fullmatch(memory_id):
        raise MemoryNotFoundError(f"no such memory: {quoted(memory_id)}")
    return f"/v1/memories/{memory_id}/"


def _read(model: type[_Answer], response: httpx.Response) -> _Answer:
    try:
        return model.model_validate_json(response.content)
    except ValidationError as error:
        raise BackendError(
            f"What answers at {response.url.copy_with(path='/', query=None)} is not an OpenMemory"
            " server of this version. Ask the user to run `openmemory doctor`."
        ) from error


def _refusal(response: httpx.Response) -> str:
    said = _detail(response)
    match response.status_code:
        case HTTPStatus.UNAUTHORIZED:
            return f"{said} {_GIVE_KEY}"
        case HTTPStatus.FORBIDDEN:
            return f"{said} {_ASK_ACCESS}"
        case HTTPStatus.TOO_MANY_REQUESTS:
            seconds = response.headers.get("Retry-After", "60")
            return f"{said} Wait {seconds} seconds before the next call."
        case status if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return f"OpenMemory failed ({status}): {said} {_SEE_LOGS}"
        case _:
            return said


def _detail(response: httpx.Response) -> str:
    try:
        said = _Refused.model_validate_json(response.content).detail
    except ValidationError:
        said = response.reason_phrase
    return said if said.endswith((".", "!", "?")) else f"{said}."


class _Updated(BaseModel):
    secrets: Secrets | None = None


class _Refused(BaseModel):
    detail: str


_GIVE_KEY = (
    "Ask the user to give this connection a valid key: as `Authorization: Bearer …` in the"
    " client's MCP settings, or as OPENMEMORY_API_KEY for a stdio server."
)
_ASK_ACCESS = "Only the user can allow it; do not retry."
_SEE_LOGS = "Try once more later; `openmemory logs` shows the reason."
