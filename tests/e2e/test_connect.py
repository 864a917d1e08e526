"""What Connect shows works: its settings are taken from the page and used by a real client."""

import base64
import json
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import httpx
import httpx2
import pytest
from anyio.from_thread import BlockingPortal
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from playwright.sync_api import expect

from tests.acceptance.agents import call, said
from tests.acceptance.processes import Server
from tests.e2e.agents import connected
from tests.e2e.browsing import Tab, Windows
from tests.e2e.conftest import Serve

_PATIENCE_MS = 60_000


def shown(tab: Tab, title: str) -> str:
    """The text that is shown under a title."""
    heading = tab.page.get_by_role("heading", name=title, exact=True)
    return heading.locator("xpath=ancestor::li[1]").locator("pre").inner_text()


def entry_in(text: str, container: str = "mcpServers") -> dict[str, Any]:
    """What a client's settings say of the server."""
    return json.loads(text)[container]["openmemory"]


def make_key(tab: Tab) -> None:
    tab.page.get_by_role("button", name="Make a key for it").click()
    expect(tab.page.get_by_text("Its key is in the text below")).to_be_visible()


@contextmanager
def configured(portal: BlockingPortal, entry: dict[str, Any]) -> Generator[Client]:
    """A client that knows of the server what its settings say, and nothing else."""
    with (
        portal.wrap_async_context_manager(
            httpx2.AsyncClient(headers=entry.get("headers", {}))
        ) as http,
        portal.wrap_async_context_manager(
            Client(streamable_http_client(entry["url"], http_client=http))
        ) as client,
    ):
        yield client


@pytest.mark.ci
def test_the_settings_of_the_page_work_and_it_says_so_by_itself(
    tab: Tab, portal: BlockingPortal, server: Server
) -> None:
    with connected(portal, server.url, "cursor") as before:
        before.search("anything")
    tab.open("/connect?client=cursor").settled()
    waiting = tab.page.get_by_text("Waiting for the first call of Cursor")
    expect(waiting).to_be_visible()
    expect(tab.page.get_by_text("Called before")).to_be_visible()
    make_key(tab)
    with connected(portal, server.url, "cursor") as keyless:
        keyless.search("anything")
    tab.page.wait_for_timeout(1_500)
    expect(waiting).to_be_visible()
    entry = entry_in(shown(tab, "Add to ~/.cursor/mcp.json"))
    assert entry["url"].startswith(server.url)
    assert entry["headers"]["Authorization"].startswith("Bearer omk_")
    with configured(portal, entry) as client:
        portal.call(lambda: call(client, "search_memory", query="when does it run"))
        expect(tab.page.get_by_text("cursor is connected")).to_be_visible(timeout=3_000)
    assert waiting.count() == 0
    tab.page.get_by_role("link", name="Its calls").click()
    tab.page.wait_for_url("**/activity?app=cursor*")


def test_only_a_new_call_counts(tab: Tab, portal: BlockingPortal, server: Server) -> None:
    with connected(portal, server.url, "codex") as codex:
        codex.search("anything")
        tab.open("/connect?client=codex").settled()
        tab.page.wait_for_timeout(1_000)
        expect(tab.page.get_by_text("Waiting for the first call of Codex")).to_be_visible()
        codex.search("anything else")
        expect(tab.page.get_by_text("codex is connected")).to_be_visible(timeout=3_000)


@pytest.mark.ci
def test_what_it_may_see_is_settled_before_its_first_call(
    tab: Tab, portal: BlockingPortal, rest: httpx.Client
) -> None:
    tab.open("/connect?client=opencode").settled()
    tab.page.get_by_label("Access", exact=True).select_option(label="Read only")
    expect(tab.page.get_by_text("adds none and changes none")).to_be_visible()
    assert "opencode" not in json.dumps(rest.get("/api/v1/access/rules").json())
    tab.page.get_by_role("button", name="Set", exact=True).click()
    expect(tab.page.get_by_text("opencode may now: Read only")).to_be_visible()
    make_key(tab)
    entry = entry_in(shown(tab, "Add to ~/.config/opencode/opencode.json"), "mcp")
    with configured(portal, entry) as client:
        refused = portal.call(
            lambda: client.call_tool("add_memories", {"text": "The cellar key is under the mat"})
        )
        assert refused.is_error, said(refused)
        expect(tab.page.get_by_text("opencode called and was refused")).to_be_visible()
        tab.page.get_by_role("button", name="Undo", exact=True).last.click()
        expect(tab.page.get_by_text("Undone").last).to_be_visible()
        portal.call(lambda: call(client, "add_memories", text="The cellar key is on the hook"))
        expect(tab.page.get_by_text("opencode is connected")).to_be_visible(timeout=6_000)


