"""Checks 17 and 25: the overview counts what the API counts, by itself, and leads to it."""

import csv
import io
from collections.abc import Callable, Generator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from anyio.from_thread import BlockingPortal
from playwright.sync_api import Locator, expect

from tests.acceptance.processes import Server
from tests.e2e.acting import numbers_in, shown_total
from tests.e2e.agents import Agent, connected
from tests.e2e.browsing import Tab, Windows
from tests.e2e.conftest import Serve

Connect = Callable[[str], Agent]
_ZONE = "Europe/Zurich"
_KINDS = ("reads", "writes", "denied")


def found(rest: httpx.Client, range_: str = "7d") -> dict[str, Any]:
    wish = {"range": range_, "tz": _ZONE}
    return rest.get("/api/v1/ui/overview", params=wish).raise_for_status().json()


def figure(tab: Tab, title: str) -> Locator:
    return tab.page.get_by_role("figure").filter(has_text=title)


def numbers_of(tab: Tab, title: str) -> list[list[int]]:
    """The table behind a chart, without its first column."""
    shown = figure(tab, title)
    shown.get_by_role("button", name="Show table").click()
    rows: list[list[str]] = shown.locator("tbody tr").evaluate_all(
        "rows => rows.map((row) => [...row.querySelectorAll('td')].map((at) => at.textContent))"
    )
    shown.get_by_role("button", name="Show chart").click()
    return [[int(each.replace(",", "")) for each in row] for row in rows]


def copied(tab: Tab, title: str) -> list[list[str]]:
    """The table that is copied."""
    tab.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    figure(tab, title).get_by_role("button", name="Copy CSV").click()
    text = tab.page.evaluate("navigator.clipboard.readText()")
    return list(csv.reader(io.StringIO(text)))


def counted(tab: Tab, kind: str) -> int:
    """The number of a kind of calls in the head of the page."""
    link = tab.page.get_by_role("link").filter(has_text=kind.capitalize())
    return numbers_in(link.locator("span").nth(1).inner_text())[0]


def known(tab: Tab) -> int:
    region = tab.page.get_by_role("region", name="Your agents know")
    return numbers_in(region.locator("p").first.inner_text())[0]


@pytest.fixture
def fresh(serve: Serve) -> Server:
    return serve(0)


@pytest.mark.ci
def test_the_first_steps_tick_by_themselves(
    windows: Windows, fresh: Server, portal: BlockingPortal
) -> None:
    tab = windows.tab(fresh.url).open("/").settled()
    tab.page.locator("[data-live=live]").first.wait_for()
    steps = tab.page.locator("main ol > li")
    states = ["Done", "To do", "To do"]
    for step, state in enumerate(states):
        expect(steps.nth(step).get_by_text(state, exact=True)).to_be_attached()
    assert tab.page.get_by_role("radio").count() == 0
    with connected(portal, fresh.url, "cursor") as cursor:
        cursor.search("anything")
        expect(steps.nth(1).get_by_text("Done", exact=True)).to_be_attached(timeout=3_000)
        cursor.add("Prefers window seats on trains")
        expect(steps.nth(2).get_by_text("Done", exact=True)).to_be_attached(timeout=3_000)
    expect(tab.page.get_by_text("All set.")).to_be_visible()
    expect(tab.page.get_by_text("All set.")).to_have_count(0, timeout=10_000)
    assert known(tab) == 1
    tab.page.reload()
    tab.entered().settled()
    assert tab.page.get_by_text("Three steps").count() == 0


@pytest.mark.ci
def test_what_is_counted_is_what_the_api_counts_and_follows_an_agent(
    tab: Tab, rest: httpx.Client, agent: Connect
) -> None:
    cursor = agent("cursor")
    cursor.search("anything")
    tab.open("/").settled()
    tab.page.locator("[data-live=live]").first.wait_for()
    before = found(rest)
    states = before["states"]
    assert known(tab) == states["active"] + states["paused"] + states.get("archived", 0)
    assert {kind: counted(tab, kind) for kind in _KINDS} == before["calls"]
    cursor.add("The piano is tuned in spring")
    region = tab.page.get_by_role("region", name="Your agents know")
    expect(region).to_contain_text(f"{known(tab) + 1}", timeout=2_000)
    expect(tab.page.get_by_text("The piano is tuned")).to_be_visible(timeout=3_000)
    after = found(rest)
    assert after["states"]["active"] == states["active"] + 1
    assert {kind: counted(tab, kind) for kind in _KINDS} == after["calls"]
    assert after["calls"]["writes"] == before["calls"]["writes"] + 1


