"""Who is calling: decided here and nowhere else.

First that is present: the URL path (sent on by the tool server as headers), the headers, the MCP client's own label (as app only), then the configured user for an app without
one. A caller that names neither user nor app speaks the platform's contract and is bound to none.
"""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from openmemory_api.domain.access import Caller
from openmemory_api.domain.errors import Invalid, NotAuthenticated
from openmemory_api.services.validation import checked_id

KEY_PREFIX: Final = "omk_"
"""A credential that starts so is ours and always verified, also where none is needed."""
_SLUG: Final = re.compile(r"[A-Za-z0-9._@+-]{1,128}")
_SURFACES: Final = ("rest", "mcp-http", "mcp-sse", "mcp-stdio")
_REMEDY: Final = (
    "Send a valid key as `Authorization: Token <key>`, `Authorization: Bearer <key>` or "
    "`X-API-Key: <key>`"
)


@dataclass(frozen=True, slots=True)
class Authenticator:
    """Verifies credentials. Every key it knows so far is an admin's, bound to no user."""

    keys: tuple[str, ...]
    """`OPENMEMORY_API_KEY` and the local secret of the server file."""
    required: bool

    def verify(self, headers: Mapping[str, str]) -> bool:
        """Whether the caller holds a key; False is a trusted caller without one.

        Raises:
            NotAuthenticated: a key of ours is unknown, or one is demanded and none is valid.
        """
        sent = credentials_of(headers)
        unknown = [credential for credential in sent if not self._knows(credential)]
        if any(credential.startswith(KEY_PREFIX) for credential in unknown):
            raise NotAuthenticated(f"This key is unknown, revoked or expired. {_REMEDY}")
        if len(unknown) < len(sent):
            return True
        if self.required:
            raise NotAuthenticated(f"Authentication required. {_REMEDY}")
        return False

    def _knows(self, credential: str) -> bool:
        given = credential.encode()
        return sum(secrets.compare_digest(given, key.encode()) for key in self.keys) > 0


def credentials_of(headers: Mapping[str, str]) -> list[str]:
    """The keys a request carries, in any of the spellings clients use; usually one."""
    sent = headers.get("authorization", "").strip()
    scheme, _, value = sent.partition(" ")
    named = value.strip() if scheme.lower() in ("token", "bearer") else ""
    bare = sent if sent.startswith(KEY_PREFIX) else ""
    return [key for key in (named, bare, headers.get("x-api-key", "").strip()) if key]


@dataclass(frozen=True, slots=True)
class Identity:
    """Turns a request's headers into its caller."""

    authenticator: Authenticator
    project_id: str
    default_user: str

    def caller(self, headers: Mapping[str, str]) -> Caller:
        """The caller of a request.

        Raises:
            NotAuthenticated: as `Authenticator.verify`.
            Invalid: a header names something that cannot be a user or an app.
        """
        self.authenticator.verify(headers)
        surface = headers.get("x-openmemory-surface", "rest")
        if surface not in _SURFACES:
            raise Invalid(f"X-OpenMemory-Surface must be one of {', '.join(_SURFACES)}")
        app = _app(headers)
        user = checked_id(_text(headers.get("x-openmemory-user", "")), name="X-OpenMemory-User")
        if app is not None and user is None:
            user = self.default_user
        return Caller(
            project_id=self.project_id,
            user_id=user,
            app=app,
            surface=surface,
        )


def _app(headers: Mapping[str, str]) -> str | None:
    named = headers.get("x-openmemory-app") or headers.get("x-openmemory-client")
    if not named:
        return None
    if not _SLUG.fullmatch(named):
        raise Invalid("An app's name has at most 128 letters, digits and the characters . _ @ + -")
    # `Cursor` is not a second app that the rules of `cursor` do not reach.
    return named.lower()


def _text(value: str) -> str:
    # HTTP carries header values as Latin-1; clients that send other letters send UTF-8 bytes.
    try:
        return value.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return value
