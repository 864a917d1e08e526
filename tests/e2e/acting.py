"""What a person does in the dashboard, by the names that they read there."""

import re
from collections.abc import Iterable

import httpx
from playwright.sync_api import Locator, expect

from tests.e2e.browsing import Tab


def row_of(tab: Tab, text: str) -> Locator:
    """The row of the list that shows a text."""
    return tab.page.get_by_role("row").filter(has_text=text)


def select(tab: Tab, texts: Iterable[str]) -> None:
    """Tick the rows with these texts."""
    for text in texts:
        row_of(tab, text).get_by_role("checkbox").click()


def press_bulk(tab: Tab, name: str) -> None:
    """Press a button of the bar that appears for what is selected."""
    bar = tab.page.get_by_role("toolbar", name="Selected memories")
    bar.get_by_role("button", name=name, exact=True).click()


def undo(tab: Tab) -> None:
    """Press Undo in the note that follows a change."""
    tab.page.get_by_role("button", name="Undo", exact=True).last.click()
    expect(tab.page.get_by_text("Undone").last).to_be_visible()


def shown_total(tab: Tab) -> int:
    """How many memories the list says it has."""
    count = tab.page.get_by_role("grid", name="Memories").get_attribute("aria-rowcount")
    return int(count or 0) - 1


def states_of(rest: httpx.Client) -> dict[str, int]:
    """How many memories are in each state, as the API counts them."""
    found = rest.get("/api/v1/ui/memories/facets", params={"state": _STATES}).json()["states"]
    return {state: found.get(state, 0) for state in _STATES}


_STATES = ["active", "paused", "archived", "trashed"]


def numbers_in(text: str) -> list[int]:
    """The whole numbers that a text shows, without what groups their digits."""
    return [int(each.replace(",", "")) for each in re.findall(r"\d[\d,]*", text)]
