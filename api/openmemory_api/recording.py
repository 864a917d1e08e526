"""ASGI middleware around everything: the id of each request, and its entry in the log of calls."""

import re
import time
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property, lru_cache
from http import HTTPStatus
from typing import Final
from uuid import uuid4

from fastapi.routing import APIRoute, RouteContext, iter_route_contexts
from starlette.requests import ClientDisconnect
from starlette.routing import BaseRoute, Match

from openmemory_api.middleware import (
    ASGIApp,
    Message,
    Receive,
    Scope,
    Send,
    is_tool_server,
    normalised,
)
from openmemory_api.services.activity import Entry, Kind, current, raised

REQUEST_ID: Final = "openmemory.request_id"
"""Key of the ASGI scope."""
UNLOGGED: Final = frozenset({"/health", "/docs", "/docs/assets/{name}"})
"""Routes that are no calls of the store. All others leave a row."""

_ENTRY: Final = "openmemory.entry"
_GIVEN_ID: Final = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_TOOLS: Final = {
    b"search_memory": ("POST", "/v3/memories/search/"),
    b"list_memories": ("POST", "/v3/memories/"),
    b"add_memories": ("POST", "/v3/memories/add/"),
    b"update_memory": ("PUT", "/v1/memories/{memory_id}/"),
    b"delete_memories": ("DELETE", "/v1/batch/"),
    b"delete_all": ("DELETE", "/v1/memories/"),
}
"""What each tool does. A call that does another thing is not called by its name."""
_READS: Final = frozenset(
    {
        ("POST", "/v1/memories/search/"),
        ("POST", "/v2/memories/"),
        ("POST", "/v2/memories/search/"),
        ("POST", "/v3/memories/"),
        ("POST", "/v3/memories/search/"),
    }
)
"""Reads whose filters are too much for a query string."""
_WRITES_OF_OURS: Final = re.compile(r"/api/v1/(actions|trash)(/|$)")
_DASHBOARD: Final = "/api/v1/ui/"
_WRITES_OF_DASHBOARD: Final = re.compile(rf"{_DASHBOARD}memories(?!/similar)")
"""To look at memories there is no agent's read."""


class Recording:
    """Outermost of all: gives each request its id, and hands on what became of it.

    Args:
        app: all that is inside.
        put: takes the entry of each call of the store; None where there is no store.
        project_id: whose calls they are while their caller is not known.
        routes: of the app, asked when a request was refused before it came to its route.
        root_path: the prefix the app is served under.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        put: Callable[[Entry], None] | None = None,
        project_id: str = "",
        routes: Callable[[], Iterable[BaseRoute]] = tuple,
        root_path: str = "",
    ) -> None:
        self._app = app
        self._put = put
        self._project_id = project_id
        self._routes = routes
        self._root_path = root_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        entry = Entry(_request_id(scope), self._project_id)
        scope = {**scope, REQUEST_ID: entry.request_id, _ENTRY: entry}

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                entry.status = message["status"]
                named = (b"x-request-id", entry.request_id.encode())
                message = {**message, "headers": [*message["headers"], named, *entry.headers]}
            await send(message)

        token = current.set(entry)
        start = time.perf_counter()
        try:
            await self._app(scope, receive, sending)
        except BaseException as error:
            _crashed(entry, error)
            raise
        finally:
            entry.duration_ms = round((time.perf_counter() - start) * 1000, 3)
            current.reset(token)
            self._finish(entry, scope)

    def _finish(self, entry: Entry, scope: Scope) -> None:
        if self._put is None or not (entry.routed or self._refused(entry, scope)):
            return
        tool = _header(scope, b"x-openmemory-tool")
        if tool in _TOOLS and entry.operation == "{} {}".format(*_TOOLS[tool]):
            entry.tool = tool.decode("ascii")
        self._put(entry)

    def _refused(self, entry: Entry, scope: Scope) -> bool:
        """Whether a request that did not come to a route would have called the store."""
        if entry.reached:
            return False
        inner = normalised(scope, self._root_path)
        if is_tool_server(inner):
            _name(entry, scope["method"], "/mcp")
            return True
        for route in routes_of(self._routes()):
            match, _ = route.matches({**inner, "fastapi": {}})
            if match is Match.FULL:
                return _name(entry, scope["method"], str(route.path))
        return False


class Routed:
    """Innermost: sees which route a request came to."""

    def __init__(self, app: ASGIApp, routes: Callable[[], Iterable[BaseRoute]]) -> None:
        self._app = app
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        try:
            await self._app(scope, receive, send)
        finally:
            entry: Entry | None = scope.get(_ENTRY)
            if entry is not None:
                entry.reached = True
                path = self._paths.get(id(scope.get("route")))
                if path is not None:
                    entry.routed = _name(entry, scope["method"], path)

    @cached_property
    def _paths(self) -> dict[int, str]:
        """Each route's whole path: itself it knows nothing of the prefix it is included under."""
        found = routes_of(self._routes())
        return {id(route.original_route): str(route.path) for route in found}


def routes_of(routes: Iterable[BaseRoute]) -> Iterator[RouteContext]:
    """The routes of an app, also those of the routers it includes, with their whole paths."""
    found = iter_route_contexts(list(routes))
    return (route for route in found if isinstance(route.original_route, APIRoute))


@lru_cache(1_000)
def kind_of(method: str, path: str) -> Kind:
    """What a route is for, by its template."""
    reads = method in ("GET", "HEAD") or (method, path) in _READS
    if path.startswith(_DASHBOARD):
        return Kind.WRITE if _WRITES_OF_DASHBOARD.match(path) and not reads else Kind.MANAGE
    if path.startswith("/api/v1/") and not _WRITES_OF_OURS.match(path):
        return Kind.MANAGE
    return Kind.READ if reads else Kind.WRITE


def _name(entry: Entry, method: str, path: str) -> bool:
    """Name the operation; whether it is one of the store's."""
    entry.operation = entry.operation or f"{method} {path}"
    entry.kind = kind_of(method, path)
    return path not in UNLOGGED


def _request_id(scope: Scope) -> str:
    given = _header(scope, b"x-request-id").strip(b" \t")
    return given.decode("ascii") if _GIVEN_ID.fullmatch(given) else uuid4().hex


def _header(scope: Scope, wanted: bytes) -> bytes:
    # Every call is asked for two of them: a mapping would cost more than looking through.
    return next((value for name, value in scope["headers"] if name == wanted), b"")


def _crashed(entry: Entry, error: BaseException) -> None:
    if isinstance(error, Exception) and not isinstance(error, ClientDisconnect):
        raised(error)
        # Whatever it had begun to answer.
        entry.status = HTTPStatus.INTERNAL_SERVER_ERROR
