"""A person without a mouse: keys alone, and each stop of the Tab key is seen and not covered."""

from typing import Final

from playwright.sync_api import Locator

from tests.e2e.browsing import Tab
from tests.e2e.measuring import covered

_MOST: Final = 80
_FOCUSED: Final = """(one) => one === document.activeElement"""
_MARKED: Final = """() => {
  const one = document.activeElement;
  // Marked itself, or by what is drawn in its place: a label, a box around an input.
  for (const each of [one, one.parentElement, ...(one.labels ?? [])]) {
    const style = each && getComputedStyle(each);
    if (!style) continue;
    if (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0) return "";
    if (style.boxShadow !== "none") return "";
  }
  return "the focus is not seen on " + one.outerHTML.slice(0, 160);
}"""
_WHERE: Final = """() => {
  const one = document.activeElement;
  return one === document.body ? "" :
    (one.getAttribute("aria-label") ?? one.labels?.[0]?.textContent ?? one.textContent).trim();
}"""


class Keys:
    """The keyboard of a tab."""

    def __init__(self, tab: Tab) -> None:
        self.tab = tab
        self.page = tab.page
        self.faults: list[str] = []

    def press(self, *keys: str) -> None:
        """One key after the other, as they are named."""
        for key in keys:
            self.page.keyboard.press(key)

    def write(self, text: str) -> None:
        """Type a text where the focus is."""
        self.page.keyboard.type(text)

    def step(self, back: bool = False) -> str:
        """On to the next stop, which is looked at; answers what it is called."""
        self.press("Shift+Tab" if back else "Tab")
        where = self.where()
        if where:
            self.look()
        return where

    def where(self) -> str:
        """What has the focus, by its name."""
        return str(self.page.evaluate(_WHERE))

    def look(self) -> None:
        """Note it if one would not see where the focus is."""
        for fault in (covered(self.tab), str(self.page.evaluate(_MARKED))):
            if fault:
                self.faults.append(f"{self.tab.page.url.removeprefix(self.tab.url)}: {fault}")

    def to(self, wanted: Locator, back: bool = False) -> None:
        """With the Tab key until it has the focus."""
        passed: list[str] = []
        for _ in range(_MOST):
            if has_focus(wanted):
                return
            passed.append(self.step(back))
        raise AssertionError(f"the Tab key does not come to {wanted}, but to {passed}")

    def require_seen(self) -> None:
        """Every stop was seen, and lay under nothing."""
        assert not self.faults, "\n".join(self.faults)


def has_focus(wanted: Locator) -> bool:
    """Whether just this has the focus."""
    return wanted.count() == 1 and bool(wanted.evaluate(_FOCUSED))
