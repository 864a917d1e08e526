"""Checks 27 and 28: all of it without a mouse, and what plain letters do."""

from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import Locator, expect

from tests.acceptance.processes import Server
from tests.e2e.acting import row_of
from tests.e2e.agents import Agent
from tests.e2e.browsing import Tab, Windows
from tests.e2e.keyboard import Keys, has_focus
from tests.e2e.test_serving import ROUTES

Connect = Callable[[str], Agent]


@pytest.fixture
def keys(tab: Tab) -> Keys:
    return Keys(tab)


def button(keys: Keys, name: str) -> Locator:
    return keys.page.get_by_role("button", name=name, exact=True)


def dialog(keys: Keys) -> Locator:
    return keys.page.get_by_role("dialog")


@pytest.mark.ci
def test_a_memory_is_written_found_edited_paused_deleted_and_brought_back(
    keys: Keys, tab: Tab, agent: Connect
) -> None:
    cursor = agent("cursor")
    tab.open("/memories").settled()
    keys.press("n")
    expect(dialog(keys).get_by_role("textbox").first).to_be_focused()
    keys.write("The harmonica is in G major")
    keys.to(button(keys, "Save memory"))
    keys.press("Enter")
    dialog(keys).wait_for(state="detached")
    assert "The harmonica is in G major" in cursor.search("harmonica")

    keys.press("f")
    keys.write("harmonica")
    expect(tab.page.get_by_test_id("total")).to_have_text("1")
    tab.settled()
    row = row_of(tab, "The harmonica")
    keys.to(row)
    keys.press("Enter")
    panel = tab.page.get_by_role("region", name="Memory m")
    panel.wait_for()
    keys.press("e")
    box = panel.get_by_label("Text", exact=True)
    expect(box).to_be_focused()
    keys.press("Control+End")
    keys.write(", says the label")
    keys.to(panel.get_by_role("button", name="Save", exact=True))
    keys.press("Enter")
    expect(row_of(tab, "in G major, says the label")).to_be_visible()
    edited = "The harmonica is in G major, says the label"
    assert edited in cursor.search("harmonica")

    keys.press("Escape")
    panel.wait_for(state="detached")
    row = row_of(tab, "The harmonica")
    expect(row).to_be_focused()
    keys.press("p")
    expect(row.get_by_text("Paused")).to_be_visible()
    assert edited not in cursor.search("harmonica")
    keys.press("z")
    expect(tab.page.get_by_text("Undone").last).to_be_visible()
    assert edited in cursor.search("harmonica")
    keys.to(row_of(tab, "The harmonica"))
    keys.press("Delete")
    expect(tab.page.get_by_text("In the trash")).to_be_visible()
    undo = tab.page.get_by_role("listitem").filter(has_text="In the trash").get_by_role("button")
    undo = undo.filter(has_text="Undo")
    assert edited not in cursor.search("harmonica")
    keys.press("Alt+t")
    keys.to(undo)
    keys.press("Enter")
    expect(row_of(tab, "The harmonica")).to_be_visible()
    assert edited in cursor.search("harmonica")
    keys.require_seen()


@pytest.mark.ci
def test_rights_are_granted_and_taken(
    keys: Keys, tab: Tab, agent: Connect, rest: httpx.Client
) -> None:
    codex = agent("codex")
    before = codex.search("flight to Lisbon")
    tab.open("/access").settled()
    grid = tab.page.get_by_role("grid")
    first = grid.locator("[tabindex='0']")
    keys.to(first)
    cell = grid.get_by_role("gridcell", name="codex, health")
    row = grid.get_by_role("rowheader", name="codex")
    while not has_focus(row):
        keys.press("ArrowDown")
        keys.look()
        assert keys.where(), "the arrow left the matrix"
    while not has_focus(cell):
        keys.press("ArrowRight")
        keys.look()
    keys.press("Enter")
    editor = tab.page.get_by_role("complementary", name="codex: health")
    editor.wait_for()
    keys.press("Escape")
    editor.wait_for(state="detached")
    expect(cell).to_be_focused()
    keys.press("d")
    keys.to(button(keys, "Apply"), back=True)
    keys.press("Enter")
    expect(button(keys, "Apply")).to_have_count(0)
    after = codex.search("flight to Lisbon")
    rules = {row["app"]: row for row in rest.get("/api/v1/access/rules").json()["apps"]}
    assert [rule["effect"] for rule in rules["codex"]["rules"]] == ["deny"]
    assert 0 < len(after) < len(before)
    keys.press("Alt+t")
    keys.to(button(keys, "Undo").last)
    keys.press("Enter")
    expect(tab.page.get_by_text("Undone").last).to_be_visible()
    assert sorted(codex.search("flight to Lisbon")) == sorted(before)
    keys.require_seen()


