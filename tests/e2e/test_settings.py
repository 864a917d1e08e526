"""What is chosen for this browser holds in it, and sessions end when they are ended."""

import httpx
import pytest
from playwright.sync_api import expect

from tests.acceptance.processes import Server
from tests.e2e.browsing import PHONE, WIDE, Tab, Theme, Windows
from tests.e2e.conftest import Serve

_KEY = "the-key-of-the-admin-of-settings"


def test_what_one_likes_is_kept_in_this_browser(tab: Tab) -> None:
    tab.open("/settings").settled()
    root = tab.page.locator("html")
    for name, attribute, value in (
        ("Dark", "data-theme", "dark"),
        ("None", "data-motion", "none"),
        ("Light", "data-theme", "light"),
    ):
        tab.page.get_by_role("radio", name=name, exact=True).check()
        expect(root).to_have_attribute(attribute, value)
    tab.page.get_by_role("radio", name="Compact").check()
    tab.page.get_by_role("checkbox", name="Single-key shortcuts").uncheck()
    tab.page.reload()
    tab.entered().settled()
    expect(root).to_have_attribute("data-theme", "light")
    expect(root).to_have_attribute("data-motion", "none")
    expect(tab.page.get_by_role("checkbox", name="Single-key shortcuts")).not_to_be_checked()
    tab.open("/memories").settled()
    row = tab.page.get_by_role("row").nth(2).bounding_box()
    assert row
    assert row["height"] <= 40
    tab.open("/settings").settled()
    tab.page.get_by_role("group", name="Colours").get_by_role("radio").first.check()
    expect(root).not_to_have_attribute("data-theme", "light")


def test_a_session_that_is_ended_is_out(windows: Windows, serve: Serve) -> None:
    server = serve(0, OPENMEMORY_AUTH="required", OPENMEMORY_API_KEY=_KEY)
    tabs = [windows.tab(server.url) for _ in range(2)]
    for tab in tabs:
        tab.provoked.statuses = {401}
        tab.page.goto(f"{server.url}/settings")
        tab.page.get_by_label("Key", exact=True).fill(_KEY)
        tab.page.get_by_role("button", name="Sign in").click()
        tab.page.get_by_role("heading", name="Settings", level=1).wait_for()
        tab.settled()
    here, there = tabs
    here.page.reload()
    here.entered().settled()
    expect(here.page.get_by_text("Every call needs a valid key.").first).to_be_visible()
    sessions = here.page.locator("section").filter(
        has=here.page.get_by_role("heading", name="Signed-in browsers")
    )
    expect(sessions.get_by_role("listitem")).to_have_count(2)
    sessions.get_by_role("listitem").filter(has_not_text="this one").get_by_role("button").click()
    expect(sessions.get_by_role("listitem")).to_have_count(1)
    there.page.reload()
    expect(there.page.get_by_label("Key", exact=True)).to_be_visible()
    assert _KEY not in here.page.content()


def test_what_the_server_was_set_to_is_shown_without_secrets(tab: Tab, rest: httpx.Client) -> None:
    tab.open("/settings").settled()
    text = tab.page.locator("main").inner_text()
    for section in rest.get("/api/v1/ui/settings").json()["sections"]:
        for row in section["rows"]:
            assert row["name"] in text
            assert row["value"] in text
    expect(tab.page.get_by_text("Programs of this machine need no key.").first).to_be_visible()
    tab.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    tab.page.get_by_role("button", name="Copy the report").click()
    report = tab.page.evaluate("navigator.clipboard.readText()")
    assert "# Models" in report
    assert "all-minilm" in report


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, PHONE])
@pytest.mark.parametrize(
    "path",
    [
        "/connect?client=other&name=two%20words",
        "/search?q=deploy&as=cursor&k=5&why=m20",
        "/search?q=zzz&threshold=1&why=m1",
        "/?range=all",
    ],
)
def test_their_rarer_states_are_accessible(
    windows: Windows, server: Server, path: str, size: tuple[int, int], theme: Theme
) -> None:
    tab = windows.tab(server.url, theme=theme, size=size)
    tab.provoked.statuses = {422}
    tab.open(path).settled()
    assert tab.audit() == []
    assert tab.overflow() == 0
