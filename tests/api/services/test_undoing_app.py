"""Taking back what an app did: each memory to before it, as far as nobody has changed it since."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random

import anyio
import pytest
import sqlalchemy as sa
from sqlalchemy import event

from openmemory_api.container import Container
from openmemory_api.db.tables import memories
from openmemory_api.domain.access import EVERY_SCOPE, Caller, KeyScope
from openmemory_api.domain.errors import Forbidden, Invalid, NotFound
from openmemory_api.domain.filters import ALL
from openmemory_api.domain.memory import Memory, State
from openmemory_api.domain.requests import UpdateRequest
from openmemory_api.services.undoing_app import AppUndone
from tests.api.stores import ANNA, BOB, add, add_one, app_of, settle, stored
from tests.api.waiting import asked, ended, job_rows, say
from tests.api.waiting import event as action_of
from tests.fakes import START, FakeExtractor, FrozenClock
from tests.postgres.fixtures import BOTH

DATABASES = BOTH
CURSOR, ALIAS, ZED = (app_of(ANNA, name) for name in ("cursor", "cursor-vscode", "zed"))


async def edit(store: Container, caller: Caller, memory: Memory, text: str) -> None:
    await store.memories.update(caller, memory.id, UpdateRequest(text=text))


async def last_action(store: Container, caller: Caller = ANNA) -> str:
    _, actions = await store.actions.page(caller, 1, 1)
    return actions[0].id


async def held(store: Container) -> dict[str, tuple[str, str]]:
    """What every memory holds, and where it is, by id."""
    return {memory.id: (memory.state.value, memory.text) for memory in await stored(store)}


async def undo(
    store: Container,
    app: str = "cursor",
    since: datetime = START,
    until: datetime | None = None,
) -> AppUndone:
    return await store.app_undo.undo(ANNA, app, since=since, until=until)


async def test_adds_go_to_the_trash_deletions_come_back_and_edits_are_reverted(
    store: Container,
) -> None:
    edited, deleted, both = [await add_one(store, ZED, text) for text in ("one", "two", "three")]
    before = await held(store)
    added = await add_one(store, CURSOR, "four")
    await edit(store, CURSOR, added, "4")
    await edit(store, CURSOR, edited, "1")
    await edit(store, CURSOR, edited, "I")
    await store.memories.delete(CURSOR, [deleted.id])
    await edit(store, CURSOR, both, "3")
    await store.memories.delete(CURSOR, [both.id])
    after = await held(store)

    undone = await undo(store)

    assert set(undone.reversed) == {edited.id, deleted.id, both.id, added.id}
    assert (undone.left, undone.withdrawn) == ([], [])
    assert await held(store) == {**before, added.id: ("trashed", "4")}
    assert undone.action_id is not None
    action = await store.actions.get(ANNA, undone.action_id)
    assert action.kind == "UNDO"
    assert action.detail == {"app": "cursor", "since": START.isoformat(), "until": None}
    again = await store.actions.undo(ANNA, undone.action_id)
    assert (set(again.reversed), again.left) == (set(undone.reversed), [])
    assert await held(store) == after


async def test_an_add_that_the_app_deleted_again_is_where_it_would_be_put(
    store: Container,
) -> None:
    added = await add_one(store, CURSOR, "one")
    await store.memories.delete(CURSOR, [added.id])

    assert await undo(store) == AppUndone(None, [], [], [])


async def test_what_others_changed_since_stays_and_is_told(store: Container) -> None:
    theirs, mixed = [await add_one(store, CURSOR, text) for text in ("one", "two")]
    await edit(store, ZED, theirs, "1")
    await edit(store, ZED, mixed, "2")
    await edit(store, CURSOR, mixed, "II")

    undone = await undo(store)

    assert (undone.reversed, set(undone.left)) == ([mixed.id], {theirs.id, mixed.id})
    assert await held(store) == {theirs.id: ("active", "1"), mixed.id: ("active", "2")}


async def test_only_what_lies_within_the_time_is_taken_back(
    store: Container, clock: FrozenClock
) -> None:
    early, late = [await add_one(store, CURSOR, text) for text in ("one", "two")]
    clock.advance(timedelta(hours=1))
    since = clock()
    await edit(store, CURSOR, early, "1")
    await edit(store, CURSOR, late, "2")
    clock.advance(timedelta(hours=1))
    until = clock()
    await edit(store, CURSOR, late, "II")

    undone = await undo(store, since=since, until=until)

    assert (undone.reversed, undone.left) == ([early.id], [late.id])
    assert await held(store) == {early.id: ("active", "one"), late.id: ("active", "II")}
    assert await undo(store, since=clock() + timedelta(hours=1)) == AppUndone(None, [], [], [])


async def test_every_name_of_an_app_is_undone_by_any_of_them(store: Container) -> None:
    memory = await add_one(store, CURSOR, "one")
    await edit(store, ALIAS, memory, "two")
    await add_one(store, ZED, "three")
    assert (await undo(store)).left == [memory.id]
    await store.apps.merge(ANNA, "cursor-vscode", "cursor")

    undone = await undo(store, "Cursor-VSCode")

    assert (undone.reversed, undone.left) == ([memory.id], [])
    action = await store.actions.get(ANNA, undone.action_id or "")
    assert (action.detail or {})["app"] == "cursor"


async def test_what_was_erased_for_good_is_never_brought_back(store: Container) -> None:
    memory = await add_one(store, ZED, "one")
    await store.memories.delete(CURSOR, [memory.id])
    await store.trash.purge(ANNA, [memory.id])

    undone = await undo(store)

    assert undone == AppUndone(None, [], [memory.id], [])
    assert await held(store) == {memory.id: ("purged", "")}


async def test_what_is_not_as_its_history_says_is_left(store: Container) -> None:
    memory = await add_one(store, CURSOR, "one")
    async with store.database.write() as connection:
        await connection.execute(sa.update(memories).values(version=9))

    assert await undo(store) == AppUndone(None, [], [memory.id], [])


async def test_what_was_taken_back_once_is_no_obstacle_and_not_taken_back_twice(
    store: Container,
) -> None:
    memory = await add_one(store, ZED, "one")
    await edit(store, CURSOR, memory, "two")
    await edit(store, CURSOR, memory, "three")
    await store.actions.undo(ANNA, await last_action(store))

    first = await undo(store)

    assert (first.reversed, first.left) == ([memory.id], [])
    assert await held(store) == {memory.id: ("active", "one")}
    assert await undo(store) == AppUndone(None, [], [], [])
    await store.actions.undo(ANNA, first.action_id or "")
    assert await held(store) == {memory.id: ("active", "two")}
    assert (await undo(store)).reversed == [memory.id]
    assert await held(store) == {memory.id: ("active", "one")}


async def test_the_actions_that_were_taken_back_say_by_which(store: Container) -> None:
    added = await add(store, CURSOR, "one", "two")
    await edit(store, ZED, added.changes[0].memory, "1")
    undone = await undo(store)

    assert (await store.actions.get(ANNA, added.action_id)).undone_by == undone.action_id


async def test_others_and_other_users_are_not_touched(store: Container) -> None:
    await add(store, CURSOR, "annas")
    await add(store, app_of(BOB), "bobs")
    await add(store, ZED, "zeds")
    await add(store, ANNA, "her own")

    assert len((await undo(store)).reversed) == 1
    active = {m.text for m in await stored(store) if m.state is State.ACTIVE}
    assert active == {"bobs", "zeds", "her own"}


@pytest.mark.parametrize("lacks", list(KeyScope))
async def test_who_may_not_change_or_manage_may_not_undo(store: Container, lacks: KeyScope) -> None:
    await add(store, CURSOR, "one")
    caller = replace(ANNA, scopes=EVERY_SCOPE - {lacks})

    with pytest.raises(Forbidden, match=lacks.value):
        await store.app_undo.undo(caller, "cursor", since=START)
    with pytest.raises(Forbidden):
        await store.app_undo.undo(CURSOR, "cursor", since=START, dry_run=True)
    with pytest.raises(NotFound):
        await undo(store, "nobody")
    with pytest.raises(Invalid, match="later than since"):
        await undo(store, until=START)


class TestPromises:
    @pytest.fixture
    def extractor(self) -> FakeExtractor:
        return FakeExtractor()

    async def test_adds_that_wait_are_withdrawn_if_they_were_promised_within_the_time(
        self, store: Container, extractor: FakeExtractor, clock: FrozenClock
    ) -> None:
        extractor.gate = anyio.Event()
        early = await say(store, CURSOR, "early")
        clock.advance(timedelta(hours=1))
        since = clock()
        late, other = await say(store, CURSOR, "late"), await say(store, ZED, "other")
        await asked(extractor, 1)

        planned = await store.app_undo.undo(ANNA, "cursor", since=since, dry_run=True)
        assert len(await job_rows(store)) == 3
        undone = await undo(store, since=since)

        assert planned == replace(undone, action_id=None)
        assert undone.withdrawn == [late.action_id]
        action = await action_of(store, ANNA, late)
        assert (action.status, action.undone_by) == ("FAILED", undone.action_id)
        extractor.gate.set()
        for added in (early, other):
            assert (await ended(store, ANNA, added)).status == "SUCCEEDED"
        assert {m.text for m in await stored(store)} == {"fact: early", "fact: other"}


@contextmanager
def statements(store: Container) -> Generator[list[str]]:
    """What the database is asked meanwhile."""
    engine = store.database.engine.sync_engine
    seen: list[str] = []

    def note(_: object, __: object, statement: str, *___: object) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


async def test_thousands_of_memories_take_a_few_statements(store: Container) -> None:
    count = 1_200
    for start in range(0, count, 600):
        await add(store, ZED, *(f"note {number}" for number in range(start, start + 600)))
    everything = await stored(store)
    for start in range(0, count, 600):
        requests = [
            (memory.id, UpdateRequest(text=f"poison {memory.number}"))
            for memory in everything[start : start + 600]
        ]
        await store.memories.update_many(CURSOR, requests)
    await store.memories.delete_where(CURSOR, ALL)
    await settle(store)

    with statements(store) as asked_for:
        undone = await undo(store)

    assert (len(undone.reversed), undone.left) == (count, [])
    texts = {(memory.state, memory.text.split()[0]) for memory in await stored(store)}
    assert texts == {(State.ACTIVE, "note")}
    assert len(asked_for) < count / 10
    await store.actions.undo(ANNA, undone.action_id or "")
    assert {m.text.split()[0] for m in await stored(store)} == {"poison"}


@dataclass
class Life:
    """What should have become of a memory: where it was before each change that stands."""

    memory: Memory
    now: str | None
    """Its text; None while it is in the trash."""
    changes: list[tuple[str | None, datetime, str | None]] = field(
        default_factory=list[tuple[str | None, datetime, str | None]]
    )

    def change(self, who: Caller, when: datetime, to: str | None) -> None:
        self.changes.append((who.app, when, self.now))
        self.now = to

    def take_back(self, names: set[str | None], since: datetime) -> bool:
        """As the app's undo should; whether something of it stands all the same."""
        others = list(self.changes)
        before = self.now
        while others and others[-1][0] in names and others[-1][1] >= since:
            *others, (_, _, before) = others
        if before != self.now:
            self.changes, self.now = others, before
        return any(app in names and when >= since for app, when, _ in others)


