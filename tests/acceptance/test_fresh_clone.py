"""What a stranger does: clone the committed state and run the README's two commands.

The machine has Python, git and make: neither uv nor Node is on its PATH.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import httpx
import pytest

from tests.acceptance.processes import REPO, Home, end, started, until_serving
from tests.acceptance.store import Store

_SECONDS: Final = 3600
_UNWANTED: Final = ("uv", "uvx", "node", "nodejs", "npm", "npx", "corepack", "openmemory")
_OF_THE_MACHINE: Final = ("PIP_", "SSL_", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")
"""How this machine reaches package registries is not ours to take away."""


@pytest.mark.timeout(_SECONDS)
def test_make_run_serves_and_make_test_passes(home: Home) -> None:
    clone = home.path / "openmemory"
    subprocess.run(["git", "clone", "--quiet", str(REPO), str(clone)], check=True)
    environment = _machine() | {"PATH": str(_tools(home.path / "bin"))}

    for tool in ("uv", "node"):
        assert home.run("sh", "-c", f"command -v {tool}", env=environment).returncode != 0
    with started(home, ("make", "-C", str(clone), "run"), **environment) as make:
        server = until_serving(home, make, within=_SECONDS)
        added = httpx.post(
            f"{server.url}/v3/memories/add/",
            json={"messages": [{"role": "user", "content": "Hello."}], "user_id": "stranger"},
        )
        assert added.json()["status"] == "SUCCEEDED"
        end(make)
    assert Store(home.data_dir / "openmemory.db").texts() == ["Hello."]

    tested = home.run("make", "-C", str(clone), "test", timeout=_SECONDS, env=environment)
    sys.stdout.write(tested.stdout[-3_000:])
    assert tested.returncode == 0, tested.stdout[-10_000:] + tested.stderr[-3_000:]
    changed = home.run("git", "-C", str(clone), "status", "--porcelain")
    assert changed.stdout == ""


def _machine() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith(_OF_THE_MACHINE)}


def _tools(folder: Path) -> Path:
    """A folder for PATH: this machine's programs without those that must not be needed."""
    folder.mkdir()
    for place in map(Path, os.environ["PATH"].split(os.pathsep)):
        if (place / "activate").exists() or not place.is_dir():
            continue
        for program in place.iterdir():
            if program.name not in _UNWANTED and not (folder / program.name).is_symlink():
                (folder / program.name).symlink_to(program)
    return folder
