"""What a script can measure of a page: sizes of targets, names, what covers what."""

from typing import Any, Final

from tests.e2e.browsing import Tab

_TARGETS: Final = """(least) => {
  const small = [];
  const wanted = "a[href], button, input, select, textarea, [role=button], [role=checkbox], " +
    "[role=switch], [role=tab], [role=menuitem], [role=option], [role=radio]";
  for (const one of document.querySelectorAll(wanted)) {
    const style = getComputedStyle(one);
    let box = one.getBoundingClientRect();
    if (!one.checkVisibility({opacityProperty: true, visibilityProperty: true})) continue;
    if (box.width <= 1 || box.height <= 1 || one.disabled || style.pointerEvents === "none") continue;
    // A link within a sentence is as high as its line.
    if (style.display === "inline" && one.closest("p, li, td, dd, label")) continue;
    // The link of a row is for the middle button and for what reads aloud: the row is the target.
    if (one.tabIndex < 0) box = one.closest("[role=row]")?.getBoundingClientRect() ?? box;
    const label = one.labels?.[0]?.getBoundingClientRect();
    if (label) {
      const left = Math.min(box.left, label.left), top = Math.min(box.top, label.top);
      box = {width: Math.max(box.right, label.right) - left,
             height: Math.max(box.bottom, label.bottom) - top};
    }
    if (box.width + 0.5 < least || box.height + 0.5 < least)
      small.push(`${one.tagName} ${one.getAttribute("aria-label") || one.textContent.trim()}`
        .slice(0, 60) + ` ${Math.round(box.width)}x${Math.round(box.height)}`);
  }
  return small;
}"""
_NAMES: Final = """() => {
  const twice = [];
  const name = (one) => one.getAttribute("aria-label") ?? one.textContent.trim();
  for (const list of document.querySelectorAll("[role=grid], table, ul, ol, [role=list]")) {
    const seen = new Map();
    for (const one of list.querySelectorAll("button, input, [role=checkbox], [role=switch]")) {
      if (one.closest("[role=grid], table, ul, ol, [role=list]") !== list) continue;
      const label = name(one);
      if (label && seen.has(label)) twice.push(label.slice(0, 80));
      seen.set(label, one);
    }
  }
  return [...new Set(twice)];
}"""
_COVERED: Final = """() => {
  const one = document.activeElement;
  if (!one || one === document.body) return "nothing has the focus";
  const box = one.getBoundingClientRect();
  const x = box.left + box.width / 2, y = box.top + box.height / 2;
  const hit = document.elementFromPoint(x, y);
  const within = hit && (one === hit || one.contains(hit) || hit.contains(one) ||
    [...(one.labels ?? [])].some((label) => label.contains(hit)));
  return within ? "" : `${one.outerHTML.slice(0, 120)} is covered by ${hit?.outerHTML.slice(0, 120)}`;
}"""


def small_targets(tab: Tab, least: int) -> list[str]:
    """What can be clicked and is smaller than `least` pixels either way."""
    return tab.page.evaluate(_TARGETS, least)


def names_twice(tab: Tab) -> list[str]:
    """The names that two controls of one list share."""
    return tab.page.evaluate(_NAMES)


def covered(tab: Tab) -> str:
    """What lies over the element with the focus, if something does."""
    found: Any = tab.page.evaluate(_COVERED)
    return str(found)


def shifts(tab: Tab) -> float:
    """How much of the page has moved by itself since it was loaded, as CLS counts it."""
    return tab.page.evaluate(
        "() => new Promise((done) => { let sum = 0; const seen = new PerformanceObserver((list) =>"
        " list.getEntries().forEach((each) => sum += each.hadRecentInput ? 0 : each.value));"
        " seen.observe({type: 'layout-shift', buffered: true});"
        " setTimeout(() => done(sum), 100); })"
    )