def test_only_who_called_is_among_the_latest_calls(tab: Tab, agent: Connect) -> None:
    agent("cursor").search("a question of an agent")
    for path in ("/memories", "/apps", "/access", "/search?q=tea", "/settings"):
        tab.open(path).settled()
    tab.open("/").settled()
    last = tab.page.locator("section").filter(
        has=tab.page.get_by_role("heading", name="Latest calls", exact=True)
    )
    expect(last.get_by_role("listitem").first).to_contain_text("a question of an agent")


@pytest.mark.parametrize("range_", ["24h", "7d", "30d", "90d", "all"])
def test_a_chart_its_table_and_the_api_say_the_same(
    tab: Tab, rest: httpx.Client, agent: Connect, range_: str
) -> None:
    agent("cursor").search("anything")
    tab.open(f"/?range={range_}").settled()
    api = found(rest, range_)
    series = api["growth"]["series"]
    columns = [*(each["counts"] for each in series)]
    rows = [[*row, sum(row)] for row in zip(*columns, strict=True)]
    assert numbers_of(tab, "Memories over time") == rows
    totals = [
        sum(each["before"] + sum(each["counts"][: place + 1]) for each in series)
        for place in range(len(rows))
    ]
    growth = figure(tab, "Memories over time")
    growth.get_by_role("radio", name="Total").check()
    assert [row[-1] for row in numbers_of(tab, "Memories over time")] == totals
    growth.get_by_role("radio", name="New").check()
    table = copied(tab, "Memories over time")
    assert [[int(each) for each in row[1:]] for row in table[1:]] == rows
    # The chart is there again as large as before, and says the same from the left to the right.
    assert (growth.locator("svg").last.bounding_box() or {"width": 0})["width"] > 400
    slider = growth.get_by_role("slider")
    slider.press("ArrowRight")
    for row in rows[:5]:
        said = slider.get_attribute("aria-valuetext") or ""
        assert numbers_in(said.split(": ", 1)[1])[0] == row[-1]
        slider.press("ArrowRight")
    for kind in _KINDS:
        figure(tab, "Calls by hour").get_by_role("radio", name=kind.capitalize()).check()
        assert numbers_of(tab, "Calls by hour") == api["heat"][kind]
    assert sum(sum(day) for day in api["heat"]["reads"]) == api["calls"]["reads"]


@pytest.fixture
def refused(rest: httpx.Client, agent: Connect) -> Generator[None]:
    """Windsurf was paused and has called nevertheless."""
    windsurf = agent("windsurf")
    windsurf.search("anything")
    rest.post("/api/v1/apps/windsurf/pause").raise_for_status()
    windsurf.refused("search_memory", query="anything")
    yield
    rest.post("/api/v1/apps/windsurf/resume").raise_for_status()


