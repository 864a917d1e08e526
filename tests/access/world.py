"""Random stores: users, apps, rules, merges, pauses, memories in every state, and who asks.

Made from a seed, so that a failure is repeated by its number alone.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any, TypeAlias

import httpx
import sqlalchemy as sa

from openmemory_api.container import Container
from openmemory_api.db import apps as app_rows
from openmemory_api.db.tables import (
    access_bases,
    access_rules,
    apps,
    memories,
    projects,
    users,
)
from openmemory_api.domain.access import (
    Access,
    Base,
    Caller,
    Effect,
    Everything,
    KeyScope,
    OfApp,
    OfCategory,
    OfMemory,
    OfTag,
    Rule,
    Subject,
    Verb,
)
from openmemory_api.domain.memory import EntityIds, Lifecycle, Memory, State
from openmemory_api.domain.rules import ANY_OTHER_APP
from tests.access.reference import Merges, may_add, may_read, may_write
from tests.api.keys import LOCAL, bearer
from tests.api.stores import a_memory, put, stored, uuid
from tests.fakes import START

USERS = ("anna", "bob", "carol")
APPS = ("cursor", "claude", "claude-code", "zed")
DEFAULT_USER = "carol"
SIZE = 26
NUMBERED = 1_000
"""Short ids from here on are the store's to give."""

_WORDS = ("tea", "boat", "Berlin", "straße", "piano", "key", "garden", "東京")
_LABELS = ("health", "Health", "work", "straße", "STRASSE")
_RUNS = (None, None, "run-1", "run 2/3")
_AGENTS = (None, None, "planner")

Predicate: TypeAlias = Callable[[Memory], bool]
AppOf: TypeAlias = tuple[str, str]
"""(user, app)"""


@dataclass(frozen=True, slots=True)
class Asker:
    """One kind of caller: what it sends, and whom the store should take it for."""

    name: str
    headers: Mapping[str, str]
    caller: Caller

    @property
    def user(self) -> str | None:
        return self.caller.user_id


@dataclass
class World:
    """A store, and all that the reference has to know of it."""

    store: Container
    rng: Random
    memories: list[Memory] = field(default_factory=list[Memory])
    access: dict[AppOf, Access] = field(default_factory=dict[AppOf, Access])
    apps: set[AppOf] = field(default_factory=set[AppOf])
    paused: set[AppOf] = field(default_factory=set[AppOf])
    merges: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])
    askers: list[Asker] = field(default_factory=list[Asker])

    def merges_of(self, caller: Caller) -> Merges:
        return self.merges.get(caller.user_id or "", {})

    def access_of(self, caller: Caller) -> Access:
        """The row that holds for a caller: its own, else that of any other app, whole."""
        if caller.app is None:
            return Access()
        user = caller.user_id or ""
        app = self.merges_of(caller).get(caller.app, caller.app)
        row = self.access.get((user, app)) or self.access.get((user, ANY_OTHER_APP)) or Access()
        return replace(row, paused=(user, app) in self.paused)

    def may_read(self, asker: Asker, row: Memory) -> bool:
        access = self.access_of(asker.caller)
        return may_read(asker.caller, access, row, self.merges_of(asker.caller))

    def may_write(self, asker: Asker, row: Memory) -> bool:
        access = self.access_of(asker.caller)
        return may_write(asker.caller, access, row, self.merges_of(asker.caller))

    def may_add(self, asker: Asker) -> bool:
        return may_add(asker.caller, self.access_of(asker.caller))

    def is_paused(self, asker: Asker) -> bool:
        return self.access_of(asker.caller).paused

    def readable(self, asker: Asker) -> list[Memory]:
        return newest_first(row for row in self.memories if self.may_read(asker, row))

    def writable(self, asker: Asker) -> list[Memory]:
        return newest_first(row for row in self.memories if self.may_write(asker, row))

    async def look(self) -> None:
        """Read everything again: what the reference decides about is what is stored."""
        self.memories = await stored(self.store)
        async with self.store.database.read() as connection:
            every = list(await connection.execute(sa.select(users)))
            called = list(await connection.execute(sa.select(apps)))
            bases = list(await connection.execute(sa.select(access_bases)))
            kept = sa.select(access_rules).order_by(access_rules.c.id)
            rules = list(await connection.execute(kept))
        names = {row.id: row.name for row in every if row.project_id == "default"}
        self.merges = {row.name: row.merges or {} for row in every if row.id in names}
        self.apps = {(names[row.user_id], row.name) for row in called if row.user_id in names}
        self.paused = {(names[row.user_id], row.name) for row in called if row.paused}
        self.access = {
            (names[row.user_id], row.app): Access(
                Base(row.read),
                Base(row.write),
                tuple(_rule(rule) for rule in rules if rule.base_id == row.id),
            )
            for row in bases
        }


