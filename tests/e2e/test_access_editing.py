"""Check 2 further on: templates, keys, the way out and back, and rules that cannot be read."""

import re
import sqlite3
from collections.abc import Callable, Generator

import httpx
import pytest
from playwright.sync_api import expect

from tests.acceptance.processes import Server
from tests.e2e.agents import Agent
from tests.e2e.browsing import PHONE, Tab, Theme, Windows
from tests.e2e.conftest import Serve
from tests.e2e.matrix import COLUMNS, apply, cell, deny, draft
from tests.e2e.rules import cells, listed, memories, nothing_settled, settle, settled

Connect = Callable[[str], Agent]


@pytest.fixture(autouse=True)
def fresh(rest: httpx.Client) -> Generator[None]:
    """Each test begins and ends without rules."""
    nothing_settled(rest)
    yield
    nothing_settled(rest)


def test_templates_discard_and_the_way_out_and_back(
    tab: Tab, agent: Connect, rest: httpx.Client
) -> None:
    page = tab.open("/access").settled().page
    page.get_by_role("rowheader", name="windsurf").click()
    page.get_by_text("Start from a template").click()
    page.get_by_role("button", name="Own only", exact=False).last.click()
    expect(draft(tab)).to_contain_text("windsurf loses")
    draft(tab).get_by_role("button", name="Discard").click()
    expect(draft(tab)).to_be_hidden()

    page.get_by_text("Start from a template").click()
    page.get_by_role("button", name=re.compile("^Own only")).click()
    page.get_by_role("navigation").first.get_by_role("link", name="Memories").click()
    expect(page.get_by_text("Your draft of the rules is kept")).to_be_visible()
    page.go_back()
    apply(tab)
    own = set(memories(rest, app="windsurf"))
    assert listed(agent("windsurf")) == own

    with page.expect_download() as download:
        page.get_by_role("button", name="Export rules").click()
    kept = httpx.Response(200, content=download.value.path().read_bytes()).json()
    assert kept == settled(rest)
    deny(tab, "cursor", "work")
    with page.expect_event("dialog") as asked:
        page.close(run_before_unload=True)
    assert asked.value.type == "beforeunload"
    asked.value.accept()


def test_the_grid_is_walked_with_keys(tab: Tab) -> None:
    page = tab.open("/access").settled().page
    cell(tab, "claude-code", "health").focus()
    for key, app, column in (
        ("ArrowDown", "codex", "health"),
        ("ArrowRight", "codex", "personal"),
        ("Control+Home", None, None),
        ("ArrowRight", "Any other app", "all"),
        ("ArrowUp", "Any other app", "all"),
        ("ArrowDown", "claude-code", "all"),
        ("ArrowLeft", None, "claude-code"),
    ):
        page.keyboard.press(key)
        if app is not None:
            expect(cell(tab, app, str(column))).to_be_focused()
    expect(page.get_by_role("rowheader", name="claude-code")).to_be_focused()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    editor = page.get_by_role("complementary", name="claude-code: All memories")
    expect(editor).to_contain_text("Reads")
    page.keyboard.press("Escape")
    expect(editor).to_be_hidden()
    expect(cell(tab, "claude-code", "all")).to_be_focused()
    page.keyboard.press("d")
    expect(draft(tab)).to_be_visible()
    page.keyboard.press("i")
    page.keyboard.press("D")
    expect(cell(tab, "claude-code", "all")).to_contain_text("Deny")


def test_rules_that_cannot_be_read_are_blocked_and_never_allowed(
    windows: Windows, serve: Serve
) -> None:
    server = serve(60)
    with httpx.Client(base_url=server.url, timeout=30) as rest:
        settle(rest, {"app": "windsurf", "template": "own_only"})
        with sqlite3.connect(server.home.data_dir / "openmemory.db") as database:
            database.execute("UPDATE access_bases SET read = 'whatever'")
        settle(rest, {"app": "zed", "template": "read_only"})
        assert cells(rest)["windsurf"]["all"]["blocked"]
    tab = windows.tab(server.url).open("/access").settled()
    for column in COLUMNS:
        expect(cell(tab, "windsurf", column)).to_contain_text("its rules cannot be read")
        expect(cell(tab, "windsurf", column)).not_to_contain_text(" of ")
    phone = windows.tab(server.url, size=PHONE).open("/access?app=windsurf").settled()
    expect(phone.page.get_by_role("button", name="health")).to_contain_text("Blocked")
    for each in (tab, phone):
        assert not each.audit()
    assert phone.overflow() == 0


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_in_editor_preview_and_simulator(
    windows: Windows, server: Server, rest: httpx.Client, theme: Theme
) -> None:
    settle(rest, {"app": "cursor", "template": "write_own_only"})
    tab = windows.tab(server.url, theme=theme).open("/access").settled()
    cell(tab, "windsurf", "health").click()
    deny(tab, "windsurf", "health")
    tab.page.get_by_text("Start from a template").click()
    draft(tab).get_by_role("button", name="Show what changes").click()
    assert not tab.settled().audit()

    phone = windows.tab(server.url, theme=theme, size=PHONE).open("/access?app=windsurf").settled()
    phone.page.get_by_role("button", name="health").click()
    sheet = phone.page.get_by_role("dialog", name="windsurf: health")
    sheet.get_by_role("group", name="Reading").get_by_text("Deny").click()
    assert not phone.settled().audit()
    sheet.get_by_role("button", name="Close").click()
    draft(phone).get_by_role("button", name="Show what changes").click()
    assert not phone.settled().audit()
    assert phone.overflow() == 0
    draft(phone).get_by_role("button", name="Discard").click()
    phone.open("/access?view=simulate&as=windsurf&query=green+tea").settled()
    assert not phone.audit()
