"""How the page reaches a browser: every address, under a prefix, by another name, or not at all."""

import sys
from pathlib import Path

import httpx
import pytest

from tests.acceptance.processes import Server, new_home, started, until
from tests.e2e.browsing import Tab, Windows
from tests.e2e.conftest import Serve

pytestmark = pytest.mark.ci

ROUTES = {
    "/": "Overview",
    "/memories": "Memories",
    "/search": "Search",
    "/apps": "Apps",
    "/apps/cursor": None,
    "/access": "Access",
    "/activity": "Activity",
    "/connect": "Connect",
    "/settings": "Settings",
}


@pytest.fixture(scope="module")
def prefixed(serve: Serve) -> str:
    server = serve(60, OPENMEMORY_ROOT_PATH="/memory")
    return server.url


@pytest.mark.parametrize("path", ROUTES)
def test_every_address_can_be_entered_and_loaded_again(tab: Tab, path: str) -> None:
    tab.open(path).settled()
    heading = tab.page.get_by_role("heading", level=1)
    before = heading.inner_text()
    assert before == (ROUTES[path] or before)
    assert tab.page.title().endswith("– OpenMemory")
    tab.page.reload()
    tab.entered()
    assert heading.inner_text() == before
    assert tab.page.get_by_role("heading", level=1).count() == 1


def test_every_page_works_under_a_prefix(windows: Windows, prefixed: str) -> None:
    tab = windows.tab(prefixed)
    assert prefixed.endswith("/memory")
    for path, title in ROUTES.items():
        tab.open(path).settled()
        assert title in (tab.page.get_by_role("heading", level=1).inner_text(), None)
    tab.open("/")
    tab.page.get_by_role("navigation").first.get_by_role("link", name="Memories").click()
    tab.page.wait_for_url("**/memory/memories*")
    tab.page.go_back()
    tab.page.wait_for_url("**/memory/")


def test_an_unknown_address_says_so_inside_the_shell(tab: Tab) -> None:
    tab.open("/no/such/page")
    assert tab.page.get_by_role("heading", level=1).inner_text() == "No such page"
    assert tab.page.get_by_role("navigation").first.is_visible()


def test_the_skip_link_stays_on_the_page(tab: Tab) -> None:
    tab.open("/memories").settled()
    tab.page.evaluate("document.activeElement.blur()")
    tab.page.keyboard.press("Tab")
    tab.page.get_by_role("link", name="Skip to the content").press("Enter")
    assert "/memories" in tab.page.url
    assert tab.page.evaluate("document.activeElement.id") == "content"


def test_the_first_page_loads_little(tab: Tab, server: Server) -> None:
    sizes: dict[str, int] = {}

    def weigh(url: str, length: int) -> None:
        sizes[url] = length

    tab.page.on(
        "response",
        lambda answer: weigh(answer.url, int(answer.headers.get("content-length", "0"))),
    )
    tab.open("/").settled()
    tab.page.wait_for_load_state("load")
    files = {url: size for url, size in sizes.items() if "/api/" not in url}
    assert all(url.startswith(server.url) for url in sizes)
    assert sum(size for url, size in files.items() if url.endswith(".js")) <= 135 * 1024
    assert sum(size for url, size in files.items() if url.endswith(".css")) <= 12 * 1024
    assert sum(url.endswith(".woff2") for url in files) <= 1
    assert len(files) <= 24, files


_UNBUILT = """
import sys, uvicorn
from pathlib import Path
from openmemory_api.app import create_app
from openmemory_api.settings import Settings
app = create_app(Settings(), dashboard=Path("nothing-here"))
uvicorn.run(app, port=int(sys.argv[1]), log_level="error")
"""


def answers(url: str) -> httpx.Response | None:
    try:
        return httpx.get(f"{url}/health")
    except httpx.TransportError:
        return None


def test_without_a_build_one_page_says_so_and_the_api_works(
    windows: Windows, tmp_path: Path
) -> None:
    home = new_home(tmp_path / "home")
    url = f"http://127.0.0.1:{home.port}"
    with started(home, (sys.executable, "-c", _UNBUILT, str(home.port))) as process:
        until(lambda: answers(url), "the server to answer")
        tab = windows.tab(url).open("/")
        assert "make ui" in tab.page.inner_text("main")
        assert f"{url}/mcp" in tab.page.inner_text("main")
        assert httpx.get(f"{url}/v1/ping/").status_code == 200
        process.terminate()
