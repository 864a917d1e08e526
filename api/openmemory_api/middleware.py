"""What every request passes before any route: the surface check, and one spelling of its path."""

import ipaddress
import json
import re
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import anyio
from starlette.datastructures import Headers

from openmemory_api.domain.errors import (
    AddressTooLong,
    Forbidden,
    HeadersTooLarge,
    Misdirected,
    StoreError,
    Unavailable,
)
from openmemory_api.services.activity import raised
from openmemory_api.settings import is_loopback

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]

MAX_ADDRESS: Final = 8 * 1024
"""Bytes of path and query."""
MAX_HEADERS: Final = 32 * 1024
"""Bytes of all headers."""
_READY_WITHIN: Final = 20.0
_POLICY_VIOLATION: Final = 1008
_FORWARDING: Final = (
    "forwarded",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
)
_SLASHED: Final = re.compile(r"/(v1|v2|v3|api/v1/orgs|api/v1/webhooks)(/|$)")
_TOOL_SERVER: Final = re.compile(r"/+mcp(/|$)")


@dataclass(frozen=True, slots=True)
class SurfacePolicy:
    """Which hosts and origins this server answers, on every path and transport."""

    trusts_local: bool
    allowed_hosts: tuple[str, ...] = ()
    allowed_origins: tuple[str, ...] = ()

    def check(self, headers: Headers, client: str | None = None, method: str = "GET") -> None:
        """Let a request through; `client` is the address it came from, where there is one.

        Raises:
            Misdirected: its Host is not ours, or it came through a proxy while local is trusted.
            Forbidden: a page of another origin sent it.
        """
        if self.trusts_local and client is not None and not is_loopback(client):
            raise Misdirected(
                "This server trusts local callers without a key, and this one is not local. Set "
                "OPENMEMORY_HOST to the address it is served on, and OPENMEMORY_API_KEY"
            )
        host = headers.get("host", "")
        if not self._serves(host):
            raise Misdirected(
                f"This server does not answer to the host {host!r}; "
                "add it to OPENMEMORY_ALLOWED_HOSTS"
            )
        if self.trusts_local and any(name in headers for name in _FORWARDING):
            raise Misdirected(
                "The request came through a proxy, but this server trusts local callers without "
                "a key. Set OPENMEMORY_AUTH=required and OPENMEMORY_API_KEY to serve behind one"
            )
        origin = headers.get("origin")
        if origin is not None and not self._admits(origin, host):
            raise Forbidden(
                f"Pages of {origin!r} may not call this server; "
                "add the origin to OPENMEMORY_ALLOWED_ORIGINS"
            )
        if method == "POST" and origin is not None and not self._asks_first(origin, headers):
            raise Forbidden("Pages of another port of this machine may only send JSON")
        if origin is None and _is_embedded_elsewhere(headers):
            raise Forbidden("Pages of other sites may not load anything from this server")

    def _asks_first(self, origin: str, headers: Headers) -> bool:
        """Whether a browser lets a page send this only after a preflight, or it is our own page."""
        ours = urlsplit(origin).netloc == headers.get("host")
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        return ours or origin in self.allowed_origins or kind == "application/json"

    def _serves(self, host: str) -> bool:
        name = _host_name(host)
        if is_loopback(name) or host in self.allowed_hosts or name in self.allowed_hosts:
            return True
        # A page cannot rebind a name to an address that is itself the name.
        return not self.trusts_local and _is_address(name)

    def _admits(self, origin: str, host: str) -> bool:
        if origin in self.allowed_origins:
            return True
        try:
            parts = urlsplit(origin)
        except ValueError:
            return False
        same = parts.scheme in ("http", "https") and parts.netloc == host
        return same or (parts.scheme in ("http", "https") and is_loopback(parts.hostname or ""))


def _is_embedded_elsewhere(headers: Headers) -> bool:
    """Whether a page of another site loads this as an image, a script or the like.

    Browsers name no origin for those. Following a link is the person's own doing.
    """
    site, mode = headers.get("sec-fetch-site"), headers.get("sec-fetch-mode")
    return site == "cross-site" and mode != "navigate"


