"""Photographs every page as people meet it: `python -m tests.e2e.pictures FOLDER [COUNT ..]`.

Each with nothing, 60 and 10,000 memories, in both themes, on a desk and on a phone. What the log
and the apps show comes from real calls of agents.
"""

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

import httpx
from anyio.from_thread import BlockingPortal, start_blocking_portal
from playwright.sync_api import Browser, Page, sync_playwright

from tests.e2e.agents import connected
from tests.e2e.browsing import FLAGS, PHONE, WIDE, Tab, Theme, Windows
from tests.e2e.conftest import server_of
from tests.e2e.seeding import sow

_COUNTS: Final = (0, 60, 10_000)
_THEMES: Final[tuple[Theme, ...]] = ("light", "dark")
_QUERY: Final = "When does the deploy pipeline run?"
_PAGES: Final = {
    "overview": "/",
    "memories": "/memories",
    "memory": "/memories/m3",
    "search": "/search",
    "search-results": "/search?q=deploy%20pipeline",
    "apps": "/apps",
    "app": "/apps/cursor",
    "access": "/access",
    "activity": "/activity",
    "connect": "/connect",
    "settings": "/settings",
}
_OF_MEMORIES: Final = ("memory", "search-results", "app")
_HEALTH: Final = {"kind": "category", "value": "health"}
_KEY: Final = "the-key-of-the-admin"


def _new_memory(page: Page) -> None:
    page.keyboard.press("n")
    page.get_by_role("dialog").wait_for()


def _shortcuts(page: Page) -> None:
    page.keyboard.press("?")
    page.get_by_role("dialog").wait_for()


def _jump(page: Page) -> None:
    page.keyboard.press("Control+k")
    page.get_by_role("dialog").wait_for()


def _selected(page: Page) -> None:
    for row in (2, 3):
        page.get_by_role("row").nth(row).get_by_role("checkbox").click()
    page.get_by_role("toolbar", name="Selected memories").wait_for()


_DEEDS: Final[dict[str, Callable[[Page], None]]] = {
    "new-memory": _new_memory,
    "shortcuts": _shortcuts,
    "jump": _jump,
    "selected": _selected,
}


def main(folder: Path, counts: list[int]) -> None:
    """Take all pictures; what one page lacks keeps no other from being taken."""
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as place,
        start_blocking_portal() as portal,
        sync_playwright() as driver,
    ):
        path = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        browser = driver.chromium.launch(executable_path=path, args=list(FLAGS))
        for count in counts:
            data = Path(place) / f"data-{count}" if count else None
            if data is not None:
                portal.call(sow, data, count)
            with server_of(Path(place) / f"home-{count}", data) as server:
                if count:
                    _call(portal, server.url)
                _photograph(browser, server.url, folder / f"{count}", count)
        home = Path(place) / "home-locked"
        with server_of(home, None, OPENMEMORY_AUTH="required", OPENMEMORY_API_KEY=_KEY) as server:
            _each_look(browser, server.url, folder / "locked", {"sign-in": "/memories"}, {})
        browser.close()


def _call(portal: BlockingPortal, url: str) -> None:
    """An hour of agents: reads, writes, and one that is kept out."""
    for name in ("claude-code", "cursor", "codex", "windsurf"):
        with connected(portal, url, name) as agent:
            for n in range(3):
                agent.search(f"{_QUERY} {n}" if n else _QUERY)
            agent.add(f"The colleague behind {name} is on holiday until Monday")
    with httpx.Client(base_url=url, timeout=30) as rest:
        rest.post("/api/v1/apps/windsurf/pause").raise_for_status()
        rule = {"verb": "read", "effect": "deny", "subject": _HEALTH}
        row = {"app": "codex", "read": "everything", "write": "own", "rules": [rule]}
        rest.post("/api/v1/access/apply", json={"changes": [row]}).raise_for_status()
    with connected(portal, url, "windsurf") as agent:
        agent.refused("search_memory", query=_QUERY)


def _photograph(browser: Browser, url: str, folder: Path, count: int) -> None:
    pages = {name: path for name, path in _PAGES.items() if count or name not in _OF_MEMORIES}
    deeds = _DEEDS if count == 60 else {}
    _each_look(browser, url, folder, pages, deeds)


def _each_look(
    browser: Browser,
    url: str,
    folder: Path,
    pages: dict[str, str],
    deeds: dict[str, Callable[[Page], None]],
) -> None:
    folder.mkdir(exist_ok=True)
    for theme in _THEMES:
        for size in (WIDE, PHONE):
            windows = Windows(browser, folder)
            tab = windows.tab(url, theme=theme, size=size)
            end = f"{size[0]}-{theme}.png"
            for name, path in pages.items():
                _take(tab, path, folder / f"{name}-{end}", None)
            for name, deed in deeds.items():
                _take(tab, "/memories", folder / f"{name}-{end}", deed)
            windows.close(failed=False, name="")


def _take(tab: Tab, path: str, file: Path, deed: Callable[[Page], None] | None) -> None:
    try:
        tab.open(path).settled()
        if deed is not None:
            deed(tab.page)
            tab.settled()
    except Exception as error:  # noqa: BLE001 - the picture shows what went wrong
        sys.stderr.write(f"{file.name}: {error}\n")
    tab.page.screenshot(path=file)


if __name__ == "__main__":
    main(Path(sys.argv[1]), [int(each) for each in sys.argv[2:]] or list(_COUNTS))