@pytest.mark.parametrize("seed", range(6))
async def test_random_lives_come_to_what_a_naive_account_says(
    store: Container, clock: FrozenClock, seed: int
) -> None:
    rng = Random(seed)
    for who in (CURSOR, ALIAS):
        await add(store, who, f"hello of {who.app}")
    clock.advance(timedelta(minutes=1))
    await store.apps.merge(ANNA, "cursor-vscode", "cursor")
    lives: list[Life] = []
    for number in range(40):
        clock.advance(timedelta(minutes=1))
        await step(store, rng, clock(), lives, f"text {number}")
        if rng.random() < 0.15:
            since = clock() - timedelta(minutes=rng.randint(0, 12), seconds=30)
            left = {
                life.memory.id
                for life in lives
                if life.take_back({"cursor", "cursor-vscode"}, since)
            }
            undone = await undo(store, rng.choice(["cursor", "cursor-vscode"]), since)
            assert set(undone.left) == left
        found = await held(store)
        for life in lives:
            state, text = found[life.memory.id]
            assert (text if state == "active" else None) == life.now


async def step(store: Container, rng: Random, when: datetime, lives: list[Life], text: str) -> None:
    who = rng.choice([CURSOR, CURSOR, ALIAS, ZED, ANNA])
    life = rng.choice([*lives, None])
    if life is None:
        life = Life(await add_one(store, who, text), None)
        life.change(who, when, text)
        lives.append(life)
    elif life.now is None:
        await store.trash.restore(ANNA, [life.memory.id])
        _, brought_back = (await held(store))[life.memory.id]
        life.change(ANNA, when, brought_back)
    elif rng.random() < 0.3:
        await store.memories.delete(who, [life.memory.id])
        life.change(who, when, None)
    else:
        await edit(store, who, life.memory, text)
        life.change(who, when, text)
