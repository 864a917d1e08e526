"""The stream of what happens, as it is on the wire: who hears what, what is missed, when it ends."""

import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from fastapi import FastAPI

from openmemory_api.app import create_app
from openmemory_api.container import Container
from openmemory_api.domain.access import Caller, KeyScope
from openmemory_api.routes.ui import events
from openmemory_api.services import live as live_module
from openmemory_api.services.live import RING
from openmemory_api.settings import Settings
from tests.api.keys import KEYS, LOCAL, bearer, make
from tests.api.stores import add_one
from tests.fakes import FrozenClock, HashEmbedder
from tests.mcp.loopback import serving
from tests.postgres.fixtures import BOTH

DATABASES = BOTH
EVENTS = "/api/v1/ui/events"
ADMIN = ["admin", "memory:delete", "memory:read", "memory:write"]


@dataclass
class Heard:
    """What a stream said."""

    lines: AsyncIterator[str]
    raw: list[str] = field(default_factory=list[str])
    last: str = ""
    waiting: list[tuple[str, dict[str, Any]]] = field(
        default_factory=list[tuple[str, dict[str, Any]]]
    )

    async def next(self, *types: str) -> tuple[str, dict[str, Any]]:
        """The next event, of one of these types if any are named; the others wait."""
        for place, event in enumerate(self.waiting):
            if not types or event[0] in types:
                return self.waiting.pop(place)
        with anyio.fail_after(20):
            while True:
                event = await self._read()
                if not types or event[0] in types:
                    return event
                self.waiting.append(event)

    async def _read(self) -> tuple[str, dict[str, Any]]:
        name = ""
        async for line in self.lines:
            self.raw.append(line)
            if line.startswith("id: "):
                self.last = line.removeprefix("id: ")
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            if line.startswith("data: "):
                return name, json.loads(line.removeprefix("data: "))
        raise EOFError

    async def begun(self) -> None:
        while not self.last:
            self.raw.append(line := await anext(self.lines))
            self.last = line.removeprefix("id: ") if line.startswith("id: ") else ""

    async def rest(self) -> None:
        with anyio.fail_after(20):
            self.raw += [line async for line in self.lines]


@dataclass
class Site:
    http: httpx.AsyncClient
    app: FastAPI

    @property
    def store(self) -> Container:
        return self.app.state.container

    @asynccontextmanager
    async def listening(self, **headers: str) -> AsyncGenerator[Heard]:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.http.stream("GET", EVENTS, headers=sent) as stream:
            assert stream.status_code == 200, await stream.aread()
            assert stream.headers["content-type"].startswith("text/event-stream")
            assert stream.headers["cache-control"] == "no-store"
            heard = Heard(stream.aiter_lines())
            await heard.begun()
            # Only what happens from now on is told.
            await anyio.sleep(0.3)
            yield heard

    async def add(self, text: str, **headers: str) -> str:
        body = {"messages": [{"role": "user", "content": text}], "infer": False}
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = await self.http.post("/v3/memories/add/", json=body, headers=sent)
        assert answer.status_code == 200, answer.text
        return answer.json()["id"]


@pytest.fixture
async def site(
    settings: Settings, embedder: HashEmbedder, clock: FrozenClock
) -> AsyncGenerator[Site]:
    app = create_app(
        settings, Container(settings, embedder=embedder, clock=clock), local_secret=LOCAL
    )
    async with (
        serving(app) as url,
        httpx.AsyncClient(base_url=url, timeout=30) as http,
    ):
        await app.state.container.ready()
        yield Site(http, app)


ANNA = {"X_OpenMemory_User": "anna"}
CURSOR = {**ANNA, "X_OpenMemory_App": "cursor"}


async def test_what_an_agent_adds_is_told_at_once(site: Site) -> None:
    async with site.listening(**ANNA) as heard:
        memory = await site.add("green tea", **CURSOR)
        with anyio.fail_after(3):
            _, data = await heard.next("memory.created")
        assert (data["count"], data["ids"], data["apps"]) == (1, [memory], ["cursor"])
        assert (await heard.next("app.seen"))[1]["apps"] == ["cursor"]
        _, call = await heard.next("call.write")
        assert (call["apps"], call["ids"]) == (["cursor"], [memory])


