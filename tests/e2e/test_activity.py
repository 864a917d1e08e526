"""The log of calls as it is shown: what agents asked, what they got, and what they were refused."""

import csv
import json
import re
from collections.abc import Callable, Generator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.agents import Agent
from tests.e2e.browsing import PHONE, Tab, Windows
from tests.e2e.rules import nothing_settled, settle

Connect = Callable[[str], Agent]


@pytest.fixture(autouse=True)
def fresh(rest: httpx.Client) -> Generator[None]:
    """Each test ends without rules and without an app that is paused."""
    yield
    nothing_settled(rest)
    rest.post("/api/v1/apps/codex/resume")


def row(tab: Tab, *texts: str) -> Locator:
    """The button of a call that shows all of these."""
    found = tab.page.get_by_role("list", name="Calls, newest first").locator(
        "button[aria-expanded]"
    )
    for text in texts:
        found = found.filter(has_text=text)
    return found


def asked(tab: Tab) -> dict[str, list[str]]:
    return parse_qs(urlsplit(tab.page.url).query)


def shown(tab: Tab) -> int:
    """How many calls the list says it has."""
    item = tab.page.get_by_role("list", name="Calls, newest first").get_by_role("listitem").first
    return int(item.get_attribute("aria-setsize") or 0)


def log(rest: httpx.Client, **wanted: Any) -> list[dict[str, Any]]:
    return rest.get("/api/v1/activity", params={"limit": 200, **wanted}).json()["results"]


@pytest.mark.ci
def test_what_an_agent_asked_and_was_refused_is_there_with_its_hits_and_the_reason(
    tab: Tab, agent: Connect, rest: httpx.Client
) -> None:
    page = tab.open("/activity").settled().page
    cursor, codex = agent("cursor"), agent("codex")
    found = cursor.call("search_memory", query="Which port does Postgres use?", limit=5)
    call = row(tab, "cursor", "Which port does Postgres use?")
    expect(call).to_contain_text("5 found, best")
    call.click()
    for memory in found["memories"]:
        expect(page.get_by_role("link", name=memory["text"], exact=True)).to_be_visible()
    call.click()

    [memory] = cursor.call("search_memory", query="green tea", limit=1)["memories"]
    settle(rest, {"app": "codex", "template": "read_only"})
    codex.refused("update_memory", id=memory["id"], text="Prefers black tea")
    denied = row(tab, "codex", "Edit, denied")
    denied.click()
    expect(page.get_by_text("codex may not do this")).to_be_visible()
    expect(page.get_by_text("May not change", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name=memory["text"], exact=True)).to_be_visible()
    page.get_by_role("link", name="Try it out").click()
    expect(page.get_by_text("May not change", exact=True)).to_be_visible()
    page.go_back()

    rest.post("/api/v1/apps/codex/pause")
    codex.refused("search_memory", query="peanuts")
    tab.settled()
    row(tab, "codex", "Search, denied", "peanuts").click()
    expect(page.get_by_text("codex is paused")).to_be_visible()
    assert row(tab, "GET /api/v1/").count() == 0, "what was only looked at"
    page.get_by_role("button", name="Dashboard's own").click()
    expect(row(tab, "GET /api/v1/ui/me").first).to_be_visible()


