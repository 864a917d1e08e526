"""Claude Code in a conversation, with a model that follows a script: no account, no network.

What it adds in one session it recalls in the next; and it deletes everything only when its person,
for whom its Elicitation hook speaks, agrees.
"""

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.acceptance.installs import with_node
from tests.acceptance.model import ScriptedModel, scripted_model
from tests.acceptance.processes import OPENMEMORY, Home, Server, new_home
from tests.acceptance.store import Store

_TEXT: Final = "The user's boat is called Albatross."


@pytest.fixture
def model() -> Generator[ScriptedModel]:
    with scripted_model() as serving:
        yield serving


class Claude:
    """Claude Code with one tool server and its own settings."""

    def __init__(
        self, modules: Path, home: Home, model: ScriptedModel, target: dict[str, Any]
    ) -> None:
        self._command = str(modules / ".bin" / "claude")
        self._home = home
        self._model = model
        self._servers = home.path / "servers.json"
        self._servers.write_text(json.dumps({"mcpServers": {"openmemory": target}}))
        self._settings = home.path / "settings.json"
        self._settings.write_text("{}")

    def person(self, answer: dict[str, Any]) -> None:
        """What the person says when they are asked."""
        said = {"hookSpecificOutput": {"hookEventName": "Elicitation", **answer}}
        path = self._home.path / "answer.json"
        path.write_text(json.dumps(said))
        # The question goes to a file, so that a test knows that it was put.
        command = f"cat > '{self._home.path}/question.json'; cat '{path}'"
        hook = {"hooks": [{"type": "command", "command": command}]}
        self._settings.write_text(json.dumps({"hooks": {"Elicitation": [hook]}}))

    def question(self) -> dict[str, Any]:
        """What the person was asked."""
        return json.loads((self._home.path / "question.json").read_text())

    def session(self, prompt: str) -> str:
        """A session of its own, to its end: what Claude Code says last."""
        options = ["--mcp-config", str(self._servers), "--strict-mcp-config"]
        options += ["--settings", str(self._settings), "--allowedTools", "mcp__openmemory"]
        environment = {
            "ANTHROPIC_BASE_URL": self._model.url,
            "ANTHROPIC_API_KEY": "any",
            "CLAUDE_CONFIG_DIR": str(self._home.path / "config"),
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "DISABLE_AUTOUPDATER": "1",
            # Every tool is offered to the model at once, and not behind a search for tools.
            "ENABLE_TOOL_SEARCH": "false",
        }
        done = self._home.run(
            *(self._command, "-p", prompt, "--output-format", "json", *options),
            env=with_node(self._home.environment(**environment)),
            timeout=180,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        answer = json.loads(done.stdout)
        assert not answer["is_error"], answer
        return answer["result"]


@pytest.fixture
def claude(
    request: pytest.FixtureRequest,
    node_modules: Path,
    tmp_path: Path,
    model: ScriptedModel,
    server: Server,
    user: str,
) -> Claude:
    target: dict[str, Any] = {
        "http": {"type": "http", "url": f"{server.url}/mcp/claude-code/http/{user}"},
        "sse": {"type": "sse", "url": f"{server.url}/mcp/claude-code/sse/{user}"},
        "stdio": {
            "command": OPENMEMORY,
            "args": ["mcp", "--app", "claude-code", "--user", user],
            "env": {"OPENMEMORY_URL": server.url, "HOME": str(server.home.path)},
        },
    }[request.param]
    return Claude(node_modules, new_home(tmp_path / "claude"), model, target)


@pytest.mark.parametrize("claude", ["http", "sse", "stdio"], indirect=True)
def test_what_one_session_adds_the_next_recalls(
    request: pytest.FixtureRequest, claude: Claude, model: ScriptedModel, store: Store, user: str
) -> None:
    script = model.follow("add_memories", text=_TEXT)
    claude.session("My boat is called Albatross.")
    [stored] = store.active(user_id=user)
    assert (stored.text, stored.app) == (_TEXT, "claude-code")
    assert stored.surface == f"mcp-{request.node.callspec.params['claude']}"
    assert f"m{stored.number}" in json.dumps(script.results)

    script = model.follow("search_memory", query="What is the boat called?")
    said = claude.session("What is my boat called?")

    assert _TEXT in json.dumps(script.results, ensure_ascii=False)
    assert _TEXT in said
    assert store.texts(user_id=user) == [_TEXT]


@pytest.mark.parametrize("claude", ["http", "sse", "stdio"], indirect=True)
@pytest.mark.parametrize(
    ("answer", "left", "told"),
    [
        ({"action": "accept", "content": {"confirm": True}}, [], "the user confirmed"),
        ({"action": "accept", "content": {"confirm": False}}, [_TEXT], "did not agree"),
        ({"action": "decline"}, [_TEXT], "did not agree"),
        ({"action": "cancel"}, [_TEXT], "did not agree"),
    ],
    ids=["yes", "no", "decline", "cancel"],
)
def test_delete_all_is_for_the_person_to_confirm(
    claude: Claude,
    model: ScriptedModel,
    store: Store,
    user: str,
    answer: dict[str, Any],
    left: list[str],
    told: str,
) -> None:
    model.follow("add_memories", text=_TEXT)
    claude.session("My boat is called Albatross.")
    assert store.texts(user_id=user) == [_TEXT]

    claude.person(answer)
    # The model's own word counts for nothing where the person can be asked.
    script = model.follow("delete_all", confirm=True)
    claude.session("Forget everything.")

    assert claude.question()["mcp_server_name"] == "openmemory"
    assert told in json.dumps(script.results)
    assert store.texts(user_id=user) == left