async def test_every_kind_of_change_is_told(site: Site) -> None:
    memory = await site.add("green tea", **ANNA)
    headers = {"X-OpenMemory-User": "anna"}
    one = f"/v1/memories/{memory}/"
    async with site.listening(**ANNA) as heard:
        assert (await site.http.put(one, json={"text": "black tea"}, headers=headers)).is_success
        assert (await heard.next("memory.updated"))[1]["ids"] == [memory]
        assert (await site.http.delete(one, headers=headers)).is_success
        assert (await heard.next("memory.deleted"))[1]["ids"] == [memory]
        body = {"ids": [memory]}
        back = await site.http.post("/api/v1/trash/restore", json=body, headers=headers)
        assert back.is_success
        assert (await heard.next("memory.state"))[1]["ids"] == [memory]
        rules = {"changes": [{"app": "cursor", "paused": True}]}
        done = await site.http.post("/api/v1/access/apply", json=rules, headers=headers)
        assert done.is_success
        await heard.next("access.changed")
        refused = await site.http.post(
            "/v3/memories/search/",
            json={"query": "tea"},
            headers={**headers, "X-OpenMemory-App": "cursor"},
        )
        assert refused.status_code == 403
        assert (await heard.next("call.denied"))[1]["apps"] == ["cursor"]


async def test_nobody_hears_of_another_user(site: Site) -> None:
    anna = await make(site.http, user_id="anna", scopes=ADMIN)
    bob = await make(site.http, user_id="bob", scopes=ADMIN)
    async with (
        site.listening(Authorization=f"Bearer {anna['key']}") as hers,
        site.listening(Authorization=f"Bearer {bob['key']}") as his,
    ):
        of_anna = await site.add("tea of Anna", **CURSOR)
        of_bob = await site.add("tea of Bob", X_OpenMemory_User="bob", X_OpenMemory_App="zed")
        search = {"query": "tea"}
        for name in ("anna", "bob"):
            headers = {"X-OpenMemory-User": name, "X-OpenMemory-App": "codex"}
            answer = await site.http.post("/v3/memories/search/", json=search, headers=headers)
            assert answer.is_success
        await hers.next("call.read")
        await his.next("call.read")
    assert of_anna in "\n".join(hers.raw)
    assert of_bob not in "\n".join(hers.raw)
    assert "zed" not in "\n".join(hers.raw)
    assert of_bob in "\n".join(his.raw)
    assert of_anna not in "\n".join(his.raw)


async def test_a_key_hears_only_what_its_scopes_allow(site: Site) -> None:
    reader = await make(site.http, user_id="anna", scopes=["memory:read"])
    writer = await make(site.http, user_id="anna", scopes=["memory:write"])
    async with (
        site.listening(Authorization=f"Bearer {reader['key']}") as reads,
        site.listening(Authorization=f"Bearer {writer['key']}") as writes,
    ):
        await site.add("tea", **CURSOR)
        await reads.next("memory.created")
        await anyio.sleep(1)
        site.store.live.close()
        await reads.rest()
        await writes.rest()
    assert "call." not in "\n".join(reads.raw)
    assert "app.seen" not in "\n".join(reads.raw)
    assert not {line for line in writes.raw if line.startswith("event: ")} - {"event: index.status"}


async def test_an_app_hears_nothing(site: Site) -> None:
    answer = await site.http.get(EVENTS, headers={"X-OpenMemory-App": "cursor"})
    assert answer.status_code == 403


async def test_what_was_missed_comes_with_the_last_id(site: Site) -> None:
    async with site.listening(**ANNA) as heard:
        await site.add("first", **ANNA)
        await heard.next("memory.created")
        await heard.next("call.write")
        last = heard.last
    second = await site.add("second", **ANNA)
    await anyio.sleep(1)
    async with site.listening(**ANNA, Last_Event_ID=last) as heard:
        _, data = await heard.next("memory.created")
        assert data["ids"] == [second]
    assert "event: reset" not in heard.raw


@pytest.mark.parametrize("last", ["0", "17", "nothing", "9" * 30, "-1"])
async def test_who_missed_too_much_is_told_to_look_anew(site: Site, last: str) -> None:
    async with site.listening(**ANNA, Last_Event_ID=last) as heard:
        assert heard.raw[-1].startswith("id: ")
        assert (await heard.next())[0] == "reset"


async def test_what_another_process_has_told_is_not_known(site: Site) -> None:
    other = live_module.Live()
    while other.newest % 1_000 == site.store.live.newest % 1_000:
        other = live_module.Live()
    async with site.listening(**ANNA, Last_Event_ID=str(other.newest)) as heard:
        assert (await heard.next())[0] == "reset"


