"""Agents whose memories the hosted platform keeps: a second server plays it, behind a recorder.

Every process is real: the store that is the platform, `openmemory serve` without a store, and
`openmemory mcp --backend hosted`. What they stored is read from the platform's database file.
"""

from collections.abc import AsyncGenerator, Generator
from dataclasses import dataclass
from functools import partial
from typing import Final

import anyio
import httpx
import pytest
from mcp import Client, StdioServerParameters
from mcp.types import Implementation
from pydantic import JsonValue

from tests.acceptance.agents import call, over_http, said
from tests.acceptance.processes import OPENMEMORY, Home, Server, new_home, serving
from tests.acceptance.store import Store
from tests.mcp.loopback import serving as loopback
from tests.mcp.platform import (
    KEY,
    Platform,
    Rule,
    answering,
    check_contract,
    cut,
    forget_apps,
    pending,
)
from tests.mcp.recorder import Asked

pytestmark = pytest.mark.ci

USER: Final = "alice"


@dataclass(frozen=True)
class Hosted:
    """The platform as the agents see it, and its database as they do not."""

    url: str
    recorder: Platform
    store: Store

    def environment(self, key: str = KEY) -> dict[str, str]:
        """How a person chooses the platform."""
        return {
            "OPENMEMORY_BACKEND": "hosted",
            "MEM0_API_KEY": key,
            "MEM0_BASE_URL": self.url,
            "OPENMEMORY_ADD_WAIT": "1",
        }

    def over_stdio(self, home: Home, app: str) -> Client:
        """An agent that starts a bridge to the platform for itself."""
        env = home.environment(**{**self.environment(), "OPENMEMORY_BACKEND": "local"})
        flags = ["mcp", "--backend", "hosted", "--app", app, "--user", USER]
        bridge = StdioServerParameters(command=OPENMEMORY, args=flags, env=env)
        return Client(bridge, client_info=Implementation(name="any", version="1"))


def over_served(server: Server, app: str) -> Client:
    """An agent that connects to the server without a store."""
    return over_http(f"{server.url}/mcp/{app}/http/{USER}", app)


@pytest.fixture(scope="module")
def platform_server(tmp_path_factory: pytest.TempPathFactory) -> Generator[Server]:
    home = new_home(tmp_path_factory.mktemp("platform") / "home")
    with serving(home, OPENMEMORY_AUTH="required", OPENMEMORY_API_KEY=KEY) as running:
        yield running


@pytest.fixture
async def hosted(platform_server: Server) -> AsyncGenerator[Hosted]:
    async with httpx.AsyncClient(base_url=platform_server.url) as http:
        recorder = Platform(http)
        async with loopback(recorder) as url:
            store = Store(platform_server.home.data_dir / "openmemory.db")
            yield Hosted(url, recorder, store)
        # Leave the next test an empty platform.
        await http.delete(
            f"/v1/memories/?user_id={USER}", headers={"Authorization": f"Token {KEY}"}
        )


async def test_two_apps_of_one_user_share_what_the_platform_keeps(
    hosted: Hosted, home: Home
) -> None:
    with serving(home, **hosted.environment()) as server:
        async with (
            over_served(server, "claude-code") as claude,
            hosted.over_stdio(home, "cursor") as cursor,
        ):
            await call(claude, "add_memories", text="The deploy runs on Fridays.")
            [added] = (await call(cursor, "add_memories", text="Tabs, never spaces."))["changes"]
            found = await call(claude, "search_memory", query="tabs or spaces", limit=1)
            await call(claude, "update_memory", id=added["id"], text="Tabs, always.")
            deleted = await call(claude, "delete_all", confirm=True)

    assert found["memories"][0]["id"] == added["id"]
    assert found["memories"][0]["app"] == "cursor"
    assert (deleted["deleted"], deleted["left"]) == (1, 1)
    assert "gone for good" in deleted["reason"]
    [left] = hosted.store.active(user_id=USER)
    assert (left.text, left.app_id, left.metadata) == (
        "Tabs, always.",
        "cursor",
        {"openmemory_app": "cursor"},
    )
    check_contract(hosted.recorder.asked)
    adds = hosted.recorder.sent("POST /v3/memories/add/")
    assert [app_named_by(add) for add in adds] == ["claude-code", "cursor"]
    assert not list(home.data_dir.glob("*.db*"))


