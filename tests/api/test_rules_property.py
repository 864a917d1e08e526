"""Of random stores and drafts: what is explained, previewed and taken back is what holds."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from anyio.from_thread import BlockingPortal, start_blocking_portal
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from openmemory_api.container import Container
from openmemory_api.db import memories as rows
from openmemory_api.db.tables import (
    access_bases,
    access_rules,
    actions,
    apps,
    history,
    memories,
    projects,
    users,
    vectors,
)
from openmemory_api.domain.access import (
    Access,
    Caller,
    Effect,
    Verb,
    readable_by,
    writable_by,
)
from openmemory_api.domain.errors import Forbidden
from openmemory_api.domain.explaining import Because, Explainer
from openmemory_api.domain.filters import matches
from openmemory_api.domain.memory import Memory
from openmemory_api.domain.requests import UNSET
from openmemory_api.domain.rules import ANY_OTHER_APP, Draft, Rulebook
from openmemory_api.services.access import Scope
from openmemory_api.services.rules import Difference
from openmemory_api.settings import Settings
from tests.api.stores import ANNA, app_of
from tests.api.test_access_property import ACCESSES, CALLERS, EXAMPLES, STORES, rows_of
from tests.fakes import START, FrozenClock, HashEmbedder
from tests.postgres.fixtures import BOTH
from tests.postgres.server import Server

APPS = ("claude", "cursor", "stranger")
EVERYTHING = (access_rules, access_bases, history, actions, vectors, memories, apps, users)
MAY = {Because.USER, Because.BASE, Because.ALLOWED}
SCOPES = {Verb.READ: readable_by, Verb.WRITE: writable_by}


@EXAMPLES
@given(memory=rows_of(1), caller=CALLERS, access=ACCESSES, verb=st.sampled_from(Verb))
def test_an_explanation_says_what_the_decision_says_and_what_its_parts_add_up_to(
    memory: Memory, caller: Caller, access: Access, verb: Verb
):
    told = Explainer(caller, access, verb).explain(memory)

    assert told.allowed is matches(SCOPES[verb](caller, access), memory)
    assert told.allowed is (told.because in MAY)
    effects = [rule.effect for rule in told.rules]
    assert all(rule in access.rules for rule in told.rules)
    assert (Effect.DENY in effects) or told.because is not Because.DENIED
    assert told.reason


# -- drafts


def drafts_of(app: str) -> st.SearchStrategy[Draft]:
    paused = st.none() if app == ANY_OTHER_APP else st.sampled_from([None, None, False, True])
    row = st.one_of(ACCESSES.map(without_pause), st.none(), st.just(UNSET))
    return st.builds(Draft, st.just(app), row, paused)


def without_pause(access: Access) -> Access:
    # As it is stored: names in lower case, nothing empty.
    rules = [
        rule
        for rule in access.rules
        if "" not in (getattr(rule.subject, "tag", "x"), getattr(rule.subject, "category", "x"))
    ]
    return replace(access, rules=tuple(rules), paused=False)


DRAFTS = st.lists(st.sampled_from([ANY_OTHER_APP, *APPS[:2]]), unique=True, max_size=3).flatmap(
    lambda names: st.tuples(*map(drafts_of, names)).map(list)
)


@dataclass
class Rig:
    """A store that is filled anew for every example."""

    portal: BlockingPortal
    store: Container

    async def fill(self, stored: Sequence[Memory], drafts: Sequence[Draft]) -> None:
        async with self.store.access.changing(ANNA) as connection:
            for table in EVERYTHING:
                await connection.execute(sa.delete(table))
            await rows.insert(connection, [(memory, "") for memory in stored])
        for app in APPS:
            await self.store.access.scope(app_of(ANNA, app))
        await self.store.access.change(ANNA, drafts)

    async def reach(self, stored: Sequence[Memory]) -> dict[tuple[str, Verb], set[str]]:
        """What each app may read and write, as its own calls have it."""
        found: dict[tuple[str, Verb], set[str]] = {}
        for app in APPS:
            try:
                scope: Scope | None = await self.store.access.scope(app_of(ANNA, app))
            except Forbidden:
                scope = None
            for verb in Verb:
                found[app, verb] = set()
                if scope is not None:
                    inside = scope.readable if verb is Verb.READ else scope.writable
                    found[app, verb] = {each.id for each in stored if matches(inside, each)}
        # An app that was never heard of is as one that wrote nothing and has no row.
        return found | {(ANY_OTHER_APP, verb): found["stranger", verb] for verb in Verb}


async def add_project(store: Container) -> None:
    async with store.database.write() as connection:
        row = {"id": "other", "org_id": "org", "name": "other", "created_at": START}
        await connection.execute(sa.insert(projects).values(row))


@contextmanager
def opened(folder: Path, url: str | None) -> Generator[Rig]:
    made = Settings(data_dir=folder, database_url=SecretStr(url) if url else None)
    store = Container(made, embedder=HashEmbedder(), clock=FrozenClock())
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(store.open()):
        portal.call(store.ready)
        portal.call(add_project, store)
        yield Rig(portal, store)


@pytest.fixture(scope="module", params=BOTH)
def rig(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Generator[Rig]:
    url = None
    if request.param == "postgresql":
        server: Server = request.getfixturevalue("postgres")
        url = server.url(server.create())
    with opened(tmp_path_factory.mktemp("rules") / "data", url) as made:
        yield made


@settings(EXAMPLES, max_examples=40)
@given(stored=STORES, held=DRAFTS, drafts=DRAFTS)
def test_a_preview_is_the_difference_that_applying_makes_and_undoing_takes_it_back(
    rig: Rig, stored: list[Memory], held: list[Draft], drafts: list[Draft]
):
    rig.portal.call(try_out, rig, stored, held, drafts)


async def try_out(rig: Rig, stored: list[Memory], held: list[Draft], drafts: list[Draft]) -> None:
    store = rig.store
    await rig.fill(stored, held)
    book, before = await store.rules.rules(ANNA), await rig.reach(stored)
    preview = await store.rules.preview(ANNA, drafts, version=book.version, shown=100)
    assert await store.rules.rules(ANNA) == book

    applied = await store.access.change(ANNA, drafts, version=preview.version)
    after = await rig.reach(stored)

    told = {change.app: change for change in preview.changes}
    for app in (ANY_OTHER_APP, *APPS):
        for verb in Verb:
            gained = after[app, verb] - before[app, verb]
            lost = before[app, verb] - after[app, verb]
            if app in told:
                change = told[app].read if verb is Verb.READ else told[app].write
                assert ids(change) == (gained, lost)
            else:
                assert (gained, lost) == (set(), set())

    if applied.action_id is not None:
        undone = await store.actions.undo(ANNA, applied.action_id)
        assert undone.left == []
    assert as_sets(await store.rules.rules(ANNA)) == as_sets(book)
    assert await rig.reach(stored) == before


def ids(change: Difference) -> tuple[set[str], set[str]]:
    for some in (change.gains, change.loses):
        assert some.total == len(some.memories)
    gains, loses = change.gains.memories, change.loses.memories
    return {memory.id for memory in gains}, {memory.id for memory in loses}


def as_sets(book: Rulebook) -> object:
    """What a rulebook says, whatever order its rules are in."""
    known = {app: row for app, row in book.rows.items() if row is not None}
    assert len(known) == len(book.rows)
    return book.paused, {
        app: (row.read, row.write, frozenset(row.rules)) for app, row in known.items()
    }
