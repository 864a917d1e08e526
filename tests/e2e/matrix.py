"""The matrix of the Access page, by what a person sees of it."""

from typing import Final

from playwright.sync_api import Locator, expect

from tests.e2e.browsing import Tab

COLUMNS: Final = ("all", "food", "health", "personal", "travel", "work")


def cell(tab: Tab, app: str, column: str) -> Locator:
    """What an app gets of a group."""
    row = tab.page.get_by_role("row").filter(has=tab.page.get_by_role("rowheader", name=app))
    return row.get_by_role("gridcell").nth(COLUMNS.index(column))


def draft(tab: Tab) -> Locator:
    """What is about to change, and the buttons for it."""
    return tab.page.get_by_role("region", name="Draft")


def apply(tab: Tab) -> None:
    """Put the draft in place."""
    draft(tab).get_by_role("button", name="Apply").click()
    expect(draft(tab)).to_be_hidden()


def deny(tab: Tab, app: str, column: str) -> None:
    """Draft that an app may not read a group."""
    cell(tab, app, column).focus()
    tab.page.keyboard.press("d")
    expect(draft(tab)).to_be_visible()
