"""Checks 16 and 17: what fails says so, and is never shown as if there was nothing."""

from typing import Any

import httpx
import pytest
from playwright.sync_api import Route, expect

from tests.acceptance.processes import Server
from tests.e2e.browsing import Tab, Windows
from tests.e2e.conftest import Serve
from tests.e2e.test_serving import ROUTES

NOTHING = ("Nothing is remembered", "No memory matches", "Nothing to search", "No agent has")
WORDS = {
    403: "Not allowed",
    404: "Not found",
    409: "Changed meanwhile",
    422: "This was not understood",
    429: "Too many calls",
    500: "The server failed",
}
KEY = "the-key-of-the-admin"


def api(url: str) -> bool:
    return "/api/v1/" in url and not url.endswith(("/ui/me", "/ui/events"))


def require_nothing_empty(tab: Tab) -> None:
    shown = tab.page.inner_text("main")
    assert not any(words in shown for words in NOTHING), shown


@pytest.mark.ci
def test_a_server_that_is_down_is_never_an_empty_page(windows: Windows, server: Server) -> None:
    tab = windows.tab(server.url)
    tab.provoked.unreached = True
    for path in ROUTES:
        tab.page.unroute_all()
        tab.open("/settings").settled()
        tab.page.route(api, lambda route: route.abort("connectionrefused"))
        tab.open(path).settled()
        if path in ("/", "/memories", "/apps", "/access", "/activity"):
            expect(tab.page.get_by_role("alert").first).to_contain_text("does not answer")
            expect(tab.page.get_by_role("button", name="Retry").first).to_be_visible()
        require_nothing_empty(tab)


@pytest.mark.ci
def test_what_was_loaded_stays_when_the_server_goes(windows: Windows, server: Server) -> None:
    tab = windows.tab(server.url).open("/memories").settled()
    before = tab.page.get_by_test_id("rows").inner_text()
    tab.provoked.unreached = True
    tab.page.route(api, lambda route: route.abort("connectionrefused"))
    tab.page.evaluate("window.dispatchEvent(new Event('visibilitychange'))")
    tab.page.get_by_role("navigation").first.get_by_role("link", name="Overview").click()
    tab.page.wait_for_timeout(300)
    tab.page.go_back()
    tab.settled()
    after = tab.page.get_by_test_id("rows").inner_text()
    # How many rows are drawn beyond the window's edge may differ by one.
    assert after[:1000] == before[:1000]
    require_nothing_empty(tab)


@pytest.mark.ci
@pytest.mark.parametrize("status", WORDS)
def test_each_kind_of_failure_has_words_of_its_own(
    windows: Windows, server: Server, status: int
) -> None:
    def failing(route: Route) -> None:
        route.fulfill(status=status, json={"detail": "", "error": ""})

    tab = windows.tab(server.url)
    tab.provoked.statuses = {status}
    tab.page.route(api, failing)
    tab.open("/memories").settled()
    expect(tab.page.get_by_role("alert").first).to_contain_text(WORDS[status])
    require_nothing_empty(tab)


@pytest.mark.ci
def test_who_is_not_signed_in_signs_in_and_is_where_they_wanted_to_be(
    windows: Windows, serve: Serve
) -> None:
    server = serve(60, OPENMEMORY_AUTH="required", OPENMEMORY_API_KEY=KEY)
    tab = windows.tab(server.url)
    tab.provoked.statuses = {401}
    tab.open("/memories?app=cursor")
    assert tab.page.get_by_role("heading", level=1).inner_text() == "Sign in"
    assert tab.audit() == []
    made = key_of(server)
    box = tab.page.get_by_label("Key", exact=True)
    box.fill("omk_nonsense")
    tab.page.get_by_role("button", name="Sign in").click()
    expect(tab.page.get_by_text("unknown, revoked or expired")).to_be_visible()
    box.fill(made)
    tab.page.get_by_role("button", name="Sign in").click()
    tab.page.get_by_role("heading", name="Memories").wait_for()
    assert tab.page.url.endswith("/memories?app=cursor")
    stored = tab.page.evaluate("JSON.stringify([localStorage, sessionStorage, document.cookie])")
    assert made not in stored
    assert made not in tab.page.content()


def key_of(server: Server, **fields: Any) -> str:
    with httpx.Client(base_url=server.url, headers={"Authorization": f"Token {KEY}"}) as rest:
        wish = {"label": "browser", "user_id": "default_user", "scopes": ["admin"]}
        return rest.post("/api/v1/keys", json={**wish, **fields}).raise_for_status().json()["key"]


@pytest.mark.ci
def test_a_slow_answer_shows_the_place_it_will_have(windows: Windows, server: Server) -> None:
    tab = windows.tab(server.url)

    def slow(route: Route) -> None:
        tab.page.wait_for_timeout(3_000)
        route.continue_()

    tab.open("/settings").settled()
    tab.page.route(lambda url: "/api/v1/ui/memories" in url, slow)
    tab.page.goto(f"{server.url}/memories")
    expect(tab.page.get_by_role("status", name="Loading").first).to_be_visible(timeout=2_500)
    require_nothing_empty(tab)
    tab.settled()
    assert tab.page.get_by_role("row").count() > 5


@pytest.mark.ci
def test_the_three_ways_to_have_nothing(windows: Windows, empty: Server, server: Server) -> None:
    tab = windows.tab(empty.url).open("/memories").settled()
    expect(tab.page.get_by_text("Nothing is remembered yet")).to_be_visible()
    tab = windows.tab(server.url).open("/memories?text=zzzzzz").settled()
    expect(tab.page.get_by_text("No memory matches")).to_be_visible()
    tab.page.get_by_role("button", name="Clear filters").first.click()
    expect(tab.page.get_by_role("row").nth(3)).to_be_visible()


def test_who_may_not_look_is_told_so(windows: Windows, serve: Serve) -> None:
    server = serve(60, OPENMEMORY_AUTH="required", OPENMEMORY_API_KEY=KEY)
    context = windows.context(
        extra_http_headers={"Authorization": f"Token {key_of(server, scopes=['memory:write'])}"}
    )
    tab = windows.tab(server.url, context=context)
    tab.provoked.statuses = {403}
    tab.open("/memories").settled()
    expect(tab.page.get_by_text("Nothing you may see")).to_be_visible()
    require_nothing_empty(tab)
