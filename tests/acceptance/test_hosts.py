"""Other agents' own programs: opencode and Gemini CLI connect and list, Codex calls the tools.

No account and no model: what they do without one is what is tested here.
"""

import json
import subprocess
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from tests.acceptance import installs
from tests.acceptance.installs import with_node
from tests.acceptance.processes import OPENMEMORY, Home, Server, end, new_home
from tests.acceptance.store import Store
from tests.acceptance.test_inspector import TOOLS

TRANSPORTS: Final = ("http", "stdio")
Json = dict[str, Any]


@pytest.fixture(scope="session")
def programs() -> Path:
    """The folder with the commands of the hosts."""
    return installs.hosts() / ".bin"


@pytest.fixture
def agent(tmp_path: Path) -> Home:
    """A HOME for the agent, beside the server's."""
    return new_home(tmp_path / "agent")


def _bridge_environment(server: Server) -> dict[str, str]:
    return {"OPENMEMORY_URL": server.url, "HOME": str(server.home.path)}


def test_versions(programs: Path, agent: Home) -> None:
    wanted = {"opencode": "1.18.33", "gemini": "0.61.0", "codex": "codex-cli 0.169.0"}
    said = {
        name: agent.run(
            str(programs / name), "--version", env=with_node(agent.environment())
        ).stdout.strip()
        for name in wanted
    }
    assert said == wanted


def test_opencode_mcp_list_connects(
    programs: Path, server: Server, agent: Home, store: Store
) -> None:
    before = store.fingerprint()
    targets: Json = {
        "om-http": {"type": "remote", "url": f"{server.url}/mcp"},
        "om-stdio": {
            "type": "local",
            "command": [OPENMEMORY, "mcp"],
            "environment": _bridge_environment(server),
        },
    }
    settings = {"autoupdate": False, "share": "disabled", "mcp": targets}
    (agent.path / "opencode.json").write_text(json.dumps(settings))

    environment = with_node(agent.environment(NO_COLOR="1"))
    listed = agent.run(str(programs / "opencode"), "mcp", "list", env=environment, timeout=120)

    assert listed.returncode == 0, listed.stderr
    shown = [line.split()[1:4] for line in listed.stdout.splitlines() if " om-" in line]
    assert [words[:2] for words in shown] == [["✓", name] for name in targets]
    assert all("connected" in words[2] for words in shown)
    assert store.fingerprint() == before


def test_gemini_mcp_list_connects(
    programs: Path, server: Server, agent: Home, store: Store
) -> None:
    before = store.fingerprint()
    gemini = str(programs / "gemini")
    quiet = {"NO_COLOR": "1", "GEMINI_CLI_TRUST_WORKSPACE": "true"}
    environment = with_node(agent.environment(**quiet))
    added = {
        "om-http": ["-t", "http", "om-http", f"{server.url}/mcp"],
        "om-stdio": [
            *(
                word
                for name, value in _bridge_environment(server).items()
                for word in ("-e", f"{name}={value}")
            ),
            *("om-stdio", OPENMEMORY, "mcp"),
        ],
    }
    for target in added.values():
        # Of itself it gives up after five seconds, in which a busy machine starts no bridge.
        options = ["-s", "user", "--timeout", "60000", *target]
        done = agent.run(gemini, "mcp", "add", *options, env=environment, timeout=120)
        assert done.returncode == 0, done.stderr

    listed = agent.run(gemini, "mcp", "list", env=environment, timeout=120)

    assert listed.returncode == 0, listed.stderr
    shown = [line for line in (listed.stdout + listed.stderr).splitlines() if "om-" in line]
    assert [line.split()[:2] for line in shown] == [["✓", f"{name}:"] for name in added]
    assert all(line.endswith("Connected") for line in shown)
    assert store.fingerprint() == before


