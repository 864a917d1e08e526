"""The compiler to Qdrant's conditions against the reference meaning, over the real engines."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path

import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openmemory_api.domain.filters import (
    ALL,
    NOTHING,
    And,
    Filter,
    In,
    MetadataIs,
    Not,
    Present,
    Range,
    any_of,
    matches,
)
from openmemory_api.domain.memory import EntityIds, Memory, State
from openmemory_api.domain.protocols import Space
from openmemory_api.vectors.qdrant.edge import EdgeEngine
from openmemory_api.vectors.qdrant.engine import Batch, Engine, IndexPoint, Sparse
from openmemory_api.vectors.qdrant.filters import compiled
from openmemory_api.vectors.qdrant.points import payload_of
from openmemory_api.vectors.qdrant.remote import QdrantEngine
from tests.api.vectors.indexes import uid
from tests.qdrant_double import InMemory
from tests.strategies import filters, memories, plain_memory

ENGINES: dict[str, Callable[[Path], Engine]] = {
    "edge": EdgeEngine,
    "qdrant": lambda _: QdrantEngine(InMemory),
}


class Rig:
    """An engine that is filled anew for every example."""

    def __init__(self, portal: BlockingPortal, engine: Engine) -> None:
        self._portal = portal
        self._engine = engine
        self._held: list[str] = []

    def fill(self, held: list[Memory]) -> None:
        points = [IndexPoint(each.id, payload_of(each), None, {1: 1.0}) for each in held]
        for point in points:
            assert None not in point.payload.values()
        whole = [replace(p, payload={**p.payload, "terms": [1]}) for p in points]
        self._portal.call(self._engine.write, whole, self._held)
        self._held = [point.id for point in points]

    def selected(self, wanted: Filter) -> set[str]:
        condition = compiled(wanted)
        if condition is False:
            return set()
        within = None if condition is True else condition
        batch = Batch(counts=[within], sparse=[Sparse({1: 1.0}, 100, within)])
        answers = self._portal.call(self._engine.run, batch)
        found = {hit.id for hit in answers.sparse[0]}
        assert answers.counts == [len(found)]
        return found


@contextmanager
def opened(make: Callable[[Path], Engine], folder: Path) -> Generator[Rig]:
    with start_blocking_portal() as portal:
        engine = make(folder)
        portal.call(engine.open, Space("a-store", "an-embedder", 4))
        yield Rig(portal, engine)
        portal.call(engine.close)


@pytest.fixture(scope="module", params=ENGINES)
def rig(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Generator[Rig]:
    with opened(ENGINES[request.param], tmp_path_factory.mktemp("engine") / "x") as made:
        yield made


@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(st.lists(memories(), max_size=8), st.lists(filters(), min_size=1, max_size=6))
def test_a_condition_selects_exactly_what_the_reference_matches(
    rig: Rig, held: list[Memory], wanted: list[Filter]
):
    rig.fill(held)
    for each in (*wanted, *map(Not, wanted)):
        assert rig.selected(each) == {memory.id for memory in held if matches(each, memory)}


def test_an_owner_and_an_expiry_are_one_condition_each_and_mean_the_same(rig: Rig):
    held = [
        replace(
            plain_memory(uid(f"m{n}")),
            entities=EntityIds(user_id=user),
            project_id=project,
            state=state,
            expiration_date=day,
        )
        for n, (user, project, state, day) in enumerate(
            product(("anna", "bob", None), ("p", "q"), State, (None, "2025-01-30", "9999-12-31"))
        )
    ]
    rig.fill(held)
    anna, bob = In("user_id", ("anna",)), In("user_id", ("bob",))
    parts = In("state", ("active",)), In("project_id", ("p",)), anna
    unexpired = any_of(Not(Present("expiration_date")), Range("expiration_date", gte="2025-02-01"))
    condition = compiled(And((*parts, unexpired)))
    assert isinstance(condition, dict)
    assert [part["key"] for part in condition["must"]] == ["owner", "expires"]
    for wanted in (
        And((*parts, unexpired)),
        And((And(parts), bob)),
        And((*parts, *parts, Not(unexpired))),
        And((parts[0], parts[1], In("user_id", ("anna", "bob")))),
        Range("expiration_date", gte="2025-01-30"),
        Range("expiration_date", gt="2025-01-30", lte="9999-12-31"),
        Range("expiration_date", lt="9999-12-31"),
        any_of(Not(Present("expiration_date")), Range("expiration_date")),
    ):
        for each in (wanted, Not(wanted)):
            assert rig.selected(each) == {memory.id for memory in held if matches(each, memory)}


def test_constants_are_folded_and_never_part_of_a_condition():
    assert compiled(ALL) is True
    assert compiled(NOTHING) is False
    for wanted in (Not(NOTHING), any_of(In("app", ()), ALL), Present("tags"), Present("id")):
        assert compiled(wanted) is True
    nothing = In("app", ()), In("id", ("x",)), MetadataIs("k", None), In("app", ("\ud800",))
    for wanted in nothing:
        assert compiled(wanted) is False
        assert compiled(Not(wanted)) is True


@pytest.mark.parametrize(
    "time",
    [
        datetime(1, 1, 1, tzinfo=UTC),
        datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        datetime(2300, 2, 3, 4, 5, 6, 789_012, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999_998, tzinfo=UTC),
    ],
)
def test_times_are_compared_to_the_microsecond_in_every_century(rig: Rig, time: datetime):
    moments = [time, time + timedelta(microseconds=1)]
    held = [
        replace(plain_memory(uid(f"m{n}")), event_time=moment) for n, moment in enumerate(moments)
    ]
    rig.fill(held)
    for bound in moments:
        for name in ("gt", "gte", "lt", "lte"):
            wanted = Range("event_time", **{name: bound})
            assert rig.selected(wanted) == {m.id for m in held if matches(wanted, m)}


@pytest.mark.parametrize("held", [2**63, -(2**63), 2**64, 10**400, 1e19, 1e300])
def test_numbers_beyond_64_bits_equal_only_themselves(rig: Rig, held: int | float):
    stored = [
        replace(plain_memory(uid("a")), metadata={'a"b.c': held}),
        replace(plain_memory(uid("b")), metadata=None),
    ]
    rig.fill(stored)
    for value in (held, 2**64, 2**64 + 1, 10**401, 1e19):
        wanted = MetadataIs('a"b.c', value)
        assert rig.selected(wanted) == {m.id for m in stored if matches(wanted, m)}


def test_thousands_of_values_and_parts_are_no_hindrance(rig: Rig):
    stored = [plain_memory(uid(f"m{n}")) for n in range(8)]
    rig.fill(stored)
    allowed = In("id", tuple(uid(f"m{n}") for n in range(2_000)))
    denied = any_of(*(In("tags", (f"t{n}",)) for n in range(500)), In("id", (uid("m3"),)))
    wanted = {memory.id for memory in stored} - {uid("m3")}
    assert rig.selected(allowed) == {memory.id for memory in stored}
    both = Not(any_of(Not(allowed), denied))
    assert rig.selected(both) == wanted
