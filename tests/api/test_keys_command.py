"""`openmemory keys`, as a shell would call it: with a server and without one."""

import json
import sqlite3
import subprocess
import sys
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner, Result

from openmemory_api.keys_command import keys
from openmemory_mcp import serverfile
from tests.mcp.loopback import free_port


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OPENMEMORY_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path


def run(*arguments: str, code: int = 0) -> Result:
    result = CliRunner().invoke(keys, arguments)
    assert result.exit_code == code, result.output
    return result


def answer(*arguments: str) -> Any:
    return json.loads(run(*arguments, "--json").stdout)


def listed(*arguments: str) -> list[tuple[str, str]]:
    return [(row["id"], row["status"]) for row in answer("list", *arguments)]


def test_a_key_is_printed_once_with_the_line_that_connects_a_client(data: Path) -> None:
    shown = run("create", "--app", "Cursor", "--label", "laptop", "--user", "anna").stdout
    key = shown.splitlines()[0]
    assert key.startswith("omk_")
    assert "for cursor of anna" in shown
    assert f'http://127.0.0.1:8765/mcp --header "Authorization: Bearer {key}"' in shown

    table = run("list").stdout
    assert key not in table
    for expected in (key.split("_")[1], "laptop", "anna", "cursor", "never", "active"):
        assert expected in table
    assert (data / "secret").stat().st_mode & 0o077 == 0


def test_a_key_is_made_as_its_options_say() -> None:
    wish = ["--every-user", "--scope", "admin", "--scope", "memory:read", "--days", "2"]
    made = answer("create", *wish, "--rate-limit", "60", "--daily-calls", "1000")
    assert made["user_id"] is None
    assert made["scopes"] == ["admin", "memory:read"]
    assert (made["rate_limit"], made["daily_calls"]) == (60, 1000)
    shown = run("list").stdout
    assert "every user" in shown
    assert "until 20" in shown


def test_a_key_that_only_manages_comes_without_a_client_s_line() -> None:
    shown = run("create", "--scope", "admin").stdout
    assert "for default_user" in shown
    assert "claude" not in shown


def test_keys_are_rotated_and_revoked_and_then_hidden() -> None:
    assert "There are no keys" in run("list").stdout
    old = answer("create")
    new = answer("rotate", old["id"], "--overlap-hours", "0")
    assert listed() == [(new["id"], "active")]
    assert listed("--all") == [(new["id"], "active"), (old["id"], "revoked")]

    # By what a person has at hand: the key itself.
    assert run("revoke", new["key"]).stdout == f"Revoked {new['id']}.\n"
    assert answer("revoke", new["id"])["status"] == "revoked"
    assert listed() == []
    refused = run("rotate", new["id"], code=1)
    assert "can be rotated" in refused.output
    assert "Traceback" not in refused.output


def test_more_keys_than_a_page_holds_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("openmemory_api.keys_command._PAGE", 2)
    made = [answer("create")["id"] for _ in range(4)]
    assert [key_id for key_id, _ in listed()] == made[::-1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("create", "--app", "cursor", "--scope", "admin"), "cannot have the scope admin"),
        (("create", "--days", "-1"), "expires_in_days"),
        (("revoke", "0123456789abcdef"), "No such key"),
        (("revoke", "../memories"), "No such key"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(arguments: tuple[str, ...], said: str) -> None:
    refused = run(*arguments, code=1)
    assert said in refused.output
    assert len(refused.output.splitlines()) == 1


def test_there_are_no_keys_where_the_platform_keeps_the_memories(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENMEMORY_BACKEND", "hosted")
    assert "OPENMEMORY_API_KEY" in run("list", code=1).output


def test_another_program_s_database_is_left_untouched(data: Path) -> None:
    with closing(sqlite3.connect(data / "openmemory.db")) as connection:
        connection.execute("CREATE TABLE memories (id TEXT)")
        connection.commit()
    before = (data / "openmemory.db").read_bytes()
    assert "openmemory import" in run("create", code=1).output
    assert (data / "openmemory.db").read_bytes() == before


def test_a_server_that_does_not_answer_is_said_in_one_line(data: Path) -> None:
    with serverfile.lock(data):
        assert "starting or stopping" in run("list", code=1).output
        gone = f"http://127.0.0.1:{free_port()}"
        serverfile.write(data, serverfile.ServerFile("1", gone, 1, "omk_s", "now"))
        assert f"{gone} cannot be reached" in run("list", code=1).output.replace("/ ", " ")


@pytest.fixture
def served(data: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[str]:
    """A server that demands keys, started with what `openmemory keys` has made."""
    monkeypatch.setenv("OPENMEMORY_AUTH", "required")
    monkeypatch.setenv("OPENMEMORY_PORT", str(free_port()))
    command = [sys.executable, "-m", "openmemory_mcp", "serve"]
    refused = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert refused.returncode == 1
    assert "openmemory keys create --scope admin" in refused.stderr
    admin = answer("create", "--scope", "admin")["key"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        try:
            assert any("startup complete" in line for line in server.stderr)
            yield admin
        finally:
            server.terminate()
            server.stderr.read()


def test_with_a_server_it_is_the_server_that_is_asked(served: str, data: Path) -> None:
    made = answer("create", "--app", "cursor")
    running = serverfile.read(data)
    assert running is not None
    assert f"{running.url}/mcp" in run("create").stdout
    assert len(listed()) == 3

    with httpx.Client(base_url=running.url, trust_env=False) as http:
        mine = {"Authorization": f"Token {made['key']}"}
        assert http.get("/v1/ping/", headers=mine).status_code == 200
        answer("revoke", made["id"])
        assert http.get("/v1/ping/", headers=mine).status_code == 401
        managing = {"Authorization": f"Token {served}"}
        assert http.get("/api/v1/keys", headers=managing).json()["count"] == 3
        assert http.get("/health").json()["auth"]["app_identity"] == "claimed"
    assert "No such key" in run("revoke", "0123456789abcdef", code=1).output
