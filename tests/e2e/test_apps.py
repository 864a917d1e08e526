"""Checks 1, 6 and 18: what the page settles about an app is what the app meets over MCP."""

import json
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import httpx
import httpx2
import pytest
from anyio.from_thread import BlockingPortal
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from playwright.sync_api import Locator, expect

from tests.acceptance.agents import call
from tests.acceptance.processes import Server
from tests.e2e.acting import numbers_in, undo
from tests.e2e.agents import Agent
from tests.e2e.browsing import PHONE, Tab, Windows

Connect = Callable[[str], Agent]
_STORED = """() => JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])"""


def app_of(tab: Tab, name: str) -> Locator:
    """The row of an app in the list."""
    return tab.page.get_by_role("row").filter(
        has=tab.page.get_by_role("link", name=name, exact=True)
    )


def known(rest: httpx.Client, name: str) -> dict[str, Any]:
    return rest.get(f"/api/v1/apps/{name}").json()


@pytest.mark.ci
def test_a_paused_app_gets_errors_until_it_is_resumed(
    tab: Tab, agent: Connect, rest: httpx.Client
) -> None:
    paused, other = agent("cursor"), agent("codex")
    paused.add("The pausing of apps is tested with this")
    tab.open("/apps").settled()
    app_of(tab, "cursor").get_by_role("button", name="Pause cursor").click()
    expect(tab.page.get_by_text("While paused, cursor gets an error")).to_be_visible()
    total = known(rest, "cursor")["total_memories"]
    expect(app_of(tab, "cursor")).to_contain_text(f"0 of {total}")
    expect(app_of(tab, "cursor").get_by_text("Paused", exact=True)).to_be_visible()
    for tool, given in (
        ("search_memory", {"query": "pausing of apps"}),
        ("list_memories", {}),
        ("add_memories", {"text": "This must not be stored"}),
    ):
        assert "paused" in paused.refused(tool, **given).lower()
    assert "The pausing of apps is tested with this" in other.search("pausing of apps")
    other.add("The other app goes on while one is paused")
    assert known(rest, "cursor")["readable"] == 0
    app_of(tab, "cursor").get_by_role("button", name="Resume cursor").click()
    expect(app_of(tab, "cursor").get_by_text("Paused", exact=True)).to_be_hidden()
    assert "The pausing of apps is tested with this" in paused.search("pausing of apps")
    paused.add("It writes again after it was resumed")
    assert "This must not be stored" not in paused.search("must not be stored")


def test_undo_lets_a_paused_app_go_on(tab: Tab, agent: Connect) -> None:
    codex = agent("codex")
    tab.open("/apps/codex").settled()
    tab.page.get_by_role("button", name="Pause codex").click()
    expect(tab.page.get_by_role("button", name="Resume codex")).to_be_visible()
    assert "paused" in codex.refused("list_memories").lower()
    undo(tab)
    codex.call("list_memories")


@contextmanager
def a_key(tab: Tab, label: str) -> Generator[str]:
    """A key made in the page, while it is shown."""
    tab.page.get_by_role("button", name="New key").click()
    asked = tab.page.get_by_role("dialog")
    asked.get_by_label("Label").fill(label)
    asked.get_by_role("button", name="Make the key").click()
    yield asked.locator("code").inner_text()
    asked.get_by_role("button", name="I have it").click()


def status_with(server: Server, key: str) -> int:
    """The status of a first call on the tool server with a key."""
    hello = {
        "jsonrpc": "2.0", "id": 1, "method": "initialize",
        "params": {
            "protocolVersion": "2025-06-18", "capabilities": {},
            "clientInfo": {"name": "cursor", "version": "1"},
        },
    }  # fmt: skip
    headers = {"Authorization": f"Bearer {key}", "Accept": "application/json, text/event-stream"}
    return httpx.post(f"{server.url}/mcp", json=hello, headers=headers).status_code


def found_with(portal: BlockingPortal, server: Server, key: str, query: str) -> list[str]:
    """The texts that an agent with a key, and without a word of its own on who it is, finds."""

    async def calling() -> list[str]:
        carried = {"Authorization": f"Bearer {key}"}
        async with httpx2.AsyncClient(headers=carried) as http:
            over = streamable_http_client(f"{server.url}/mcp", http_client=http)
            async with Client(over) as client:
                found = await call(client, "search_memory", query=query)
        return [memory["text"] for memory in found["memories"]]

    return portal.call(calling)


