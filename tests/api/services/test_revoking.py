"""A key that ends while a call waits: what was acknowledged holds for it."""

import anyio
import pytest

from openmemory_api.container import Container
from openmemory_api.db import keys as rows
from openmemory_api.domain.access import Access, Base, Caller, KeyScope
from openmemory_api.domain.errors import Forbidden, NotAuthenticated, Unavailable
from openmemory_api.domain.keys import KeyWish
from openmemory_api.domain.memory import EntityIds
from openmemory_api.domain.protocols import Vector
from openmemory_api.domain.requests import AddRequest, ListRequest, Message, SearchRequest
from openmemory_api.services import access as module
from openmemory_api.services.keys import KeyService
from openmemory_api.services.pepper import Pepper
from tests.api.stores import ANNA, add_one, app_of
from tests.fakes import HashEmbedder
from tests.postgres.fixtures import BOTH

DATABASES = BOTH
ADMIN = Caller("default", None, None)
TEA = AddRequest(messages=(Message("user", "I like tea"),), entities=EntityIds(user_id="anna"))


async def keyed(store: Container, *scopes: KeyScope) -> Caller:
    """A caller with a key of its own, which is bound to anna."""
    wish = KeyWish(user_id="anna", scopes=frozenset(scopes or KeyScope))
    key = (await store.keys.create(ADMIN, wish)).key
    return Caller("default", "anna", None, scopes=key.scopes, key_id=key.id)


async def revoke(store: Container, caller: Caller) -> None:
    assert caller.key_id is not None
    await store.keys.revoke(ADMIN, caller.key_id)


async def test_nothing_is_written_by_a_key_that_ended(store: Container) -> None:
    caller = await keyed(store)
    await revoke(store, caller)

    with pytest.raises(NotAuthenticated):
        await store.adding.add(caller, TEA)
    with pytest.raises(NotAuthenticated):
        await store.access.configure(caller, "cursor", Access())
    with pytest.raises(NotAuthenticated):
        await store.keys.create(caller, KeyWish())
    with pytest.raises(NotAuthenticated):
        await store.keys.revoke(caller, str(caller.key_id))
    assert (await store.memories.page(ANNA, ListRequest())).count == 0


async def test_a_write_that_waits_for_its_turn_does_not_pass_a_revocation(
    store: Container,
) -> None:
    caller = await keyed(store)
    refused: list[Exception] = []

    async def add() -> None:
        try:
            async with store.database.write() as connection:
                await store.access.scope_within(connection, caller, KeyScope.WRITE)
        except NotAuthenticated as error:
            refused.append(error)

    async with anyio.create_task_group() as tasks, store.database.write() as connection:
        tasks.start_soon(add)
        await anyio.wait_all_tasks_blocked()
        await rows.end(connection, str(caller.key_id), revoked_at=store.clock())
    assert len(refused) == 1


async def test_a_promise_outlives_the_expiry_of_its_key_and_not_its_revocation(
    store: Container,
) -> None:
    caller = await keyed(store)
    await store.keys.rotate(ADMIN, str(caller.key_id))
    async with store.database.write() as connection:
        await rows.end(connection, str(caller.key_id), expires_at=store.clock())
    async with store.database.read() as connection:
        await store.access.scope_within(connection, caller, KeyScope.WRITE, promised=True)
        with pytest.raises(NotAuthenticated):
            await store.access.scope_within(connection, caller, KeyScope.WRITE)

    other = await keyed(store)
    await revoke(store, other)
    async with store.database.read() as connection:
        with pytest.raises(NotAuthenticated):
            await store.access.scope_within(connection, other, KeyScope.WRITE, promised=True)