def _rule(row: Any) -> Rule:
    subjects = {"app": OfApp, "category": OfCategory, "tag": OfTag, "memory": OfMemory}
    kind = row.subject_kind
    subject = Everything() if kind == "everything" else subjects[kind](row.subject)
    return Rule(Verb(row.verb), Effect(row.effect), subject)


def newest_first(rows: Iterable[Memory]) -> list[Memory]:
    return sorted(rows, key=lambda row: (row.created_at, row.id), reverse=True)


async def make_world(store: Container, http: httpx.AsyncClient, seed: int) -> World:
    """A store as the seed says, with keys for some of its callers."""
    rng = Random(seed)
    world = World(store, rng)
    await _make_rows(store, rng)
    for user in USERS:
        owner = Caller("default", user, None)
        for app in (*APPS, ANY_OTHER_APP):
            if rng.random() < 0.6:
                await store.access.configure(owner, app, random_access(rng))
        for app in APPS:
            # Known by a call of its own; whoever never called cannot be merged.
            await http.get("/v1/ping/", headers=claimed("", user, app).headers)
            await http.get("/v1/entities/", headers=claimed("", user, app).headers)
            if rng.random() < 0.08:
                await store.access.pause(owner, app)
        if rng.random() < 0.5:
            sent = {"into": "claude"}
            merged = await http.post(f"/api/v1/apps/claude-code/merge?user_id={user}", json=sent)
            # Not where only one of them is paused.
            assert merged.status_code in (200, 409), merged.text
    keyed = [await _keyed(http, *each) for each in KEYS]
    # Half of them each, which over the worlds are all.
    world.askers = rng.sample([*CLAIMED, *keyed], 10)
    await world.look()
    return world


async def _keyed(
    http: httpx.AsyncClient,
    name: str,
    user: str | None,
    app: str | None,
    scopes: Iterable[KeyScope],
) -> Asker:
    """A caller with a key of its own."""
    kept = frozenset(scopes)
    wish = {"label": name, "app": app, "scopes": sorted(kept)}
    wish |= {"user_id": user} if user else {"every_user": True}
    made = await http.post("/api/v1/keys", json=wish, headers=bearer(LOCAL))
    assert made.status_code == 201, made.text
    key = made.json()
    caller = Caller("default", user, app, scopes=kept, key_id=key["id"], proven=app is not None)
    return Asker(name, {"Authorization": f"Bearer {key['key']}"}, caller)


async def _make_rows(store: Container, rng: Random) -> None:
    async with store.database.write() as connection:
        row = {"id": "other", "org_id": "org", "name": "other", "created_at": START}
        await connection.execute(sa.insert(projects).values(row))
        for project in ("default", "other"):
            for user in USERS:
                made = await app_rows.ensure_user(connection, project, user, START)
                given = sa.update(users).where(users.c.id == made).values(next_number=NUMBERED)
                await connection.execute(given)
    made_rows = [random_memory(rng, number) for number in range(1, SIZE + 1)]
    await put(store, *made_rows)
    # What a newer one replaced, in chains.
    chained = rng.sample(made_rows, 6)
    async with store.database.write() as connection:
        for older, newer in pairwise(chained):
            if older.entities.user_id == newer.entities.user_id:
                named = sa.update(memories).where(memories.c.id == older.id)
                await connection.execute(named.values(replaced_by=newer.id))


