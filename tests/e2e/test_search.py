"""Check 24: the playground finds what apps are told, says what put it there, and why not."""

from collections.abc import Callable, Generator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Locator, expect

from tests.acceptance.processes import Server
from tests.e2e.acting import numbers_in
from tests.e2e.agents import Agent
from tests.e2e.browsing import Tab, Windows

Connect = Callable[[str], Agent]
_QUERY = "when does the deploy run"
_ASKED = f"/search?q={_QUERY.replace(' ', '+')}"
_MOST_STOPS = 8
_MORE_THAN_LOOKED_AT = 120


def hits(tab: Tab) -> Locator:
    return tab.page.locator("main ol > li[id^=result-]")


def searched(tab: Tab, more: str = "") -> Tab:
    """The search is on the page, all of its results with it."""
    tab.open(_ASKED + more).settled()
    tab.page.get_by_text("scored").wait_for()
    return tab


def ids(tab: Tab) -> list[str]:
    return hits(tab).evaluate_all("rows => rows.map((row) => row.id.replace('result-', ''))")


def tried(rest: httpx.Client, **more: Any) -> dict[str, Any]:
    body = {"query": _QUERY, **more}
    return rest.post("/api/v1/ui/search", json=body).raise_for_status().json()


@pytest.fixture
def kept_from_cursor(rest: httpx.Client) -> Generator[str]:
    """A category that Cursor may not read."""
    rule = {"verb": "read", "effect": "deny", "subject": {"kind": "category", "value": "health"}}
    change = {"app": "cursor", "read": "everything", "write": "own", "rules": [rule]}
    done = rest.post("/api/v1/access/apply", json={"changes": [change]}).raise_for_status()
    yield "health"
    rest.post(f"/api/v1/actions/{done.json()['action_id']}/undo").raise_for_status()


@pytest.mark.ci
def test_what_is_added_up_is_the_sum_that_orders_the_results(tab: Tab, rest: httpx.Client) -> None:
    searched(tab)
    expected = tried(rest)["results"]
    assert ids(tab) == [hit["item"]["id"] for hit in expected]
    sums: list[float] = []
    for place, hit in enumerate(expected):
        row = hits(tab).nth(place)
        added = [float(each) for each in row.locator("tbody td:last-child").all_text_contents()]
        [total] = row.locator("tfoot td").all_text_contents()
        assert sum(added) == pytest.approx(float(total), abs=2e-6)
        assert added == pytest.approx([each["contribution"] for each in hit["signals"]], abs=1e-6)
        assert float(total) == pytest.approx(hit["sum"], abs=1e-6)
        assert f"= {float(total):.3f}" in row.inner_text()
        assert f"Score {hit['score']:.2f}" in row.inner_text()
        sums.append(float(total))
    assert sums == sorted(sums, reverse=True)


@pytest.mark.ci
def test_as_an_app_it_finds_what_the_app_is_told_in_order(
    tab: Tab, agent: Connect, kept_from_cursor: str
) -> None:
    told = agent("cursor").search(_QUERY, limit=20)
    searched(tab, "&as=cursor&k=20")
    shown = hits(tab).locator("a[href*='/memories/']").all_text_contents()
    assert shown == told
    assert hits(tab).get_by_text(kept_from_cursor, exact=True).count() == 0
    searched(tab, "&k=20")
    assert hits(tab).get_by_text(kept_from_cursor, exact=True).count() > 0


@pytest.mark.ci
def test_a_trial_is_no_apps_read(
    tab: Tab, rest: httpx.Client, agent: Connect, kept_from_cursor: str
) -> None:
    agent("cursor").search("anything")
    before = _reads(rest)
    query = "a query that nobody else asks"
    tab.open(f"/search?as=cursor&q={query.replace(' ', '+')}").settled()
    hits(tab).first.wait_for()
    assert _reads(rest) == before
    [trial, *_] = rest.get("/api/v1/activity", params={"q": query}).json()["results"]
    assert (trial["operation"], trial["app"]) == ("playground", None)


