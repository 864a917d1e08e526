"""A server with memories, agents on its tool server, and tabs of Chromium before its dashboard."""

import os
import re
import shutil
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from playwright.sync_api import Browser, Playwright, sync_playwright

from openmemory_api.routes.dashboard import BUILT
from tests.acceptance.processes import REPO, Server, new_home, serving
from tests.e2e.agents import Agent, connected
from tests.e2e.browsing import FLAGS, Tab, Windows, watched
from tests.e2e.seeding import sow

_SECONDS = 300
_FAILED = pytest.StashKey[bool]()

Serve = Callable[..., Server]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(_SECONDS))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if call.when == "call":
        item.stash[_FAILED] = report.failed
    return report


@pytest.fixture(scope="session")
def playwright() -> Generator[Playwright]:
    if not (BUILT / "index.html").exists():
        pytest.fail("The dashboard is not built: run `make ui`")
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Generator[Browser]:
    """Debian's own; none is downloaded."""
    path = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def portal() -> Generator[BlockingPortal]:
    """A thread with a loop for what is asynchronous."""
    with start_blocking_portal() as portal:
        yield portal


@pytest.fixture(scope="session")
def seeds(
    tmp_path_factory: pytest.TempPathFactory, portal: BlockingPortal
) -> Callable[[int], Path]:
    """Data directories by how many memories are in them, each made once."""
    folder = tmp_path_factory.mktemp("seeds")

    def made(count: int) -> Path:
        data = folder / str(count)
        if not data.exists():
            portal.call(sow, data, count)
        return data

    return made


@contextmanager
def server_of(path: Path, data: Path | None, **env: str) -> Generator[Server]:
    """A server process of its own over a copy of a data directory."""
    home = new_home(path)
    if data is not None:
        shutil.copytree(data, home.data_dir)
    with serving(home, **env) as running:
        yield running


@pytest.fixture(scope="module")
def serve(
    tmp_path_factory: pytest.TempPathFactory, seeds: Callable[[int], Path]
) -> Generator[Serve]:
    """Starts servers that last as long as the module: `serve(60, OPENMEMORY_AUTH="required")`."""
    with ExitStack() as stack:

        def start(count: int = 0, **env: str) -> Server:
            path = tmp_path_factory.mktemp("home") / "home"
            data = seeds(count) if count else None
            return stack.enter_context(server_of(path, data, **env))

        yield start


@pytest.fixture(scope="module")
def server(serve: Serve) -> Server:
    """A server with sixty memories of four apps."""
    return serve(60)


@pytest.fixture(scope="module")
def empty(serve: Serve) -> Server:
    """A server that nobody has used yet."""
    return serve(0)


@pytest.fixture(scope="module")
def rest(server: Server) -> Generator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=30) as client:
        yield client


@pytest.fixture
def agent(server: Server, portal: BlockingPortal) -> Generator[Callable[[str], Agent]]:
    """Connects apps to the server: `agent("cursor")`."""
    with ExitStack() as stack:
        known: dict[str, Agent] = {}

        def connect(name: str) -> Agent:
            if name not in known:
                known[name] = stack.enter_context(connected(portal, server.url, name))
            return known[name]

        yield connect


@pytest.fixture
def windows(browser: Browser, request: pytest.FixtureRequest) -> Generator[Windows]:
    name = re.sub(r"\W+", "-", request.node.name)[:100]
    made = Windows(browser, REPO / ".acceptance" / "e2e")
    with watched(made, name, lambda: request.node.stash.get(_FAILED, False)):
        yield made


@pytest.fixture
def tab(windows: Windows, server: Server) -> Tab:
    """A tab before the server with sixty memories."""
    return windows.tab(server.url)
