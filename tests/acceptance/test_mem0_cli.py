"""The platform's two command line clients, PyPI `mem0-cli` and npm `@mem0/cli`, both 0.2.13.

Only `MEM0_BASE_URL` is set. Each has a HOME of its own, beside the server's. Every command of npm's ends
five seconds after it answered, whatever the server: it leaves the timer of its first ping running.
"""

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from tests.acceptance import installs
from tests.acceptance.processes import Home, Server, new_home, serving
from tests.acceptance.store import Store

_NOBODY: Final = "00000000-0000-0000-0000-000000000000"
_FAILED: Final = 1
_ANSWER: Final = re.compile(r"^[\[{]", re.MULTILINE)
"""Where a command's answer begins: npm's import counts on standard output before it."""


class Cli:
    """One of the two, as one user."""

    def __init__(self, command: list[str], home: Home, url: str, user: str) -> None:
        self._command = command
        self._home = home
        self._environment = {
            "MEM0_BASE_URL": url,
            "MEM0_API_KEY": "any",
            "MEM0_USER_ID": user,
            # So that neither wraps what it prints.
            "COLUMNS": "500",
        }

    def run(self, *words: str, **env: str) -> "subprocess.CompletedProcess[str]":
        """One command, to its end."""
        return self._home.run(*self._command, *words, env=self._environment | env)

    def text(self, *words: str) -> str:
        """All that a command prints for a person; it succeeded."""
        done = self.run(*words)
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    def json(self, *words: str) -> Any:
        """What a command answers with `-o json`, out of the envelope that some put it in."""
        done = self.run(*words, "-o", "json")
        assert done.returncode == 0, done.stderr
        answer = _ANSWER.search(done.stdout)
        assert answer, done.stdout
        shown: Any = json.loads(done.stdout[answer.start() :])
        return shown["data"] if "command" in shown else shown

    def refusal(self, *words: str, **env: str) -> str:
        """What a command that failed says."""
        done = self.run(*words, **env)
        assert done.returncode == _FAILED, done.stdout
        assert done.stdout == ""
        return done.stderr

    def add(self, text: str, *options: str) -> str:
        """The id of one memory."""
        return self.json("add", text, *options)["results"][0]["id"]


@pytest.fixture(params=["pypi", "npm"])
def connect(
    request: pytest.FixtureRequest, node_modules: Path, tmp_path: Path, user: str
) -> Callable[[Server], Cli]:
    pypi = [str(Path(installs.python_of("mem0-cli")).with_name("mem0"))]
    npm = [installs.NODE, str(node_modules / "@mem0" / "cli" / "dist" / "index.js")]
    home = new_home(tmp_path / "cli")

    def connecting(server: Server) -> Cli:
        return Cli(pypi if request.param == "pypi" else npm, home, server.url, user)

    return connecting


@pytest.fixture
def cli(connect: Callable[[Server], Cli], server: Server) -> Cli:
    return connect(server)


def test_version_and_status(cli: Cli, server: Server) -> None:
    assert "0.2.13" in cli.text("version")
    connected = {"connected": True, "backend": "platform", "base_url": server.url}
    assert cli.json("status") == connected
    assert "Connected" in cli.text("status")


def test_a_key_that_is_refused_ends_with_1(cli: Cli, store: Store, user: str) -> None:
    for words in (("status",), ("add", "Never stored."), ("list",)):
        assert "Invalid or expired API key" in cli.refusal(*words, MEM0_API_KEY="omk_unknown")

    assert store.texts(user_id=user) == []


def test_a_server_that_is_not_there_ends_with_1(cli: Cli) -> None:
    assert "Error" in cli.refusal("list", MEM0_BASE_URL="http://127.0.0.1:9")


def test_init_saves_what_later_commands_use(cli: Cli, server: Server, user: str) -> None:
    words = ("init", "--api-key", "any", "--user-id", user, "--force")
    assert "Connected" in cli.text(*words)

    settings = cli.json("config", "show")
    assert settings["defaults"]["user_id"] == user
    assert settings["platform"]["base_url"] == server.url


