"""Who is calling: what the tool server passes on about the origin of one request.

Nothing is decided here. The store weighs these headers against each other and against the key.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mcp.server.context import ServerRequestContext
from mcp.types import Implementation
from starlette.requests import Request

SURFACE = "openmemory.surface"
"""Key of the ASGI scope under which the routes name their transport."""

UNKNOWN = "unknown"

_CREDENTIALS = ("Authorization", "X-API-Key")
_USER = "X-OpenMemory-User"
_APP = "X-OpenMemory-App"
_BRIDGE = re.compile(r" \(via mcp-remote [^)]*\)")
_NOT_IN_LABELS = re.compile(r"[^a-z0-9._@-]+")
_NOT_IN_VERSIONS = re.compile(r"[^A-Za-z0-9._+-]+")
_SLUG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._@+-]{0,127}")


@dataclass(frozen=True, slots=True)
class Launch:
    """User and app given once, when a stdio server was started for its one client."""

    user: str | None = None
    app: str | None = None


NOBODY = Launch()
"""A server that serves whoever its requests name."""


@dataclass(frozen=True, slots=True)
class Caller:
    """One request's origin, as the headers of every backend call made for it.

    Texts are as HTTP libraries show them: bytes of the wire read as Latin-1.
    """

    surface: str
    client: str
    version: str | None = None
    """Of the client, as it says."""
    user: str | None = None
    app: str | None = None
    credentials: tuple[tuple[str, str], ...] = ()

    def headers(self) -> dict[bytes, bytes]:
        """The headers by which the store identifies this caller."""
        texts = {
            "X-OpenMemory-Surface": self.surface,
            "X-OpenMemory-Client": self.client,
            "X-OpenMemory-Client-Version": self.version,
            _USER: self.user,
            _APP: self.app,
            **dict(self.credentials),
        }
        return {name.encode(): text.encode("latin-1") for name, text in texts.items() if text}


def caller_of(context: ServerRequestContext[Any, Any], launch: Launch) -> Caller:
    """The caller of the request being served, read anew each time: a session is not a person."""
    params = context.session.client_params
    info = params.client_info if params else None
    request: Request | None = context.request
    if request is None:
        return Caller(
            "mcp-stdio",
            label(info),
            version_of(info),
            user=_wire(launch.user),
            app=_wire(launch.app),
        )
    return Caller(
        surface=request.scope.get(SURFACE, "mcp-http"),
        client=label(info),
        version=version_of(info),
        user=request.path_params.get("user") or request.headers.get(_USER),
        app=request.path_params.get("client") or request.headers.get(_APP),
        credentials=_credentials(request.headers),
    )


def label(client: Implementation | None) -> str:
    """A client's own name for itself, cleaned; a label and never proof of anything."""
    name = _BRIDGE.sub("", client.name if client else "").lower()
    return _NOT_IN_LABELS.sub("-", name).strip("-")[:64] or UNKNOWN


def version_of(client: Implementation | None) -> str | None:
    """A client's version as it says, cleaned."""
    version = client.version if client else ""
    return _NOT_IN_VERSIONS.sub("-", version).strip("-")[:64] or None


def is_slug(value: str) -> bool:
    """Whether a path value can stand in a header and in an SSE endpoint as it is."""
    return _SLUG.fullmatch(value) is not None


def origin_of(headers: Mapping[str, str], path_params: Mapping[str, str]) -> str:
    """Everything that says on whose behalf a session was opened, as one comparable string."""
    values = [headers.get(name, "") for name in (*_CREDENTIALS, _USER, _APP)]
    return "\n".join((*values, path_params.get("client", ""), path_params.get("user", "")))


def _wire(text: str | None) -> str | None:
    return text.encode().decode("latin-1") if text else None


def _credentials(headers: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple((name, headers[name]) for name in _CREDENTIALS if name in headers)
