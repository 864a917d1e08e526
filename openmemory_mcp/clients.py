"""How each MCP client is connected: what to run, to click, or to write into which file.

One table for whoever shows it to a person or writes it for them. Nothing here touches a file.
"""

import base64
import json
from collections.abc import Callable
from typing import Final, TypeAlias
from urllib.parse import quote

from openmemory_mcp.entries import (
    EVERY,
    MERGE,
    NAME,
    OTHER,
    RESTART,
    Client,
    Connection,
    Method,
    Platform,
    file,
    flags,
    remote,
    stdio,
)

_Methods: TypeAlias = Callable[[Connection, str], tuple[Method, ...]]


def clients(connection: Connection) -> list[Client]:
    """Every client that is known, with its ways; the one for any other is the last."""
    return [
        Client(id, name, platforms, methods(connection, id))
        for id, name, platforms, methods in _TABLE
    ]


# -- each client's own


def _claude_code(connection: Connection, app: str) -> tuple[Method, ...]:
    url, sent = connection.url(app), flags(connection, app)
    command = f"claude mcp add --transport http -s user {NAME} {url}{sent}"
    entry = remote(connection, app, type="http")
    return (
        Method("command", "Run in a terminal", command, "shell"),
        file("~/.claude.json", "mcpServers", entry),
    )


def _claude_desktop(connection: Connection, app: str) -> tuple[Method, ...]:
    path = "Claude/claude_desktop_config.json"
    note = (
        "In Claude's folder of application data; Settings → Developer → Edit Config opens it. "
        f"It needs the command `openmemory` on this machine. {RESTART}"
    )
    return (file(path, "mcpServers", stdio(connection, app), note),)


def _cursor(connection: Connection, app: str) -> tuple[Method, ...]:
    entry = remote(connection, app)
    config = base64.b64encode(json.dumps(entry).encode()).decode()
    link = f"cursor://anysphere.cursor-deeplink/mcp/install?name={NAME}&config={quote(config, '')}"
    return (
        Method("deeplink", "Open in Cursor", link, "url"),
        file("~/.cursor/mcp.json", "mcpServers", entry),
    )


def _vscode(connection: Connection, app: str) -> tuple[Method, ...]:
    entry = remote(connection, app, type="http")
    link = f"vscode:mcp/install?{quote(json.dumps({'name': NAME, **entry}), '')}"
    return (
        Method("deeplink", "Open in VS Code", link, "url"),
        file(".vscode/mcp.json", "servers", entry, "In one project; for all of them run the "
              "command “MCP: Open User Configuration” and add it there."),
    )  # fmt: skip


def _windsurf(connection: Connection, app: str) -> tuple[Method, ...]:
    entry = remote(connection, app, "serverUrl")
    return (file("~/.codeium/windsurf/mcp_config.json", "mcpServers", entry),)


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
    sent, url = flags(connection, app), connection.url(app)
    command = f"gemini mcp add --scope user --transport http{sent} {NAME} {url}"
    return (
        Method("command", "Run in a terminal", command, "shell"),
        file("~/.gemini/settings.json", "mcpServers", remote(connection, app, "httpUrl")),
    )


def _zed(connection: Connection, app: str) -> tuple[Method, ...]:
    note = f"The command “zed: open settings” opens it, wherever it is. {MERGE}"
    path = "~/.config/zed/settings.json"
    return (file(path, "context_servers", remote(connection, app), note),)


def _cline(connection: Connection, app: str) -> tuple[Method, ...]:
    entry = {**remote(connection, app, type="streamableHttp"), "disabled": False}
    note = f"MCP Servers → Configure MCP Servers opens it. {MERGE}"
    return (file("cline_mcp_settings.json", "mcpServers", entry, note),)


def _roo(connection: Connection, app: str) -> tuple[Method, ...]:
    entry = remote(connection, app, type="streamable-http")
    note = f"MCP Servers → Edit Global MCP opens it. {MERGE}"
    return (file("mcp_settings.json", "mcpServers", entry, note),)


def _opencode(connection: Connection, app: str) -> tuple[Method, ...]:
    entry = {**remote(connection, app, type="remote"), "enabled": True}
    return (file("~/.config/opencode/opencode.json", "mcp", entry),)


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
    entry = {**remote(connection, app, type="http"), "tools": ["*"]}
    return (file("~/.copilot/mcp-config.json", "mcpServers", entry),)


def _generic(connection: Connection, app: str) -> tuple[Method, ...]:
    sent = "; ".join(f"{name}: {value}" for name, value in connection.headers(app).items())
    note = f"Streamable HTTP, with the header {sent}" if sent else "Streamable HTTP."
    bridge = json.dumps({"mcpServers": {NAME: stdio(connection, app)}}, indent=2)
    direct = json.dumps({"mcpServers": {NAME: remote(connection, app)}}, indent=2)
    return (
        Method("url", "Address", connection.url(app), "url", note=note),
        Method("file", "As most clients have it", direct, "json"),
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
