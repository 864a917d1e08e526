"""Rights that are taken away while others read: what was acknowledged holds for all that follows.

A search that begins after the answer to the change never shows a forbidden memory, and neither does
one that ends after it began before, on this server.
"""

from collections.abc import Awaitable, Callable
from random import Random
from typing import TypeAlias

import anyio
import httpx
import pytest

from openmemory_api.container import Container
from tests.api.keys import KEYS, bearer, make
from tests.api.stores import a_memory, put
from tests.postgres.fixtures import BOTH

DATABASES = BOTH
OWNER = {"X-OpenMemory-User": "anna"}
CURSOR = {**OWNER, "X-OpenMemory-App": "cursor"}
ROUNDS = 5
READERS = 4
Change: TypeAlias = Callable[[httpx.AsyncClient], Awaitable[httpx.Response]]

DENY = {"verb": "read", "effect": "deny", "subject": {"kind": "tag", "value": "secret"}}


async def deny(http: httpx.AsyncClient) -> httpx.Response:
    row = {"app": "cursor", "read": "everything", "write": "everything", "rules": [DENY]}
    return await http.post("/api/v1/access/apply", json={"changes": [row]}, headers=OWNER)


async def deny_any_other(http: httpx.AsyncClient) -> httpx.Response:
    row = {"app": "*", "read": "nothing", "write": "nothing"}
    return await http.post("/api/v1/access/apply", json={"changes": [row]}, headers=OWNER)


async def pause(http: httpx.AsyncClient) -> httpx.Response:
    return await http.post("/api/v1/apps/cursor/pause", headers=OWNER)


async def merge(http: httpx.AsyncClient) -> httpx.Response:
    """Into an app that may read nothing."""
    return await http.post("/api/v1/apps/cursor/merge", json={"into": "strict"}, headers=OWNER)


async def delete(http: httpx.AsyncClient) -> httpx.Response:
    return await http.delete("/v1/memories/m1/", headers=OWNER)


async def allow_again(http: httpx.AsyncClient) -> None:
    rows = [{"app": "cursor", "inherit": True}, {"app": "*", "inherit": True}]
    await http.post("/api/v1/apps/cursor/unmerge", headers=OWNER)
    await http.post("/api/v1/apps/cursor/resume", headers=OWNER)
    await http.post("/api/v1/access/apply", json={"changes": rows}, headers=OWNER)


class Race:
    """Readers that go on while something changes, and what they were answered after that."""

    def __init__(self, http: httpx.AsyncClient, headers: dict[str, str], rng: Random) -> None:
        self.http = http
        self.headers = headers
        self.rng = rng
        self.acknowledged = False
        self.done = False
        self.seen_before = 0
        self.leaks: list[str] = []

    async def read(self) -> None:
        search = {"query": "zither", "threshold": 0, "top_k": 10}
        asked: list[tuple[str, str, object]] = [
            ("POST", "/v3/memories/search/", search),
            ("POST", "/v3/memories/", {}),
            ("GET", "/v1/memories/m1/", None),
            ("GET", "/v1/memories/m1/history/", None),
            ("GET", "/v1/memories/?user_id=anna", None),
        ]
        after = 0
        while after < len(asked) and not self.done:
            method, path, body = asked[after] if self.acknowledged else self.rng.choice(asked)
            forbidden = self.acknowledged
            answer = await self.http.request(method, path, json=body, headers=self.headers)
            if "zither" not in answer.text:
                after += forbidden
                continue
            if forbidden:
                self.leaks.append(f"{method} {path}")
                return
            self.seen_before += 1

    async def run(self, change: Change) -> None:
        async with anyio.create_task_group() as tasks:
            for _ in range(READERS):
                tasks.start_soon(self.read)
            for _ in range(self.rng.randrange(40)):
                await anyio.lowlevel.checkpoint()
            answer = await change(self.http)
            assert answer.is_success, answer.text
            self.acknowledged = True


async def remembered(store: Container, http: httpx.AsyncClient) -> None:
    await put(store, a_memory(1, text="keeps a zither in the attic", tags=("secret",)))
    for app in ("cursor", "strict"):
        called = {**OWNER, "X-OpenMemory-App": app}
        await http.post("/v3/memories/", json={}, headers=called)
    row = {"app": "strict", "read": "nothing", "write": "nothing"}
    await http.post("/api/v1/access/apply", json={"changes": [row]}, headers=OWNER)


@pytest.mark.parametrize("change", [deny, deny_any_other, pause, merge, delete])
async def test_what_begins_after_a_change_shows_nothing_forbidden(
    store: Container, http: httpx.AsyncClient, change: Change
) -> None:
    await remembered(store, http)
    rng = Random(1)
    seen = 0
    for _ in range(1 if change is delete else ROUNDS):
        race = Race(http, CURSOR, rng)
        await race.run(change)
        assert race.leaks == []
        seen += race.seen_before
        await allow_again(http)
    assert seen or change is delete


async def test_what_begins_after_a_revocation_is_refused(
    store: Container, http: httpx.AsyncClient
) -> None:
    await remembered(store, http)
    rng = Random(2)
    for _ in range(ROUNDS):
        key = await make(http, user_id="anna", app="cursor")

        async def revoke(http: httpx.AsyncClient, key_id: str = key["id"]) -> httpx.Response:
            return await http.delete(f"{KEYS}/{key_id}")

        race = Race(http, bearer(key), rng)
        await race.run(revoke)
        assert race.leaks == []
        assert (await http.get("/v1/ping/", headers=bearer(key))).status_code == 401


async def test_a_search_that_waits_for_its_model_sees_the_rule_that_came_meanwhile(
    store: Container, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await remembered(store, http)
    asked, go_on = anyio.Event(), anyio.Event()
    embed = store.embedder.embed_query

    async def slowly(text: str):
        asked.set()
        await go_on.wait()
        return await embed(text)

    monkeypatch.setattr(store.embedder, "embed_query", slowly)
    answers: list[httpx.Response] = []

    async def search() -> None:
        body = {"query": "zither", "threshold": 0}
        answers.append(await http.post("/v3/memories/search/", json=body, headers=CURSOR))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(search)
        await asked.wait()
        assert (await deny(http)).is_success
        go_on.set()

    assert "zither" not in answers[0].text
