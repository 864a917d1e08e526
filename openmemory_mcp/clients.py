"""How each MCP client is connected: what to run, to click, or to write into which file.

One table for whoever shows it to a person or writes it for them. Nothing here touches a file.
"""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias
from urllib.parse import quote

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
_Json: TypeAlias = dict[str, Any]


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


_Methods: TypeAlias = Callable[[Connection, str], tuple[Method, ...]]


def clients(connection: Connection) -> list[Client]:
    """Every client that is known, with its ways; the one for any other is the last."""
    return [
        Client(id, name, platforms, methods(connection, id))
        for id, name, platforms, methods in _TABLE
    ]


# -- what several of them share


def _remote(connection: Connection, app: str, address: str = "url", **more: object) -> _Json:
    """A server's entry: its address, what else the client wants to know, and the headers."""
    headers = connection.headers(app)
    return {**more, address: connection.url(app), **({"headers": headers} if headers else {})}


def _stdio(connection: Connection, app: str) -> _Json:
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


def _file(
    path: str, container: str, entry: Mapping[str, object], note: str | None = None
) -> Method:
    text = json.dumps({container: {NAME: entry}}, indent=2, ensure_ascii=False)
    return Method("file", f"Add to {path}", text, "json", path, note or _MERGE)


def _flags(connection: Connection, app: str, flag: str = "--header") -> str:
    sent = connection.headers(app).items()
    return "".join(f' {flag} "{name}: {value}"' for name, value in sent)


_MERGE: Final = "Where the file has other servers, add this one beside them."
_RESTART: Final = "Restart the program afterwards."


# -- each client's own


def _claude_code(connection: Connection, app: str) -> tuple[Method, ...]:
    url, flags = connection.url(app), _flags(connection, app)
    command = f"claude mcp add --transport http -s user {NAME} {url}{flags}"
    entry = _remote(connection, app, type="http")
    return (
        Method("command", "Run in a terminal", command, "shell"),
        _file("~/.claude.json", "mcpServers", entry),
    )


def _claude_desktop(connection: Connection, app: str) -> tuple[Method, ...]:
    path = "Claude/claude_desktop_config.json"
    note = (
        "In Claude's folder of application data; Settings → Developer → Edit Config opens it. "
        f"It needs the command `openmemory` on this machine. {_RESTART}"
    )
    return (_file(path, "mcpServers", _stdio(connection, app), note),)


def _cursor(connection: Connection, app: str) -> tuple[Method, ...]:
    entry = _remote(connection, app)
    config = base64.b64encode(json.dumps(entry).encode()).decode()
    link = f"cursor://anysphere.cursor-deeplink/mcp/install?name={NAME}&config={quote(config, '')}"
    return (
        Method("deeplink", "Open in Cursor", link, "url"),
        _file("~/.cursor/mcp.json", "mcpServers", entry),
    )


def _vscode(connection: Connection, app: str) -> tuple[Method, ...]:
    entry = _remote(connection, app, type="http")
    link = f"vscode:mcp/install?{quote(json.dumps({'name': NAME, **entry}), '')}"
    return (
        Method("deeplink", "Open in VS Code", link, "url"),
        _file(".vscode/mcp.json", "servers", entry, "In one project; for all of them run the "
              "command “MCP: Open User Configuration” and add it there."),
    )  # fmt: skip


def _windsurf(connection: Connection, app: str) -> tuple[Method, ...]:
    entry = _remote(connection, app, "serverUrl")
    return (_file("~/.codeium/windsurf/mcp_config.json", "mcpServers", entry),)


def _codex(connection: Connection, app: str) -> tuple[Method, ...]:
    url, headers = connection.url(app), connection.headers(app)
    table = [f"[mcp_servers.{NAME}]", f"url = {json.dumps(url)}"]
    if headers:
        pairs = (f"{json.dumps(name)} = {json.dumps(value)}" for name, value in headers.items())
        table.append(f"http_headers = {{ {', '.join(pairs)} }}")
    path = "~/.codex/config.toml"
    written = Method("file", f"Add to {path}", "\n".join(table), "toml", path)
    command = f"codex mcp add {NAME} --url {url}"
    # Its command takes no header.
    run = () if headers else (Method("command", "Run in a terminal", command, "shell"),)
    return (*run, written)


