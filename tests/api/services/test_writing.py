"""The write path: what is stored, what is recognised, what can be taken back."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
import sqlalchemy as sa

from openmemory_api.container import Container
from openmemory_api.db.tables import history, metadata
from openmemory_api.domain.access import Access, Base, Effect, OfTag, Rule, Verb
from openmemory_api.domain.errors import Forbidden, Invalid, NotFound
from openmemory_api.domain.filters import ALL
from openmemory_api.domain.memory import EntityIds, Json, State
from openmemory_api.domain.requests import (
    AddRequest,
    ChangeKind,
    ListRequest,
    Message,
    SearchRequest,
    UpdateRequest,
)
from openmemory_api.services.trash import TrashService
from openmemory_api.settings import Settings
from tests.api.stores import (
    ADMIN,
    ANNA,
    BOB,
    add,
    add_one,
    app_of,
    ids_of,
    settle,
    stored,
    taken_changes,
)
from tests.fakes import START, FrozenClock
from tests.postgres.fixtures import BOTH

DATABASES = BOTH
CURSOR = app_of(ANNA)


@pytest.mark.parametrize("bad", ["", "  \n", "\u200b", "a\ud800", "x" * 20_001])
async def test_one_bad_message_stores_nothing(store: Container, bad: str):
    taken = await taken_changes(store)

    with pytest.raises(Invalid, match=r"messages\[1\]"):
        await add(store, ANNA, "good", bad)
    assert await stored(store) == []
    assert await taken_changes(store) == taken


@pytest.mark.parametrize(
    "metadata",
    [
        {"k": float("nan")},
        {"k": [float("inf")]},
        {"k": "a\0"},
        {"\0": 1},
        {"\ud800": 1},
        {"k": "x" * 16_400},
    ],
)
async def test_metadata_that_json_cannot_carry_is_refused(
    store: Container, metadata: dict[str, Json]
):
    with pytest.raises(Invalid, match="metadata"):
        await add(store, ANNA, "good", metadata=metadata)
    assert await stored(store) == []


async def test_metadata_nested_too_deep_is_refused(store: Container):
    deep: Json = 1
    for _ in range(100):
        deep = [deep]
    with pytest.raises(Invalid, match="nested"):
        await add(store, ANNA, "good", metadata={"k": deep})


@pytest.mark.parametrize(
    "moment",
    [
        datetime.max.replace(tzinfo=UTC),
        datetime.min.replace(tzinfo=UTC),
        datetime.min.replace(tzinfo=timezone(timedelta(hours=14))),
    ],
)
async def test_a_time_at_the_end_of_the_calendar_is_refused(store: Container, moment: datetime):
    with pytest.raises(Invalid, match="timestamp"):
        await add(store, ANNA, "one", "two", timestamp=moment)


async def test_a_backdated_memory_has_its_day_in_utc_and_is_recognised_by_it(store: Container):
    east = datetime(2025, 1, 2, 1, 0, tzinfo=timezone(timedelta(hours=2)))
    first = await add(store, ANNA, "Tea", timestamp=east)
    again = await add(store, ANNA, "tea", timestamp=datetime(2025, 1, 1, 23, 30, tzinfo=UTC))

    assert first.changes[0].memory.created_at.utcoffset() == timedelta(0)
    assert again.changes[0].kind is ChangeKind.NONE


async def test_an_exact_repeat_answers_the_first_id_at_once_and_stores_nothing(store: Container):
    first = await add_one(store, ANNA, "I like tea")
    again = await add(store, ANNA, " i LIKE  tea! ", "I like tea.", "Coffee too")

    assert [change.kind for change in again.changes] == ["NONE", "NONE", "ADD"]
    assert [change.memory.id for change in again.changes][:2] == [first.id] * 2
    assert [change.memory.number for change in again.changes] == [1, 1, 2]
    only_repeats = await add(store, ANNA, "i like tea")
    assert only_repeats.indexed
    assert len(await stored(store)) == 2


async def test_a_repeat_within_one_add_is_stored_once(store: Container):
    added = await add(store, ANNA, "tea", "Tea.")

    assert [change.kind for change in added.changes] == ["ADD", "NONE"]
    assert added.changes[0].memory.id == added.changes[1].memory.id


@pytest.mark.parametrize(
    "different",
    [
        {"metadata": {"k": True}},
        {"metadata": None},
        {"entities": EntityIds(user_id="anna", run_id="r")},
        {"entities": EntityIds(user_id="anna", agent_id="a")},
        {"entities": EntityIds(user_id="anna", app_id="a")},
        {"timestamp": START - timedelta(days=2)},
    ],
)
async def test_other_ids_metadata_or_day_make_another_memory(
    store: Container, different: dict[str, Any]
):
    await add(store, ANNA, "tea", metadata={"k": 1})
    other: dict[str, Any] = {"metadata": {"k": 1}, **different}

    assert (await add(store, ANNA, "tea", **other)).changes[0].kind is ChangeKind.ADD


async def test_users_do_not_share_repeats(store: Container):
    await add(store, ANNA, "tea")

    assert (await add(store, BOB, "tea")).changes[0].kind is ChangeKind.ADD


async def test_what_an_app_cannot_read_is_never_told_as_a_repeat(store: Container):
    secret = await add_one(store, ANNA, "tea", metadata={"tags": ["secret"]})
    rules = (Rule(Verb.READ, Effect.DENY, OfTag("secret")),)
    await store.access.configure(ANNA, "cursor", Access(rules=rules))

    change = (await add(store, CURSOR, "tea", metadata={"tags": ["secret"]})).changes[0]

    assert change.kind is ChangeKind.ADD
    assert change.memory.id != secret.id


async def test_a_trashed_memory_is_not_repeated_and_a_changed_one_by_its_new_text(
    store: Container,
):
    gone = await add_one(store, ANNA, "gone")
    changed = await add_one(store, ANNA, "old")
    await store.memories.delete(ANNA, [gone.id])
    await store.memories.update(ANNA, changed.id, UpdateRequest(text="new"))

    kinds = [change.kind for change in (await add(store, ANNA, "gone", "old", "new")).changes]
    assert kinds == ["ADD", "ADD", "NONE"]


async def test_short_ids_are_given_once_and_never_again(store: Container):
    first = await add(store, ANNA, "one", "two")
    ids = [change.memory.id for change in first.changes]
    await store.memories.delete(ANNA, ids)
    await store.trash.purge(ANNA, ids)
    third = await add_one(store, ANNA, "three")
    bobs = await add_one(store, BOB, "mine")

    assert (third.number, bobs.number) == (3, 1)
    nobodys = await add(store, ADMIN, "x", entities=EntityIds(run_id="r"))
    assert nobodys.changes[0].memory.number is None


async def test_restoring_keeps_id_and_short_id_and_is_all_or_nothing(store: Container):
    memory = await add_one(store, ANNA, "tea")
    await store.memories.delete(ANNA, ["m1"])

    with pytest.raises(NotFound):
        await store.trash.restore(ANNA, [memory.id, "m2"])
    with pytest.raises(NotFound):
        await store.memories.get(ANNA, memory.id)
    restored = await store.trash.restore(ANNA, ["m1", memory.id])
    assert [(each.id, each.number, each.state) for each in restored] == [(memory.id, 1, "active")]
    assert (await store.memories.get(ANNA, "m1")).text == "tea"
    await settle(store)
    assert (await store.search.search(ANNA, SearchRequest(query="tea"))).hits


async def contents(store: Container) -> dict[str, str]:
    """All that each of the database's tables holds, as one text."""
    async with store.database.read() as connection:
        return {
            table.name: repr((await connection.execute(sa.select(table))).all())
            for table in metadata.sorted_tables
        }


