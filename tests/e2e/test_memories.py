"""Checks 5, 7, 18 and 19: what the list does to memories is what agents get of them."""

from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import expect

from tests.e2e.acting import press_bulk, row_of, select, shown_total, states_of, undo
from tests.e2e.agents import Agent
from tests.e2e.browsing import Tab, Windows
from tests.e2e.conftest import Serve

Connect = Callable[[str], Agent]
_GONE = [("Pause", "paused"), ("Archive", "archived"), ("Delete", "trashed")]
_NASTY = (
    "Look at <script>alert(1)</script> and <img src=x onerror=alert(2)>",
    "[a link](javascript:alert(3)) and ![a picture](https://evil.example/x.png)",
    "Emoji \U0001f9d1\U0001f3fd\u200d\U0001f680 and مرحبا بالعالم and שלום",
)


@pytest.mark.ci
@pytest.mark.parametrize(("button", "state"), _GONE)
def test_what_is_taken_away_agents_do_not_get_until_it_is_undone(
    tab: Tab, agent: Connect, rest: httpx.Client, button: str, state: str
) -> None:
    cursor = agent("cursor")
    fact = f"The lighthouse of {button} has a green lamp"
    cursor.add(fact)
    assert fact in cursor.search(fact)
    before = states_of(rest)
    tab.open("/memories").settled()
    select(tab, [fact])
    press_bulk(tab, button)
    expect(tab.page.get_by_role("button", name="Undo", exact=True).last).to_be_visible()
    assert fact not in cursor.search(fact)
    after = states_of(rest)
    assert (after["active"], after[state]) == (before["active"] - 1, before[state] + 1)
    undo(tab)
    assert fact in cursor.search(fact)
    assert states_of(rest) == before


def test_five_hundred_at_once(windows: Windows, serve: Serve) -> None:
    server = serve(520)
    tab = windows.tab(server.url).open("/memories").settled()
    with httpx.Client(base_url=server.url, timeout=60) as rest:
        before = states_of(rest)
        assert shown_total(tab) == sum(before.values()) == 520
        for button, state in _GONE:
            tab.page.get_by_role("row").nth(1).get_by_role("checkbox").click()
            tab.page.get_by_role("button", name="Select all 520").click()
            press_bulk(tab, button)
            note = tab.page.get_by_role("button", name="Undo", exact=True).last
            expect(note).to_be_visible(timeout=30_000)
            assert states_of(rest)[state] >= before["active"]
            assert searched(rest) == 0
            assert overview(rest)[state] == states_of(rest)[state]
            note.click()
            expect(tab.page.get_by_text("Undone").last).to_be_visible(timeout=30_000)
            assert states_of(rest) == before == overview(rest)
            assert searched(rest) > 0
            tab.open("/memories").settled()


def searched(rest: httpx.Client) -> int:
    body = {"query": "deploy pipeline", "filters": {"user_id": "default_user"}, "top_k": 100}
    return len(rest.post("/v3/memories/search/", json=body).json()["results"])


def overview(rest: httpx.Client) -> dict[str, int]:
    found = rest.get("/api/v1/ui/overview", params={"range": "7d", "tz": "UTC"}).json()["states"]
    return {state: found.get(state, 0) for state in ("active", "paused", "archived", "trashed")}


@pytest.mark.ci
def test_what_is_remembered_is_text_and_nothing_else(tab: Tab, agent: Connect) -> None:
    tab.page.on("dialog", lambda dialog: tab.faults.append(f"ran: {dialog.message}"))
    for text in (*_NASTY, "long " * 4_000):
        agent("cursor").add(text)
    tab.open("/memories").settled()
    for text in _NASTY:
        expect(row_of(tab, text[:30])).to_be_visible()
    row_of(tab, _NASTY[0][:20]).click()
    tab.settled()
    expect(tab.page.get_by_text(_NASTY[0]).last).to_be_visible()
    assert tab.page.locator("main img[src*=x], main script, main a[href^=javascript]").count() == 0


@pytest.mark.ci
def test_apps_that_nobody_knows_are_called_what_they_call_themselves(
    tab: Tab, agent: Connect
) -> None:
    long = "an-app-with-a-name-of-just-sixty-letters-as-anybody-may-take"
    assert len(long) == 60
    for name in (long, "zed-nightly"):
        agent(name).add(f"Of {name}, which has no icon")
    tab.open("/memories").settled()
    for name in (long, "zed-nightly"):
        expect(row_of(tab, f"Of {name}, which").get_by_text(name, exact=True)).to_be_visible()
    assert tab.page.get_by_text("Default", exact=True).count() == 0
    assert tab.overflow() == 0


@pytest.mark.ci
def test_going_back_brings_filters_scroll_and_place(tab: Tab) -> None:
    tab.open("/memories?app=cursor").settled()
    before = shown_total(tab)
    assert 0 < before < 60
    rows = tab.page.get_by_test_id("rows")
    rows.evaluate("box => { box.scrollTop = 200; }")
    tab.page.wait_for_timeout(200)
    top = rows.evaluate("box => box.scrollTop")
    tab.page.get_by_role("navigation").first.get_by_role("link", name="Activity").click()
    tab.page.wait_for_url("**/activity*")
    tab.page.go_back()
    tab.page.wait_for_url("**/memories?app=cursor*")
    tab.settled()
    assert shown_total(tab) == before
    assert abs(tab.page.get_by_test_id("rows").evaluate("box => box.scrollTop") - top) < 2
    tab.page.reload()
    tab.entered().settled()
    assert shown_total(tab) == before