async def test_a_search_under_way_answers_no_key_that_is_revoked_meanwhile(
    store: Container, embedder: HashEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add_one(store, ANNA, "I like tea")
    caller = await keyed(store)
    embed = embedder.embed_query

    async def embed_slowly(text: str) -> Vector:
        await revoke(store, caller)
        return await embed(text)

    monkeypatch.setattr(embedder, "embed_query", embed_slowly)
    with pytest.raises(NotAuthenticated):
        await store.search.search(caller, SearchRequest(query="tea"))


async def test_an_answer_is_looked_for_once_where_nothing_changes_for_its_caller(
    store: Container,
) -> None:
    looked: list[int] = []

    async def found(_: module.Scope) -> None:
        looked.append(1)
        # Another app's first call, and another user's rules, change nothing for this caller.
        await store.access.scope(app_of(ANNA, f"new-{len(looked)}"), KeyScope.READ)

    await store.access.answer(app_of(ANNA, "cursor"), found, KeyScope.READ)

    assert len(looked) == 1


async def test_an_answer_that_never_settles_ends_as_unavailable(store: Container) -> None:
    cursor = app_of(ANNA, "cursor")
    bases = [Base.EVERYTHING, Base.OWN]

    async def found(_: module.Scope) -> None:
        bases.reverse()
        await store.access.configure(ANNA, "cursor", Access(read=bases[0]))

    with pytest.raises(Unavailable, match="changed"):
        await store.access.answer(cursor, found, KeyScope.READ)


async def test_apps_beyond_the_bound_are_not_written_down(
    store: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MAX_APPS", 2)
    for name in ("one", "two", "three", "three"):
        await store.memories.page(app_of(ANNA, name), ListRequest())
    await store.access.record_seen()

    _, apps = await store.apps.page(ANNA, page=1, page_size=10)
    assert {app.name for app in apps} == {"one", "two"}


async def test_an_administrator_s_key_is_nobody_s_to_make_without_one(store: Container) -> None:
    keyless = Caller("default", None, None, keyless=True)
    admin = KeyWish(scopes=frozenset({KeyScope.ADMIN}))
    made = (await store.keys.create(ADMIN, admin)).key

    for refused in (
        store.keys.create(keyless, admin),
        store.keys.rotate(keyless, made.id),
        store.keys.revoke(keyless, made.id),
    ):
        with pytest.raises(Forbidden, match="openmemory keys"):
            await refused
    assert (await store.keys.create(keyless, KeyWish(app="cursor"))).key.app == "cursor"


async def test_the_one_in_its_place_takes_a_rotated_key_along(store: Container) -> None:
    first = (await store.keys.create(ADMIN, KeyWish())).key
    second = (await store.keys.rotate(ADMIN, first.id)).key
    third = (await store.keys.rotate(ADMIN, second.id)).key

    await store.keys.revoke(ADMIN, third.id)

    for key in (first, second, third):
        assert await store.keys.counting(key.id) is None


async def test_a_key_may_be_used_no_more_than_the_one_it_was_made_with(store: Container) -> None:
    boss = KeyWish(scopes=frozenset(KeyScope), rate_limit=5, daily_calls=100)
    maker = (await store.keys.create(ADMIN, boss)).key
    caller = Caller("default", maker.user_id, None, scopes=maker.scopes, key_id=maker.id)

    child = (await store.keys.create(caller, KeyWish(rate_limit=50))).key

    assert (child.rate_limit, child.daily_calls) == (5, 100)


async def test_a_lost_or_cut_secret_is_not_made_anew_in_silence(store: Container) -> None:
    if store.database.shared:
        pytest.skip("the secret is a setting")
    await store.keys.create(ADMIN, KeyWish())
    file = store.settings.data_dir / "secret"
    kept = file.read_bytes()

    file.write_bytes(b"")
    with pytest.raises(Unavailable, match="cut short"):
        Pepper(file).digest("key", "a")
    file.unlink()
    again = KeyService(store.database, store.clock, Pepper(file), "anna")
    with pytest.raises(Unavailable, match="backup"):
        await again.create(ADMIN, KeyWish())
    assert not file.exists()

    file.mkdir()
    with pytest.raises(Unavailable, match="cannot be read"):
        Pepper(file).digest("key", "a")
    file.rmdir()
    file.write_bytes(kept)
