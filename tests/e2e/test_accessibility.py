"""Checks 22, 26 and 29: axe, widths, targets and names, on every page in every look."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.acceptance.processes import Server
from tests.e2e.browsing import PHONE, WIDE, Tab, Theme, Windows
from tests.e2e.measuring import names_twice, small_targets
from tests.e2e.test_serving import ROUTES

PAGES = [*ROUTES, "/memories/m3", "/memories/m999999", "/no/such/page", "/memories?text=zzzzz"]
LOOKS = [("light", WIDE), ("dark", WIDE), ("light", PHONE), ("dark", PHONE)]
# Each theme and each size once; `make e2e` has them all.
LOOKS_IN_CI = [
    pytest.param(*look, marks=[pytest.mark.ci] if look in (LOOKS[0], LOOKS[3]) else [])
    for look in LOOKS
]


def named(look: Any) -> str:
    return look if isinstance(look, str) else f"{look[0]}px"


def looked_at(windows: Windows, server: Server, pages: list[str], **look: Any) -> Iterator[Tab]:
    context = windows.context(**look)
    tab = windows.tab(server.url, context=context)
    tab.provoked.statuses = {404}
    for path in pages:
        tab.open(path).settled()
        yield tab


def faults_of(tab: Tab) -> list[str]:
    path = tab.page.url.removeprefix(tab.url)
    return [f"{path}: {fault}" for fault in tab.audit()]


@pytest.mark.parametrize(("theme", "size"), LOOKS_IN_CI, ids=named)
def test_axe_finds_nothing_on_any_page(
    windows: Windows, server: Server, theme: Theme, size: tuple[int, int]
) -> None:
    tabs = looked_at(windows, server, PAGES, theme=theme, size=size)
    assert [fault for tab in tabs for fault in faults_of(tab)] == []


@pytest.mark.parametrize(("theme", "size"), LOOKS, ids=named)
def test_axe_finds_nothing_where_there_is_nothing_yet(
    windows: Windows, empty: Server, theme: Theme, size: tuple[int, int]
) -> None:
    tabs = looked_at(windows, empty, list(ROUTES), theme=theme, size=size)
    assert [fault for tab in tabs for fault in faults_of(tab)] == []


@pytest.mark.parametrize(("theme", "size"), LOOKS, ids=named)
def test_axe_finds_nothing_where_the_server_fails(
    windows: Windows, server: Server, theme: Theme, size: tuple[int, int]
) -> None:
    context = windows.context(theme=theme, size=size)
    tab = windows.tab(server.url, context=context)
    tab.provoked.statuses = {503}
    faults: list[str] = []
    for path in ROUTES:
        tab.page.unroute_all()
        tab.page.route(lambda url: "/api/" in url and "/ui/me" not in url, failing)
        tab.open(path).settled()
        faults += faults_of(tab)
    assert faults == []


def failing(route: Any) -> None:
    route.fulfill(status=503, json={"detail": "The store is still opening", "error": "x"})


def new_memory(page: Page) -> None:
    page.get_by_role("button", name="New memory").click()


def shortcuts(page: Page) -> None:
    page.keyboard.press("?")


def jump(page: Page) -> None:
    page.keyboard.press("Control+k")


def account(page: Page) -> None:
    page.get_by_role("button", name="Account and help").click()


OVERLAYS = [new_memory, shortcuts, jump, account]


@pytest.mark.parametrize("opened", OVERLAYS, ids=lambda each: each.__name__)
@pytest.mark.parametrize(("theme", "size"), LOOKS, ids=named)
def test_axe_finds_nothing_in_what_opens_over_every_page(
    windows: Windows, server: Server, theme: Theme, size: tuple[int, int], opened: Any
) -> None:
    tab = windows.tab(server.url, theme=theme, size=size).open("/memories").settled()
    opened(tab.page)
    overlay = tab.page.get_by_role("menu" if opened is account else "dialog")
    overlay.wait_for()
    tab.settled()
    assert tab.audit() == []
    assert small_targets(tab, 44 if size == PHONE else 24) == []
    tab.page.keyboard.press("Escape")
    overlay.wait_for(state="detached")


@pytest.mark.parametrize("width", [1440, 1024, 768, 390, pytest.param(320, marks=pytest.mark.ci)])
def test_no_page_scrolls_sideways(windows: Windows, server: Server, width: int) -> None:
    tabs = looked_at(windows, server, PAGES, size=(width, 800))
    wide = {tab.page.url: tab.overflow() for tab in tabs if tab.overflow() > 0}
    assert wide == {}


def test_no_page_scrolls_sideways_at_twice_the_size(windows: Windows, server: Server) -> None:
    """A window of 1440 pixels in which everything is drawn twice as large has room for 720."""
    tabs = looked_at(windows, server, PAGES, size=(720, 450), device_scale_factor=2)
    wide = {tab.page.url: tab.overflow() for tab in tabs if tab.overflow() > 0}
    assert wide == {}


@pytest.mark.parametrize(("size", "least"), [(WIDE, 24), (PHONE, 44)], ids=["wide", "phone"])
def test_every_target_can_be_hit(
    windows: Windows, server: Server, size: tuple[int, int], least: int
) -> None:
    tabs = looked_at(windows, server, PAGES, size=size)
    small = {tab.page.url: small_targets(tab, least) for tab in tabs}
    assert {url: found for url, found in small.items() if found} == {}


def test_no_two_controls_of_a_list_have_one_name(windows: Windows, server: Server) -> None:
    tabs = looked_at(windows, server, PAGES)
    twice = {tab.page.url: names_twice(tab) for tab in tabs}
    assert {url: found for url, found in twice.items() if found} == {}
