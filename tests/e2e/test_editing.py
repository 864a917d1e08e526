"""P3: an edit is what agents find, a conflict loses nothing, and every version can come back."""

import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from playwright.sync_api import Locator, expect

from tests.acceptance.processes import until
from tests.e2e.acting import row_of
from tests.e2e.agents import Agent
from tests.e2e.browsing import Tab, Windows

Connect = Callable[[str], Agent]
_TRICKY = (
    "Look at <script>alert(1)</script> and <img src=x onerror=alert(2)> in the cellar",
    "[a link](javascript:alert(3)) and ![a picture](https://evil.example/x.png)",
    "The rocket \U0001f9d1\U0001f3fd\u200d\U0001f680 flies at noon",
    "مرحبا بالعالم من البيت الأزرق",
    "A tale of the sea. " * 1_000,
)


def opened(tab: Tab, short_id: str) -> Tab:
    """A memory beside the list."""
    tab.open(f"/memories/{short_id}").settled()
    expect(tab.page.get_by_test_id("memory-text")).to_be_visible()
    return tab


def text_box(tab: Tab) -> Locator:
    return tab.page.get_by_role("textbox", name="Text", exact=True)


def save(tab: Tab, text: str) -> None:
    """Change the text of the open memory."""
    tab.page.get_by_role("button", name="Edit", exact=True).click()
    text_box(tab).fill(text)
    tab.page.get_by_role("button", name="Save", exact=True).click()


def write(tab: Tab, text: str) -> Locator:
    """Write a memory into the dialog; answers the dialog before it is saved."""
    tab.page.keyboard.press("n")
    dialog = tab.page.get_by_role("dialog", name="New memory")
    dialog.get_by_role("textbox", name="What should your agents know?").fill(text)
    return dialog


def press_save(dialog: Locator) -> None:
    dialog.get_by_role("button", name="Save memory").click()


def versions(rest: httpx.Client, memory: str) -> list[dict[str, Any]]:
    answer = rest.get(f"/api/v1/ui/memories/{memory}/history").raise_for_status()
    return answer.json()["versions"]


@pytest.mark.ci
def test_an_edit_is_what_agents_find_from_then_on(tab: Tab, agent: Connect) -> None:
    cursor = agent("cursor")
    old, new = "The safe opens with marzipan", "The safe opens with liquorice"
    opened(tab, cursor.add(old))
    save(tab, new)
    until(lambda: new in cursor.search("safe opens"), "the new text to be found", within=2)
    assert old not in cursor.search("safe opens")
    expect(tab.page.get_by_test_id("save-state")).to_have_text(
        "Saved. Agents now find the new text."
    )
    expect(tab.page.get_by_test_id("memory-text")).to_have_text(new)
    expect(row_of(tab, new)).to_be_visible()
    tab.page.get_by_role("button", name="Undo", exact=True).last.click()
    expect(tab.page.get_by_test_id("memory-text")).to_have_text(old)
    until(lambda: old in cursor.search("safe opens"), "the old text to be found", within=2)


@pytest.mark.ci
def test_who_saves_second_decides_and_loses_nothing(
    windows: Windows, server: Any, agent: Connect, rest: httpx.Client
) -> None:
    memory = agent("cursor").add("The train to Basel leaves platform four at nine")
    context = windows.context()
    first, second = (windows.tab(server.url, context=context) for _ in range(2))
    for tab in (first, second):
        opened(tab, memory)
        tab.page.get_by_role("button", name="Edit", exact=True).click()
    text_box(first).fill("The train to Basel leaves platform seven at nine")
    text_box(second).fill("The train to Basel leaves platform four at ten")
    first.page.get_by_role("button", name="Save", exact=True).click()
    expect(first.page.get_by_test_id("memory-text")).to_contain_text("seven")
    # Whatever has come meanwhile, what is being typed stays.
    expect(text_box(second)).to_have_value("The train to Basel leaves platform four at ten")
    second.provoked.statuses.add(412)
    second.page.get_by_role("button", name="Save", exact=True).click()
    dialog = second.page.get_by_role("dialog", name="Changed while you edited")
    expect(dialog.locator("ins")).to_have_text(["+seven", "+ten"])
    merged = dialog.get_by_role("textbox", name="What to save")
    expect(merged).to_have_value("The train to Basel leaves platform seven at ten")
    assert not second.audit()
    second.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(text_box(second)).to_have_value("The train to Basel leaves platform four at ten")
    second.page.get_by_role("button", name="Save", exact=True).click()
    dialog.get_by_role("button", name="Save this").click()
    for tab in (first, second):
        expect(tab.page.get_by_test_id("memory-text")).to_have_text(
            "The train to Basel leaves platform seven at ten"
        )
    assert [each["after"]["text"].split()[-3:] for each in versions(rest, memory)] == [
        ["four", "at", "nine"],
        ["seven", "at", "nine"],
        ["seven", "at", "ten"],
    ]