def random_memory(rng: Random, number: int) -> Memory:
    """A row of some project, user and app, in some state."""
    user = rng.choice([*USERS, "anna", "anna", None])
    tags = tuple(rng.sample(_LABELS, rng.choice([0, 0, 1, 2])))
    metadata: dict[str, Any] = {"kind": rng.choice([1, 1.5, True, "a"])}
    if tags:
        metadata["tags"] = list(tags)
    # Ties in time, so that pages have to break them.
    created = START - timedelta(days=rng.choice([1, 1, 2, 3, 400]), hours=rng.choice([0, 0, 5]))
    return a_memory(
        number,
        user=user,
        text=f"note{number} {' '.join(rng.sample(_WORDS, 3))}",
        entities=EntityIds(
            user_id=user,
            agent_id=rng.choice(_AGENTS) if user else "planner",
            app_id=rng.choice([None, None, *APPS]),
            run_id=rng.choice(_RUNS),
        ),
        project_id=rng.choice(["default"] * 9 + ["other"]),
        app=rng.choice([None, *APPS]),
        metadata=rng.choice([metadata, metadata, metadata if tags else None]),
        tags=tags,
        categories=rng.choice([None, None, (), *((label,) for label in _LABELS)]),
        state=rng.choice([State.ACTIVE] * 12 + list(State)),
        lifecycle=rng.choice([Lifecycle.ACTIVE] * 6 + list(Lifecycle)),
        created_at=created,
        updated_at=created,
        deleted_at=None,
        expiration_date=rng.choice([None, None, None, "2026-02-01", "2026-03-01", "2027-01-01"]),
    )


def random_access(rng: Random) -> Access:
    """Bases and rules of one row."""
    rules = tuple(random_rule(rng) for _ in range(rng.choice([0, 0, 1, 2, 3])))
    base = [Base.EVERYTHING, Base.EVERYTHING, Base.OWN, Base.NOTHING]
    return Access(rng.choice(base), rng.choice(base), rules)


def random_rule(rng: Random) -> Rule:
    return Rule(rng.choice(list(Verb)), rng.choice(list(Effect)), _subject(rng))


def _subject(rng: Random) -> Subject:
    return rng.choice(
        [
            Everything(),
            OfApp(rng.choice(APPS)),
            OfApp(rng.choice(APPS)),
            OfCategory(rng.choice(_LABELS)),
            OfCategory(rng.choice(_LABELS)),
            OfTag(rng.choice(_LABELS)),
            OfMemory(uuid(rng.randint(1, SIZE))),
            OfMemory(uuid(rng.randint(1, SIZE))),
        ]
    )


def claimed(name: str, user: str | None = None, app: str | None = None) -> Asker:
    """A caller that says who it is in headers, as the trusted ones of this machine may."""
    sent = {"X-OpenMemory-User": user, "X-OpenMemory-App": app}
    whose = user or (DEFAULT_USER if app else None)
    caller = Caller("default", whose, app.lower() if app else None)
    return Asker(name, {key: value for key, value in sent.items() if value}, caller)


CLAIMED: Sequence[Asker] = (
    claimed("nobody in particular"),
    claimed("anna", "anna"),
    claimed("bob", "bob"),
    claimed("anna's cursor", "anna", "cursor"),
    claimed("anna's claude", "anna", "Claude"),
    claimed("anna's claude-code", "anna", "claude-code"),
    claimed("anna's new app", "anna", "never-seen"),
    claimed("bob's cursor", "bob", "cursor"),
    claimed("an app of the configured user", None, "zed"),
    claimed("somebody new", "dora", "cursor"),
)


