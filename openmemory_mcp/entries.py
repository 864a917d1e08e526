"""What a client's settings say of a server, in the forms that clients have for it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from openmemory_mcp.caller import is_slug

NAME: Final = "openmemory"
"""What the server is called in a client's settings."""
PLACEHOLDER: Final = "YOUR-KEY"
"""Stands where a key belongs that was not given."""
OTHER: Final = "other"
"""The client that is none of the others."""

Language: TypeAlias = Literal["shell", "json", "toml", "yaml", "url"]
Platform: TypeAlias = Literal["macos", "linux", "windows"]
EVERY: Final[tuple[Platform, ...]] = ("macos", "linux", "windows")
Json: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Connection:
    """Where a server is, and on whose behalf it is called."""

    base: str
    """With scheme, port and path prefix, without a slash at the end."""
    user: str
    app: str | None = None
    """The name to call by; None: each client's own."""
    key: str | None = None
    """None: no key is needed."""
    local: bool = True
    """Whether it is on the same machine as its clients."""

    def url(self, app: str) -> str:
        """The address for an app; it names user and app where a path can."""
        named = self._named(app)
        path = f"/mcp/{named}/http/{self.user}" if self._in_path(named) else "/mcp"
        return self.base + path

    def headers(self, app: str) -> dict[str, str]:
        """What to send with each call."""
        named = self._named(app)
        sent = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        if not self._in_path(named):
            sent["X-OpenMemory-User"] = self.user
            # Without a name, a client is known by the one that it calls itself.
            sent |= {"X-OpenMemory-App": named} if named else {}
        return sent

    def _named(self, app: str) -> str | None:
        return self.app or (None if app == OTHER else app)

    def _in_path(self, named: str | None) -> bool:
        return named is not None and is_slug(named) and is_slug(self.user)


@dataclass(frozen=True, slots=True)
class Method:
    """One way to connect."""

    kind: Literal["command", "file", "url", "deeplink"]
    title: str
    text: str
    language: Language
    path: str | None = None
    """The file it belongs into, as people write it."""
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Client:
    """A program that speaks MCP."""

    id: str
    """Also what it is called as an app, if nothing else is said."""
    name: str
    platforms: tuple[Platform, ...]
    methods: tuple[Method, ...]


def remote(connection: Connection, app: str, address: str = "url", **more: object) -> Json:
    """A server's entry: its address, what else the client wants to know, and the headers."""
    headers = connection.headers(app)
    return {**more, address: connection.url(app), **({"headers": headers} if headers else {})}


def stdio(connection: Connection, app: str) -> Json:
    """An entry for a client that starts servers itself: our bridge."""
    arguments = ["mcp", "--user", connection.user]
    if connection.app or app != OTHER:
        arguments[1:1] = ["--app", connection.app or app]
    if not connection.local:
        # On the same machine it finds the server, or starts it.
        arguments += ["--url", connection.base]
    environment = {"OPENMEMORY_API_KEY": connection.key} if connection.key else {}
    return {
        "command": "openmemory",
        "args": arguments,
        **({"env": environment} if environment else {}),
    }


def file(path: str, container: str, entry: Mapping[str, object], note: str | None = None) -> Method:
    text = json.dumps({container: {NAME: entry}}, indent=2, ensure_ascii=False)
    return Method("file", f"Add to {path}", text, "json", path, note or MERGE)


def flags(connection: Connection, app: str, flag: str = "--header") -> str:
    sent = connection.headers(app).items()
    return "".join(f' {flag} "{name}: {value}"' for name, value in sent)


MERGE: Final = "Where the file has other servers, add this one beside them."
RESTART: Final = "Restart the program afterwards."
