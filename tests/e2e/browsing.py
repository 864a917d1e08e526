"""A tab of Chromium that notices what must not happen: errors, policy reports, foreign requests."""

import re
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response

from tests.acceptance.processes import REPO

Theme = Literal["light", "dark"]
WIDE: Final = (1440, 900)
PHONE: Final = (390, 844)
_SETTLED_WITHIN: Final = 15.0
FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # A name that is not this machine's own, as on a network at home: no locks, no clipboard.
    "--host-resolver-rules=MAP nas.test 127.0.0.1",
)
_AXE: Final = REPO / "ui" / "node_modules" / "axe-core" / "axe.min.js"
_STANDARDS: Final = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
_REPORTS: Final = """
addEventListener("securitypolicyviolation", (event) => {
  console.error("policy: " + event.violatedDirective + " " + event.blockedURI);
});
"""
_ENTERED: Final = """() => {
  // Until it knows who looks, the shell has only the product's name for a heading.
  const heading = document.querySelector("h1")?.textContent;
  return heading && heading !== "OpenMemory";
}"""
_AUDIT: Final = """async (standards) => {
  const found = await axe.run(document, {runOnly: {type: "tag", values: standards}});
  return found.violations.map(({id, nodes}) =>
    id + ": " + nodes.slice(0, 3).map((node) => node.html.slice(0, 160) + " | " +
      (node.any[0]?.message ?? "")).join(" || "));
}"""


@dataclass
class Provoked:
    """What a test brings about on purpose."""

    statuses: set[int] = field(default_factory=set[int])
    """Answers that are errors."""
    unreached: bool = False
    """Requests that get no answer, as while the server is down."""


class Tab:
    """A page with its watch."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.provoked = Provoked()
        self.faults: list[str] = []
        self._pending: set[Request] = set()
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.faults.append(f"uncaught: {error}"))
        page.on("request", self._request)
        page.on("response", self._response)
        page.on("requestfailed", self._failed)
        page.on("requestfinished", self._finished)

    def open(self, path: str) -> "Tab":
        """Go to an address of the dashboard and wait for its heading."""
        self.page.goto(self.url + path)
        return self.entered()

    def entered(self) -> "Tab":
        """Wait for the heading of the page that was gone to."""
        self.page.wait_for_function(_ENTERED)
        return self

    def settled(self) -> "Tab":
        """Wait until nothing on the page is still loading."""
        quiet, until = 0, time.monotonic() + _SETTLED_WITHIN
        while quiet < 4:
            assert time.monotonic() < until, f"still loading: {[r.url for r in self._pending]}"
            self.page.wait_for_timeout(50)
            loading = self._pending or self.page.get_by_role("status", name="Loading").count()
            quiet = 0 if loading else quiet + 1
        return self

    def audit(self) -> list[str]:
        """What axe finds against WCAG 2.2 AA and its best practice."""
        self.page.evaluate(_AXE.read_text("utf-8"))
        # A colour that is still fading in is not the one that stays.
        self.page.evaluate(
            "() => Promise.all(document.getAnimations().filter((each) => "
            "each.effect?.getTiming().iterations !== Infinity).map((each) => "
            "each.finished.catch(() => {})))"
        )
        return self.page.evaluate(_AUDIT, list(_STANDARDS))

    def overflow(self) -> int:
        """How many pixels the page, or what scrolls in it, is wider than its window."""
        return self.page.evaluate(
            "() => Math.max(...[document.documentElement, document.querySelector('main')].map("
            "(each) => (each?.scrollWidth ?? 0) - (each?.clientWidth ?? 0)))"
        )

    def require_quiet(self) -> None:
        """Fail if something happened that no test provoked."""
        assert not self.faults, "\n".join(self.faults)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type not in ("error", "warning"):
            return
        text = message.text
        if "Failed to load resource" in text:
            # Told again, and with its status, by the answer itself.
            return
        if self.provoked.unreached and re.search("ERR_|EventSource|Failed to fetch", text):
            return
        self.faults.append(f"console {message.type}: {text}")

    def _request(self, request: Request) -> None:
        # A stream of events never ends.
        if not request.url.endswith("/events"):
            self._pending.add(request)
        target = urlsplit(request.url)
        if target.scheme not in ("data", "blob") and target.netloc != urlsplit(self.url).netloc:
            self.faults.append(f"asked another origin: {request.url}")

    def _response(self, response: Response) -> None:
        if response.status >= 400 and response.status not in self.provoked.statuses:
            self.faults.append(f"{response.status} for {response.request.method} {response.url}")

    def _finished(self, request: Request) -> None:
        self._pending.discard(request)

    def _failed(self, request: Request) -> None:
        self._pending.discard(request)
        # What is abandoned when one goes on to another page has not failed.
        reason = request.failure or ""
        if not self.provoked.unreached and "ERR_ABORTED" not in reason:
            self.faults.append(f"{reason} for {request.url}")


class Windows:
    """Opens tabs, and asks them at the end whether all was quiet."""

    def __init__(self, browser: Browser, shots: Path) -> None:
        self._browser = browser
        self._shots = shots
        self._contexts: list[BrowserContext] = []
        self.tabs: list[Tab] = []

    def context(
        self, *, theme: Theme = "light", size: tuple[int, int] = WIDE, **more: Any
    ) -> BrowserContext:
        """A browser of a person of its own, as far as cookies and storage go."""
        width, height = size
        made = self._browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=theme,
            has_touch=width < 600,
            reduced_motion="reduce",
            locale="en-GB",
            timezone_id="Europe/Zurich",
            **more,
        )
        made.set_default_timeout(10_000)
        made.add_init_script(_REPORTS)
        self._contexts.append(made)
        return made

    def tab(self, url: str, *, context: BrowserContext | None = None, **more: Any) -> Tab:
        """A new tab for a server's address."""
        tab = Tab((context or self.context(**more)).new_page(), url)
        self.tabs.append(tab)
        return tab

    def close(self, *, failed: bool, name: str) -> None:
        """Close all; keep a picture of what a failed test saw."""
        for n, tab in enumerate(self.tabs):
            if failed and not tab.page.is_closed():
                self._shots.mkdir(parents=True, exist_ok=True)
                tab.page.screenshot(path=self._shots / f"{name}-{n}.png")
        for context in self._contexts:
            context.close()


@contextmanager
def watched(windows: Windows, name: str, failed: Callable[[], bool]) -> Generator[Windows]:
    """Windows for one test."""
    try:
        yield windows
        if not failed():
            for tab in windows.tabs:
                tab.require_quiet()
    except BaseException:
        windows.close(failed=True, name=name)
        raise
    windows.close(failed=failed(), name=name)
