"""The access decision, the filter language and its compilers say the same of random stores."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa
from anyio.from_thread import BlockingPortal, start_blocking_portal
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openmemory_api.db import memories as rows
from openmemory_api.db.filters import condition
from openmemory_api.db.opening import open_database
from openmemory_api.db.schema import migrate
from openmemory_api.db.session import Database
from openmemory_api.db.tables import memories, projects
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
    Verb,
    readable_by,
    writable_by,
)
from openmemory_api.domain.filters import Filter, MetadataIs, Not, all_of, matches
from openmemory_api.domain.memory import EntityIds, Memory, State
from openmemory_api.domain.protocols import Point, Space, VectorIndex
from openmemory_api.vectors.filters import MemoryTable
from tests.access.reference import may_read, may_write
from tests.api.stores import a_memory, uuid
from tests.api.vectors.indexes import INDEXES
from tests.fakes import START
from tests.postgres.fixtures import BOTH
from tests.postgres.server import Server
from tests.strategies import filters, metadata

EXAMPLES = settings(
    max_examples=120,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
SIZE = 8
USERS = st.sampled_from(["anna", "anna", "bob", None])
APPS = st.sampled_from(["cursor", "claude", "Cursor", None])
LABELS = st.sampled_from(["work", "Work", "health", "straße", "STRASSE", ""])
SOME_LABELS = st.lists(LABELS, max_size=2).map(tuple)


def rows_of(number: int) -> st.SearchStrategy[Memory]:
    """A row of one of several projects, users, apps and states."""
    return st.builds(
        a_memory,
        st.just(number),
        text=st.just(f"note {number}"),
        user=st.none(),
        entities=st.builds(EntityIds, user_id=USERS, app_id=APPS),
        project_id=st.sampled_from(["default", "default", "default", "other"]),
        app=APPS,
        state=st.sampled_from([State.ACTIVE] * 4 + list(State)),
        categories=st.none() | SOME_LABELS,
        tags=SOME_LABELS,
        metadata=metadata(),
    )


STORES = st.tuples(*(rows_of(number) for number in range(1, SIZE + 1))).map(list)


SUBJECTS = st.one_of(
    st.just(Everything()),
    st.builds(OfApp, st.sampled_from(["cursor", "claude", "Cursor"])),
    st.builds(OfCategory, LABELS),
    st.builds(OfTag, LABELS),
    st.builds(OfMemory, st.integers(1, SIZE + 1).map(uuid)),
)
RULES = st.lists(
    st.builds(Rule, st.sampled_from(Verb), st.sampled_from(Effect), SUBJECTS), max_size=4
).map(tuple)
MERGES = st.sampled_from(
    [
        {},
        {},
        {"claude": "cursor"},
        {"cursor": "claude"},
        {"claude": "cursor", "Cursor": "cursor"},
        {"Cursor": "claude"},
    ]
)
ACCESSES = st.builds(
    Access,
    st.sampled_from(Base),
    st.sampled_from(Base),
    RULES,
    st.sampled_from([False, False, False, True]),
    MERGES,
)
CALLERS = st.sampled_from(
    [
        Caller("default", "anna", "cursor"),
        Caller("default", "anna", "cursor"),
        Caller("default", "anna", None),
        Caller("default", "bob", "claude"),
        Caller("default", None, None),
        Caller("other", "anna", "cursor"),
        Caller("default", "anna", "cursor", scopes=frozenset({KeyScope.READ})),
        Caller("default", "anna", "cursor", scopes=frozenset({KeyScope.READ, KeyScope.DELETE})),
        Caller("default", "anna", None, scopes=frozenset({KeyScope.WRITE})),
    ]
)


@dataclass
class Rig:
    """A database that is filled anew for every example."""

    portal: BlockingPortal
    database: Database

    async def fill(self, stored: Sequence[Memory]) -> None:
        async with self.database.write() as connection:
            await connection.execute(sa.delete(memories))
            await rows.insert(connection, [(memory, "") for memory in stored])

    async def in_sql(self, wanted: Sequence[Filter]) -> list[set[str]]:
        async with self.database.read() as connection:
            return [
                set(
                    (
                        await connection.execute(
                            sa.select(memories.c.id).where(condition(each, connection.dialect.name))
                        )
                    ).scalars()
                )
                for each in wanted
            ]


@dataclass
class Indexes:
    """One index of each kind, filled anew for every example."""

    portal: BlockingPortal
    opened: Sequence[VectorIndex]

    def find(self, stored: Sequence[Memory], wanted: Sequence[Filter]) -> list[list[set[str]]]:
        return [self.portal.call(self._found, index, stored, wanted) for index in self.opened]

    async def _found(
        self, index: VectorIndex, stored: Sequence[Memory], wanted: Sequence[Filter]
    ) -> list[set[str]]:
        vector = np.eye(1, 4, dtype=np.float32)
        points = [Point(memory, vector if i % 2 else None) for i, memory in enumerate(stored)]
        await index.apply(points, [uuid(number) for number in range(1, SIZE + 1)], change=1)
        return [
            {
                candidate.id
                for candidate in await index.search("note", vector[0], scope=each, limit=SIZE)
            }
            for each in wanted
        ]


@contextmanager
def opened(path: Path | None, url: str | None) -> Generator[Rig]:
    with start_blocking_portal() as portal:
        database = portal.call(open_database, path, url)
        portal.call(prepare, database)
        yield Rig(portal, database)
        portal.call(database.close)


async def prepare(database: Database) -> None:
    await migrate(database)
    async with database.write() as connection:
        for name in ("default", "other"):
            row = {"id": name, "org_id": "org", "name": name, "created_at": START}
            await connection.execute(sa.insert(projects).values(row))


@pytest.fixture(scope="module", params=BOTH)
def rig(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Generator[Rig]:
    if request.param == "sqlite":
        with opened(tmp_path_factory.mktemp("property") / "store.db", None) as made:
            yield made
        return
    server: Server = request.getfixturevalue("postgres")
    with opened(None, server.url(server.create())) as made:
        yield made


@pytest.fixture(scope="module")
def indexes(tmp_path_factory: pytest.TempPathFactory) -> Generator[Indexes]:
    folder = tmp_path_factory.mktemp("indexes")
    made = [make(folder / name) for name, make in INDEXES.items()]
    with start_blocking_portal() as portal:
        for index in made:
            portal.call(index.open, Space("a-store", "an-embedder", 4))
        yield Indexes(portal, made)
        for index in made:
            portal.call(index.close)


def masked(stored: Sequence[Memory], wanted: Filter) -> set[str]:
    table = MemoryTable()
    for memory in stored:
        table.add(memory)
    chosen = table.select(wanted, np.ones(len(stored), np.bool_))
    return {memory.id for memory, inside in zip(stored, chosen.tolist(), strict=True) if inside}


@EXAMPLES
@given(
    stored=STORES,
    callers=st.lists(st.tuples(CALLERS, ACCESSES), min_size=3, max_size=3),
    wanted=filters(),
)
def test_naive_decision_filter_sql_and_index_agree(
    rig: Rig,
    indexes: Indexes,
    stored: list[Memory],
    callers: list[tuple[Caller, Access]],
    wanted: Filter,
):
    expected: list[set[str]] = []
    asked: list[Filter] = []
    for caller, access in callers:
        for permits, scope in (
            (may_read, readable_by(caller, access)),
            (may_write, writable_by(caller, access)),
        ):
            inside = {
                memory.id for memory in stored if permits(caller, access, memory, access.merges)
            }
            named = {memory.id for memory in stored if matches(wanted, memory)}
            everyone = {memory.id for memory in stored}
            asked += [scope, Not(scope), all_of(scope, wanted), all_of(scope, Not(wanted))]
            expected += [inside, everyone - inside, inside & named, inside - named]

    for each, ids in zip(asked, expected, strict=True):
        assert {memory.id for memory in stored if matches(each, memory)} == ids
        assert masked(stored, each) == ids
    rig.portal.call(rig.fill, stored)
    assert rig.portal.call(rig.in_sql, asked) == expected
    if not rig.database.shared:
        # Once: the indexes are the same whatever the database.
        for found in indexes.find(stored, asked):
            assert found == expected


@EXAMPLES
@given(memory=rows_of(1), caller=CALLERS, access=ACCESSES, rules=RULES)
def test_more_allows_never_take_away_and_more_denies_never_give(
    memory: Memory, caller: Caller, access: Access, rules: tuple[Rule, ...]
):
    for scope_of in (readable_by, writable_by):
        before = matches(scope_of(caller, access), memory)
        for effect, may_become in ((Effect.ALLOW, before), (Effect.DENY, False)):
            added = tuple(replace(rule, effect=effect) for rule in rules)
            after = replace(access, rules=(*access.rules, *added))
            now = matches(scope_of(caller, after), memory)
            assert now >= may_become
            assert effect is Effect.ALLOW or now <= before


@pytest.mark.parametrize("held", [2**63, -(2**63), 2**64, 2**64 + 1, 10**400, 1e19, 1e300])
def test_numbers_beyond_64_bits_equal_only_themselves(rig: Rig, held: int | float):
    stored = [a_memory(1, metadata={'a"b.c': held}), a_memory(2), a_memory(3, metadata={})]
    asked = [MetadataIs('a"b.c', value) for value in (held, 2**64, 2**64 + 1, 10**401, 1e19)]
    expected = [{m.id for m in stored if matches(each, m)} for each in asked]

    rig.portal.call(rig.fill, stored)
    assert rig.portal.call(rig.in_sql, asked) == expected
    assert expected[0] == {stored[0].id}
    assert rig.portal.call(rig.in_sql, [Not(asked[0])]) == [{stored[1].id, stored[2].id}]


def test_thousands_of_rules_and_values_are_no_deeper_than_a_database_can_go(rig: Rig):
    stored = [a_memory(number, categories=(f"c{number}",)) for number in range(1, 9)]
    caller = Caller("default", "anna", "cursor")
    denied = [OfMemory(uuid(n)) for n in range(5, 2_000)] + [OfTag(f"t{n}") for n in range(300)]
    rules = tuple(Rule(Verb.READ, Effect.DENY, subject) for subject in denied)
    allow = tuple(Rule(Verb.READ, Effect.ALLOW, OfMemory(uuid(n))) for n in range(1, 2_000))
    scope = readable_by(caller, Access(Base.NOTHING, Base.OWN, rules + allow))

    rig.portal.call(rig.fill, stored)
    assert rig.portal.call(rig.in_sql, [scope]) == [{memory.id for memory in stored[:4]}]