async def test_beyond_the_ring_there_is_a_reset(site: Site) -> None:
    live = site.store.live
    before = live.newest
    for _ in range(RING + 1):
        live.happened("memory.created", "anna")
        live.flush()
    assert live.missed(before).lost
    assert len(live.missed(live.newest).events) == 0


async def test_many_changes_are_few_events(site: Site) -> None:
    async with site.listening(**ANNA) as heard:
        async with anyio.create_task_group() as tasks:
            for number in range(120):
                tasks.start_soon(lambda number=number: site.add(f"tea {number}", **ANNA))
        total = 0
        while total < 120:
            _, data = await heard.next("memory.created")
            assert len(data["ids"]) <= 50
            total += data["count"]
        assert total == 120
    assert len([line for line in heard.raw if line == "event: memory.created"]) < 60


async def test_a_revoked_key_ends_its_stream(site: Site) -> None:
    key = await make(site.http, user_id="anna", scopes=ADMIN)
    async with site.listening(Authorization=f"Bearer {key['key']}") as heard:
        revoked = await site.http.delete(f"{KEYS}/{key['id']}", headers=bearer(LOCAL))
        assert revoked.status_code == 200
        with anyio.fail_after(3):
            await heard.rest()
        memory = await site.add("too late", **ANNA)
    assert memory not in "\n".join(heard.raw)


async def test_a_reader_that_is_slow_gets_no_more_than_a_piece_after_its_key_ended(
    store: Container,
) -> None:
    before = store.live.newest
    for _ in range(200):
        store.live.happened("access.changed", "anna")
        store.live.flush()
    counts = True

    async def still() -> bool:
        return counts

    viewer = Caller("default", "anna", None, scopes=frozenset(KeyScope))
    lines = events._told(store.live, viewer, before, still, follow=True)  # pyright: ignore[reportPrivateUsage] no socket reads as slowly
    async with aclosing(lines):
        assert (await anext(lines)).startswith("retry")
        assert "access.changed" in await anext(lines)
        counts = False
        rest = [line async for line in lines]
    assert len(rest) < events.ASK_EVERY


async def test_a_session_that_is_signed_out_ends_its_stream(site: Site) -> None:
    key = await make(site.http, user_id="anna", scopes=ADMIN)
    signed_in = await site.http.post("/api/v1/session", json={"key": key["key"]})
    assert signed_in.is_success, signed_in.text
    async with site.listening() as heard:
        origin = {"Origin": str(site.http.base_url).rstrip("/")}
        out = await site.http.delete("/api/v1/session", headers=origin)
        assert out.is_success, out.text
        with anyio.fail_after(3):
            await heard.rest()


async def test_a_stream_that_is_left_makes_room(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_module, "MAX_STREAMS", 1)
    async with site.listening(**ANNA):
        refused = await site.http.get(EVENTS)
        assert refused.status_code == 503
    with anyio.fail_after(5):
        while True:
            async with site.http.stream("GET", EVENTS) as stream:
                if stream.status_code == 200:
                    break
            await anyio.sleep(0.05)


async def test_without_following_it_ends(site: Site) -> None:
    answer = await site.http.get(EVENTS, params={"follow": "false"})
    assert answer.text.startswith("retry: 2000\nid: ")


async def test_a_stop_ends_every_stream(site: Site) -> None:
    async with site.listening(**ANNA) as heard:
        site.app.state.end_streams()
        with anyio.fail_after(2):
            await heard.rest()


async def test_what_another_process_writes_is_told(
    site: Site,
    settings: Settings,
    embedder: HashEmbedder,
    clock: FrozenClock,
    tmp_path: Path,
) -> None:
    if settings.postgres_url is None:
        pytest.skip("A file has one server")
    elsewhere = settings.model_copy(update={"data_dir": tmp_path / "elsewhere"})
    other = Container(elsewhere, embedder=embedder, clock=clock)
    async with other.open():
        await other.ready()
        async with site.listening(**ANNA) as heard:
            memory = await add_one(other, Caller("default", "anna", "zed"), "green tea")
            with anyio.fail_after(5):
                _, data = await heard.next("memory.created")
            assert (data["ids"], data["apps"]) == ([memory.id], ["zed"])
