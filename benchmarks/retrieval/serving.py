"""The server that is measured: a process of its own that lets nobody in without a key."""

import os
import secrets
import sys
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers.processes import free_port, running, wait_for_http


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens and the key it asks for."""

    url: str
    key: str | None

    @property
    def headers(self) -> Mapping[str, str]:
        return {"Authorization": f"Token {self.key}"} if self.key else {}


@contextmanager
def served(settings: Mapping[str, str]) -> Generator[Address]:
    """A server with an empty store while entered; `settings` by their names without the prefix.

    Raises:
        benchmarks.peers.processes.Failed: it ended, or did not listen in time.
    """
    key = secrets.token_urlsafe(24)
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        # Nothing that is set for another server of this machine may change the figures.
        plain = {
            name: value for name, value in os.environ.items() if not name.startswith("OPENMEMORY")
        }
        ours = {"AUTH": "required", "API_KEY": key, "PORT": str(port), "DATA_DIR": folder}
        given = {f"OPENMEMORY_{name}": value for name, value in (ours | dict(settings)).items()}
        command = [sys.executable, "-m", "openmemory_mcp", "serve"]
        log = Path(folder) / "output.txt"
        with running(command, log=log, env={**plain, **given}, cwd=Path(folder)) as pid:
            url = f"http://127.0.0.1:{port}"
            wait_for_http(f"{url}/health", pid)
            yield Address(url, key)