async def test_deleting_all_keeps_other_apps_rows_on_a_platform_that_forgets_the_app(
    hosted: Hosted, home: Home
) -> None:
    hosted.recorder.on("POST", "/v3/memories/?", forget_apps)
    env = {**hosted.environment(), "OPENMEMORY_HOSTED_READS": "own"}
    with serving(home, **env) as server:
        async with over_served(server, "zed") as zed, hosted.over_stdio(home, "cursor") as cursor:
            await call(cursor, "add_memories", text="Written by cursor.")
            await call(zed, "add_memories", text="Written by zed.")
            listed = await call(zed, "list_memories")
            deleted = await call(zed, "delete_all", confirm=True)

    assert [memory["text"] for memory in listed["memories"]] == ["Written by zed."]
    assert (deleted["deleted"], deleted["left"]) == (1, 0)
    assert hosted.store.texts(user_id=USER) == ["Written by cursor."]


async def test_an_add_that_stays_queued_is_reported_with_its_event(
    hosted: Hosted, home: Home
) -> None:
    pending(answering(200, {"status": "PENDING", "results": []}))(hosted.recorder)
    async with hosted.over_stdio(home, "cursor") as cursor:
        answer = await call(cursor, "add_memories", text="likes tea")

    polled = {each.path for each in hosted.recorder.sent("GET")}
    assert polled == {f"/v1/event/{answer['queued']}/"}
    assert len(hosted.recorder.writes) == 1


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (answering(401, {"detail": "Invalid key"}), "set a valid MEM0_API_KEY"),
        (answering(402, {"detail": "Limit reached"}), "plan or quota"),
        (answering(404, {"detail": "Not found"}), "MEM0_BASE_URL"),
        (answering(429, {"detail": "Slow down"}, Retry_After="9"), "Wait 9 seconds"),
        (answering(500, {"error": "Oops"}), "may or may not have been made"),
        (cut, "may or may not have been made"),
    ],
    ids=["401", "402", "404", "429", "500", "cut"],
)
async def test_a_write_that_fails_is_told_and_not_repeated(
    hosted: Hosted, home: Home, rule: Rule, words: str
) -> None:
    hosted.recorder.on("POST", "/v3/memories/add/", rule)
    async with hosted.over_stdio(home, "cursor") as cursor:
        result = await cursor.call_tool("add_memories", {"text": "likes tea"})

    assert result.is_error
    assert words in said(result)
    assert len(hosted.recorder.asked) == 1
    assert hosted.store.texts(user_id=USER) == (["likes tea"] if rule is cut else [])


async def test_a_key_the_platform_does_not_know_is_named_as_the_fault(
    hosted: Hosted, home: Home
) -> None:
    wrong = hosted.environment("m0-wrong")
    with serving(home, **wrong) as server:
        async with over_served(server, "zed") as zed:
            result = await zed.call_tool("list_memories", {})
    # In a thread: the recorder that the doctor asks runs in this one.
    look = partial(home.run, OPENMEMORY, "doctor", env={**wrong, "COLUMNS": "400"})
    doctor = await anyio.to_thread.run_sync(look)

    assert result.is_error
    assert "set a valid MEM0_API_KEY" in said(result)
    assert doctor.returncode == 1
    assert "set a valid MEM0_API_KEY" in doctor.stdout


def app_named_by(asked: Asked) -> JsonValue:
    """The `app_id` in the body of an add."""
    assert isinstance(asked.body, dict)
    return asked.body["app_id"]