def test_add_stores_what_it_is_given(cli: Cli, store: Store, user: str, tmp_path: Path) -> None:
    said = [
        {"role": "user", "content": "I moved to Basel."},
        {"role": "assistant", "content": "Noted."},
    ]
    from_file = tmp_path / "said.json"
    from_file.write_text(json.dumps([{"role": "user", "content": "From a file."}]))

    answer = cli.json("add", "Drinks tea.", "--no-infer", "--metadata", '{"kind": "drink"}')
    cli.json("add", "--messages", json.dumps(said))
    cli.json("add", "--file", str(from_file))
    shown = cli.text("add", "Rides a bicycle.")
    assert cli.run("add", "Said nothing.", "-o", "quiet").stdout == ""

    stored = store.active(user_id=user)
    expected = ["Drinks tea.", "I moved to Basel.", "Noted.", "From a file.", "Rides a bicycle."]
    assert [memory.text for memory in stored] == [*expected, "Said nothing."]
    assert (answer["status"], answer["results"][0]["id"]) == ("SUCCEEDED", stored[0].id)
    assert (stored[0].metadata, stored[0].surface) == ({"kind": "drink"}, "rest")
    assert "Added" in shown
    assert stored[4].id[:8] in shown


def test_every_option_of_an_add_is_taken(cli: Cli, store: Store, user: str) -> None:
    memory_id = cli.add(
        "Eats no meat.",
        *("--user-id", user, "--agent-id", "bot", "--app-id", "shop", "--run-id", "r1"),
        *("--immutable", "--expires", "2090-01-31", "--timestamp", "1700000000"),
        *("--custom-instructions", "Be brief.", "--custom-categories", '[{"food": "eats"}]'),
        *("--structured-data-schema", '{"x": 1}'),
    )

    [stored] = store.active(user_id=user)
    assert (stored.id, stored.agent_id, stored.app_id, stored.run_id) == (
        memory_id,
        "bot",
        "shop",
        "r1",
    )
    got = cli.json("get", memory_id)
    assert (got["memory"], got["expiration_date"], got["immutable"]) == (
        "Eats no meat.",
        "2090-01-31",
        True,
    )
    assert got["created_at"].startswith("2023-11-14")


def test_search_finds_what_was_added(cli: Cli, store: Store, user: str) -> None:
    cli.add("The bicycle stands in the cellar.")
    wanted = cli.add("Allergic to peanuts since childhood.")
    options = ("--top-k", "1", "--threshold", "0.2", "--rerank", "--keyword", "--latest-only")
    only = json.dumps({"AND": [{"user_id": user}]})

    by_user = cli.json("search", "what food must be avoided?")
    first = cli.json("search", "peanuts", *options, "--fields", "id,memory")
    filtered = cli.json("search", "peanuts", "--filter", only)

    assert [found[0]["id"] for found in (by_user, first, filtered)] == [wanted] * 3
    assert first == [{"id": wanted, "memory": "Allergic to peanuts since childhood."}]
    assert by_user[0]["memory"] in store.texts(user_id=user)
    assert 0.3 <= by_user[0]["score"] <= 1
    assert "Allergic to peanuts" in cli.text("search", "peanuts")
    assert cli.json("search", "peanuts", "--user-id", f"nobody {user}") == []


def test_list_pages_and_filters(cli: Cli, store: Store, user: str) -> None:
    for number in range(3):
        cli.add(f"Fact number {number}")

    newest_first = [memory.id for memory in reversed(store.active(user_id=user))]
    everything = cli.json("list", "--show-expired")
    second = cli.json("list", "--show-expired", "--page", "2", "--page-size", "2")
    between = cli.json("list", "--after", "2024-01-01", "--before", "2090-01-01", "--latest-only")

    assert [row["id"] for row in everything] == newest_first
    assert [row["id"] for row in second] == newest_first[2:]
    assert [row["id"] for row in between] == newest_first
    assert cli.json("list", "--before", "2024-01-01") == []
    assert cli.json("list", "--category", "food") == []
    assert "Fact number 2" in cli.text("list")


