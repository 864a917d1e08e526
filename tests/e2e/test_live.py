"""Checks 10 to 12, 14 and 15: what happens elsewhere is seen here, by whom it concerns alone."""

import json
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager

import httpx
import pytest
from anyio.from_thread import BlockingPortal
from playwright.sync_api import expect

from tests.acceptance.processes import Server, serving, until
from tests.e2e.acting import row_of
from tests.e2e.agents import Agent, connected
from tests.e2e.browsing import Tab, Windows
from tests.e2e.conftest import Serve
from tests.e2e.measuring import shifts

Connect = Callable[[str], Agent]
EVENTS = "/api/v1/ui/events"


def live(tab: Tab) -> None:
    tab.page.locator("[data-live=live]").first.wait_for(timeout=10_000)


@pytest.mark.ci
def test_what_an_agent_adds_is_on_screen_within_a_second(tab: Tab, agent: Connect) -> None:
    cursor = agent("cursor")
    tab.open("/memories").settled()
    live(tab)
    cursor.add("The kettle whistles in B flat")
    expect(row_of(tab, "The kettle whistles")).to_be_visible(timeout=1_000)


@pytest.mark.ci
def test_while_one_reads_further_down_nothing_moves(tab: Tab, agent: Connect) -> None:
    cursor = agent("cursor")
    tab.open("/memories").settled()
    live(tab)
    rows = tab.page.get_by_test_id("rows")
    rows.evaluate("box => { box.scrollTop = 400; }")
    tab.page.wait_for_timeout(300)
    seen = rows.inner_text()
    cursor.add("The violin is kept under the bed")
    pill = tab.page.get_by_role("button", name="1 new memory")
    expect(pill).to_be_visible(timeout=3_000)
    assert rows.inner_text() == seen
    assert shifts(tab) < 0.01
    pill.click()
    expect(row_of(tab, "The violin is kept")).to_be_visible()


@pytest.mark.ci
def test_seven_tabs_are_all_told_also_when_the_one_that_listens_is_closed(
    windows: Windows, server: Server, agent: Connect
) -> None:
    cursor = agent("cursor")
    context = windows.context()
    tabs = [windows.tab(server.url, context=context).open("/memories").settled() for _ in range(7)]
    for tab in tabs:
        live(tab)
    cursor.add("Seven swans swim in the harbour")
    for tab in tabs:
        expect(row_of(tab, "Seven swans")).to_be_visible(timeout=5_000)
    tabs[0].page.close()
    for tab in tabs[1:]:
        live(tab)
    cursor.add("Six geese lie in the yard")
    for tab in tabs[1:]:
        expect(row_of(tab, "Six geese")).to_be_visible(timeout=10_000)


def test_a_server_that_comes_back_is_listened_to_again(
    windows: Windows, serve: Serve, portal: BlockingPortal
) -> None:
    server = serve(60)
    tab = windows.tab(server.url).open("/memories").settled()
    live(tab)
    tab.provoked.unreached = True
    server.kill()
    tab.page.locator("[data-live=reconnecting], [data-live=offline]").first.wait_for()
    with serving(server.home) as again, connected(portal, again.url, "cursor") as cursor:
        assert again.url == server.url
        cursor.add("Written while nobody listened")
        live(tab)
        expect(row_of(tab, "Written while nobody")).to_be_visible(timeout=10_000)
        cursor.add("Written once all was well")
        expect(row_of(tab, "Written once all")).to_be_visible(timeout=3_000)


@contextmanager
def listening(
    url: str, key: str | None = None, after: str | None = None
) -> Generator[Callable[[], dict[str, str]]]:
    """The stream as it is on the wire: each call gives the next event with its fields."""
    headers = {"Authorization": f"Token {key}"} if key else {}
    if after is not None:
        headers["Last-Event-ID"] = after
    with (
        httpx.Client(base_url=url, timeout=httpx.Timeout(5, read=3)) as client,
        client.stream("GET", EVENTS, headers=headers) as answer,
    ):
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = answer.iter_lines()

        def following() -> dict[str, str]:
            event: dict[str, str] = {}
            for line in lines:
                name, _, value = line.partition(": ")
                if not line and "data" in event:
                    return event
                if name:
                    event[name] = value
            raise EOFError("the stream has ended")

        yield following