def test_changes_of_the_same_words_are_left_to_the_person(
    tab: Tab, agent: Connect, rest: httpx.Client
) -> None:
    memory = agent("cursor").add("The cat is called Minka")
    opened(tab, memory)
    tab.page.get_by_role("button", name="Edit", exact=True).click()
    text_box(tab).fill("The cat is called Moritz")
    found = rest.get(f"/api/v1/ui/memories/{memory}").json()
    rest.put(f"/v1/memories/{found['id']}/", json={"text": "The cat is called Mimi"})
    tab.provoked.statuses.add(412)
    tab.page.get_by_role("button", name="Save", exact=True).click()
    dialog = tab.page.get_by_role("dialog")
    expect(dialog.get_by_text("Both changed the same words")).to_be_visible()
    expect(dialog.get_by_role("textbox")).to_have_value("The cat is called Moritz")
    dialog.get_by_role("button", name="Keep theirs").click()
    expect(tab.page.get_by_test_id("memory-text")).to_have_text("The cat is called Mimi")
    assert len(versions(rest, memory)) == 2


def test_what_was_begun_is_there_again_and_can_be_dropped(tab: Tab, agent: Connect) -> None:
    opened(tab, agent("cursor").add("The hedge is cut in March"))
    tab.page.get_by_role("button", name="Edit", exact=True).click()
    text_box(tab).fill("The hedge is cut in Apr")
    tab.page.keyboard.press("Escape")
    edit = tab.page.get_by_role("button", name="Edit", exact=True)
    expect(edit).to_be_focused()
    edit.click()
    expect(text_box(tab)).to_have_value("The hedge is cut in Apr")
    expect(tab.page.get_by_text("Changes from before, not saved yet.")).to_be_visible()
    text_box(tab).fill("   ")
    tab.page.get_by_role("button", name="Save", exact=True).click()
    expect(tab.page.get_by_text("A memory needs a text.")).to_be_visible()
    tab.page.get_by_role("textbox", name="Metadata").fill("{")
    expect(tab.page.get_by_text("This is no JSON object.")).to_be_visible()
    tab.page.get_by_role("button", name="Discard").click()
    expect(tab.page.get_by_test_id("memory-text")).to_have_text("The hedge is cut in March")


@pytest.mark.ci
def test_an_old_version_comes_back_as_a_new_one(
    tab: Tab, agent: Connect, rest: httpx.Client
) -> None:
    cursor = agent("cursor")
    old, new = "The piano is tuned by Clara in May", "The piano is tuned by Robert in May"
    memory = cursor.add(old)
    opened(tab, memory)
    save(tab, new)
    history = tab.page.get_by_role("tabpanel", name="History")
    changed = history.get_by_role("listitem").filter(has_text="Edited")
    expect(changed.locator("del")).to_have_text("−Clara")
    expect(changed.locator("ins")).to_have_text("+Robert")
    history.get_by_role("button", name="Restore version 1").click()
    expect(tab.page.get_by_test_id("memory-text")).to_have_text(old)
    expect(history.get_by_role("listitem")).to_have_count(3)
    expect(history.get_by_role("listitem").first).to_contain_text("Version 3, current")
    until(lambda: old in cursor.search("piano tuned"), "the old text to be found", within=2)
    assert new not in cursor.search("piano tuned")
    assert [each["after"]["text"] for each in versions(rest, memory)] == [old, new, old]


@pytest.mark.ci
def test_a_memory_says_who_read_it_and_who_may_and_why(tab: Tab, agent: Connect) -> None:
    cursor = agent("cursor")
    memory = cursor.add("The observatory is open on Tuesdays")
    agent("codex").search("when is the observatory open")
    opened(tab, f"{memory}?tab=reads")
    reads = tab.page.get_by_role("tabpanel", name="Reads").get_by_role("listitem")
    expect(reads.first).to_contain_text("when is the observatory open")
    expect(reads.first).to_contain_text("codex")
    expect(reads.first).to_contain_text("Rank 1")
    tab.page.get_by_role("tab", name="Related").click()
    related = tab.page.get_by_role("tabpanel", name="Related")
    expect(related.get_by_role("listitem").first).to_contain_text("alike")
    tab.page.get_by_role("tab", name="Technical").click()
    technical = tab.page.get_by_role("tabpanel", name="Technical")
    expect(technical).to_contain_text("In sync")
    expect(technical).to_contain_text("384")
    assert "tab=technical" in tab.page.url
    app = tab.page.get_by_role("group").filter(has_text="codex").last
    app.locator("summary").click()
    expect(app.locator("p").first).to_be_visible()
    tab.page.get_by_role("button", name="More for this memory").click()
    tab.page.get_by_role("menuitem", name="Copy a link").click()
    expect(tab.page.get_by_text("Link copied")).to_be_visible()