_READ, _WRITE, _DELETE, _ADMIN = KeyScope.READ, KeyScope.WRITE, KeyScope.DELETE, KeyScope.ADMIN
KEYS: Sequence[tuple[str, str | None, str | None, Iterable[KeyScope]]] = (
    ("an administrator's key", None, None, KeyScope),
    ("a service's key for all users", None, None, (_READ, _WRITE, _DELETE)),
    ("anna's key", "anna", None, (_READ, _WRITE, _DELETE)),
    ("anna's own administrator's key", "anna", None, KeyScope),
    ("anna's key to manage alone", "anna", None, (_ADMIN,)),
    ("anna's key to read", "anna", None, (_READ,)),
    ("anna's key to write", "anna", None, (_WRITE,)),
    ("the key of anna's cursor", "anna", "cursor", (_READ, _WRITE, _DELETE)),
    ("the key of anna's claude-code to read and delete", "anna", "claude-code", (_READ, _DELETE)),
    ("the key of bob's zed", "bob", "zed", (_READ, _WRITE, _DELETE)),
)


# What a client may narrow its question by: the body, and what that means of one memory.

_DAY_BEFORE = (START - timedelta(days=2)).date().isoformat()


def _since(row: Memory) -> bool:
    return row.created_at >= datetime.fromisoformat(f"{_DAY_BEFORE}T00:00:00+00:00")


FILTERS: Sequence[tuple[dict[str, Any], Predicate]] = (
    ({}, lambda row: True),
    ({}, lambda row: True),
    ({"filters": {"user_id": "anna"}}, lambda row: row.entities.user_id == "anna"),
    ({"filters": {"user_id": "bob"}}, lambda row: row.entities.user_id == "bob"),
    ({"user_id": "anna"}, lambda row: row.entities.user_id == "anna"),
    ({"filters": {"NOT": [{"user_id": "anna"}]}}, lambda row: row.entities.user_id != "anna"),
    ({"filters": {"app_id": "cursor"}}, lambda row: row.entities.app_id == "cursor"),
    ({"filters": {"run_id": "*"}}, lambda row: row.entities.run_id is not None),
    (
        {"filters": {"OR": [{"user_id": "bob"}, {"agent_id": "planner"}]}},
        lambda row: row.entities.user_id == "bob" or row.entities.agent_id == "planner",
    ),
    ({"filters": {"memory_ids": [uuid(1), uuid(2), uuid(3)]}}, lambda row: row.id < uuid(4)),
    (
        {"filters": {"NOT": {"memory_ids": {"in": [uuid(n) for n in range(1, 12)]}}}},
        lambda row: row.id >= uuid(12),
    ),
    (
        {"filters": {"categories": {"exists": True}}},
        lambda row: row.categories is not None,
    ),
    (
        {"filters": {"NOT": {"categories": {"contains": "HEALTH"}}}},
        lambda row: "health" not in [name.casefold() for name in row.categories or ()],
    ),
    (
        {"filters": {"metadata": {"kind": 1}}},
        lambda row: (
            (row.metadata or {}).get("kind") == 1 and (row.metadata or {}).get("kind") is not True
        ),
    ),
    ({"filters": {"created_at": {"gte": _DAY_BEFORE}}}, _since),
    ({"keywords": "BOAT"}, lambda row: "boat" in row.text.casefold()),
)

VIEWS: Sequence[dict[str, bool]] = (
    {},
    {"show_expired": True},
    {"latest_only": True},
    {"include_merged": True},
    {"show_expired": True, "include_merged": True},
)


def shown(row: Memory, view: Mapping[str, bool], today: str) -> bool:
    """Whether a list or a search shows a memory that its caller may read."""
    expired = row.expiration_date is not None and row.expiration_date < today
    if expired and not view.get("show_expired"):
        return False
    if row.lifecycle == "superseded":
        return not view.get("latest_only")
    if row.lifecycle == "merged":
        return bool(view.get("include_merged")) and not view.get("latest_only")
    return True
