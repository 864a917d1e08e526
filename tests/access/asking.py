"""One caller's questions to a world over HTTP, and the answers they are held to."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, TypeAlias

import httpx

from openmemory_api.domain.access import KeyScope
from openmemory_api.domain.memory import Memory
from tests.access.world import FILTERS, VIEWS, Asker, Predicate, World, shown

MISSING = {
    "detail": "Memory not found!",
    "error": "Memory not found!",
    "message": "Memory not found!",
}


@dataclass
class Ask:
    """What a driver has to ask with."""

    world: World
    asker: Asker
    http: httpx.AsyncClient
    answered: httpx.Response | None = None
    """The last answer, for the message of a failure."""

    @property
    def rng(self) -> Random:
        return self.world.rng

    @property
    def today(self) -> str:
        return self.world.store.clock().date().isoformat()

    async def send(
        self, method: str, path: str, body: object = None, **query: object
    ) -> httpx.Response:
        """One request as the caller."""
        params = {name: str(value) for name, value in query.items() if value is not None}
        self.answered = await self.http.request(
            method, path, json=body, params=params or None, headers=dict(self.asker.headers)
        )
        return self.answered

    @property
    def last(self) -> str:
        return self.say(self.answered) if self.answered else "nothing was asked"

    def is_turned_away(self, *needs: KeyScope) -> bool:
        """Whether the caller may not ask this at all."""
        lacks = any(need not in self.asker.caller.scopes for need in needs)
        return lacks or self.world.is_paused(self.asker)

    def is_refused(self, answer: httpx.Response, *needs: KeyScope) -> bool:
        """Whether the caller may not ask this at all; holds the answer to it."""
        expected = self.is_turned_away(*needs)
        assert (answer.status_code == 403) is expected, self.say(answer)
        return expected

    def ok(self, answer: httpx.Response) -> Any:
        """The body of an answer that has to be a success."""
        assert answer.status_code == 200, self.say(answer)
        return answer.json()

    def say(self, answer: httpx.Response) -> str:
        asked = answer.request
        sent = f"{asked.method} {asked.url.raw_path.decode()} {asked.content.decode()}"
        return f"{self.asker.name}: {sent} -> {answer.status_code} {answer.text[:600]}"

    @property
    def readable(self) -> list[Memory]:
        return self.world.readable(self.asker)

    @property
    def writable(self) -> list[Memory]:
        return self.world.writable(self.asker)

    def may_read(self, row: Memory) -> bool:
        return self.world.may_read(self.asker, row)

    def may_write(self, row: Memory) -> bool:
        return self.world.may_write(self.asker, row)

    def selection(self) -> tuple[dict[str, Any], list[Memory]]:
        """A random filter and view as a body says them, and what they select, newest first."""
        filters, chosen = self.rng.choice(FILTERS)
        view = self.rng.choice(VIEWS)
        return {**filters, **view}, self.selected(chosen, view)

    def selected(self, chosen: Predicate, view: dict[str, bool]) -> list[Memory]:
        today = self.today
        return [row for row in self.readable if chosen(row) and shown(row, view, today)]

    def ref_to(self, row: Memory) -> str:
        """A way to name a memory that the caller has; a short id only within its user."""
        own = self.asker.user is not None and row.entities.user_id == self.asker.user
        if own and row.project_id == "default" and row.number and self.rng.random() < 0.5:
            return f"m{row.number}"
        return self.rng.choice([row.id, row.id.upper()])

    def some(self, rows: Sequence[Memory], most: int) -> list[Memory]:
        return self.rng.sample(list(rows), min(most, len(rows)))


Driver: TypeAlias = Callable[[Ask], Awaitable[None]]
Road: TypeAlias = tuple[str, str]
"""A method and the template of a path, as the app's routes name them."""
DRIVERS: dict[Road, Driver] = {}
WRITERS: dict[Road, Driver] = {}
"""Those that change something; the world is read again after each."""


def reads(method: str, path: str) -> Callable[[Driver], Driver]:
    """Name the route that a driver drives, which changes nothing."""

    def register(driver: Driver) -> Driver:
        assert (method, path) not in DRIVERS
        DRIVERS[method, path] = driver
        return driver

    return register


def writes(method: str, path: str) -> Callable[[Driver], Driver]:
    """Name the route that a driver drives, which changes memories or settings."""

    def register(driver: Driver) -> Driver:
        assert (method, path) not in WRITERS
        WRITERS[method, path] = driver
        return driver

    return register


def facts(row: Memory) -> dict[str, Any]:
    """What an answer says of a memory, as far as it comes from the row."""
    ids = row.entities
    return {
        "id": row.id,
        "short_id": row.short_id,
        "memory": row.text,
        "user_id": ids.user_id,
        "agent_id": ids.agent_id,
        "app_id": ids.app_id,
        "run_id": ids.run_id,
        "app": row.app,
        "metadata": None if row.metadata is None else dict(row.metadata),
        "categories": None if row.categories is None else list(row.categories),
        "expiration_date": row.expiration_date,
        "lifecycle_state": row.lifecycle.value,
        "replaced_by": row.replaced_by,
    }


def same(answered: Sequence[dict[str, Any]], expected: Sequence[Memory]) -> None:
    """The same memories in the same order, and nothing else said of them."""
    assert [row["id"] for row in answered] == [row.id for row in expected]
    for row, memory in zip(answered, expected, strict=True):
        said = facts(memory)
        assert {name: row[name] for name in said} == said


def same_set(answered: Sequence[dict[str, Any]], expected: Sequence[Memory]) -> None:
    """The same memories in whatever order."""
    by_id = sorted(answered, key=lambda row: row["id"])
    same(by_id, sorted(expected, key=lambda row: row.id))
