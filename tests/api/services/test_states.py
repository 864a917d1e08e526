"""Changes of many memories at once: quotas, what nothing can bring back, and what was before."""

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from openmemory_api.container import Container
from openmemory_api.db.tables import history
from openmemory_api.domain.access import Caller
from openmemory_api.domain.errors import Invalid, QuotaExceeded
from openmemory_api.domain.filters import ALL
from openmemory_api.domain.keys import KeyWish
from openmemory_api.domain.memory import State
from openmemory_api.services import states as states_module
from openmemory_api.services.limits import Quota
from openmemory_api.services.states import Categories, Operation, StateService
from tests.api.stores import ADMIN, ANNA, BOB, a_memory, add_one, put, stored, uuid
from tests.postgres.fixtures import BOTH

DATABASES = BOTH


def limited(store: Container, *, quota: int = 0, days: float = 30) -> StateService:
    async def forget() -> None:
        await store.forget_again()

    keep = timedelta(days=days)
    return StateService(store.access, store.indexer, store.clock, keep, forget, Quota(quota))


async def keyed(store: Container) -> Caller:
    """Anna with a key, for only keys have quotas."""
    made = await store.keys.create(ADMIN, KeyWish(user_id="anna"))
    return replace(ANNA, key_id=made.key.id)


async def states_of(store: Container) -> dict[str, State]:
    return {memory.id: memory.state for memory in await stored(store)}


async def test_who_pauses_makes_no_room(store: Container) -> None:
    await put(store, a_memory(1), a_memory(2, state=State.TRASHED))
    service, anna = limited(store, quota=1), await keyed(store)
    await service.change(anna, Operation.PAUSE, [uuid(1)])

    with pytest.raises(QuotaExceeded):
        await service.change(anna, Operation.RESTORE, [uuid(2)])

    assert await states_of(store) == {uuid(1): State.PAUSED, uuid(2): State.TRASHED}
    # What is kept already needs none.
    assert (await service.change(anna, Operation.RESUME, [uuid(1)])).changed == 1


async def test_a_quota_holds_over_all_pieces_of_a_change(
    store: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(states_module, "_CHUNK", 2)
    await put(store, *(a_memory(i, state=State.TRASHED) for i in range(1, 8)))
    anna = await keyed(store)

    with pytest.raises(QuotaExceeded):
        await limited(store, quota=5).change(anna, Operation.RESTORE, ALL)
    assert set((await states_of(store)).values()) == {State.TRASHED}

    done = await limited(store, quota=7).change(anna, Operation.RESTORE, ALL)
    assert done.changed == 7


async def test_nothing_is_offered_to_be_undone_where_deleting_erases(store: Container) -> None:
    await put(store, a_memory(1))

    done = await limited(store, days=0).change(ANNA, Operation.DELETE, [uuid(1)])

    assert (done.action_id, done.changed) == (None, 1)
    assert await states_of(store) == {uuid(1): State.PURGED}


async def test_what_was_recorded_before_there_were_states_is_undone_as_ever(
    store: Container,
) -> None:
    memory = await add_one(store, ANNA, "tea")
    deleted = await store.memories.delete(ANNA, [memory.id])
    async with store.database.write() as connection:
        rows = list(await connection.execute(sa.select(history)))
        for row in rows:
            old = {
                name: None if held is None else {k: v for k, v in held.items() if k != "state"}
                for name, held in (("before", row.before), ("after", row.after))
            }
            chosen = sa.update(history).where(history.c.id == row.id)
            await connection.execute(chosen.values(old))
    assert deleted.action_id is not None

    undone = await store.actions.undo(ANNA, deleted.action_id)

    assert undone.reversed == [memory.id]
    assert await states_of(store) == {memory.id: State.ACTIVE}


async def test_too_many_are_refused_before_anything_is_done(
    store: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(states_module, "MAX_AT_ONCE", 2)
    await put(store, *(a_memory(i) for i in range(1, 4)))

    with pytest.raises(Invalid, match="narrow the filter"):
        await store.states.change(ANNA, Operation.PAUSE, ALL)

    assert set((await states_of(store)).values()) == {State.ACTIVE}


async def test_nobody_reaches_anothers_by_a_filter(store: Container) -> None:
    await put(store, a_memory(1), a_memory(2, user="bob"))

    done = await store.states.change(BOB, Operation.ARCHIVE, ALL)

    assert done.changed == 1
    assert await states_of(store) == {uuid(1): State.ACTIVE, uuid(2): State.ARCHIVED}


@pytest.mark.parametrize(
    ("old", "wish", "new"),
    [
        (None, Categories(add=("Work",)), ("Work",)),
        (None, Categories(remove=("Work",)), None),
        (("Work", "Tea"), Categories(add=("WORK",), remove=("tea",)), ("Work",)),
        (("Tea",), Categories(remove=("TEA",)), ()),
        (("Straße",), Categories(remove=("STRASSE",)), ()),
    ],
)
def test_categories_are_the_same_in_any_case(
    old: tuple[str, ...] | None, wish: Categories, new: tuple[str, ...] | None
) -> None:
    assert wish.changed(old) == new