@pytest.mark.ci
def test_a_program_is_connected(keys: Keys, tab: Tab) -> None:
    tab.open("/connect").settled()
    keys.to(tab.page.get_by_role("radio", name="Claude Code"))
    keys.press("ArrowDown")
    keys.look()
    tab.settled()
    chosen = keys.where()
    assert chosen != "Claude Code"
    expect(tab.page.get_by_role("heading", name=f"Add OpenMemory to {chosen}")).to_be_visible()
    copy = tab.page.get_by_role("button", name="Copy: ").first
    keys.to(copy)
    keys.press("Enter")
    expect(tab.page.get_by_text("Copied").first).to_be_visible()
    keys.to(button(keys, "Test the connection"))
    keys.press("Enter")
    expect(tab.page.get_by_role("status").filter(has_text="tools")).to_be_visible()
    keys.require_seen()


@pytest.mark.parametrize("width", [1440, 768, 390])
@pytest.mark.parametrize("path", [*ROUTES, "/memories/m3", "/search?q=pipeline"])
def test_the_tab_key_goes_through_every_page_and_is_seen_at_each_stop(
    windows: Windows, server: Server, path: str, width: int
) -> None:
    tab = windows.tab(server.url, size=(width, 800)).open(path).settled()
    keys = Keys(tab)
    tab.page.evaluate("document.activeElement.blur()")
    for _ in range(70):
        if not keys.step():
            break
    else:
        # A long list may have that many stops; a trap has the same few for ever.
        assert len({keys.step() for _ in range(12)}) > 6
    keys.require_seen()


OPENERS = {"New memory": "dialog", "Account and help": "menu", "Search or jump to": "dialog"}


@pytest.mark.ci
@pytest.mark.parametrize("name", OPENERS)
def test_escape_closes_and_the_focus_is_back_where_it_was(keys: Keys, tab: Tab, name: str) -> None:
    tab.open("/memories").settled()
    opener = tab.page.get_by_role("banner").get_by_role("button", name=name)
    keys.to(opener, back=True)
    keys.press("Enter")
    overlay = tab.page.get_by_role("menu" if OPENERS[name] == "menu" else "dialog")
    overlay.wait_for()
    # What is opened has the focus, and keeps it.
    for _ in range(9):
        assert overlay.evaluate("one => one.contains(document.activeElement)")
        keys.press("Tab" if OPENERS[name] == "dialog" else "ArrowDown")
    keys.press("Escape")
    overlay.wait_for(state="detached")
    expect(opener).to_be_focused()


@pytest.mark.ci
def test_the_first_row_is_few_tabs_away(keys: Keys, tab: Tab) -> None:
    row = tab.page.get_by_role("row").locator("nth=1")
    tab.open("/memories").settled()
    stops = 0
    # From the heading, where the focus is when one enters the page.
    while not has_focus(row):
        assert stops <= 8
        assert keys.step(), "the end of the page came first"
        stops += 1
    # The last of them is the row itself.
    assert stops - 1 <= 8
    keys.require_seen()


@pytest.mark.ci
def test_single_letters_do_nothing_once_they_are_switched_off(tab: Tab) -> None:
    tab.open("/settings").settled()
    tab.page.get_by_role("switch", name="shortcuts").or_(
        tab.page.get_by_role("checkbox", name="shortcuts")
    ).click()
    tab.open("/memories").settled()
    for letter in "npxaefz?.gj":
        tab.page.keyboard.press(letter)
    tab.page.wait_for_timeout(200)
    assert tab.page.get_by_role("dialog").count() == 0
    assert tab.page.url.removeprefix(tab.url).split("?")[0] == "/memories"
    tab.page.keyboard.press("Control+k")
    tab.page.get_by_role("dialog").wait_for()


def listed(keys: Keys) -> dict[str, str]:
    """What the list of shortcuts says: keys by what they do."""
    keys.press("?")
    dialog(keys).wait_for()
    deeds = dialog(keys).locator("dt").all_inner_texts()
    signs = [" ".join(each.split()) for each in dialog(keys).locator("dd").all_inner_texts()]
    keys.press("Escape")
    dialog(keys).wait_for(state="detached")
    return dict(zip(deeds, signs, strict=True))


@pytest.mark.ci
def test_the_list_of_shortcuts_is_what_works_here(keys: Keys, tab: Tab) -> None:
    tab.open("/settings").settled()
    everywhere = listed(keys)
    tab.open("/memories").settled()
    here = listed(keys)
    assert everywhere.items() < here.items()
    assert {"Edit it", "Delete", "Undo the last change"} <= here.keys() - everywhere.keys()
    ways = {deed: sign for deed, sign in everywhere.items() if deed.startswith("Go to ")}
    assert len(ways) >= 8
    for deed, sign in ways.items():
        keys.press(*sign.split())
        title = deed.removeprefix("Go to ")
        expect(tab.page.get_by_role("heading", level=1, name=title)).to_be_visible()
    tab.settled()