def file_bytes(store: Container) -> bytes:
    """What SQLite's files hold, free pages and all; nothing where PostgreSQL keeps the store."""
    path = store.settings.database_path
    if path is None:
        return b""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return b"".join(each.read_bytes() for each in sorted(path.parent.glob("openmemory.db*")))


async def secret_in_the_trash(store: Container) -> str:
    text = "xyzzy one " + "padding " * 1_500
    memory = await add_one(store, ANNA, text, metadata={"note": "xyzzy two"})
    await store.memories.update(ANNA, memory.id, UpdateRequest(text="xyzzy three"))
    await store.memories.delete(ANNA, [memory.id])
    held = await contents(store)
    assert {name for name, values in held.items() if "xyzzy" in values} == {"memories", "history"}
    assert held["vectors"] != "[]"
    return memory.id


async def assert_erased(store: Container, memory_id: str) -> None:
    held = await contents(store)
    assert {name for name, values in held.items() if "xyzzy" in values} == set()
    assert held["vectors"] == "[]"
    assert b"xyzzy" not in file_bytes(store)
    with pytest.raises(NotFound):
        await store.trash.restore(ANNA, [memory_id])
    for verb in (store.memories.get, store.memories.history):
        with pytest.raises(NotFound):
            await verb(ANNA, memory_id)