def test_filters_are_in_the_address_and_what_is_saved_is_what_is_shown(
    tab: Tab, agent: Connect, rest: httpx.Client
) -> None:
    for name in ("cursor", "windsurf"):
        agent(name).search(f"a question of {name}")
    page = tab.open("/activity?app=cursor&kind=read").settled().page
    expect(row(tab, "a question of cursor")).to_be_visible()
    expect(row(tab, "windsurf")).to_have_count(0)
    page.get_by_role("searchbox", name="Part of a query").fill("a question of")
    page.wait_for_url(re.compile("q=a"))
    page.get_by_role("button", name="More filters").click()
    sheet = page.get_by_role("dialog")
    tab.provoked.statuses = {404}
    sheet.get_by_label("Memory", exact=True).fill("m999")
    expect(sheet.get_by_text("There is no memory m999.")).to_be_visible()
    sheet.get_by_label("Memory", exact=True).fill("m2")
    page.wait_for_url(re.compile("memory="))
    sheet.get_by_role("button", name="Show the calls").click()
    tab.settled()
    wanted = {
        "app": "cursor",
        "kind": "read",
        "q": "a question of",
        "memory_id": asked(tab)["memory"][0],
    }
    rows = log(rest, **wanted)
    assert len(rows) == shown(tab) > 0
    page.reload()
    tab.entered().settled()
    assert shown(tab) == len(rows)

    for label, kept in (("As CSV", _csv), ("As JSONL", _jsonl)):
        page.get_by_role("button", name="Export").click()
        with page.expect_download() as download:
            page.get_by_role("menuitem", name=label).click()
        assert kept(download.value.path().read_text()) == [each["request_id"] for each in rows]
    page.get_by_role("button", name="Remove the filter Memory").click()
    page.wait_for_url(lambda url: "memory=" not in url)
    tab.open("/activity?q=nobody+asked+this&kind=nonsense").settled()
    page.get_by_role("button", name="Clear filters").click()
    expect(row(tab, "windsurf").first).to_be_visible()
    assert asked(tab) == {}


def _csv(text: str) -> list[str]:
    return [line["request_id"] for line in csv.DictReader(text.splitlines())]


def _jsonl(text: str) -> list[str]:
    return [json.loads(line)["request_id"] for line in text.splitlines()]


def test_new_calls_come_without_losing_the_older_ones_or_ones_place(
    tab: Tab, agent: Connect, rest: httpx.Client
) -> None:
    cursor = agent("cursor")
    asked_for = {"query": "tea", "filters": {"user_id": "default_user"}, "top_k": 1}
    for _ in range(120):
        rest.post("/v3/memories/search/", json=asked_for, headers={"X-OpenMemory-App": "windsurf"})
    page = tab.open("/activity?kind=read").settled().page
    box = page.locator("div:has(> ul[aria-label='Calls, newest first'])")
    row(tab, "windsurf").first.focus()
    page.keyboard.press("End")
    page.wait_for_timeout(1_000)
    page.keyboard.press("End")
    before = shown(tab)
    assert before > 120 or before == -1
    cursor.search("while one reads further down")
    expect(page.get_by_role("button", name="1 new call")).to_be_visible()
    assert row(tab, "while one reads").count() == 0
    assert box.evaluate("box => box.scrollTop") > 1_000
    page.get_by_role("button", name="1 new call").click()
    expect(row(tab, "while one reads")).to_be_visible()
    assert shown(tab) == (before + 1 if before > 0 else before)
    row(tab, "windsurf").first.focus()
    page.keyboard.press("Home")
    expect(row(tab, "while one reads")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(row(tab, "windsurf").first).to_be_focused()

    page.get_by_role("button", name="Live", exact=True).click()
    cursor.search("while it is paused")
    expect(page.get_by_role("button", name="1 new call")).to_be_visible()
    page.get_by_role("button", name="Live", exact=True).click()
    cursor.search("while it is live again")
    expect(row(tab, "while it is live again")).to_be_visible()
    expect(row(tab, "while it is paused")).to_be_visible()


def test_on_a_phone_all_filters_are_in_a_sheet(windows: Windows, tab: Tab, agent: Connect) -> None:
    agent("cursor").search("asked before the phone looked")
    phone = windows.tab(tab.url, size=PHONE).open("/activity").settled()
    page = phone.page
    assert phone.overflow() == 0
    page.get_by_role("button", name="Filters").click()
    sheet = page.get_by_role("dialog")
    sheet.get_by_label("App", exact=True).select_option("cursor")
    sheet.get_by_label("From").fill("2020-01-01")
    assert not phone.audit()
    sheet.get_by_role("button", name="Show the calls").click()
    assert asked(phone) == {"app": ["cursor"], "from": ["2020-01-01"]}
    expect(row(phone, "asked before the phone looked").first).to_be_visible()
    assert not phone.audit()
    page.get_by_role("button", name="Remove the filter App: cursor").click()
    page.wait_for_url(lambda url: "app=" not in url)