def _gemini(connection: Connection, app: str) -> tuple[Method, ...]:
    flags, url = _flags(connection, app), connection.url(app)
    command = f"gemini mcp add --scope user --transport http{flags} {NAME} {url}"
    return (
        Method("command", "Run in a terminal", command, "shell"),
        _file("~/.gemini/settings.json", "mcpServers", _remote(connection, app, "httpUrl")),
    )


def _zed(connection: Connection, app: str) -> tuple[Method, ...]:
    note = f"The command “zed: open settings” opens it, wherever it is. {_MERGE}"
    path = "~/.config/zed/settings.json"
    return (_file(path, "context_servers", _remote(connection, app), note),)


def _cline(connection: Connection, app: str) -> tuple[Method, ...]:
    entry = {**_remote(connection, app, type="streamableHttp"), "disabled": False}
    note = f"MCP Servers → Configure MCP Servers opens it. {_MERGE}"
    return (_file("cline_mcp_settings.json", "mcpServers", entry, note),)


def _roo(connection: Connection, app: str) -> tuple[Method, ...]:
    entry = _remote(connection, app, type="streamable-http")
    note = f"MCP Servers → Edit Global MCP opens it. {_MERGE}"
    return (_file("mcp_settings.json", "mcpServers", entry, note),)


def _opencode(connection: Connection, app: str) -> tuple[Method, ...]:
    entry = {**_remote(connection, app, type="remote"), "enabled": True}
    return (_file("~/.config/opencode/opencode.json", "mcp", entry),)


def _goose(connection: Connection, app: str) -> tuple[Method, ...]:
    lines = [
        "extensions:", f"  {NAME}:", f"    name: {NAME}", '    description: ""',
        "    type: streamable_http", f"    uri: {json.dumps(connection.url(app))}",
    ]  # fmt: skip
    sent = connection.headers(app).items()
    lines += ["    headers:"] if sent else ["    headers: {}"]
    lines += [f"      {name}: {json.dumps(value)}" for name, value in sent]
    lines += ["    enabled: true", "    timeout: 300"]
    path = "~/.config/goose/config.yaml"
    note = r"On Windows %APPDATA%\Block\goose\config\config.yaml."
    return (Method("file", f"Add to {path}", "\n".join(lines), "yaml", path, note),)


def _copilot(connection: Connection, app: str) -> tuple[Method, ...]:
    entry = {**_remote(connection, app, type="http"), "tools": ["*"]}
    return (_file("~/.copilot/mcp-config.json", "mcpServers", entry),)


def _generic(connection: Connection, app: str) -> tuple[Method, ...]:
    sent = "; ".join(f"{name}: {value}" for name, value in connection.headers(app).items())
    note = f"Streamable HTTP, with the header {sent}" if sent else "Streamable HTTP."
    bridge = json.dumps({"mcpServers": {NAME: _stdio(connection, app)}}, indent=2)
    remote = json.dumps({"mcpServers": {NAME: _remote(connection, app)}}, indent=2)
    return (
        Method("url", "Address", connection.url(app), "url", note=note),
        Method("file", "As most clients have it", remote, "json"),
        Method("file", "For clients that only start programs", bridge, "json",
               note="It needs the command `openmemory` on that machine."),
    )  # fmt: skip


_TABLE: Final[tuple[tuple[str, str, tuple[Platform, ...], _Methods], ...]] = (
    ("claude-code", "Claude Code", EVERY, _claude_code),
    ("claude-desktop", "Claude Desktop", ("macos", "windows"), _claude_desktop),
    ("cursor", "Cursor", EVERY, _cursor),
    ("vscode", "VS Code", EVERY, _vscode),
    ("windsurf", "Windsurf", EVERY, _windsurf),
    ("codex", "Codex", EVERY, _codex),
    ("gemini-cli", "Gemini CLI", EVERY, _gemini),
    ("zed", "Zed", EVERY, _zed),
    ("cline", "Cline", EVERY, _cline),
    ("roo-cline", "Roo Code", EVERY, _roo),
    ("opencode", "opencode", EVERY, _opencode),
    ("goose", "Goose", EVERY, _goose),
    ("copilot-cli", "Copilot CLI", EVERY, _copilot),
    (OTHER, "Another client", EVERY, _generic),
)