async def test_a_purge_erases_texts_everywhere_even_in_the_files_free_pages(store: Container):
    memory_id = await secret_in_the_trash(store)

    assert await store.trash.purge(ANNA, [memory_id]) == 1
    await assert_erased(store, memory_id)


async def test_a_sweep_erases_what_was_in_the_trash_for_its_time(
    store: Container, clock: FrozenClock
):
    memory_id = await secret_in_the_trash(store)
    clock.advance(timedelta(days=29))
    assert await store.trash.sweep() == 0
    clock.advance(timedelta(days=2))

    assert await store.trash.sweep() == 1
    await assert_erased(store, memory_id)


class TestWithoutATrash:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"trash_days": 0})

    async def test_a_delete_is_final_at_once(self, store: Container):
        memory = await add_one(store, ANNA, "xyzzy")
        deleted = await store.memories.delete(ANNA, [memory.id])

        await assert_erased(store, memory.id)
        assert deleted.action_id is not None
        undone = await store.actions.undo(ANNA, deleted.action_id)
        assert (undone.reversed, undone.left) == ([], [memory.id])


async def test_absent_leaves_a_field_and_null_clears_it(store: Container):
    memory = await add_one(store, ANNA, "tea", metadata={"tags": ["a"], "k": 1})
    set_day = UpdateRequest(expiration_date="2030-01-01")
    (kept,) = (await store.memories.update(ANNA, memory.id, set_day)).memories
    assert kept.metadata == {"tags": ["a"], "k": 1}
    (cleared,) = (
        await store.memories.update(ANNA, memory.id, UpdateRequest(metadata=None))
    ).memories
    assert (cleared.metadata, cleared.tags, cleared.expiration_date) == (None, (), "2030-01-01")
    (cleared,) = (
        await store.memories.update(ANNA, memory.id, UpdateRequest(expiration_date=None))
    ).memories
    assert (cleared.expiration_date, cleared.text) == (None, "tea")
    with pytest.raises(Invalid, match="at least one"):
        await store.memories.update(ANNA, memory.id, UpdateRequest())


async def test_an_add_is_undone_to_the_trash_and_the_undo_can_be_undone(store: Container):
    added = await add(store, CURSOR, "one", "two")
    undone = await store.actions.undo(ANNA, added.action_id)
    assert len(undone.reversed) == 2
    assert (await store.memories.page(ANNA, ListRequest())).count == 0

    assert undone.action_id is not None
    await store.actions.undo(ANNA, undone.action_id)
    assert (await store.memories.page(ANNA, ListRequest())).count == 2
    with pytest.raises(Invalid, match="already undone"):
        await store.actions.undo(ANNA, added.action_id)