def _reads(rest: httpx.Client) -> tuple[Any, ...]:
    """What is counted of reads: in all, by the app, and of each memory."""
    found = rest.get("/api/v1/ui/overview", params={"range": "24h", "tz": "UTC"}).json()
    apps = {app["app"]: app["reads"] for app in found["apps"]}
    calls = rest.get("/api/v1/activity", params={"app": "cursor", "limit": 100}).json()
    held = rest.get("/api/v1/ui/memories", params={"limit": 200}).json()["items"]
    return found["calls"], apps, calls["results"], {item["id"]: item["reads"] for item in held}


def _never_found(rest: httpx.Client) -> str:
    """A memory that is not among what the search looks at, of more than it ever does."""
    seats = [f"Seat {n} of the old cinema squeaks" for n in range(_MORE_THAN_LOOKED_AT)]
    said = [{"role": "user", "content": text} for text in seats]
    body = {"messages": said, "user_id": "default_user", "infer": False}
    rest.post("/v3/memories/add/", json=body).raise_for_status()
    held = rest.get("/api/v1/ui/memories", params={"state": "active", "limit": 200}).json()["items"]
    assert tried(rest)["candidates"] < len(held)

    def stage(item: dict[str, Any]) -> str:
        body = {"query": _QUERY, "memory": item["id"]}
        return rest.post("/api/v1/ui/search/why-not", json=body).raise_for_status().json()["stage"]

    return next(item["short_id"] for item in held if stage(item) == "no_candidate")


def _found(rest: httpx.Client, place: int) -> str:
    return tried(rest, top_k=100)["results"][place]["item"]["short_id"]


def _of_category(rest: httpx.Client, category: str) -> str:
    wish = {"state": "active", "category": category, "limit": 1}
    return rest.get("/api/v1/ui/memories", params=wish).json()["items"][0]["short_id"]


def _paused(rest: httpx.Client) -> str:
    wish = {"state": "paused", "limit": 1}
    return rest.get("/api/v1/ui/memories", params=wish).json()["items"][0]["short_id"]


def _expired(rest: httpx.Client) -> str:
    said = [{"role": "user", "content": "The deploy does not run on the day of the fair"}]
    body = {
        "messages": said,
        "user_id": "default_user",
        "infer": False,
        "expiration_date": "2020-01-01",
    }
    rest.post("/v3/memories/add/", json=body).raise_for_status()
    wish = {"text": "day of the fair", "limit": 1}
    return rest.get("/api/v1/ui/memories", params=wish).json()["items"][0]["short_id"]


_WHY_NOT: list[tuple[str, str, Callable[[httpx.Client], str], str]] = [
    ("not readable", "&as=cursor", lambda rest: _of_category(rest, "health"),
     "cursor may not read it"),
    ("paused", "", _paused, "It is not active"),
    ("below", "&threshold=0.9", lambda rest: _found(rest, -1), "Below the least score"),
    ("not a candidate", "", _never_found, "Not near enough to be looked at"),
    ("cut", "&k=1", lambda rest: _found(rest, 3), "It comes 4th"),
    ("expired", "", _expired, "It has expired"),
    ("filtered", '&category=["food"]', lambda rest: _of_category(rest, "work"), "Left out"),
    ("unknown", "", lambda _: "m99999", "No such memory"),
    ("returned", "", lambda rest: _found(rest, 0), "It is in the answer"),
]  # fmt: skip


@pytest.mark.ci
@pytest.mark.usefixtures("kept_from_cursor")
def test_why_not_is_right(tab: Tab, rest: httpx.Client) -> None:
    for name, more, which, said in _WHY_NOT:
        searched(tab, f"{more}&why={which(rest)}")
        answer = tab.page.get_by_role("complementary").get_by_role("status").first
        expect(answer, name).to_contain_text(said)


