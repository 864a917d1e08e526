"""Claude Code itself, with a HOME of its own and no account: its health check connects."""

from pathlib import Path

import pytest

from tests.acceptance.installs import with_node
from tests.acceptance.processes import OPENMEMORY, Server

pytestmark = pytest.mark.ci


@pytest.mark.parametrize("transport", ["http", "sse", "stdio"])
def test_claude_mcp_list_connects(
    server: Server, node_modules: Path, tmp_path: Path, transport: str
) -> None:
    claude = str(node_modules / ".bin" / "claude")
    quiet = {"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1", "DISABLE_AUTOUPDATER": "1"}
    # Where it keeps its settings: HOME stays the one whose server a bridge looks for.
    environment = with_node(quiet) | {"CLAUDE_CONFIG_DIR": str(tmp_path)}
    target = {
        "http": [f"{server.url}/mcp"],
        "sse": [f"{server.url}/mcp/claude-code/sse/claude-user"],
        "stdio": ["--", OPENMEMORY, "mcp"],
    }[transport]

    added = server.home.run(
        *(claude, "mcp", "add", "-s", "user", "-t", transport, "openmemory", *target),
        env=environment,
    )
    listed = server.home.run(claude, "mcp", "list", env=environment)

    assert added.returncode == 0, added.stderr
    assert listed.returncode == 0, listed.stderr
    [line] = [line for line in listed.stdout.splitlines() if line.startswith("openmemory:")]
    assert line.endswith("Connected")
