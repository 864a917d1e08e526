"""Who is calling: decided here and nowhere else.

First that is present: what the caller's key is bound to, the URL path (sent on by the tool server
as headers), the headers, the MCP client's own label (as app only), then the configured user for an
app without one. A path or a header that contradicts the key is refused; a label contradicts
nothing. A caller that names neither user nor app speaks the platform's contract and is bound to
none.
"""

import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request

from openmemory_api.domain.access import EVERY_SCOPE, Caller
from openmemory_api.domain.errors import Forbidden, Invalid, NotAuthenticated
from openmemory_api.domain.keys import (
    ADMINISTRATOR,
    KEY_PREFIX,
    Binding,
    KeyTable,
    SessionTable,
    SignedIn,
)
from openmemory_api.services.validation import checked_app, checked_id

_OURS: Final = re.compile(rf"{KEY_PREFIX}[A-Za-z0-9_-]*")
_VERSION: Final = re.compile(r"[A-Za-z0-9._+-]{1,64}")
_UNNAMED: Final = "unknown"
"""What the tool server calls a client that does not say its name."""
_KIND: Final = 32
"""Characters that are kept of a program's name for itself."""
_SURFACES: Final = ("rest", "mcp-http", "mcp-sse", "mcp-stdio")
_SAFE: Final = ("GET", "HEAD", "OPTIONS")
_COOKIE: Final = "openmemory_session"
_REMEDY: Final = (
    "Send a valid key as `Authorization: Token <key>`, `Authorization: Bearer <key>` or "
    "`X-API-Key: <key>`"
)


@dataclass(frozen=True, slots=True)
class Authenticator:
    """Verifies credentials: keys that were configured, and those of the tables if there are any."""

    keys: tuple[str, ...]
    """`OPENMEMORY_API_KEY` and the local secret of the server file: administrators'."""
    required: bool
    table: KeyTable | None = None
    sessions: SessionTable | None = None

    async def verify(self, headers: Headers, signed_in: SignedIn | None = None) -> Binding | None:
        """Whom the credentials speak for; None for a trusted caller without any.

        Raises:
            NotAuthenticated: a key of ours does not count, keys differ, or none is valid where one
                is demanded.
        """
        sent = {
            credential: await self.binding(credential) for credential in credentials_of(headers)
        }
        unknown = [credential for credential, binding in sent.items() if binding is None]
        if any(credential.startswith(KEY_PREFIX) for credential in unknown):
            raise NotAuthenticated(f"This key is unknown, revoked or expired. {_REMEDY}")
        known = {binding for binding in sent.values() if binding is not None}
        if signed_in is not None:
            known.add(signed_in.binding)
        if self.required and (unknown or not known):
            raise NotAuthenticated(f"Authentication required. {_REMEDY}")
        if len(known) > 1:
            raise NotAuthenticated(f"The keys of this request are not one and the same. {_REMEDY}")
        return known.pop() if known else None

    async def binding(self, credential: str) -> Binding | None:
        """Whom one credential speaks for; None if it is no key that counts."""
        given = credential.encode()
        configured = sum(secrets.compare_digest(given, key.encode()) for key in self.keys) > 0
        if configured:
            return ADMINISTRATOR
        if self.table is None or not credential.startswith(KEY_PREFIX):
            return None
        key = await self.table.verify(credential)
        return key.binding if key else None

    async def signed_in(self, token: str) -> SignedIn | None:
        """The session of a cookie; None if it, or its key, does not count any more."""
        return await self.sessions.verify(token, self.keys) if self.sessions else None


def credentials_of(headers: Headers) -> list[str]:
    """The keys a request carries, in any of the spellings clients use; usually one."""
    # All headers of a name: a first valid one must not hide a second.
    return [key for key in _credentials(headers) if key]


def _credentials(headers: Headers) -> Iterable[str]:
    for sent in headers.getlist("authorization"):
        # Ours counts in any spelling: an ended one must not pass for none, where none is needed.
        ours = _OURS.findall(sent)
        scheme, _, value = sent.strip().partition(" ")
        if ours or scheme.lower() in ("token", "bearer"):
            yield from ours or [value.strip()]
    for sent in headers.getlist("x-api-key"):
        yield from _OURS.findall(sent) or [sent.strip()]