def test_what_would_bring_it_in_brings_it_in(tab: Tab, rest: httpx.Client) -> None:
    missed = _found(rest, 6)
    searched(tab, f"&k=3&why={missed}")
    assert hits(tab).count() == 3
    tab.page.get_by_role("button", name="Show 7 results").click()
    expect(hits(tab)).to_have_count(7)
    expect(tab.page.get_by_text("It is in the answer")).to_be_visible()
    searched(tab, f"&threshold=1&k=100&why={missed}")
    assert hits(tab).count() == 0
    tab.page.get_by_role("complementary").get_by_role("button", name="least score").click()
    tab.page.get_by_text("It is in the answer").wait_for()


def test_the_box_that_asks_why_not_follows_back(tab: Tab, rest: httpx.Client) -> None:
    tab.open("/search").settled()
    query = tab.page.get_by_role("searchbox", name="What to find")
    query.fill(_QUERY)
    query.press("Enter")
    box = tab.page.get_by_label("Memory", exact=True)
    box.fill("deploy pipeline")
    picks = tab.page.get_by_role("button", name="Ask why not:")
    picks.first.click()
    expect(tab.page.get_by_role("link", name="Open the memory")).to_be_visible()
    first = box.input_value()
    assert numbers_in(first)
    query.fill("green tea")
    query.press("Enter")
    tab.page.wait_for_url("**q=green*")
    box.fill("m5")
    tab.page.wait_for_url("**why=m5*")
    tab.page.go_back()
    tab.page.wait_for_url(f"**why={first}*")
    expect(box).to_have_value(first)
    expect(query).to_have_value(_QUERY)


@pytest.mark.ci
def test_the_first_result_is_few_tabs_away(tab: Tab, agent: Connect) -> None:
    agent("cursor").search("anything")
    searched(tab)
    tab.page.get_by_role("button", name="As: me").wait_for()
    tab.page.get_by_role("heading", name="Search", level=1).focus()
    stops = 0
    while not tab.page.evaluate("Boolean(document.activeElement.closest('li[id^=result-]'))"):
        tab.page.keyboard.press("Tab")
        stops += 1
        assert stops <= _MOST_STOPS


def test_all_of_it_by_keyboard(tab: Tab) -> None:
    tab.open("/search").settled()
    tab.page.keyboard.press("/")
    tab.page.keyboard.type(_QUERY)
    tab.page.keyboard.press("Enter")
    hits(tab).first.wait_for()
    assert tab.page.locator("tbody td", has_text="off").count() == 0
    tab.page.get_by_role("heading", name="Search", level=1).focus()
    tab.page.keyboard.press("Alt+2")
    expect(hits(tab).first.locator("tbody tr").nth(1)).to_contain_text("off")
    tab.page.wait_for_url("**off=*")
    tab.page.keyboard.press("w")
    tab.page.keyboard.type("m1")
    tab.page.wait_for_url("**why=m1*")
    tab.page.get_by_role("button", name="How it is found: 1 change").press("Enter")
    results = tab.page.get_by_label("Results")
    results.fill("2")
    results.press("Enter")
    expect(hits(tab)).to_have_count(2)
    tab.page.reload()
    tab.entered().settled()
    expect(hits(tab)).to_have_count(2)
    expect(tab.page.get_by_role("checkbox", name="Words")).not_to_be_checked()


def test_before_the_first_search_there_is_what_to_try(windows: Windows, server: Server) -> None:
    tab = windows.tab(server.url).open("/search").settled()
    samples = tab.page.get_by_role("button", name="What about")
    expect(samples).to_have_count(5)
    samples.first.click()
    hits(tab).first.wait_for()
    tab.page.get_by_role("button", name="Copy as").click()
    expect(tab.page.get_by_role("dialog").get_by_text('"search_memory"')).to_be_visible()
    for way in ("curl", "Python"):
        tab.page.get_by_role("tab", name=way).click()
        expect(tab.page.get_by_role("dialog").get_by_text("/v3/memories/search/")).to_be_visible()


def test_an_empty_store_says_so(windows: Windows, empty: Server) -> None:
    tab = windows.tab(empty.url).open("/search").settled()
    expect(tab.page.get_by_text("Nothing to search yet")).to_be_visible()
    tab.page.get_by_role("button", name="Connect an agent").click()
    tab.page.get_by_role("heading", name="Connect", level=1).wait_for()