def test_get_update_and_delete_one(cli: Cli, store: Store, user: str) -> None:
    memory_id = cli.add("Works at Acme.")

    updated = cli.json(
        *("update", memory_id, "Works at Globex.", "--metadata", '{"kind": "work"}'),
        *("--expires", "2090-01-31"),
    )
    got = cli.json("get", memory_id)
    assert (got["memory"], got["metadata"]) == ("Works at Globex.", {"kind": "work"})
    assert (updated["id"], got["expiration_date"]) == (memory_id, "2090-01-31")
    assert store.history(memory_id) == ["ADD", "UPDATE"]

    shown = cli.text("delete", memory_id, "--dry-run")
    assert "Works at Globex." in shown
    assert store.texts(user_id=user) == ["Works at Globex."]

    assert cli.json("delete", memory_id, "--delete-linked", "--force")["message"]
    assert store.texts(user_id=user) == []
    for words in (("get", memory_id), ("update", memory_id, "x"), ("delete", memory_id, "--force")):
        assert "Resource not found" in cli.refusal(*words, "-o", "json")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("get", "not-a-uuid"), "memory_id should be a valid UUID"),
        (("get", _NOBODY), "Resource not found"),
        (("search", "x", "--filter", '{"AND": [{"nonsense": 1}]}'), "nonsense"),
        (("add", " "), "Error"),
    ],
)
def test_a_refusal_is_shown_and_ends_with_1(
    cli: Cli, store: Store, words: tuple[str, ...], said: str
) -> None:
    before = store.fingerprint()

    assert said in cli.refusal(*words, "-o", "json")

    assert store.fingerprint() == before


def test_delete_all_of_a_scope(cli: Cli, store: Store, user: str) -> None:
    cli.add("Of the first run.", "--user-id", user, "--run-id", "one")
    cli.add("Of the second run.", "--user-id", user, "--run-id", "two")
    both = ["Of the first run.", "Of the second run."]

    shown = cli.text("delete", "--all", "--dry-run", "--user-id", user)
    assert "Would delete 2 memories" in shown
    # Nobody answers the question that it asks without --force.
    assert cli.run("delete", "--all", "--user-id", user).returncode in (0, _FAILED)
    assert store.texts(user_id=user) == both

    answer = cli.json("delete", "--all", "--user-id", user, "--run-id", "one", "--force")
    assert answer["deleted"] == 1
    assert store.texts(user_id=user) == ["Of the second run."]


def test_import_adds_every_item(cli: Cli, store: Store, user: str, tmp_path: Path) -> None:
    items = [
        {"memory": "Has one cat.", "metadata": {"kind": "pet"}},
        {"text": "Has two dogs."},
        {"content": "Has three fish."},
    ]
    path = tmp_path / "memories.json"
    path.write_text(json.dumps(items))

    counts = cli.json("import", str(path))

    assert (counts["added"], counts["failed"]) == (3, 0)
    stored = store.active(user_id=user)
    assert [memory.text for memory in stored] == [
        "Has one cat.",
        "Has two dogs.",
        "Has three fish.",
    ]
    assert stored[0].metadata == {"kind": "pet"}


@pytest.mark.parametrize("words", [("entity", "delete"), ("delete", "--entity")])
def test_entities_are_listed_and_deleted(
    cli: Cli, store: Store, user: str, words: tuple[str, ...]
) -> None:
    name = f"team/red {user[-40:]}"
    cli.add("Of a user with an odd name.", "--user-id", name)
    cli.add("Of an agent of that name.", "--agent-id", name)

    for kind in ("users", "agents"):
        assert name in [row["name"] for row in cli.json("entity", "list", kind)]
    assert "Would delete" in cli.text(*words, "--user-id", name, "--dry-run")
    assert store.texts(user_id=name) == ["Of a user with an odd name."]
    cli.json(*words, "--user-id", name, "--force")

    assert store.texts(user_id=name) == []
    assert store.texts(agent_id=name) == ["Of an agent of that name."]
    assert name not in [row["name"] for row in cli.json("entity", "list", "users")]


def test_events_are_listed_and_shown(cli: Cli, store: Store, user: str) -> None:
    answer = cli.json("add", "Plays the cello.")

    listed = cli.json("event", "list")
    shown = cli.json("event", "status", answer["event_id"])

    assert listed[0]["id"] == answer["event_id"]
    assert (shown["event_type"], shown["status"]) == ("ADD", "SUCCEEDED")
    [stored] = store.query("SELECT kind FROM actions WHERE id = ?", answer["event_id"])
    assert stored["kind"] == "ADD"
    assert "SUCCEEDED" in cli.text("event", "status", answer["event_id"])
    assert "Resource not found" in cli.refusal("event", "status", _NOBODY)


def test_deleting_the_whole_project(home: Home, connect: Callable[[Server], Cli]) -> None:
    with serving(home) as server:
        cli = connect(server)
        cli.add("Of a user.")
        cli.add("Of an agent.", "--agent-id", "bot")

        cli.json("delete", "--all", "--project", "--force")

        assert Store(home.data_dir / "openmemory.db").active() == []
