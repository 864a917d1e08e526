"""Servers as processes: started, watched and ended; what their whole tree uses."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

_PROC = Path("/proc")


class Failed(Exception):
    """A peer could not be installed, started or asked; its text goes into the report."""


@contextmanager
def running(
    command: Sequence[str | Path],
    *,
    log: Path,
    env: Mapping[str, str],
    cwd: Path | None = None,
    user: str | None = None,
) -> Generator[int]:
    """Run a server, its output in `log`; gives its process id and ends it with its children."""
    with log.open("ab") as out:
        process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env=dict(env),
            cwd=cwd,
            user=user,
            start_new_session=True,
        )
        try:
            yield process.pid
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def run(
    command: Sequence[str | Path],
    *,
    log: Path,
    env: Mapping[str, str],
    cwd: Path | None = None,
    user: str | None = None,
) -> None:
    """Run a command to its end.

    Raises:
        Failed: it did not exit with 0; the text says which and how its output ends.
    """
    with log.open("ab") as out:
        done = subprocess.run(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env=dict(env),
            cwd=cwd,
            user=user,
            check=False,
        )
    if done.returncode:
        raise Failed(f"{Path(str(command[0])).name} exited with {done.returncode}: {tail(log)}")


def tail(log: Path, lines: int = 1) -> str:
    """The last lines that say anything."""
    if not log.exists():
        return "no output"
    said = [line.rstrip() for line in log.read_text(errors="replace").splitlines()]
    return "\n".join([line for line in said if line][-lines:]) or "no output"


def wait_for_port(port: int, pid: int, *, seconds: float = 120) -> None:
    """Wait until something accepts connections.

    Raises:
        Failed: the process ended, or the time is over.
    """
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if _is_gone(pid):
            raise Failed("it ended before it answered")
        time.sleep(0.02)
    raise Failed(f"nothing listened within {seconds:.0f} s")


def wait_for_http(url: str, pid: int) -> None:
    """Wait until a server answers a GET, whatever it answers."""
    wait_for_port(httpx.URL(url).port or 80, pid)
    with httpx.Client(trust_env=False) as http:
        for _ in range(500):
            try:
                http.get(url, timeout=10)
            except httpx.TransportError:
                time.sleep(0.02)
            else:
                return
    raise Failed(f"{url} does not answer")


def free_port() -> int:
    """A port of the loopback address that nothing uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def cpu_seconds(roots: Sequence[int]) -> float:
    """User and system time of these processes and their descendants, ended ones included."""
    # Its own time, and that of the children it has waited for.
    ticks = sum(sum(map(int, _stat(pid)[11:15])) for pid in tree(roots))
    return ticks / os.sysconf("SC_CLK_TCK")


def memory_mb(roots: Sequence[int]) -> float:
    """Memory of these processes and their descendants; what they share is counted once (PSS)."""
    return sum(_pss_kb(pid) for pid in tree(roots)) / 1024


def tree(roots: Sequence[int]) -> set[int]:
    """These processes and all that descend from them."""
    children: dict[int, list[int]] = {}
    for entry in _PROC.iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found: set[int] = set()
    open_ends = list(roots)
    while open_ends:
        pid = open_ends.pop()
        found.add(pid)
        open_ends.extend(children.get(pid, ()))
    return {pid for pid in found if _stat(pid)}


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the third on; none when the process is gone."""
    try:
        return (_PROC / str(pid) / "stat").read_text().rsplit(")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def _pss_kb(pid: int) -> int:
    lines = (_PROC / str(pid) / "smaps_rollup").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("Pss:")).split()[1])


def _is_gone(pid: int) -> bool:
    fields = _stat(pid)
    return not fields or fields[0] == "Z"