def created(following: Callable[[], dict[str, str]]) -> dict[str, str]:
    """The next event of a memory that was made."""
    while True:
        event = following()
        if event["event"] == "memory.created":
            return event


def test_what_was_missed_comes_once_and_in_order(server: Server, agent: Connect) -> None:
    cursor = agent("cursor")
    with listening(server.url) as following:
        cursor.add("Seen at once")
        first = created(following)
    for n in range(3):
        cursor.add(f"Missed, number {n} of the list")
    missed: list[dict[str, str]] = []
    with listening(server.url, after=first["id"]) as following:
        # What comes fast is counted in one event.
        while sum(json.loads(event["data"])["count"] for event in missed) < 3:
            missed.append(created(following))
    ids = [event["id"] for event in (first, *missed)]
    assert len(ids) == len(set(ids))
    heard = [each for event in (first, *missed) for each in json.loads(event["data"])["ids"]]
    assert len(heard) == len(set(heard)) == 4


def test_too_much_that_was_missed_is_a_fresh_start(server: Server) -> None:
    with listening(server.url, after="0") as following:
        assert following()["event"] == "reset"


def test_nobody_hears_of_memories_that_are_not_theirs(serve: Serve, portal: BlockingPortal) -> None:
    server = serve(0, OPENMEMORY_AUTH="required", OPENMEMORY_API_KEY="the-key-of-the-admin")
    admin = {"Authorization": "Token the-key-of-the-admin"}
    with httpx.Client(base_url=server.url, headers=admin, timeout=30) as rest:
        keys = {
            name: rest.post("/api/v1/keys", json={"label": name, "user_id": name})
            .raise_for_status()
            .json()["key"]
            for name in ("anna", "bob")
        }

        def add(user: str) -> None:
            said = [{"role": "user", "content": f"Nobody but {user} knows of the cellar"}]
            headers = {"Authorization": f"Token {keys[user]}"}
            body = {"messages": said, "user_id": user, "infer": False}
            rest.post("/v3/memories/add/", json=body, headers=headers).raise_for_status()

        with listening(server.url, keys["bob"]) as following:
            add("anna")
            add("bob")
            heard = [created(following)]
            with pytest.raises(httpx.ReadTimeout):
                heard.append(created(following))
    assert len(heard) == 1
    assert "anna" not in json.dumps(heard)


@pytest.fixture
def at_home(serve: Serve) -> Server:
    return serve(60, OPENMEMORY_ALLOWED_HOSTS="nas.test")


def test_all_of_it_works_by_a_name_on_the_network(
    windows: Windows, at_home: Server, portal: BlockingPortal
) -> None:
    url = f"http://nas.test:{at_home.home.port}"
    tab = windows.tab(url).open("/memories").settled()
    assert tab.page.evaluate("window.isSecureContext") is False
    assert tab.page.evaluate("Boolean(navigator.locks)") is False
    live(tab)
    with ExitStack() as stack:
        cursor = stack.enter_context(connected(portal, at_home.url, "cursor"))
        cursor.add("The attic has a round window")
        expect(row_of(tab, "The attic has")).to_be_visible(timeout=3_000)
    for name in ("n", "?"):
        tab.page.keyboard.press(name)
        tab.page.get_by_role("dialog").wait_for()
        tab.page.keyboard.press("Escape")
        tab.page.get_by_role("dialog").wait_for(state="detached")
    row_of(tab, "The attic has").click()
    tab.settled()
    tab.page.get_by_role("tab", name="Technical").click()
    tab.page.get_by_role("button", name="Copy the id").first.click()
    until(lambda: tab.page.get_by_text("Copied").count() > 0, "the copy to be confirmed", within=5)
