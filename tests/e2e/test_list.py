"""P2: the filters, the order, the selection and the keys of the list, held to what the API says."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from playwright.sync_api import Locator, expect

from tests.e2e.acting import press_bulk, row_of, shown_total, states_of, undo
from tests.e2e.agents import Agent
from tests.e2e.browsing import PHONE, Tab, Windows
from tests.e2e.conftest import Serve

Connect = Callable[[str], Agent]
_CHOICES = [
    ("State", "Paused", {"state": "paused"}),
    ("App", "cursor", {"app": "cursor"}),
    ("Category", "travel", {"category": "travel"}),
    ("Readable by", "codex", {"readable_by": "codex"}),
]
_LISTEN = """() => {
  window.heard = [];
  // What a screen reader is told: what is written into a region that speaks.
  new MutationObserver((changes) => {
    for (const {target} of changes) {
      const region = (target.closest ? target : target.parentElement)?.closest("[role=status]");
      if (region?.textContent.includes("new memor")) window.heard.push(region.textContent);
    }
  }).observe(document.body, {subtree: true, childList: true, characterData: true});
}"""


def listed(rest: httpx.Client, **params: Any) -> dict[str, Any]:
    """The list as the API has it."""
    return rest.get("/api/v1/ui/memories", params=params).raise_for_status().json()


def choose(tab: Tab, chip: str, option: str) -> None:
    """Choose one thing of a filter."""
    tab.page.get_by_role("button", name=re.compile(f"^{chip}")).first.click()
    tab.page.get_by_role("menuitemcheckbox", name=re.compile(f"^{option}")).click()
    tab.page.keyboard.press("Escape")
    expect(tab.page.get_by_role("menu")).to_have_count(0)
    tab.settled()


def texts(tab: Tab) -> list[str]:
    """What the rows say that are on screen, from the top."""
    rows = tab.page.locator("[role=row][data-index]")
    found = [
        (int(row.get_attribute("data-index") or 0), row.locator("a").first.inner_text())
        for row in rows.all()
    ]
    return [text for _, text in sorted(found)]


def chosen(tab: Tab) -> Locator:
    return tab.page.get_by_role("toolbar", name="Selected memories")


def focused(tab: Tab) -> int:
    """The row that the keyboard is at."""
    return int(tab.page.evaluate("() => document.activeElement?.dataset?.index ?? -1"))


@pytest.mark.parametrize(("chip", "option", "params"), _CHOICES)
def test_every_choice_narrows_the_list_as_the_server_would(
    tab: Tab, rest: httpx.Client, chip: str, option: str, params: dict[str, str]
) -> None:
    tab.open("/memories").settled()
    everything = shown_total(tab)
    choose(tab, chip, option)
    wanted = listed(rest, **params, limit=200)
    assert shown_total(tab) == wanted["total"]
    if chip != "Readable by":
        assert 0 < wanted["total"] < everything
    [(name, _)] = params.items()
    assert f"{name}=" in tab.page.url
    tab.page.reload()
    tab.entered().settled()
    assert shown_total(tab) == wanted["total"]
    expect(tab.page.get_by_role("button", name=re.compile(f"^{chip}: {option}"))).to_be_visible()
    tab.page.get_by_role("button", name="Clear filters").click()
    tab.settled()
    assert shown_total(tab) == everything
    assert "=" not in tab.page.url
    tab.page.go_back()
    tab.settled()
    assert shown_total(tab) == wanted["total"]


def test_words_days_and_never_read_narrow_it_too(
    tab: Tab, rest: httpx.Client, agent: Connect
) -> None:
    agent("cursor").search("Lisbon", limit=3)
    tab.open("/memories").settled()
    everything = shown_total(tab)
    never = tab.page.get_by_role("button", name="Never read")
    never.click()
    tab.settled()
    expect(never).to_have_attribute("aria-pressed", "true")
    assert shown_total(tab) == listed(rest, never_read=True)["total"] < everything
    never.click()
    tab.page.keyboard.press("f")
    tab.page.keyboard.type("lisbon")
    tab.page.wait_for_url("**text=lisbon*")
    tab.settled()
    assert shown_total(tab) == listed(rest, text="lisbon")["total"] < everything
    assert all("Lisbon" in text for text in texts(tab))
    tab.page.get_by_role("button", name="Clear filters").click()
    expect(tab.page.get_by_role("searchbox", name="Filter by text")).to_have_value("")
    tab.page.get_by_role("button", name="Created", exact=True).first.click()
    tab.page.get_by_role("button", name="Last 30 days").click()
    tab.page.keyboard.press("Escape")
    tab.settled()
    since = (datetime.now(UTC) - timedelta(days=29)).replace(hour=0, minute=0, second=0)
    roughly = [listed(rest, **{"from": (since + timedelta(days=d)).isoformat()}) for d in (-1, 1)]
    assert roughly[1]["total"] <= shown_total(tab) <= roughly[0]["total"] < everything


def test_the_headers_sort_and_say_so(tab: Tab, rest: httpx.Client) -> None:
    tab.open("/memories").settled()
    created = tab.page.get_by_role("columnheader", name="Created")
    app = tab.page.get_by_role("columnheader", name="App")
    expect(created).to_have_attribute("aria-sort", "descending")
    for header, sort, said in [
        (created, "created", "ascending"),
        (app, "app", "ascending"),
        (app, "-app", "descending"),
    ]:
        header.get_by_role("button").click()
        tab.settled()
        expect(header).to_have_attribute("aria-sort", said)
        wanted = [item["text"] for item in listed(rest, sort=sort, limit=10)["items"]]
        assert texts(tab)[:10] == wanted
    expect(created).to_have_attribute("aria-sort", "none")


def test_rows_are_as_high_as_one_likes_them(tab: Tab) -> None:
    tab.open("/settings").settled()
    for name, height in [("Compact", 32), ("Roomy", 64), ("Regular", 44)]:
        tab.page.get_by_role("radio", name=name).or_(
            tab.page.get_by_role("button", name=name)
        ).first.click()
        tab.open("/memories").settled()
        box = tab.page.locator("[role=row][data-index]").first.bounding_box()
        assert box is not None
        assert box["height"] == height
        tab.open("/settings").settled()


def test_rows_ranges_and_all_are_selected_with_the_pointer_and_the_keys(tab: Tab) -> None:
    tab.open("/memories").settled()
    total = shown_total(tab)
    boxes = tab.page.locator("[role=row][data-index] [role=checkbox]")
    boxes.nth(1).click()
    expect(chosen(tab)).to_contain_text("1 selected")
    boxes.nth(5).click(modifiers=["Shift"])
    expect(chosen(tab)).to_contain_text("5 selected")
    boxes.nth(2).click()
    expect(chosen(tab)).to_contain_text("4 selected")
    tab.page.keyboard.press("Escape")
    expect(chosen(tab)).to_have_count(0)
    tab.page.keyboard.press("Control+a")
    expect(chosen(tab)).to_contain_text(f"{total} selected")
    expect(tab.page.locator("[role=row][aria-selected=false][data-index]")).to_have_count(0)
    tab.page.keyboard.press("Escape")
    tab.page.keyboard.press("x")
    tab.page.keyboard.press("Shift+ArrowDown")
    tab.page.keyboard.press("Shift+ArrowDown")
    expect(chosen(tab)).to_contain_text("3 selected")
    assert focused(tab) == 4


def test_the_keys_go_open_change_and_come_back(tab: Tab, rest: httpx.Client) -> None:
    before = states_of(rest)
    tab.open("/memories?state=active").settled()
    # The first key shows where one is; nothing is done to a row that nobody sees to be meant.
    tab.page.keyboard.press("Delete")
    assert focused(tab) == 0
    assert states_of(rest) == before
    for key in ("j", "j", "k", "ArrowDown"):
        tab.page.keyboard.press(key)
    assert focused(tab) == 2
    wanted = texts(tab)[2]
    tab.page.keyboard.press("End")
    tab.page.keyboard.press("Home")
    assert focused(tab) == 0
    for _ in range(2):
        tab.page.keyboard.press("ArrowDown")
    tab.page.keyboard.press("Enter")
    expect(tab.page.get_by_test_id("memory-text")).to_have_text(wanted)
    tab.page.keyboard.press("Escape")
    expect(tab.page.get_by_test_id("memory-text")).to_have_count(0)
    assert focused(tab) == 2
    for key, state in [("p", "paused"), ("a", "archived"), ("Delete", "trashed")]:
        tab.page.keyboard.press(key)
        expect(tab.page.get_by_role("button", name="Undo", exact=True).last).to_be_visible()
        assert states_of(rest)[state] == before[state] + 1, key
        tab.settled()
        tab.page.keyboard.press("z")
        expect(tab.page.get_by_text("Undone").last).to_be_visible()
        tab.settled()
        assert states_of(rest) == before
        assert texts(tab)[2] == wanted
        assert focused(tab) == 2, key
        tab.page.get_by_text("Undone").first.wait_for(state="detached", timeout=15_000)
    tab.page.keyboard.press("e")
    box = tab.page.get_by_role("textbox", name="Text", exact=True)
    expect(box).to_be_focused()
    expect(box).to_have_value(wanted)
    for _ in range(2):
        tab.page.keyboard.press("Escape")
    expect(tab.page.get_by_test_id("memory-text")).to_have_count(0)
    tab.page.wait_for_function("() => document.activeElement?.dataset?.index === '2'")


def test_all_that_match_are_categorised_put_away_and_erased(windows: Windows, serve: Serve) -> None:
    server = serve(60)
    with httpx.Client(base_url=server.url, timeout=30) as rest:
        before = states_of(rest)
        tab = windows.tab(server.url).open("/memories?app=codex").settled()
        trash_is_empty = tab.page.get_by_text("The trash is empty")
        n = shown_total(tab)
        tab.page.keyboard.press("Control+a")
        press_bulk(tab, "Categorise")
        dialog = tab.page.get_by_role("dialog")
        dialog.get_by_role("textbox", name="Add").fill("reviewed")
        dialog.get_by_role("button", name="Change").click()
        expect(dialog).to_have_count(0)
        tab.page.get_by_role("button", name="Undo", exact=True).last.wait_for()
        assert listed(rest, category="reviewed")["total"] == n
        undo(tab)
        assert listed(rest, category="reviewed")["total"] == 0
        for there, back, state in [
            ("Pause", "Resume", "paused"),
            ("Archive", "Unarchive", "archived"),
            ("Delete", "Restore", "trashed"),
        ]:
            tab.open("/memories?app=codex&state=active").settled()
            moved = shown_total(tab)
            tab.page.keyboard.press("Control+a")
            press_bulk(tab, there)
            tab.page.get_by_role("button", name="Undo", exact=True).last.wait_for()
            assert states_of(rest)[state] == before[state] + moved
            tab.open(f"/memories?app=codex&state={state}").settled()
            tab.page.keyboard.press("Control+a")
            press_bulk(tab, back)
            tab.page.get_by_role("button", name="Undo", exact=True).last.wait_for()
            assert listed(rest, app="codex", state=state)["total"] == 0
            undo(tab)
            assert listed(rest, app="codex", state=state)["total"] >= moved
            tab.settled()
            tab.page.keyboard.press("Control+a")
            press_bulk(tab, back)
            expect(tab.page.get_by_text("No memory matches").or_(trash_is_empty)).to_be_visible()
            before = states_of(rest)
        tab.open("/memories?app=codex&state=active").settled()
        tab.page.keyboard.press("x")
        press_bulk(tab, "Delete")
        tab.page.get_by_role("button", name="Undo", exact=True).last.wait_for()
        tab.open("/memories?state=trashed").settled()
        gone = texts(tab)[0]
        tab.page.keyboard.press("x")
        press_bulk(tab, "Erase")
        erase = dialog.get_by_role("button", name="Erase 1 memory")
        expect(erase).to_be_disabled()
        dialog.get_by_role("textbox").fill("erase")
        # The page looks what became of the row.
        tab.provoked.statuses.add(404)
        erase.click()
        expect(tab.page.get_by_text("The trash is empty")).to_be_visible()
        assert (
            listed(rest, text=gone, state=["active", "paused", "archived", "trashed"])["total"] == 0
        )


@pytest.mark.ci
def test_what_happens_to_rows_elsewhere_is_marked_where_they_are(
    tab: Tab, agent: Connect, rest: httpx.Client
) -> None:
    cursor = agent("cursor")
    old, gone = "The bicycle is chained in the yard", "The umbrella hangs behind the door"
    for text in (old, gone):
        cursor.add(text)
    tab.open("/memories").settled()
    tab.page.locator("[data-live=live]").first.wait_for()
    ids = {item["text"]: item["id"] for item in listed(rest, limit=5)["items"]}
    tab.page.locator("[role=row][data-index] [role=checkbox]").nth(4).click()
    cursor.add("The ladder leans against the shed")
    expect(tab.page.get_by_role("button", name="1 new memory")).to_be_visible(timeout=3_000)
    rest.put(f"/v1/memories/{ids[old]}/", json={"text": f"{old} now"}).raise_for_status()
    expect(row_of(tab, f"{old} now")).to_have_class(re.compile("animate-flash"))
    rest.delete(f"/v1/memories/{ids[gone]}/").raise_for_status()
    expect(row_of(tab, gone)).to_contain_text("Deleted meanwhile")
    expect(row_of(tab, gone).locator("a")).to_have_css("text-decoration-line", "line-through")
    expect(chosen(tab)).to_contain_text("1 selected")
    tab.page.keyboard.press(".")
    expect(row_of(tab, "The ladder leans")).to_be_visible()
    expect(row_of(tab, gone)).to_have_count(0)
    expect(tab.page.get_by_role("button", name="1 new memory")).to_have_count(0)


@pytest.mark.ci
def test_each_empty_list_says_which_nothing_it_is(
    windows: Windows, empty: Any, serve: Serve, server: Any
) -> None:
    tab = windows.tab(empty.url).open("/memories").settled()
    expect(tab.page.get_by_text("Nothing is remembered yet")).to_be_visible()
    tab.open("/memories?state=trashed").settled()
    expect(tab.page.get_by_text("The trash is empty")).to_be_visible()
    tab = windows.tab(server.url).open("/memories?text=nobody+wrote+this").settled()
    expect(tab.page.get_by_text("No memory matches")).to_be_visible()
    tab.page.get_by_role("main").get_by_role("button", name="Clear filters").last.click()
    tab.settled()
    assert shown_total(tab) == 60 or shown_total(tab) > 0


def test_on_a_phone_filters_are_a_sheet_and_a_memory_is_a_page(
    windows: Windows, server: Any, rest: httpx.Client
) -> None:
    tab = windows.tab(server.url, size=PHONE).open("/memories").settled()
    tab.page.get_by_role("button", name="Filters").click()
    sheet = tab.page.get_by_role("dialog", name="Filters")
    sheet.get_by_role("button", name=re.compile("^App")).click()
    tab.page.get_by_role("menuitemcheckbox", name=re.compile("^codex")).click()
    tab.page.keyboard.press("Escape")
    wanted = listed(rest, app="codex")["total"]
    sheet.get_by_role("button", name=f"Show {wanted}").click()
    tab.settled()
    first = tab.page.locator("[role=row][data-index]").first
    text = first.locator("a").inner_text()
    first.get_by_role("checkbox").tap()
    expect(chosen(tab)).to_contain_text("1 selected")
    assert tab.overflow() == 0
    tab.page.get_by_role("button", name="Clear the selection").tap()
    hold(tab, first.locator("a"))
    expect(chosen(tab)).to_contain_text("1 selected")
    expect(tab.page.get_by_test_id("memory-text")).to_have_count(0)
    hold(tab, first.locator("a"))
    expect(chosen(tab)).to_have_count(0)
    first.locator("a").tap()
    expect(tab.page.get_by_test_id("memory-text")).to_have_text(text)
    expect(tab.page.get_by_role("grid")).to_be_hidden()
    tab.page.get_by_role("button", name="Back to the list").tap()
    expect(first).to_be_visible()
    assert "app=" in tab.page.url


def hold(tab: Tab, target: Locator) -> None:
    """A finger that stays where it is for a moment."""
    box = target.bounding_box()
    assert box is not None
    touch: Any = tab.page.context.new_cdp_session(tab.page)
    points = [{"x": box["x"] + 20, "y": box["y"] + 8}]
    touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": points})
    tab.page.wait_for_timeout(800)
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def test_a_new_memory_is_read_out_once(tab: Tab, agent: Connect) -> None:
    cursor = agent("cursor")
    tab.open("/memories").settled()
    tab.page.locator("[data-live=live]").first.wait_for()
    tab.page.evaluate(_LISTEN)
    cursor.add("The canary sings at dawn")
    tab.page.wait_for_function("() => window.heard.length > 0", timeout=15_000)
    tab.page.wait_for_timeout(6_000)
    assert tab.page.evaluate("() => window.heard") == ["1 new memory"]
