"""The file by which a running server is found, and the lock that makes it the only one.

`openmemory serve` holds the lock for its life and writes the file once it listens; everybody else
reads the file and never takes the lock. The secret lets local commands act as the machine's owner,
so the file is readable by its owner alone.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock
from pydantic import TypeAdapter, ValidationError

DEFAULT_DATA_DIR = Path.home() / ".openmemory"

_FILE = "server.json"
_LOCK = "server.lock"
_LOG = "server.log"


@dataclass(frozen=True, slots=True)
class ServerFile:
    """Which server owns a data directory, where it listens and how to speak to it."""

    version: str
    url: str
    pid: int
    secret: str
    started_at: str
    certificate: str | None = None
    """What it is known by over TLS, as PEM; None without TLS."""


_json = TypeAdapter(ServerFile)


def lock(data_dir: Path) -> FileLock:
    """The lock of `data_dir`, not yet taken; taking it raises `filelock.Timeout` when held."""
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    return FileLock(data_dir / _LOCK, timeout=0)


def starting_lock(data_dir: Path) -> FileLock:
    """The lock under which a client starts a server, so that many clients start one."""
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    return FileLock(data_dir / "starting.lock", timeout=0)


def log_path(data_dir: Path) -> Path:
    """Where a server started in the background writes what it has to say."""
    return data_dir / _LOG


def read(data_dir: Path) -> ServerFile | None:
    """What the last server wrote, or None. It may have died since: ask its /health."""
    try:
        return _json.validate_json((data_dir / _FILE).read_bytes())
    except (OSError, ValidationError):
        return None


def write(data_dir: Path, server: ServerFile) -> None:
    """Publish `server` in one step, so that no reader ever sees half a file."""
    draft = data_dir / f"{_FILE}.{server.pid}"
    draft.unlink(missing_ok=True)
    # Created with its final mode: a later chmod would leave the secret readable for a moment.
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(_json.dump_json(server, indent=2))
    draft.replace(data_dir / _FILE)


def remove(data_dir: Path) -> None:
    """Withdraw the file; a missing one is fine."""
    (data_dir / _FILE).unlink(missing_ok=True)
