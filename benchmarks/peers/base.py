"""What a peer is to the benchmark, and what it is given."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol, TypeAlias

from benchmarks.peers.channels import McpChannel, RestChannel
from benchmarks.peers.measuring import Verb
from benchmarks.peers.processes import Failed, run

USER: Final = "bench"
RESULTS: Final = 10
"""How many memories every search asks for: what those answer that cannot be told a number."""
INSIDE: Final = Path(__file__).with_name("inside")
REQUIREMENTS: Final = Path(__file__).with_name("requirements")

Channel: TypeAlias = McpChannel | RestChannel


@dataclass(frozen=True, slots=True)
class Bench:
    """One run's folders, texts and model server."""

    home: Path
    """The peers' environments."""
    work: Path
    """The peers' data, empty at first."""
    texts: Path
    """A JSON list of the memories to store before anything is measured."""
    model_url: str
    """The OpenAI-compatible server, ending in /v1."""
    sources: Mapping[str, Path]
    """Checkouts of the peers that are no package, by the peer's key."""

    def python(self, key: str) -> Path:
        """The interpreter of a peer's environment.

        Raises:
            Failed: it is not installed.
        """
        path = venv(self.home, key) / "bin" / "python"
        if not path.exists():
            raise Failed("not installed: python -m benchmarks.peers install")
        return path

    def source(self, key: str) -> Path:
        """The checkout of a peer that is no package.

        Raises:
            Failed: none was given.
        """
        if key not in self.sources:
            raise Failed(f"no source given: --source {key}=PATH")
        return self.sources[key]

    def folder(self, key: str) -> Path:
        """Where a peer keeps its data and its log."""
        made = self.work / key
        made.mkdir(parents=True, exist_ok=True)
        return made

    def log(self, key: str) -> Path:
        """What a peer's processes print."""
        return self.folder(key) / "output.log"

    def environment(self, key: str) -> dict[str, str]:
        """Nothing of ours but the path: a home of its own, no proxies, no downloads of models."""
        return {
            "PATH": "/usr/bin:/bin",
            "HOME": str(self.folder(key)),
            "LANG": "C.UTF-8",
            "HF_HUB_OFFLINE": "1",
            "OPENAI_API_KEY": "sk-benchmark",
            "OPENAI_BASE_URL": self.model_url,
            "MODEL_URL": self.model_url,
        }

    def memories(self) -> list[str]:
        """The memories to store before anything is measured."""
        return json.loads(self.texts.read_text())


@dataclass(frozen=True, slots=True)
class Server:
    """A running peer."""

    pids: list[int]
    """The roots of its process trees, a database of its own included."""
    channels: Mapping[str, Channel]
    """The ways to ask it, by the name of the way."""
    verbs: tuple[Verb, ...] = ("search", "add")
    finds: bool = True
    """Whether a search must find what was stored; not so for the floors."""


class Peer(Protocol):
    """A memory server that can be filled, started and asked."""

    key: str
    title: str

    def version(self, bench: Bench) -> str:
        """What runs, exactly; raises Failed when it is not there."""
        ...

    def prepare(self, bench: Bench, stack: ExitStack) -> str:
        """Store the memories; what must stay up meanwhile is left to the stack.

        Returns how they came in. Raises Failed.
        """
        ...

    def start(self, bench: Bench, stack: ExitStack) -> Server:
        """Start it, to be ended by the stack. Returns as soon as it listens; raises Failed."""
        ...


def venv(home: Path, key: str) -> Path:
    """The folder of a peer's environment."""
    return home / "venvs" / key


def installed(bench: Bench, key: str, package: str) -> str:
    """The version of a package in a peer's environment, with its name."""
    asked = f"from importlib.metadata import version; print(version({package!r}))"
    done = subprocess.run(
        [bench.python(key), "-c", asked], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise Failed(f"{package} is not installed in its environment")
    return f"{package} {done.stdout.strip()}"


def install(home: Path, key: str, python: str) -> None:
    """Make a peer's environment from its pinned requirements, with an interpreter of choice.

    Raises:
        Failed: the registry has not all of it, or the interpreter does not fit.
    """
    home.mkdir(parents=True, exist_ok=True)
    into, log = venv(home, key), home / f"install-{key}.log"
    uv = [sys.executable, "-m", "uv", "--quiet"]
    env = _own_environment()
    run([*uv, "venv", "--clear", "--python", python, into], log=log, env=env)
    pins = REQUIREMENTS / f"{key}.txt"
    target = ["--python", into / "bin" / "python"]
    run([*uv, "pip", "install", "--no-deps", *target, "-r", pins], log=log, env=env)


def _own_environment() -> dict[str, str]:
    return {**os.environ, "UV_SYSTEM_CERTS": "true"}