class Codex:
    """`codex app-server`: JSON-RPC by lines, in which the other side may ask too."""

    def __init__(self, process: "subprocess.Popen[str]", answer: Json) -> None:
        self._process = process
        self._answer = answer
        self._asked = 0
        self.questions: list[str] = []

    def call(self, method: str, **params: Any) -> Json:
        """The result of a request; meanwhile the person's answer is given to what is asked."""
        self._asked += 1
        me = self._asked
        self._send({"id": me, "method": method, "params": params})
        while True:
            said = self._receive()
            if said.get("method") == "mcpServer/elicitation/request":
                self.questions.append(said["params"]["message"])
                self._send({"id": said["id"], "result": self._answer})
            elif "method" not in said and said["id"] == me:
                assert "result" in said, said
                return said["result"]

    def notify(self, method: str) -> None:
        """Say something that has no answer."""
        self._send({"method": method})

    def _send(self, message: Json) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(message) + "\n")
        self._process.stdin.flush()

    def _receive(self) -> Json:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "codex has ended"
        return json.loads(line)


@contextmanager
def _codex(programs: Path, agent: Home, target: Sequence[str], answer: Json) -> Generator[Codex]:
    settings = [
        "check_for_update_on_startup = false",
        'model_provider = "none"',
        "[analytics]",
        "enabled = false",
        "[model_providers.none]",
        'name = "none"',
        'base_url = "http://127.0.0.1:9/v1"',
        "[mcp_servers.openmemory]",
        *target,
    ]
    folder = agent.path / ".codex"
    folder.mkdir()
    (folder / "config.toml").write_text("\n".join(settings))
    with (
        (agent.path / "codex.log").open("w") as log,
        subprocess.Popen(
            [str(programs / "codex"), "app-server"],
            cwd=agent.path,
            env=with_node(agent.environment()),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        ) as process,
    ):
        yield Codex(process, {**answer, "_meta": None})
        end(process)


def _target(transport: str, server: Server, user: str) -> list[str]:
    if transport == "http":
        return [f'url = "{server.url}/mcp/codex/http/{user}"']
    environment = ", ".join(f'{name} = "{at}"' for name, at in _bridge_environment(server).items())
    args = json.dumps(["mcp", "--app", "codex", "--user", user])
    return [f'command = "{OPENMEMORY}"', f"args = {args}", f"env = {{ {environment} }}"]


def _thread(codex: Codex, agent: Home) -> str:
    who = {"name": "acceptance", "title": None, "version": "0"}
    codex.call("initialize", clientInfo=who, capabilities={"experimentalApi": True})
    codex.notify("initialized")
    [status] = codex.call("mcpServerStatus/list")["data"]
    assert status["tools"].keys() == TOOLS
    # Anything but "never" lets it ask the person.
    started = codex.call(
        "thread/start", cwd=str(agent.path), ephemeral=True, approvalPolicy="on-request"
    )
    return started["thread"]["id"]


ACCEPT: Final[Json] = {"action": "accept", "content": {"confirm": True}}
DECLINE: Final[Json] = {"action": "decline", "content": None}


@pytest.mark.parametrize("transport", TRANSPORTS)
@pytest.mark.parametrize("answer", [ACCEPT, DECLINE], ids=["accept", "decline"])
def test_codex_adds_searches_and_asks_before_it_deletes_all(
    programs: Path,
    server: Server,
    agent: Home,
    store: Store,
    user: str,
    transport: str,
    answer: Json,
) -> None:
    text = "The lighthouse of the island is green."
    with _codex(programs, agent, _target(transport, server, user), answer) as codex:
        thread = _thread(codex, agent)

        def call(tool: str, **arguments: Any) -> Json:
            given = {"threadId": thread, "server": "openmemory", "tool": tool}
            return codex.call("mcpServer/tool/call", **given, arguments=arguments)

        added = call("add_memories", text=text)
        found = call("search_memory", query="What colour is the lighthouse?")
        [stored] = store.active(user_id=user)
        deleted = call("delete_all")

    assert (stored.text, stored.app, stored.surface) == (text, "codex", f"mcp-{transport}")
    change = {"id": f"m{stored.number}", "event": "added", "text": text}
    assert added["structuredContent"]["changes"] == [change]
    assert [memory["text"] for memory in found["structuredContent"]["memories"]] == [text]
    assert len(codex.questions) == 1
    if answer is ACCEPT:
        assert deleted["structuredContent"]["deleted"] == 1
        assert store.texts(user_id=user) == []
    else:
        assert "the user did not agree" in deleted["content"][0]["text"]
        assert store.texts(user_id=user) == [text]
