"""What every answer tells a browser: what it may do with it, and which pages may read it."""

from collections.abc import Sequence
from typing import Final

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware

from openmemory_api.middleware import ASGIApp, Message, Receive, Scope, Send, is_local_name

CONTENT_POLICY: Final = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; object-src 'none'; base-uri 'self'; "
    "frame-ancestors 'none'; form-action 'self'"
)
_ALWAYS: Final = (
    (b"content-security-policy", CONTENT_POLICY.encode()),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
)
_NOT_KEPT: Final = (b"cache-control", b"no-store")
_ONLY_TLS: Final = (b"strict-transport-security", b"max-age=31536000")

_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")
_READABLE: Final = (
    "Mcp-Session-Id",
    "Retry-After",
    "X-RateLimit-Limit",
    "X-RateLimit-Remaining",
    "X-RateLimit-Reset",
    "X-Request-ID",
)


class SecurityHeaders:
    """ASGI middleware: adds the headers that a browser needs to be careful.

    An answer that says itself how long it may be kept is a file; everything else is not kept.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = message.get("headers", ())
                message = {**message, "headers": [*given, *_missing(scope, given)]}
            await send(message)

        return await self._app(scope, receive, sending)


def _missing(scope: Scope, given: Sequence[tuple[bytes, bytes]]) -> Sequence[tuple[bytes, bytes]]:
    kept = any(name == b"cache-control" for name, _ in given)
    added = _ALWAYS if kept else (*_ALWAYS, _NOT_KEPT)
    if scope.get("scheme") != "https":
        return added
    # Browsers would hold every other program of this machine to TLS too, whatever its port.
    local = is_local_name(Headers(scope=scope).get("host", ""))
    return added if local else (*added, _ONLY_TLS)


class ListedOrigins:
    """ASGI middleware: lets pages of the listed origins read answers, and says nothing to others.

    No cookie is sent along from another origin: a page there uses a key of its own.
    """

    def __init__(self, app: ASGIApp, origins: Sequence[str]) -> None:
        self._app = app
        self._origins = frozenset(origins)
        self._shared = CORSMiddleware(
            app,
            allow_origins=origins,
            allow_methods=_METHODS,
            allow_headers=("*",),
            expose_headers=_READABLE,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        listed = scope["type"] == "http" and Headers(scope=scope).get("origin") in self._origins
        await (self._shared if listed else self._app)(scope, receive, send)