@dataclass(frozen=True, slots=True)
class Identity:
    """Turns a request into its caller."""

    authenticator: Authenticator
    project_id: str
    default_user: str

    async def caller(self, request: Request) -> Caller:
        """The caller of a request.

        Raises:
            NotAuthenticated: as `Authenticator.verify`, or the session of its cookie is over.
            Forbidden: it names another user or app than its key, or a page of another origin uses
                its cookie.
            Invalid: a header names something that cannot be a user or an app.
        """
        headers = request.headers
        binding = await self.authenticator.verify(headers, await self.signed_in(request))
        surface = headers.get("x-openmemory-surface", "rest")
        if surface not in _SURFACES:
            raise Invalid(f"X-OpenMemory-Surface must be one of {', '.join(_SURFACES)}")
        user, app = named_in(headers)
        bound = binding or ADMINISTRATOR
        refuse_contradiction(bound, user, app)
        label = checked_app(headers.get("x-openmemory-client"), name="X-OpenMemory-Client")
        app = bound.app or app or label
        user = bound.user_id or user or (self.default_user if app else None)
        return Caller(
            project_id=self.project_id,
            user_id=user,
            app=app,
            surface=surface,
            scopes=binding.scopes if binding else EVERY_SCOPE,
            key_id=bound.key_id,
            keyless=binding is None,
            proven=bound.app is not None,
            client=label[:_KIND] if label and label != _UNNAMED else None,
            client_version=_version(headers.get("x-openmemory-client-version")),
        )

    async def signed_in(self, request: Request) -> SignedIn | None:
        """The session of the request's cookie, which is no credential of the tool server's.

        Raises:
            NotAuthenticated: it is over; the answer takes the cookie away.
            Forbidden: the request changes something, and no page of this server sent it.
        """
        token = request.cookies.get(cookie_name(request))
        if not token:
            return None
        require_same_origin(request)
        found = await self.authenticator.signed_in(token)
        if found is None:
            error = NotAuthenticated("You are signed out: the session or its key has ended")
            error.headers = {**error.headers, "Set-Cookie": no_cookie(request)}
            raise error
        return found


def named_in(headers: Headers) -> tuple[str | None, str | None]:
    """The user and the app that headers name.

    Raises:
        Invalid: one cannot be.
    """
    user = checked_id(_text(_only(headers, "X-OpenMemory-User")), name="X-OpenMemory-User")
    return user, checked_app(_only(headers, "X-OpenMemory-App"), name="X-OpenMemory-App")


def _only(headers: Headers, name: str) -> str:
    # A proxy that adds who it serves must not lose to what its client sent.
    said = set(headers.getlist(name))
    if len(said) > 1:
        raise Invalid(f"{name} is given more than once")
    return said.pop() if said else ""


def refuse_contradiction(binding: Binding, user: str | None, app: str | None) -> None:
    """Refuse who names another than its key is bound to; `user` and `app` as they are stored.

    Raises:
        Forbidden: naming what the key is bound to.
    """
    if binding.user_id is not None and user not in (None, binding.user_id):
        raise Forbidden(
            f"This key is bound to the user {binding.user_id!r} and cannot name another"
        )
    if binding.app is not None and app not in (None, binding.app):
        raise Forbidden(f"This key is bound to the app {binding.app!r} and cannot name another")


def require_same_origin(request: Request, *, without: bool = False) -> None:
    """Refuse a change that a page of another origin, or of another port, makes with our cookie.

    SameSite takes every port of a name for one site. `without` admits callers that are no pages.

    Raises:
        Forbidden: `Origin` is not `Host`.
    """
    origin = request.headers.get("origin")
    if request.method in _SAFE or (origin is None and without):
        return
    if origin is None or urlsplit(origin).netloc.lower() != request.headers.get("host", "").lower():
        raise Forbidden("Only a page of this very server may change something while signed in")


def cookie_name(request: Request) -> str:
    """Cookies know no ports, so that the servers of one machine need a name each."""
    port = request.url.port
    return _COOKIE if port is None else f"{_COOKIE}_{port}"


def cookie(request: Request, value: str, seconds: int) -> str:
    """The header by which a browser keeps a value for this server alone."""
    path = request.scope.get("root_path", "") or "/"
    secure = "; Secure" if request.url.scheme == "https" else ""
    return (
        f"{cookie_name(request)}={value}; Path={path}; Max-Age={seconds}; "
        f"HttpOnly; SameSite=Strict{secure}"
    )


def no_cookie(request: Request) -> str:
    """The header by which a browser forgets it."""
    return cookie(request, "", 0)


def _version(value: str | None) -> str | None:
    # What a program says of itself is no reason to refuse it.
    return value if value and _VERSION.fullmatch(value) else None


def _text(value: str) -> str:
    # HTTP carries header values as Latin-1; clients that send other letters send UTF-8 bytes.
    try:
        return value.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return value
