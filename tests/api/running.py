"""A server in a process of its own, as `openmemory serve` starts it, and what it printed."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from openmemory_mcp import serverfile


@dataclass(frozen=True, slots=True)
class Running:
    """A server that answers, and the file its output goes to."""

    file: serverfile.ServerFile
    output: Path
    environment: Mapping[str, str]

    @property
    def url(self) -> str:
        return self.file.url


@contextmanager
def served(folder: Path, *flags: str, **environment: str) -> Generator[Running]:
    """Serve from `folder` while entered; `environment` holds settings by their short names."""
    data, output = folder / "data", folder / "output.txt"
    given = {f"OPENMEMORY_{name.upper()}": value for name, value in environment.items()}
    variables = {**os.environ, "OPENMEMORY_DATA_DIR": str(data), "OPENMEMORY_PORT": "0", **given}
    with output.open("wb") as written:
        process = subprocess.Popen(
            [sys.executable, "-m", "openmemory_mcp", "serve", *flags],
            cwd=folder,
            env=variables,
            stdout=written,
            stderr=written,
        )
        try:
            yield Running(_published(data, process, output), output, variables)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=30)


def _published(
    data: Path, process: "subprocess.Popen[bytes]", output: Path
) -> serverfile.ServerFile:
    while process.poll() is None:
        found = serverfile.read(data)
        if found is not None and _listens(found.url):
            return found
        time.sleep(0.05)
    raise AssertionError(f"The server did not start: {output.read_text()}")


def _listens(url: str) -> bool:
    # The address is published a moment before anybody listens there.
    parts = urlsplit(url)
    with socket.socket() as probe:
        return probe.connect_ex((parts.hostname, parts.port)) == 0
