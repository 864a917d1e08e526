"""One server for the tests that only talk to it; tests that kill servers make their own homes."""

from collections.abc import Generator
from pathlib import Path

import httpx
import pytest

from tests.acceptance import installs
from tests.acceptance.processes import Home, Server, new_home, serving
from tests.acceptance.store import Store

_SECONDS = 900
"""Includes what the first test of a client installs."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(_SECONDS))


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[Server]:
    with serving(new_home(tmp_path_factory.mktemp("shared") / "home")) as running:
        yield running


@pytest.fixture(scope="session")
def store(server: Server) -> Store:
    return Store(server.home.data_dir / "openmemory.db")


@pytest.fixture(scope="session")
def rest(server: Server) -> Generator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=30) as client:
        yield client


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return new_home(tmp_path / "home")


@pytest.fixture
def user(request: pytest.FixtureRequest) -> str:
    """A user of the test's own, so that tests share a server and nothing else."""
    name = f"{request.path.stem.removeprefix('test_')}-{request.node.name}"
    return "".join(letter if letter.isalnum() else "-" for letter in name).strip("-")[:120]


@pytest.fixture(scope="session")
def node_modules() -> Path:
    return installs.node_modules()