def test_links_open_the_program_with_the_same_settings(tab: Tab, server: Server) -> None:
    tab.open("/connect?client=cursor").settled()
    make_key(tab)
    link = urlsplit(shown(tab, "Open in Cursor"))
    given = parse_qs(link.query)
    assert (link.scheme, given["name"]) == ("cursor", ["openmemory"])
    packed = json.loads(base64.b64decode(given["config"][0]))
    assert packed == entry_in(shown(tab, "Add to ~/.cursor/mcp.json"))
    tab.page.get_by_role("radio", name="VS Code").check()
    assert tab.page.get_by_text("omk_").count() == 0
    make_key(tab)
    link = urlsplit(shown(tab, "Open in VS Code"))
    assert (link.scheme, link.path) == ("vscode", "mcp/install")
    packed = json.loads(unquote(link.query))
    assert packed.pop("name") == "openmemory"
    assert packed == entry_in(shown(tab, "Add to .vscode/mcp.json"), "servers")
    assert packed["url"] == f"{server.url}/mcp/vscode/http/default_user"
    # What was made for the one is there again, and was never in the other's.
    tab.page.get_by_role("radio", name="Cursor").check()
    expect(tab.page.get_by_text("Its key is in the text below")).to_be_visible()
    assert packed["headers"]["Authorization"] not in tab.page.content()


def test_every_program_has_its_way(tab: Tab, server: Server) -> None:
    tab.open("/connect").settled()
    names = tab.page.get_by_role("radio").evaluate_all(
        "boxes => boxes.map((box) => box.parentElement.textContent)"
    )
    assert len(names) == 14
    for name in names:
        tab.page.get_by_role("radio", name=name, exact=True).check()
        heading = "your program" if name == "Another client" else name
        expect(tab.page.get_by_role("heading", name=f"Add OpenMemory to {heading}")).to_be_visible()
        text = "\n".join(tab.page.locator("main pre").all_inner_texts())
        assert server.url in text or '"command": "openmemory"' in text, name
        assert tab.overflow() == 0


def test_a_program_that_nobody_knows_gets_a_name_and_a_key(
    tab: Tab, portal: BlockingPortal, server: Server
) -> None:
    tab.open("/connect?client=other").settled()
    make = tab.page.get_by_role("button", name="Make a key for it")
    expect(make).to_be_disabled()
    with connected(portal, server.url, "somebodys-agent") as agent:
        agent.search("anything")
        expect(tab.page.get_by_text("somebodys-agent is connected")).to_be_visible(timeout=3_000)
    name = tab.page.get_by_label("What it is called")
    name.fill("two words")
    expect(tab.page.get_by_text("without spaces")).to_be_visible()
    name.fill("My-Agent")
    make_key(tab)
    entry = entry_in(shown(tab, "As most clients have it"))
    assert entry["url"] == f"{server.url}/mcp/my-agent/http/default_user"
    with configured(portal, entry) as client:
        portal.call(lambda: call(client, "search_memory", query="anything"))
        expect(tab.page.get_by_text("my-agent is connected")).to_be_visible(timeout=3_000)


def test_the_connection_is_tested_with_the_key(windows: Windows, serve: Serve) -> None:
    key = "the-key-of-the-admin-of-connect"
    server = serve(0, OPENMEMORY_AUTH="required", OPENMEMORY_API_KEY=key)
    tab = windows.tab(server.url)
    tab.provoked.statuses = {401}
    tab.page.goto(f"{server.url}/connect?client=cursor")
    tab.page.get_by_label("Key", exact=True).fill(key)
    tab.page.get_by_role("button", name="Sign in").click()
    tab.entered().settled()
    tab.provoked.statuses = set()
    assert "YOUR-KEY" in shown(tab, "Add to ~/.cursor/mcp.json")
    test = tab.page.get_by_role("button", name="Test the connection")
    test.click()
    result = tab.page.get_by_role("status").filter(has_text="key")
    expect(result.last).to_be_visible()
    assert tab.page.get_by_text("tools are listed").count() == 0
    make_key(tab)
    test.click()
    expect(tab.page.get_by_text("6 tools are listed")).to_be_visible()
    assert key not in tab.page.content()


def test_after_a_minute_it_says_what_to_check(tab: Tab) -> None:
    tab.page.clock.install()
    tab.open("/connect?client=goose").settled()
    expect(tab.page.get_by_text("Waiting for the first call of Goose")).to_be_visible()
    tab.page.clock.fast_forward(_PATIENCE_MS - 10_000)
    assert tab.page.get_by_text("Nothing yet. Check:").count() == 0
    tab.page.clock.fast_forward(15_000)
    expect(tab.page.get_by_text("Was the program restarted")).to_be_visible()


def test_it_says_what_an_address_is_good_for(windows: Windows, serve: Serve) -> None:
    server = serve(0, OPENMEMORY_ALLOWED_HOSTS="nas.test")
    tab = windows.tab(server.url).open("/connect").settled()
    expect(tab.page.get_by_text("works for programs on this machine")).to_be_visible()
    tab = windows.tab(f"http://nas.test:{server.home.port}").open("/connect").settled()
    expect(tab.page.get_by_text("This address is not encrypted")).to_be_visible()
    tab.page.get_by_role("button", name="Copy: Run in a terminal").click()
    expect(tab.page.get_by_text("Copied").first).to_be_attached()