def is_local_name(host: str) -> bool:
    """Whether a `Host` names this machine as only itself can reach it."""
    return is_loopback(_host_name(host))


def _host_name(host: str) -> str:
    name = host.rsplit(":", 1)[0] if not host.endswith("]") and ":" in host else host
    return name.strip("[]").lower()


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


class Surface:
    """ASGI middleware: applies the policy, bounds address and headers, normalises the path."""

    def __init__(self, app: ASGIApp, policy: SurfacePolicy, root_path: str = "") -> None:
        self._app = app
        self._policy = policy
        self._root_path = root_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] not in ("http", "websocket"):
            return await self._app(scope, receive, send)
        try:
            _require_bounded(scope)
            scope = {**scope, "headers": _trimmed(scope["headers"])}
            # Whoever runs the app may have bound an address that the settings do not know of.
            client = (scope.get("client") or (None,))[0]
            self._policy.check(Headers(scope=scope), client, scope.get("method", "GET"))
        except StoreError as error:
            if scope["type"] == "websocket":
                return await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
            return await respond(send, error)
        return await self._app(normalised(scope, self._root_path), receive, send)


def _require_bounded(scope: Scope) -> None:
    address = len(scope.get("raw_path") or scope["path"]) + len(scope.get("query_string", b""))
    if address > MAX_ADDRESS:
        raise AddressTooLong(
            f"Path and query are over {MAX_ADDRESS // 1024} KB; send filters in a body"
        )
    if sum(len(name) + len(value) for name, value in scope["headers"]) > MAX_HEADERS:
        raise HeadersTooLarge(f"The headers are over {MAX_HEADERS // 1024} KB")


class ReadyGate:
    """ASGI middleware: requests wait until the store is open; `/health` does not."""

    def __init__(self, app: ASGIApp, ready: Callable[[], Awaitable[None]]) -> None:
        self._app = app
        self._ready = ready

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "http" and scope["path"] != scope.get("root_path", "") + "/health":
            try:
                with anyio.fail_after(_READY_WITHIN):
                    await self._ready()
            except StoreError as error:
                return await respond(send, error)
            except TimeoutError:
                return await respond(send, Unavailable("The store is still opening; try again"))
        return await self._app(scope, receive, send)


def _trimmed(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """White space around a header's value is none of it, but not every HTTP parser takes it off."""
    return [(name, value.strip(b" \t")) for name, value in headers]


def is_tool_server(scope: Scope) -> bool:
    """Whether a normalised scope is for the tool server."""
    return bool(_TOOL_SERVER.match(scope["path"].removeprefix(scope.get("root_path", ""))))


def normalised(scope: Scope, root_path: str = "") -> Scope:
    """The scope with one spelling of its path: single slashes, the contract's trailing slash.

    Segments stay percent-encoded, so that a name with an encoded slash is one segment; routes
    decode what they take from the path.
    """
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    if _TOOL_SERVER.match(scope["path"].removeprefix(root_path)):
        # The tool server knows its own spellings, of which the slash at the end is one.
        path = re.sub("/+", "/", scope["path"].removeprefix(root_path))
        return {**scope, "path": root_path + path, "root_path": root_path}
    segments = [segment for segment in raw.decode("latin-1").split("/") if segment]
    path = "/" + "/".join(segments)
    if root_path and (path == root_path or path.startswith(root_path + "/")):
        path = path[len(root_path) :] or "/"
    if _SLASHED.match(path):
        path += "/"
    return {**scope, "path": root_path + path, "root_path": root_path}


async def respond(send: Send, error: StoreError, *, close: bool = False) -> None:
    """Answer with an error, as the routes do; `close` where the request was not read whole."""
    raised(error)
    body = json.dumps(error_body(str(error))).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    headers += [(name.lower().encode(), value.encode()) for name, value in error.headers.items()]
    if close:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def error_body(message: str) -> dict[str, str]:
    """The one shape of an error: each of the platform's clients reads another of its keys."""
    return {"detail": message, "error": message, "message": message}
