"""Calls a minute and a day, and memories a user: off by default, and never for the trusted."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import anyio
import httpx
import pytest
from pydantic import SecretStr

from openmemory_api.container import Container
from openmemory_api.domain.access import Caller, KeyScope
from openmemory_api.domain.errors import QuotaExceeded, RateLimited
from openmemory_api.domain.keys import KeyWish
from openmemory_api.domain.memory import EntityIds, State
from openmemory_api.services import limits
from openmemory_api.settings import Settings
from tests.api.activity.test_log import ANNA, calls
from tests.api.stores import ADMIN, add, stored
from tests.api.stores import ANNA as ANNA_CALLER
from tests.api.waiting import ended, say
from tests.fakes import START, FakeExtractor, FrozenClock, HashEmbedder
from tests.postgres.fixtures import BOTH

DATABASES = BOTH


@pytest.fixture
def chosen() -> dict[str, int]:
    """The limits that are set."""
    return {}


@pytest.fixture
def settings(settings: Settings, chosen: dict[str, int]) -> Settings:
    secret = SecretStr("a secret of the tests")
    return settings.model_copy(update={"secret": secret, **chosen})


def limited(**chosen: int) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("chosen", [chosen], ids=[""])


async def a_key(store: Container, **wishes: Any) -> dict[str, str]:
    issued = await store.keys.create(ADMIN, KeyWish("laptop", user_id="anna", **wishes))
    return {"Authorization": f"Token {issued.credential}"}


async def keyed(store: Container, caller: Caller = ANNA_CALLER) -> Caller:
    """A caller by a key of its own."""
    issued = await store.keys.create(ADMIN, KeyWish("laptop", user_id="anna"))
    return replace(caller, key_id=issued.key.id)


async def ping(http: httpx.AsyncClient, key: dict[str, str]) -> httpx.Response:
    return await http.get("/v1/ping/", headers=key)


def told(answer: httpx.Response) -> tuple[int, str | None, str | None]:
    """Status, and how many calls are left of how many."""
    named = ("X-RateLimit-Remaining", "X-RateLimit-Limit")
    left, limit = (answer.headers.get(name) for name in named)
    return answer.status_code, left, limit


async def test_without_limits_nothing_is_told_of_them(
    http: httpx.AsyncClient, store: Container
) -> None:
    assert told(await ping(http, await a_key(store))) == (200, None, None)


@limited(rate_limit=2)
async def test_a_key_may_make_so_many_calls_a_minute_and_is_told_when_to_come_back(
    http: httpx.AsyncClient, store: Container, clock: FrozenClock
) -> None:
    key, other = await a_key(store), await a_key(store)
    clock.advance(timedelta(seconds=20))
    assert [told(await ping(http, key)) for _ in range(3)] == [
        (200, "1", "2"),
        (200, "0", "2"),
        (429, "0", "2"),
    ]
    refused = await ping(http, key)
    assert refused.headers["Retry-After"] == "40"
    assert int(refused.headers["X-RateLimit-Reset"]) == int(clock.now.timestamp()) + 40
    assert refused.json()["detail"].startswith("This key may make 2 calls a minute")
    assert (await ping(http, other)).status_code == 200
    clock.advance(timedelta(seconds=40))
    assert told(await ping(http, key)) == (200, "1", "2")
    rows = await calls(http, operation="GET /v1/ping/", outcome="limited")
    assert [(row["status"], row["user_id"]) for row in rows] == [(429, "anna")] * 2


@limited(rate_limit=1, daily_calls=1)
async def test_nobody_who_is_trusted_is_limited(http: httpx.AsyncClient) -> None:
    for _ in range(3):
        assert told(await ping(http, ANNA)) == (200, None, None)


@limited(rate_limit=5, daily_calls=2)
async def test_a_days_calls_are_counted_also_by_the_server_before(
    http: httpx.AsyncClient,
    store: Container,
    settings: Settings,
    embedder: HashEmbedder,
    clock: FrozenClock,
) -> None:
    key = await a_key(store)
    assert [told(await ping(http, key)) for _ in range(3)] == [
        (200, "1", "2"),
        (200, "0", "2"),
        (429, "0", "2"),
    ]
    assert (await ping(http, key)).headers["Retry-After"] == str(12 * 3600)
    await store.recorder.flush()
    again = limits.CallLimits(
        store.keys, store.recorder.calls_of_key, clock, per_minute=0, per_day=3
    )
    (listed,) = (await store.keys.page(ADMIN))[1]
    caller = replace(ANNA_CALLER, key_id=listed.id)
    await again.admit(caller)
    with pytest.raises(RateLimited):
        await again.admit(caller)
    clock.advance(timedelta(hours=12))
    assert told(await ping(http, key)) == (200, "1", "2")


@limited(rate_limit=1)
async def test_a_key_has_limits_of_its_own(http: httpx.AsyncClient, store: Container) -> None:
    key = await a_key(store, rate_limit=2, daily_calls=3)
    assert [told(await ping(http, key))[1:] for _ in range(2)] == [("1", "2"), ("0", "2")]


async def test_counting_many_keys_takes_bounded_room(
    store: Container, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "_KNOWN", 2)
    asked: list[str] = []

    async def used(key_id: str, day: str) -> int:
        asked.append(key_id)
        return 0

    counted = limits.CallLimits(store.keys, used, clock, per_minute=0, per_day=9)
    for key_id in ("a", "b", "a", "c", "a", "b"):
        await counted.admit(replace(ANNA_CALLER, key_id=key_id))
    # The one that was not seen for longest is asked about anew.
    assert asked == ["a", "b", "c", "b"]


@limited(max_memories=3)
class TestMemories:
    """How many memories a user may store."""

    async def test_an_add_that_is_too_much_is_refused_whole(
        self, http: httpx.AsyncClient, store: Container
    ) -> None:
        key = await a_key(store)

        async def adding(*texts: str) -> httpx.Response:
            messages = [{"role": "user", "content": text} for text in texts]
            return await http.post("/v3/memories/add/", json={"messages": messages}, headers=key)

        assert (await adding("one", "two")).status_code == 200
        refused = await adding("three", "four")
        assert refused.status_code == 413
        assert "2 of 3 memories are stored" in refused.json()["detail"]
        assert len(await stored(store)) == 2
        # What is there already takes no room.
        assert (await adding("three", "two")).status_code == 200
        assert (await adding("one")).status_code == 200
        assert (await adding("four")).status_code == 413
        (memory,) = (m for m in await stored(store) if m.text == "one")
        await http.delete(f"/v1/memories/{memory.id}/", headers=key)
        assert (await adding("four")).status_code == 200
        outcomes = {row["outcome"] for row in await calls(http, operation="POST /v3/memories/add/")}
        assert outcomes == {"ok", "limited"}

    async def test_others_memories_and_the_trusted_do_not_count(self, store: Container) -> None:
        bob = replace(ANNA_CALLER, user_id="bob")
        await add(store, bob, "1", "2", "3", "4")
        anna = await keyed(store)
        await add(store, anna, "1", "2", "3")
        with pytest.raises(QuotaExceeded):
            await add(store, anna, "4")
        await add(store, ANNA_CALLER, "4")

    async def test_nothing_is_brought_back_beyond_it(
        self, http: httpx.AsyncClient, store: Container
    ) -> None:
        key, anna = await a_key(store, scopes=list(KeyScope)), await keyed(store)
        old = [change.memory.id for change in (await add(store, anna, "1", "2")).changes]
        of_app = replace(ANNA_CALLER, app="cursor")
        await add(store, of_app, "5")
        deleted = await store.memories.delete(of_app, [m.id for m in await stored(store)])
        added = await add(store, anna, "3", "4")
        undo = f"/api/v1/actions/{deleted.action_id}/undo"
        refused = [
            await http.post(undo, headers=key),
            await http.post("/api/v1/trash/restore", json={"ids": old}, headers=key),
            await http.post(
                "/api/v1/apps/cursor/undo", json={"since": START.isoformat()}, headers=key
            ),
        ]
        assert [answer.status_code for answer in refused] == [413] * 3
        active = [memory.text for memory in await stored(store) if memory.state is State.ACTIVE]
        assert sorted(active) == ["3", "4"]
        # There is room for one; and an undo may make room.
        one = {"ids": old[:1]}
        answer = await http.post("/api/v1/trash/restore", json=one, headers=key)
        assert answer.status_code == 200
        away = await http.post(f"/api/v1/actions/{added.action_id}/undo", headers=key)
        assert away.status_code == 200
        # Who needs no key is not limited.
        assert (await http.post(undo, headers=ANNA)).status_code == 200

    async def test_memories_without_a_user_are_counted_together(self, store: Container) -> None:
        nobody = await keyed(store, ADMIN)
        await add(store, ANNA_CALLER, "1", "2", "3")
        nobodys = EntityIds(agent_id="helper")
        await add(store, nobody, "1", "2", "3", entities=nobodys)
        with pytest.raises(QuotaExceeded):
            await add(store, nobody, "4", entities=nobodys)


@limited(max_memories=2)
class TestFacts:
    """Where a language model makes more of an add than there is room for."""

    @pytest.fixture
    def extractor(self) -> FakeExtractor:
        return FakeExtractor()

    async def test_facts_beyond_it_are_not_stored_and_the_event_says_why(
        self, store: Container, extractor: FakeExtractor
    ) -> None:
        extractor.gate = anyio.Event()
        added = await say(store, await keyed(store), "one", "two", "three")
        extractor.gate.set()
        action = await ended(store, ANNA_CALLER, added)
        assert action.status == "FAILED"
        assert "0 of 2 memories are stored, and this would add 3" in str(action.detail)
        assert await stored(store) == []

    async def test_where_there_is_no_room_nothing_is_promised(
        self, store: Container, extractor: FakeExtractor
    ) -> None:
        anna = await keyed(store)
        await ended(store, ANNA_CALLER, await say(store, anna, "one", "two"))
        with pytest.raises(QuotaExceeded):
            await say(store, anna, "three")
        assert len(extractor.passages) == 1