@pytest.mark.ci
def test_a_key_is_shown_once_works_and_ends_when_it_is_revoked(
    tab: Tab, server: Server, portal: BlockingPortal, rest: httpx.Client
) -> None:
    tab.open("/apps/cursor?tab=keys").settled()
    with a_key(tab, "Laptop") as key:
        assert len(key) > 20
        assert found_with(portal, server, key, "deploy pipeline")
    secret = key.rsplit("_", 1)[-1]
    expect(tab.page.get_by_text("Laptop")).to_be_visible()
    require_absent(tab, server, key, secret)
    tab.page.reload()
    tab.entered().settled()
    require_absent(tab, server, key, secret)
    listed = rest.get("/api/v1/keys").text
    assert key not in listed
    tab.page.get_by_role("button", name="Revoke the key Laptop").click()
    asked = tab.page.get_by_role("dialog")
    revoke = asked.get_by_role("button", name="Revoke the key", exact=True)
    expect(revoke).to_be_disabled()
    asked.get_by_label("Type").fill("revoke")
    revoke.click()
    expect(tab.page.get_by_text("has no key")).to_be_visible()
    assert status_with(server, key) == 401
    tab.page.get_by_role("button", name="Show 1 that ended").click()
    expect(tab.page.get_by_text("Revoked", exact=True)).to_be_visible()


def require_absent(tab: Tab, server: Server, *secrets: str) -> None:
    """Fail if a key is in the page, in what the browser keeps, or in the server's log."""
    log = (server.home.path / "output.log").read_text()
    for place in (tab.page.content(), tab.page.evaluate(_STORED), log):
        assert not [secret for secret in secrets if secret in place]


def test_a_rotated_key_lives_on_for_the_overlap(tab: Tab, server: Server) -> None:
    tab.open("/apps/windsurf?tab=keys").settled()
    with a_key(tab, "Old") as old:
        pass
    for overlap, status in (("In an hour", 200), ("At once", 401)):
        tab.page.get_by_role("button", name="Rotate the key Old").first.click()
        asked = tab.page.get_by_role("dialog")
        asked.get_by_label("The old key ends").select_option(overlap)
        asked.get_by_role("button", name="Make the new key").click()
        new = asked.locator("code").inner_text()
        asked.get_by_role("button", name="I have it").click()
        assert new != old
        assert status_with(server, new) == 200
        assert status_with(server, old) == status
        tab.settled()
        old = new


def test_names_are_those_the_apps_gave_and_can_be_changed(
    tab: Tab, windows: Windows, server: Server, agent: Connect
) -> None:
    long = "an-app-with-a-name-of-just-sixty-letters-as-anybody-may-take"
    for name in (long, "zed-nightly"):
        agent(name).add(f"Of {name}, in the list of the apps")
    tab.open("/apps").settled()
    for name in (long, "zed-nightly"):
        expect(app_of(tab, name)).to_be_visible()
    assert tab.page.get_by_text("Default", exact=True).count() == 0
    phone = windows.tab(server.url, size=PHONE).open(f"/apps/{long}").settled()
    assert (tab.overflow(), phone.overflow()) == (0, 0)
    app_of(tab, "zed-nightly").get_by_role("button", name="More for zed-nightly").click()
    tab.page.get_by_role("menuitem", name="Rename").click()
    tab.page.get_by_label("Label").fill("Work laptop")
    tab.page.get_by_role("dialog").get_by_role("button", name="Rename").click()
    expect(app_of(tab, "Work laptop")).to_contain_text("also zed-nightly")
    undo(tab)
    expect(app_of(tab, "zed-nightly")).to_be_visible()


def test_two_names_of_an_agent_become_one_and_two_again(
    tab: Tab, agent: Connect, rest: httpx.Client
) -> None:
    for name in ("claude", "claude-code"):
        agent(name).add(f"What {name} wrote before it was merged")
    alone = known(rest, "claude")["total_memories_created"]
    tab.open("/apps").settled()
    app_of(tab, "claude-code").get_by_role("button", name="More for claude-code").click()
    tab.page.get_by_role("menuitem", name="Merge into another app").click()
    asked = tab.page.get_by_role("dialog")
    expect(asked.get_by_label("Into")).to_have_value("claude")
    asked.get_by_role("button", name="Merge", exact=True).click()
    expect(app_of(tab, "claude")).to_contain_text("also claude-code")
    expect(app_of(tab, "claude-code")).to_have_count(0)
    assert known(rest, "claude-code")["name"] == "claude"
    assert known(rest, "claude")["total_memories_created"] > alone
    undo(tab)
    expect(app_of(tab, "claude-code")).to_be_visible()
    assert known(rest, "claude")["total_memories_created"] == alone


