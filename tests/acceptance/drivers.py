"""The platform's clients, each in a process of its own that calls its methods as told."""

import json
import subprocess
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from tests.acceptance import installs
from tests.acceptance.processes import Home, end

Json = dict[str, Any]

_PYTHON: Final = installs.CLIENTS / "mem0_python.py"
_TYPESCRIPT: Final = installs.CLIENTS / "typescript.mjs"


class Refused(Exception):
    """The client threw; `name` is the class it threw."""

    def __init__(self, error: Json) -> None:
        super().__init__(error["message"])
        self.name = error["name"]
        self.code = error.get("code")


class Driver:
    """A client in its process: one line of JSON asks, one answers."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def call(self, method: str, *args: Any, **kwargs: Any) -> Any:
        """What the client's method returned, or its promise resolved to."""
        sender, receiver = self._process.stdin, self._process.stdout
        assert sender is not None
        assert receiver is not None
        sender.write(json.dumps({"method": method, "args": args, "kwargs": kwargs}) + "\n")
        sender.flush()
        line = receiver.readline()
        assert line, "the client's process has ended"
        answer = json.loads(line)
        if "error" in answer:
            raise Refused(answer["error"])
        return answer.get("value")


def command_of_python(name: str, kind: str, url: str, key: str = "any") -> list[str]:
    """How to start the PyPI client that `clients/<name>.txt` pins; `kind` is its class."""
    return [installs.python_of(name), str(_PYTHON), kind, url, key]


@contextmanager
def python_client(home: Home, name: str, kind: str, url: str) -> Generator[Driver]:
    """A PyPI client, ended with the block."""
    with _driven(command_of_python(name, kind, url), home, home.path) as driver:
        yield driver


@contextmanager
def npm_client(home: Home, modules: Path, package: str, url: str) -> Generator[Driver]:
    """An npm client by the name it is installed under, ended with the block."""
    script = _TYPESCRIPT.read_text()
    command = [installs.NODE, "--input-type=module", "-e", script, package, url]
    # An evaluated script finds its packages from the working directory.
    with _driven(command, home, modules.parent) as driver:
        yield driver


@contextmanager
def _driven(command: Sequence[str], home: Home, folder: Path) -> Generator[Driver]:
    with subprocess.Popen(
        command,
        cwd=folder,
        env=home.environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield Driver(process)
        end(process)