def test_a_memory_is_erased_only_with_the_word(
    tab: Tab, agent: Connect, rest: httpx.Client
) -> None:
    memory = agent("cursor").add("The secret of the kitchen drawer")
    opened(tab, memory)
    tab.page.get_by_role("button", name="More for this memory").click()
    tab.page.get_by_role("menuitem", name="Delete").click()
    expect(tab.page.get_by_text("In the trash: erased after 30 days")).to_be_visible()
    tab.page.get_by_role("button", name="More for this memory").click()
    tab.provoked.statuses.add(404)
    tab.page.get_by_role("menuitem", name="Erase").click()
    dialog = tab.page.get_by_role("dialog")
    erase = dialog.get_by_role("button", name="Erase 1 memory")
    expect(erase).to_be_disabled()
    dialog.get_by_role("textbox").fill("erase")
    erase.click()
    expect(tab.page.get_by_role("heading", name="No such memory")).to_be_visible()
    expect(tab.page.get_by_text(re.compile("erased", re.IGNORECASE)).first).to_be_visible()
    assert rest.get(f"/api/v1/ui/memories/{memory}").status_code == 404
    tab.open("/memories/m99999").settled()
    expect(tab.page.get_by_text("You have no memory with this id")).to_be_visible()
    tab.provoked.statuses.add(400)
    tab.open("/memories/nonsense").settled()
    expect(tab.page.get_by_text("should be a valid UUID or a short id")).to_be_visible()
    tab.page.get_by_role("button", name="To the list").click()
    expect(tab.page).to_have_url(re.compile(r"/memories$"))


@pytest.mark.ci
def test_a_blank_memory_is_refused_and_a_known_one_is_pointed_to(
    tab: Tab, rest: httpx.Client
) -> None:
    fact = "The kitchen clock is eight minutes fast"
    added = rest.post("/api/v1/ui/memories", json={"text": fact}).raise_for_status().json()
    known = added["items"][0]["short_id"]
    tab.open("/memories").settled()
    dialog = write(tab, "  \n ")
    press_save(dialog)
    box = dialog.get_by_role("textbox", name="What should your agents know?")
    expect(box).to_have_attribute("aria-invalid", "true")
    expect(dialog.get_by_role("alert")).to_have_text("Write something first.")
    box.fill(fact)
    expect(dialog.get_by_role("region", name="Likely known already")).to_contain_text(fact)
    dialog.get_by_role("textbox", name="Categories").fill("house")
    press_save(dialog)
    expect(dialog.get_by_text("Known already: nothing was added.")).to_be_visible()
    expect(dialog.get_by_text("Its categories stay as they are, without house.")).to_be_visible()
    dialog.get_by_role("link", name=f"Open {known}").click()
    expect(dialog).to_have_count(0)
    expect(tab.page.get_by_test_id("memory-text")).to_have_text(fact)


def test_whatever_is_written_here_is_kept_as_it_is(
    tab: Tab, agent: Connect, rest: httpx.Client
) -> None:
    tab.page.on("dialog", lambda dialog: tab.faults.append(f"ran: {dialog.message}"))
    tab.open("/memories").settled()
    for text in _TRICKY:
        wanted = text.strip()
        press_save(write(tab, text))
        row = row_of(tab, wanted[:40])
        row.wait_for()
        row.locator("a").click()
        shown = tab.page.get_by_test_id("memory-text")
        expect(shown).to_have_text(wanted)
        assert shown.locator("*").count() == 0
        assert wanted in agent("cursor").search(wanted[:200])
        tab.page.keyboard.press("Escape")
        expect(shown).to_have_count(0)
    assert tab.overflow() == 0
    rtl = row_of(tab, _TRICKY[3]).locator("a")
    assert rtl.evaluate("one => getComputedStyle(one).direction") == "rtl"


def test_without_a_language_model_nothing_offers_to_extract(tab: Tab) -> None:
    tab.open("/memories").settled()
    dialog = write(tab, "Anything at all")
    expect(dialog.get_by_role("radio")).to_have_count(0)
    tab.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    # Closed by mistake, perhaps: what was typed is there again.
    tab.page.keyboard.press("n")
    box = dialog.get_by_role("textbox", name="What should your agents know?")
    expect(box).to_have_value("Anything at all")
    dialog.get_by_role("button", name="Cancel").click()