def test_what_taking_back_would_do_is_what_it_does(
    tab: Tab, agent: Connect, rest: httpx.Client
) -> None:
    confused = agent("confused")
    for n in range(3):
        confused.add(f"Nonsense number {n} that a confused agent wrote")
    before = known(rest, "confused")["total_memories"]
    tab.open("/apps/confused?tab=danger").settled()
    tab.page.get_by_role("button", name="Show what that would do").click()
    shown = tab.page.get_by_text("3 memories go back")
    expect(shown).to_be_visible()
    assert known(rest, "confused")["total_memories"] == before
    tab.page.get_by_text("Which memories").click()
    expect(tab.page.get_by_role("link", name="Nonsense number")).to_have_count(3)
    tab.page.get_by_role("button", name="Take back 3 changes").click()
    expect(tab.page.get_by_text("3 memories are as they were")).to_be_visible()
    assert known(rest, "confused")["total_memories"] == before - 3
    assert not [text for text in confused.search("Nonsense number") if "Nonsense" in text]
    undo(tab)
    assert known(rest, "confused")["total_memories"] == before
    assert len([text for text in confused.search("Nonsense number") if "Nonsense" in text]) == 3
    tab.page.get_by_role("button", name="Delete 3 memories").click()
    expect(tab.page.get_by_text("3 memories deleted")).to_be_visible()
    assert known(rest, "confused")["total_memories"] == before - 3


def test_the_counters_follow_what_the_app_does(tab: Tab, agent: Connect) -> None:
    newcomer = agent("newcomer")
    tab.open("/apps").settled()
    expect(app_of(tab, "newcomer")).to_have_count(0)
    newcomer.add("A thing that a newcomer wrote")
    expect(app_of(tab, "newcomer")).to_contain_text("1 write", timeout=5_000)
    tab.open("/apps/newcomer?tab=activity").settled()
    newcomer.search("a thing")
    expect(tab.page.get_by_role("button", name="a thing")).to_be_visible(timeout=5_000)


def test_three_empty_lists_say_which_they_are(
    windows: Windows, server: Server, empty: Server, rest: httpx.Client
) -> None:
    nothing = windows.tab(empty.url).open("/apps").settled()
    expect(nothing.page.get_by_text("No app has called yet")).to_be_visible()
    expect(nothing.page.get_by_role("main").get_by_role("link", name="Connect")).to_be_visible()
    assert nothing.audit() == []
    unmatched = windows.tab(server.url).open("/apps?q=nobody-is-called-so").settled()
    expect(unmatched.page.get_by_text("No app matches")).to_be_visible()
    unmatched.page.get_by_role("button", name="Clear filters").click()
    expect(app_of(unmatched, "cursor")).to_be_visible()
    made = rest.post("/api/v1/keys", json={"label": "reader", "scopes": ["memory:read"]}).json()
    reader = windows.context()
    signed = reader.request.post(f"{server.url}/api/v1/session", data={"key": made["key"]})
    assert signed.ok, json.dumps(signed.text())
    for path in ("/apps", "/apps/cursor"):
        refused = windows.tab(server.url, context=reader).open(path).settled()
        expect(refused.page.get_by_text("not yours to see")).to_be_visible()


def test_keys_do_all_of_it(tab: Tab, agent: Connect, rest: httpx.Client) -> None:
    tab.open("/apps?sort=name").settled()
    tab.page.keyboard.press("j")
    first = tab.page.locator(":focus").get_attribute("data-app") or ""
    tab.page.keyboard.press("j")
    second = tab.page.locator(":focus").get_attribute("data-app") or ""
    assert first != second
    tab.page.keyboard.press("p")
    expect(app_of(tab, second).get_by_text("Paused", exact=True)).to_be_visible()
    assert known(rest, second)["paused"]
    assert not known(rest, first)["paused"]
    tab.page.keyboard.press("p")
    expect(app_of(tab, second).get_by_text("Paused", exact=True)).to_be_hidden()
    tab.page.keyboard.press("e")
    expect(tab.page.get_by_label("Label")).to_be_visible()
    tab.page.keyboard.press("Escape")
    expect(tab.page.locator(f"a[data-app={second}]")).to_be_focused()
    tab.page.keyboard.press("Enter")
    tab.page.wait_for_url(f"**/apps/{second}")
    tab.settled()
    tab.page.keyboard.press("4")
    expect(tab.page.get_by_role("tab", name="Keys", selected=True)).to_be_visible()
    assert (
        numbers_in(tab.page.locator("dd").first.inner_text())[0] == known(rest, second)["readable"]
    )
