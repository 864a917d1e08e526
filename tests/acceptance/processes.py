"""Processes with a HOME of their own, and waiting for what they do without a fixed pause."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TypeVar

import httpx

from openmemory_mcp import serverfile

REPO: Final = Path(__file__).resolve().parents[2]
OPENMEMORY: Final = str(Path(sys.executable).with_name("openmemory"))

_KEPT: Final = ("PATH", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT")
_Found = TypeVar("_Found")


@dataclass(frozen=True)
class Home:
    """A person's machine: a HOME of its own, and the port that its server takes."""

    path: Path
    port: int

    @property
    def data_dir(self) -> Path:
        """Where `openmemory` keeps everything when nothing is configured."""
        return self.path / ".openmemory"

    def environment(self, **more: str) -> dict[str, str]:
        """Nothing of the developer's own settings gets through."""
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        own = {"HOME": str(self.path), "OPENMEMORY_PORT": str(self.port), "MEM0_TELEMETRY": "false"}
        return kept | own | more

    def run(
        self, *command: str, timeout: float = 60, env: Mapping[str, str] = MappingProxyType({})
    ) -> "subprocess.CompletedProcess[str]":
        """Run a command to its end; the test looks at its exit code."""
        return subprocess.run(
            command,
            cwd=self.path,
            env=self.environment(**env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )


@dataclass(frozen=True)
class Server:
    """A running `openmemory serve`."""

    home: Home
    url: str
    pid: int

    def kill(self) -> None:
        """End it as a power cut would: nothing of it runs any more when this returns."""
        os.kill(self.pid, signal.SIGKILL)
        until(lambda: not alive(self.pid), "the killed server to be gone")


def new_home(path: Path) -> Home:
    """A fresh machine under `path`."""
    path.mkdir(parents=True)
    return Home(path, free_port())


@contextmanager
def serving(home: Home, *prefix: str, **env: str) -> Generator[Server]:
    """`openmemory serve` in a process of its own, under `prefix` if given."""
    command = (*prefix, OPENMEMORY, "serve", "--data-dir", str(home.data_dir))
    with started(home, command, **env) as process:
        try:
            yield until_serving(home, process)
        finally:
            stop(home)
            process.wait(timeout=30)


@contextmanager
def started(home: Home, command: Sequence[str], **env: str) -> Generator["subprocess.Popen[bytes]"]:
    """A process whose output goes to a file, so that no pipe can fill up."""
    with (
        (home.path / "output.log").open("ab") as log,
        subprocess.Popen(
            command,
            cwd=home.path,
            env=home.environment(**env),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        ) as process,
    ):
        try:
            yield process
        except BaseException:
            # Or leaving would wait, without end, for a server that nobody stops.
            process.kill()
            raise


def until_serving(
    home: Home, process: "subprocess.Popen[bytes] | None" = None, *, within: float = 120
) -> Server:
    """The server of `home`, once it serves; a start that failed shows what it printed."""

    def look() -> Server | None:
        if process is not None and process.poll() is not None:
            raise AssertionError((home.path / "output.log").read_text())
        return running_server(home)

    return until(look, "the server to serve", within=within)


def running_server(home: Home) -> Server | None:
    """The server that `home`'s server file names, if it answers and is ready."""
    known = serverfile.read(home.data_dir)
    if known is None:
        return None
    try:
        health = httpx.get(f"{known.url}/health").json()
    except httpx.TransportError:
        return None
    if health["status"] != "ok" or health["pid"] != known.pid:
        return None
    return Server(home, known.url, known.pid)


def stop(home: Home) -> None:
    """Ask the server of `home` to end, if one runs, and wait until it has."""
    running = running_server(home)
    if running is not None:
        os.kill(running.pid, signal.SIGTERM)
        until(lambda: not alive(running.pid), "the stopped server to be gone")


def end(process: "subprocess.Popen[Any]") -> None:
    """Ask a process to end, as a service manager does."""
    if process.poll() is None:
        process.terminate()
    process.wait(timeout=30)


def alive(pid: int) -> bool:
    """Whether a process still runs; one that only waits to be collected does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def until(
    look: Callable[[], _Found | None], what: str, *, within: float = 30, every: float = 0.02
) -> _Found:
    """What `look` finds, as soon as it finds something."""
    deadline = time.monotonic() + within
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {within:.0f} s for {what}")
        time.sleep(every)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]
