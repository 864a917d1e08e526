"""A store with a canary in whatever belongs to a user, and callers who may not hear the others'."""

import json
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import httpx
from anyio.from_thread import BlockingPortal, start_blocking_portal
from fastapi import FastAPI
from pydantic import SecretStr

from openmemory_api.app import create_app
from openmemory_api.container import Container
from openmemory_api.settings import Settings
from tests.fakes import FrozenClock, HashEmbedder

ADMIN_KEY = "an-administrators-key-of-this-test"
BASE = "http://127.0.0.1:8765"
USERS = ("alice", "bob")
PARTS = ("text", "meta", "agent", "run", "query", "label", "tag")
LOCAL = {"Authorization": f"Bearer {ADMIN_KEY}"}


def canary(user: str, part: str) -> str:
    """A word that nothing but this part of this user's data has."""
    return f"canary{user}{part}"


@dataclass(frozen=True, slots=True)
class Voice:
    """A caller, and whose canaries it must never hear."""

    name: str
    headers: Mapping[str, str]
    never: tuple[str, ...] = ()

    def betrayed(self, answer: httpx.Response, sent: str) -> list[str]:
        """Canaries of others in an answer, which were not in the question."""
        heard = answer.text + json.dumps(list(answer.headers.items()))
        words = [canary(user, part) for user in self.never for part in PARTS]
        return [word for word in words if word in heard and word not in sent]


@dataclass
class Site:
    """An app that serves, and the ids that requests may hit."""

    portal: BlockingPortal
    http: httpx.AsyncClient
    ids: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    voices: dict[str, Voice] = field(default_factory=dict[str, Voice])

    def send(self, request: httpx.Request) -> httpx.Response:
        answer = self.portal.call(self.http.send, request)
        # Who has signed in by chance must not be taken for the next caller.
        self.http.cookies.clear()
        return answer

    def prepare(self) -> None:
        """Put back what an earlier request has taken: memories, keys, what was asked."""
        self.portal.call(self._prepare)

    async def _prepare(self) -> None:
        self.ids = {"memory_id": [], "key_id": [], "session_id": [], "event_id": []}
        for user in USERS:
            await self._remember(user)
        self.voices = {
            "no key": Voice("no key", {}),
            "no key where one is needed": Voice("no key where one is needed", {}, USERS),
            "a user's key": Voice("a user's key", await self._key("alice"), ("bob",)),
            "an app's key": Voice("an app's key", await self._key("alice", "cursor"), ("bob",)),
            "an administrator's key": Voice("an administrator's key", LOCAL),
        }

    async def _remember(self, user: str) -> None:
        body = {
            "messages": [{"role": "user", "content": f"{canary(user, 'text')} likes tea"}],
            "user_id": user,
            "agent_id": canary(user, "agent"),
            "run_id": canary(user, "run"),
            "metadata": {"note": canary(user, "meta"), "tags": [canary(user, "tag")]},
            "infer": False,
        }
        added = await self._ok("POST", "/v3/memories/add/", body)
        self.ids["memory_id"].append(added["id"])
        self.ids["event_id"].append(added["event_id"])
        query = {"query": canary(user, "query")}
        await self._ok("POST", "/v3/memories/search/", query, user)

    async def _key(self, user: str, app: str | None = None) -> dict[str, str]:
        others = {"user_id": "bob", "label": canary("bob", "label")}
        made = await self._ok("POST", "/api/v1/keys", {**others, "app": "cursor"})
        self.ids["key_id"].append(made["id"])
        mine = {"user_id": user, "label": canary(user, "label"), "app": app}
        made = await self._ok("POST", "/api/v1/keys", mine)
        self.ids["key_id"].append(made["id"])
        return {"Authorization": f"Token {made['key']}"}

    async def _ok(self, method: str, path: str, body: object, user: str = "") -> Any:
        headers = {**LOCAL, "X-OpenMemory-User": user}
        answer = await self.http.request(method, path, json=body, headers=headers)
        assert answer.is_success, answer.text
        return answer.json()

    def real(self, name: str, rng: Random) -> str | None:
        """Something that exists, for a parameter of a path."""
        known = {
            **self.ids,
            "action_id": self.ids["event_id"],
            "app": ["cursor", "claude"],
            "kind": ["user", "agent", "run"],
            "name": [*USERS, *(canary(user, "agent") for user in USERS)],
        }
        return rng.choice(known[name]) if known.get(name) else None


@contextmanager
def site(folder: Path, *, required: bool) -> Generator[Site]:
    """A site of one mode of authentication."""
    settings = Settings(
        data_dir=folder,
        auth="required" if required else "auto",
        api_key=SecretStr(ADMIN_KEY),
        index="exact",
    )
    container = Container(settings, embedder=HashEmbedder(), clock=FrozenClock())
    app = create_app(settings, container, local_secret="omk_local")
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(_served(app)) as http:
        portal.call(container.ready)
        made = Site(portal, http)
        made.prepare()
        yield made


@asynccontextmanager
async def _served(app: FastAPI) -> AsyncGenerator[httpx.AsyncClient]:
    # A failure is an answer here, as it is for a client; the schema allows none.
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url=BASE) as http,
    ):
        yield http