def test_a_band_a_bucket_and_a_cell_lead_to_what_they_count(
    tab: Tab, rest: httpx.Client, agent: Connect
) -> None:
    agent("cursor").search("anything")
    tab.open("/?range=90d").settled()
    growth = figure(tab, "Memories over time")
    key = growth.get_by_role("button", name="codex")
    n = numbers_in(key.inner_text())[-1]
    key.click()
    tab.page.wait_for_url("**/memories?*codex*")
    tab.settled()
    assert shown_total(tab) == n > 0
    tab.page.go_back()
    tab.entered().settled()
    api = found(rest, "90d")["growth"]
    rows = [sum(each) for each in zip(*(one["counts"] for one in api["series"]), strict=True)]
    place = next(i for i, n in enumerate(rows) if n)
    slider = growth.get_by_role("slider")
    for _ in range(place + 1):
        slider.press("ArrowRight")
    slider.press("Enter")
    tab.page.wait_for_url("**/memories?*from=*")
    tab.settled()
    assert shown_total(tab) == rows[place]
    tab.page.go_back()
    tab.entered().settled()
    heat = found(rest, "90d")["heat"]["reads"]
    day, hour = next((d, h) for d in range(7) for h in range(24) if heat[d][h])
    cells = figure(tab, "Calls by hour").get_by_role("slider")
    cells.press("ArrowRight")
    for key_, times in (("ArrowDown", day), ("ArrowRight", hour)):
        for _ in range(times):
            cells.press(key_)
    assert numbers_in((cells.get_attribute("aria-valuetext") or "").split(": ")[1]) == [
        heat[day][hour]
    ]
    cells.press("Enter")
    tab.page.wait_for_url(f"**/activity?*slot={day}-{hour}*")
    tab.settled()
    expect(tab.page.get_by_text("anything").first).to_be_visible()


def test_the_pointer_finds_what_the_keys_find(tab: Tab, rest: httpx.Client, agent: Connect) -> None:
    agent("cursor").search("anything")
    tab.open("/?range=24h").settled()
    heat = found(rest, "24h")["heat"]["reads"]
    day, hour = next((d, h) for d in range(7) for h in range(24) if heat[d][h])
    chart = figure(tab, "Calls by hour")
    # As charts.HeatDrawing draws it: names of the days at the left, hours below.
    box = chart.get_by_role("slider").bounding_box()
    assert box
    x = box["x"] + 36 + (box["width"] - 36) * (hour + 0.5) / 24
    y = box["y"] + (box["height"] - 20) * (day + 0.5) / 7
    tab.page.mouse.move(x, y)
    expect(chart).to_contain_text(f"{heat[day][hour]} read")
    tab.page.mouse.click(x, y)
    tab.page.wait_for_url(f"**/activity?*slot={day}-{hour}*")


@pytest.mark.usefixtures("refused")
def test_denied_calls_stand_out_and_lead_to_themselves(tab: Tab, rest: httpx.Client) -> None:
    tab.open("/").settled()
    assert counted(tab, "denied") == found(rest)["calls"]["denied"] > 0
    expect(tab.page.get_by_text("Paused", exact=True).last).to_be_visible()
    tab.page.get_by_role("link").filter(has_text="Denied").first.click()
    tab.page.wait_for_url("**/activity?*outcome=denied*")


def test_digits_choose_the_time(tab: Tab) -> None:
    tab.open("/").settled()
    for digit, range_ in enumerate(("24h", "7d", "30d", "90d", "all"), 1):
        tab.page.keyboard.press(str(digit))
        tab.page.wait_for_function(
            f"new URLSearchParams(location.search).get('range') === "
            f"{'null' if range_ == '7d' else repr(range_)}"
        )
    expect(tab.page.get_by_role("radio", name="All", exact=True)).to_be_checked()
    tab.page.go_back()
    expect(tab.page.get_by_role("radio", name="90 days")).to_be_checked()


def test_what_needs_attention_is_said_and_leads_on(tab: Tab, rest: httpx.Client) -> None:
    soon = (datetime.now(UTC) + timedelta(days=2)).isoformat()
    for app in ("cursor", "codex"):
        wish = {"label": f"Of {app}", "app": app, "expires_at": soon}
        rest.post("/api/v1/keys", json=wish).raise_for_status()
    items = found(rest)["attention"]
    tab.open("/").settled()
    rows = tab.page.get_by_role("region", name="Needs attention").get_by_role("listitem")
    assert items
    expect(rows).to_have_count(len(items))
    for place, item in enumerate(items):
        expect(rows.nth(place)).to_contain_text(item["text"])
    rows.first.get_by_role("button", name="Dismiss").click()
    expect(rows).to_have_count(len(items) - 1)
    tab.open("/").settled()
    expect(rows).to_have_count(len(items))
    rows.first.get_by_role("link", name="Look").click()
    tab.page.wait_for_url(f"**{items[0]['link']}")
