"""The tool server's HTTP transports, as routes for the store's app.

/mcp  /mcp/                              Streamable HTTP
/mcp/{client}/http/{user}                the same, app and user named by the path
/mcp/{client}/sse/{user}                 HTTP+SSE of 2024, for old clients
/mcp/{client}/sse/{user}/messages/
"""

import hashlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Final, TypeAlias, cast

from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from mcp.server.sse import SseServerTransport
from mcp.server.streamable_http import MCP_SESSION_ID_HEADER
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from openmemory_mcp.caller import SURFACE, is_slug, origin_of
from openmemory_mcp.server import MemoryServer

MAX_SESSIONS: Final = 1_000
IDLE_SECONDS: Final = 30 * 60

KEY: Final = "openmemory.key"
"""Key of the ASGI scope under which whoever verifies keys names the one of a request."""

_MESSAGES: Final = "/messages/"
_Endpoint: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]


class McpHttp:
    """One tool server's routes, and the life of the sessions behind them."""

    def __init__(
        self,
        server: MemoryServer,
        security: TransportSecuritySettings,
        *,
        max_sessions: int = MAX_SESSIONS,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        # Builds the session manager, all that is wanted of the app it returns. Neither stateless
        # nor JSON answers: 2025-era clients would lose elicitation, and their name with it.
        server.streamable_http_app(
            transport_security=security,
            max_sessions=max_sessions,
            session_idle_timeout=idle_seconds,
        )
        self._sessions = server.session_manager
        self._keyed = KeyedSessions(self._sessions.handle_request, max_sessions)
        self._sse = SseSessions(self._sessions, security, max_sessions)

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """For the app's lifespan: requests are served while this is entered, once."""
        async with self._sessions.run():
            yield

    async def end(self, key: str) -> None:
        """End the sessions that were opened with a key; its streams are their caller's to end."""
        await self._keyed.end(key)

    def routes(self) -> list[Route]:
        """The routes, most specific last; none of them redirects."""
        stream = Bound(self._keyed.serve, "mcp-http")
        named = "/mcp/{client}"
        return [
            *(_route(path, stream, "GET", "POST", "DELETE") for path in ("/mcp", "/mcp/")),
            _route(f"{named}/http/{{user}}", stream, "GET", "POST", "DELETE"),
            _route(f"{named}/sse/{{user}}", Bound(self._sse.open, "mcp-sse"), "GET"),
            _route(f"{named}/sse/{{user}}{_MESSAGES}", Bound(self._sse.post, "mcp-sse"), "POST"),
        ]


class KeyedSessions:
    """Streamable HTTP, and which of its sessions was opened with which key."""

    def __init__(self, endpoint: _Endpoint, limit: int) -> None:
        self._endpoint = endpoint
        self._limit = limit
        # By id; the one used last is the last. Those that ended by themselves fall out in time.
        self._opened: dict[str, Scope] = {}

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""

        async def noting(message: Message) -> None:
            if KEY in scope and message["type"] == "http.response.start":
                self._note(Headers(raw=message["headers"]).get(MCP_SESSION_ID_HEADER), scope)
            await send(message)

        await self._endpoint(scope, receive, noting)

    async def end(self, key: str) -> None:
        """End a key's sessions, as if its client had done so."""
        theirs = [id for id, scope in self._opened.items() if scope[KEY] == key]
        for id in theirs:
            await self._endpoint(self._opened.pop(id), _gone, _unheard)

    def _note(self, id: str | None, scope: Scope) -> None:
        if id is None:
            return
        host = [header for header in scope["headers"] if header[0] == b"host"]
        headers = [*host, (MCP_SESSION_ID_HEADER.encode(), id.encode())]
        self._opened.pop(id, None)
        # The request that ends it, which holds none of the credentials that it was opened with.
        self._opened[id] = {**scope, "method": "DELETE", "headers": headers}
        if len(self._opened) > self._limit:
            del self._opened[next(iter(self._opened))]


class SseSessions:
    """HTTP+SSE under one path per client and user, each told to post to its own path."""

    def __init__(
        self,
        sessions: StreamableHTTPSessionManager,
        security: TransportSecuritySettings,
        limit: int,
    ) -> None:
        self._server = sessions.app
        self._transport = SseServerTransport(_MESSAGES, security)
        self._limit = limit
        self._open = 0

    async def open(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one client until it goes away."""
        if self._open >= self._limit:
            return await _answer(503, "Too many open sessions")(scope, receive, send)
        # The transport advertises root path + messages path.
        here = {**scope, "root_path": scope["path"]}
        self._open += 1
        try:
            # ValueError: Host or Origin was refused, and the answer is already sent.
            with suppress(ValueError):
                await self._serve(here, receive, send)
        finally:
            self._open -= 1

    async def post(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand one message to the session it names, if that is the sender's own."""
        await self._transport.handle_post_message(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._transport.connect_sse(scope, receive, send) as (reader, writer):
            await self._server.run(reader, writer, self._server.create_initialization_options())


class Bound:
    """An endpoint whose sessions belong to the path and the credential that opened them.

    The SDK compares the user in the scope of each request with that of the session's first, and
    answers 404 when they differ; this makes that user out of everything that names the caller.
    """

    def __init__(self, endpoint: _Endpoint, surface: str) -> None:
        self._endpoint = endpoint
        self._surface = surface

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path_params = cast(Mapping[str, str], scope["path_params"])
        if not all(is_slug(value) for value in path_params.values()):
            return await _answer(404, "No such client or user")(scope, receive, send)
        owner = _owner(origin_of(Headers(scope=scope), path_params))
        await self._endpoint({**scope, "user": owner, SURFACE: self._surface}, receive, send)


def _owner(origin: str) -> AuthenticatedUser:
    # Hashed, because the SDK keeps it with the session: no credential needs to stay in memory.
    digest = hashlib.sha256(origin.encode()).hexdigest()
    return AuthenticatedUser(AccessToken(token="", client_id=digest, scopes=[]))


def _route(path: str, endpoint: Bound, *methods: str) -> Route:
    return Route(path, endpoint, methods=list(methods), include_in_schema=False)


async def _gone() -> Message:
    return {"type": "http.disconnect"}


async def _unheard(_: Message) -> None:
    """Nobody is there to be answered."""


def _answer(status: int, text: str) -> PlainTextResponse:
    return PlainTextResponse(text, status_code=status)
