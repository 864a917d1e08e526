"""Checks 13, 21 and 30: 100,000 memories, and 5,000 more while somebody looks on."""

import sys
import threading
import time
from collections.abc import Generator
from typing import Any

import httpx
import pytest
from anyio.from_thread import BlockingPortal
from playwright.sync_api import expect

from tests.acceptance.processes import Server
from tests.e2e.browsing import Tab, Windows
from tests.e2e.conftest import Serve
from tests.openai_double import OpenAIDouble, openai_double

MANY = 100_000
AT_ONCE = 5_000
_HEAP = "() => performance.memory.usedJSHeapSize / 1048576"
_JUMP = """async (top) => {
  const box = document.querySelector("[data-testid=rows]");
  const from = performance.now();
  box.scrollTop = top;
  const painted = () => new Promise(requestAnimationFrame);
  const ready = () => [...box.querySelectorAll("[role=row] a")].length > 5 &&
    ![...box.querySelectorAll("[aria-label=Loading]")].length;
  await painted();
  while (!ready()) await painted();
  return performance.now() - from;
}"""
_CLICK = """async () => {
  const box = document.querySelector("[data-index] [role=checkbox]");
  const before = box.getAttribute("aria-checked");
  const from = performance.now();
  box.click();
  while (box.isConnected && box.getAttribute("aria-checked") === before)
    await new Promise(requestAnimationFrame);
  return performance.now() - from;
}"""


def told(line: str) -> None:
    """A number for whoever reads the run."""
    if sys.__stdout__ is not None:
        sys.__stdout__.write(f"\n{line}\n")


@pytest.fixture(scope="module")
def large(serve: Serve) -> Server:
    return serve(MANY)


@pytest.fixture
def before(windows: Windows, large: Server) -> Tab:
    tab = windows.tab(large.url)
    tab.page.set_default_timeout(60_000)
    return tab.open("/memories").settled()


def drawn(tab: Tab) -> int:
    """The rows that the document holds."""
    return tab.page.locator("[role=row][data-index]").count()


def test_a_hundred_thousand_rows_are_as_light_as_sixty(before: Tab) -> None:
    tab = before
    grid = tab.page.get_by_role("grid", name="Memories")
    # The row of the headers is one of them.
    expect(grid).to_have_attribute("aria-rowcount", str(MANY + 1))
    assert drawn(tab) <= 60
    jump = tab.page.evaluate(_JUMP, 44 * MANY)
    last = tab.page.locator("[role=row][data-index]").last
    expect(last).to_have_attribute("aria-rowindex", str(MANY + 1))
    assert drawn(tab) <= 60
    for part in range(60):
        tab.page.evaluate(_JUMP, 44 * MANY * part // 60)
        assert drawn(tab) <= 60
    heap = tab.page.evaluate(_HEAP)
    told(f"100,000 rows: {drawn(tab)} in the document, to the end in {jump:.0f} ms, {heap:.0f} MB")
    assert heap < 150
    assert jump < 3_000


def test_what_is_too_much_at_once_is_said_and_not_tried(before: Tab, large: Server) -> None:
    tab = before
    tab.page.locator("[data-index] [role=checkbox]").first.click()
    tab.page.get_by_role("button", name="Select all 100,000").click()
    bar = tab.page.get_by_role("toolbar", name="Selected memories")
    expect(bar).to_contain_text("100,000 selected")
    expect(bar).to_contain_text("At most 10,000 at once: narrow the filter.")
    expect(bar.get_by_role("button", name="Pause", exact=True)).to_be_disabled()
    with httpx.Client(base_url=large.url, timeout=60) as rest:
        body: dict[str, Any] = {"operation": "archive", "filter": {}}
        refused = rest.post("/api/v1/ui/memories/bulk", json=body)
        assert refused.status_code == 400
        assert "10,000" in refused.json()["detail"]
    # The key asks all the same, and the refusal says why.
    tab.provoked.statuses.add(400)
    tab.page.keyboard.press("p")
    expect(tab.page.get_by_text("At most 10,000 memories are changed at once")).to_be_visible()


@pytest.fixture
def constant(portal: BlockingPortal) -> Generator[OpenAIDouble]:
    """An embedder that takes no time, so that what is measured is the rest."""
    with portal.wrap_async_context_manager(openai_double()) as double:
        yield double


@pytest.mark.timeout(900)
def test_five_thousand_adds_do_not_keep_a_person_waiting(
    windows: Windows, serve: Serve, constant: OpenAIDouble
) -> None:
    server = serve(
        0,
        OPENMEMORY_EMBEDDER_MODEL="constant",
        OPENMEMORY_EMBEDDER_URL=constant.url,
        OPENMEMORY_EMBEDDER_API_KEY="a-key",
        OPENMEMORY_EMBEDDER_DIMENSIONS="64",
    )
    with httpx.Client(base_url=server.url, timeout=60) as rest:
        for n in range(60):
            added(rest, f"Known before, number {n}")
        tab = windows.tab(server.url).open("/memories").settled()
        tab.page.locator("[data-live=live]").first.wait_for()
        writers = [threading.Thread(target=write, args=(server.url, part)) for part in "ab"]
        from_ = time.monotonic()
        for writer in writers:
            writer.start()
        clicks: list[float] = []
        while any(writer.is_alive() for writer in writers):
            clicks.append(tab.page.evaluate(_CLICK))
            tab.page.wait_for_timeout(400)
        took = time.monotonic() - from_
        middle = sorted(clicks)[len(clicks) // 2]
        told(
            f"{AT_ONCE} adds in {took:.0f} s; {len(clicks)} clicks meanwhile: "
            f"{middle:.0f} ms in the middle, {max(clicks):.0f} ms at most"
        )
        total = rest.get("/api/v1/ui/memories").json()["total"]
    assert total == AT_ONCE + 60
    assert middle < 1_000
    tab.page.keyboard.press("Escape")
    tab.page.keyboard.press(".")
    expect(tab.page.get_by_test_id("total")).to_have_text(f"{total:,}", timeout=20_000)


def added(rest: httpx.Client, text: str) -> None:
    said = [{"role": "user", "content": text}]
    body = {"messages": said, "user_id": "default_user", "infer": False}
    rest.post("/v3/memories/add/", json=body).raise_for_status()


def write(url: str, part: str) -> None:
    """Half of the memories, one call each, as fast as the server takes them."""
    with httpx.Client(base_url=url, timeout=60, headers={"X-OpenMemory-App": part}) as rest:
        for n in range(AT_ONCE // 2):
            added(rest, f"Written by {part}, number {n} of many")