async def test_an_update_is_undone_whole(store: Container):
    memory = await add_one(store, ANNA, "old", metadata={"tags": ["a"]})
    request = UpdateRequest(
        text="new", metadata=None, timestamp=START - timedelta(days=9), expiration_date="2030-01-01"
    )
    await store.memories.update(ANNA, memory.id, request)
    _, actions = await store.actions.page(ANNA, 1, 1)

    await store.actions.undo(ANNA, actions[0].id)

    now = await store.memories.get(ANNA, memory.id)
    assert (now.text, now.tags, now.created_at, now.event_time, now.expiration_date) == (
        "old", ("a",), memory.created_at, None, None,
    )  # fmt: skip
    assert (await add(store, ANNA, "old", metadata={"tags": ["a"]})).changes[0].kind == "NONE"


async def test_a_memory_named_twice_in_a_batch_changes_once_and_is_undone_whole(store: Container):
    memory = await add_one(store, ANNA, "first")
    requests = [(memory.id, UpdateRequest(text="second")), ("m1", UpdateRequest(text="third"))]
    await store.memories.update_many(ANNA, requests)
    _, actions = await store.actions.page(ANNA, 1, 1)

    undone = await store.actions.undo(ANNA, actions[0].id)

    assert (undone.reversed, undone.left) == ([memory.id], [])
    assert (await store.memories.get(ANNA, memory.id)).text == "first"


async def test_what_has_changed_since_is_left_and_reported(store: Container):
    added = await add(store, ANNA, "one", "two", "three")
    one, two, three = (change.memory.id for change in added.changes)
    await store.memories.update(ANNA, two, UpdateRequest(text="2"))
    await store.memories.delete(ANNA, [three])
    await store.trash.purge(ANNA, [three])

    undone = await store.actions.undo(ANNA, added.action_id)

    assert (undone.reversed, set(undone.left)) == ([one], {two, three})
    assert ids_of((await store.memories.page(ANNA, ListRequest())).memories) == {two}


async def test_a_bulk_delete_and_a_restore_are_undone(store: Container):
    await add(store, ANNA, "one", "two")
    deleted = await store.memories.delete_where(CURSOR, ALL)
    assert deleted.action_id is not None
    undone = await store.actions.undo(ANNA, deleted.action_id)
    assert (await store.memories.page(ANNA, ListRequest())).count == 2

    assert undone.action_id is not None
    await store.actions.undo(ANNA, undone.action_id)
    assert {memory.state for memory in await stored(store)} == {State.TRASHED}


async def test_history_has_one_row_per_change_with_its_action(store: Container):
    memory = await add_one(store, ANNA, "one")
    await store.memories.update(CURSOR, memory.id, UpdateRequest(text="two"))
    await store.memories.delete(ANNA, [memory.id])
    await store.trash.restore(ANNA, [memory.id])

    entries = await store.memories.history(ANNA, memory.id)

    assert [(e.kind, e.old_text, e.new_text, e.app) for e in entries] == [
        ("ADD", None, "one", None),
        ("UPDATE", "one", "two", "cursor"),
        ("DELETE", "two", None, None),
        ("RESTORE", None, "two", None),
    ]
    async with store.database.read() as connection:
        rows = await connection.execute(sa.select(sa.func.count()).select_from(history))
        assert rows.scalar_one() == 4


async def test_an_app_that_may_not_add_is_refused_before_its_words_are_looked_at(store: Container):
    await store.access.configure(ANNA, "cursor", Access(write=Base.NOTHING))

    with pytest.raises(Forbidden):
        await add(store, CURSOR, "")


async def test_ids_are_stored_in_the_form_they_are_compared_in(store: Container):
    request = AddRequest(
        messages=(Message("user", "tea"),), entities=EntityIds(user_id="anna", run_id="e\u0301")
    )
    added = await store.adding.add(ANNA, request)

    assert added.changes[0].memory.entities.run_id == "é"


def test_the_trash_has_no_way_in_for_an_app():
    assert {name for name in vars(TrashService) if not name.startswith("_")} == {
        "page", "restore", "purge", "sweep",
    }  # fmt: skip
