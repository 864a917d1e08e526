"""The command `openmemory`, run as a person runs it."""

import os
import subprocess
import sys
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from openmemory_mcp import serverfile
from openmemory_mcp.cli import create_app
from openmemory_mcp.version import VERSION
from tests.mcp.loopback import free_port

FORBIDDEN = ("openmemory_api", "sqlalchemy", "onnxruntime", "fastapi", "openai", "qdrant_client")


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended and what it showed."""

    exit_code: int
    stdout: str


@dataclass(frozen=True, slots=True)
class Shell:
    """A shell whose OpenMemory lives in a folder and on a port of its own."""

    data_dir: Path
    port: int

    def environment(self) -> dict[str, str]:
        mine = {"OPENMEMORY_DATA_DIR": str(self.data_dir), "OPENMEMORY_PORT": str(self.port)}
        return {**os.environ, **mine, "COLUMNS": "200", "NO_COLOR": "1"}

    def run(self, *arguments: str) -> Ran:
        result = CliRunner(env=self.environment()).invoke(create_app(), arguments)
        return Ran(result.exit_code, result.output)

    def python(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments],
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path / "data", free_port())


@pytest.fixture
def served(shell: Shell) -> Generator[Shell]:
    """A shell in which `openmemory serve` runs and has said so."""
    command = [sys.executable, "-m", "openmemory_mcp", "serve"]
    environment = shell.environment()
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        try:
            assert any("startup complete" in line for line in server.stderr)
            # This waits until the store is open.
            assert httpx.get(f"http://127.0.0.1:{shell.port}/v1/ping/", timeout=60).is_success
            yield shell
        finally:
            server.terminate()
            server.stderr.read()


def test_help_lists_every_command_without_importing_the_store(shell: Shell) -> None:
    listing = shell.run("--help").stdout

    for command in ("serve", "mcp", "status", "stop", "logs", "doctor", "openapi"):
        assert f" {command} " in listing


@pytest.mark.parametrize(
    "module", ["openmemory_mcp.cli", "openmemory_mcp.commands.stdio", "openmemory_mcp.http"]
)
def test_the_tool_server_loads_nothing_of_the_store(shell: Shell, module: str) -> None:
    program = f"import {module}, sys; print(*[m for m in {FORBIDDEN} if m in sys.modules])"

    assert shell.python("-c", program).stdout.strip() == ""


def test_the_command_line_loads_no_command_before_it_is_called(shell: Shell) -> None:
    program = (
        "import openmemory_mcp.cli as c, sys; c.create_app();"
        "print(*[m for m in sys.modules if m.startswith(('mcp', 'httpx', 'openmemory_mcp.com'))])"
    )

    assert shell.python("-c", program).stdout.strip() == ""


def test_a_command_explains_its_own_options(shell: Shell) -> None:
    result = shell.run("mcp", "--help")

    assert result.exit_code == 0
    assert "--app" in result.stdout


def test_the_version_is_shown(shell: Shell) -> None:
    assert shell.run("--version").stdout == f"openmemory {VERSION}\n"


def test_an_unknown_command_is_refused(shell: Shell) -> None:
    assert shell.run("nope").exit_code == 2


def test_status_of_no_server_says_how_to_start_one(shell: Shell) -> None:
    result = shell.run("status")

    assert result.exit_code == 3
    assert f"not running at http://127.0.0.1:{shell.port}" in result.stdout
    assert "openmemory serve" in result.stdout


def test_stopping_no_server_is_no_fault(shell: Shell) -> None:
    assert shell.run("stop").exit_code == 0


def test_no_log_is_named_as_such(shell: Shell) -> None:
    result = shell.run("logs")

    assert result.exit_code == 1
    assert "server.log" in result.stdout


def test_the_last_lines_of_the_log_are_shown(shell: Shell) -> None:
    shell.data_dir.mkdir()
    serverfile.log_path(shell.data_dir).write_text("one\ntwo\nthree\n")

    assert shell.run("logs", "-n", "2").stdout == "two\nthree\n"


def test_following_the_log_shows_what_is_added(shell: Shell) -> None:
    shell.data_dir.mkdir()
    path = serverfile.log_path(shell.data_dir)
    path.write_text("one\n")
    command = [sys.executable, "-u", "-m", "openmemory_mcp", "logs", "-f"]
    with subprocess.Popen(
        command, env=shell.environment(), stdout=subprocess.PIPE, text=True
    ) as following:
        assert following.stdout is not None
        assert following.stdout.readline() == "one\n"
        with path.open("a") as log:
            log.write("two\n")
        assert following.stdout.readline() == "two\n"
        following.terminate()


def test_status_doctor_and_stop_of_a_running_server(served: Shell) -> None:
    status, doctor = served.run("status"), served.run("doctor")
    stopped, gone = served.run("stop"), served.run("status")

    assert status.exit_code == 0
    assert f"OpenMemory {VERSION} at http://127.0.0.1:{served.port}" in status.stdout
    assert "app identity claimed" in status.stdout
    assert doctor.exit_code == 0, doctor.stdout
    assert stopped.exit_code == 0
    assert "Stopped" in stopped.stdout
    assert gone.exit_code == 3
    assert serverfile.read(served.data_dir) is None


def test_doctor_without_a_server_names_the_remedy(shell: Shell) -> None:
    result = shell.run("doctor")

    assert result.exit_code == 1
    assert "is free" in result.stdout
    assert "Run `openmemory serve`" in result.stdout


@pytest.mark.parametrize(
    ("flags", "fault"), [(("--url", "localhost:8765"), "url"), (("--url", "ftp://x"), "url")]
)
def test_a_setting_that_cannot_be_used_is_named(
    shell: Shell, flags: tuple[str, ...], fault: str
) -> None:
    result = shell.run("mcp", *flags)

    assert result.exit_code == 2
    assert fault in result.stdout
