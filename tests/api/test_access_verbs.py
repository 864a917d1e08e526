"""Every verb against everything a caller may not reach."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, TypeAlias

import anyio
import httpx
import pytest
import sqlalchemy as sa

from openmemory_api.container import Container
from openmemory_api.db import access as access_rows
from openmemory_api.db import apps as app_rows
from openmemory_api.db.tables import access_rules
from openmemory_api.domain.access import (
    Access,
    Base,
    Caller,
    Effect,
    Everything,
    OfCategory,
    OfMemory,
    OfTag,
    Rule,
    Verb,
)
from openmemory_api.domain.errors import Forbidden, Invalid, NotFound, UnreadableRules
from openmemory_api.domain.filters import ALL
from openmemory_api.domain.memory import EntityIds, Memory, State
from openmemory_api.domain.requests import (
    ChangeKind,
    ListRequest,
    SearchRequest,
    UpdateRequest,
)
from openmemory_api.domain.rules import ANY_OTHER_APP
from tests.api.stores import (
    ADMIN,
    ANNA,
    BOB,
    a_memory,
    add,
    add_one,
    app_of,
    ids_of,
    put,
    put_state,
    settle,
    stored,
    uuid,
)
from tests.postgres.fixtures import BOTH

DATABASES = BOTH
CURSOR = app_of(ANNA)
DENY_ALL = (Rule(Verb.READ, Effect.DENY, Everything()),)
OUT_OF_REACH = {
    "base nothing": Access(read=Base.NOTHING),
    "deny all": Access(rules=DENY_ALL),
    "deny the memory": Access(rules=(Rule(Verb.READ, Effect.DENY, OfMemory(uuid(1))),)),
    "deny its tag": Access(rules=(Rule(Verb.READ, Effect.DENY, OfTag("TEA")),)),
    "undecided under a denied category": Access(
        rules=(Rule(Verb.READ, Effect.DENY, OfCategory("health")),)
    ),
    "own alone": Access(read=Base.OWN),
    "an allow-list of another memory": Access(
        read=Base.NOTHING, rules=(Rule(Verb.READ, Effect.ALLOW, OfMemory(uuid(9))),)
    ),
}
Verbs: TypeAlias = Callable[[Container, Caller, str], Awaitable[object]]
NAMED: dict[str, Verbs] = {
    "get": lambda store, caller, ref: store.memories.get(caller, ref),
    "history": lambda store, caller, ref: store.memories.history(caller, ref),
    "update": lambda store, caller, ref: store.memories.update(
        caller, ref, UpdateRequest(text="changed")
    ),
    "update_many": lambda store, caller, ref: store.memories.update_many(
        caller, [(ref, UpdateRequest(text="changed"))]
    ),
    "delete": lambda store, caller, ref: store.memories.delete(caller, [ref]),
    "delete linked": lambda store, caller, ref: store.memories.delete(caller, [ref], linked=True),
}
UNNAMED: dict[str, Callable[[Container, Caller], Awaitable[object]]] = {
    "add": lambda store, caller: add(store, caller, "something new"),
    "page": lambda store, caller: store.memories.page(caller, ListRequest()),
    "search": lambda store, caller: store.search.search(caller, SearchRequest(query="tea")),
    "delete_where": lambda store, caller: store.memories.delete_where(caller, ALL),
    "entities": lambda store, caller: store.entities.all(caller),
    "actions": lambda store, caller: store.actions.page(caller, 1, 10),
    "action": lambda store, caller: store.actions.get(caller, uuid(5)),
}


def tea(**fields: Any) -> Memory:
    return a_memory(1, text="Anna drinks green tea", tags=("tea",), **fields)


async def assert_out_of_reach(store: Container, caller: Caller, memory: Memory) -> None:
    """No verb reads it, tells of it or changes it."""
    before = [row for row in await stored(store) if row.id == memory.id]
    for ref in (memory.id, memory.id.upper(), f"m{memory.number}"):
        for verb in NAMED.values():
            with pytest.raises(NotFound, match=r"^Memory not found!$"):
                await verb(store, caller, ref)
    partial = await store.memories.delete(caller, [memory.id], partial=True)
    assert (partial.deleted, partial.missing) == ([], [memory.id])

    assert memory.id not in ids_of((await store.memories.page(caller, ListRequest())).memories)
    request = SearchRequest(query=memory.text, threshold=0.0, top_k=100)
    hits = (await store.search.search(caller, request)).hits
    assert memory.id not in [hit.memory.id for hit in hits]
    deleted = await store.memories.delete_where(caller, ALL)
    assert memory.id not in deleted.deleted
    _, actions = await store.actions.page(caller, 1, 200)
    assert memory.id not in [change.memory.id for each in actions for change in each.changes]
    assert [row for row in await stored(store) if row.id == memory.id] == before


@pytest.mark.parametrize("why", OUT_OF_REACH)
async def test_a_memory_outside_the_rules_is_out_of_reach(store: Container, why: str):
    await put(store, tea(app="claude"))
    await store.access.configure(ANNA, "cursor", OUT_OF_REACH[why])

    await assert_out_of_reach(store, CURSOR, tea(app="claude"))
    assert await store.entities.all(CURSOR) == []


@pytest.mark.parametrize("state", [state for state in State if state is not State.ACTIVE])
@pytest.mark.parametrize("caller", [ANNA, CURSOR])
async def test_a_memory_that_is_not_active_is_out_of_reach_of_all(
    store: Container, state: State, caller: Caller
):
    await put(store, tea())
    await put_state(store, uuid(1), state)

    await assert_out_of_reach(store, caller, replace(tea(), state=state))


@pytest.mark.parametrize("caller", [BOB, app_of(BOB)])
async def test_another_users_memory_is_out_of_reach(store: Container, caller: Caller):
    await put(store, tea())

    await assert_out_of_reach(store, caller, tea())


@pytest.mark.parametrize("caller", [ANNA, CURSOR])
async def test_a_memory_without_a_user_is_out_of_reach_of_users(store: Container, caller: Caller):
    nobodys = tea(user=None)
    await put(store, nobodys)

    for verb in NAMED.values():
        with pytest.raises(NotFound):
            await verb(store, caller, nobodys.id)
    assert (await store.memories.page(caller, ListRequest())).count == 0
    assert (await store.memories.get(ADMIN, nobodys.id)).id == nobodys.id


@pytest.mark.parametrize("verb", UNNAMED)
async def test_a_paused_app_is_told_so_whatever_it_asks(store: Container, verb: str):
    await put(store, tea())
    await store.access.pause(ANNA, "cursor")

    with pytest.raises(Forbidden, match="paused"):
        await UNNAMED[verb](store, CURSOR)


@pytest.mark.parametrize("verb", NAMED)
async def test_a_paused_app_is_told_so_of_any_memory_even_one_that_never_was(
    store: Container, verb: str
):
    await put(store, tea())
    await store.access.pause(ANNA, "cursor")

    for ref in (uuid(1), uuid(404)):
        with pytest.raises(Forbidden, match="paused"):
            await NAMED[verb](store, CURSOR, ref)
    assert [row.state for row in await stored(store)] == [State.ACTIVE]


async def test_an_app_goes_on_where_it_was_when_it_is_resumed(store: Container):
    await put(store, tea())
    await store.access.pause(ANNA, "cursor")
    await store.access.pause(ANNA, "cursor", paused=False)

    assert (await store.memories.get(CURSOR, "m1")).id == uuid(1)


async def test_what_an_app_may_read_but_not_change_is_refused_by_name(store: Container):
    await put(store, tea())
    await store.access.configure(ANNA, "cursor", Access(write=Base.NOTHING))

    assert (await store.memories.get(CURSOR, "m1")).id == uuid(1)
    for name in ("update", "update_many", "delete", "delete linked"):
        with pytest.raises(Forbidden, match="may read this memory but not change it"):
            await NAMED[name](store, CURSOR, uuid(1))
    with pytest.raises(Forbidden, match="may not add"):
        await add(store, CURSOR, "new")
    assert (await store.memories.delete_where(CURSOR, ALL)).left == 1
    assert [row.text for row in await stored(store)] == [tea().text]


async def test_one_memory_out_of_reach_stops_the_whole_batch(store: Container):
    await put(store, tea(), a_memory(2))
    await store.access.configure(ANNA, "cursor", OUT_OF_REACH["deny its tag"])

    with pytest.raises(NotFound):
        await store.memories.delete(CURSOR, [uuid(2), uuid(1)])
    changes = [(ref, UpdateRequest(text="x")) for ref in (uuid(2), uuid(1))]
    with pytest.raises(NotFound):
        await store.memories.update_many(CURSOR, changes)
    assert {row.text for row in await stored(store)} == {tea().text, "text 2"}
    assert {row.state for row in await stored(store)} == {State.ACTIVE}


async def test_deleting_a_set_takes_what_may_be_changed_and_counts_what_is_left(store: Container):
    await put(store, a_memory(1, app="cursor"), a_memory(2, app="claude"), a_memory(3))
    rules = (Rule(Verb.READ, Effect.DENY, OfMemory(uuid(3))),)
    await store.access.configure(ANNA, "cursor", Access(write=Base.OWN, rules=rules))

    deleted = await store.memories.delete_where(CURSOR, ALL)

    assert (deleted.deleted, deleted.left) == ([uuid(1)], 1)


async def test_the_row_any_other_app_holds_whole_for_an_app_without_its_own(store: Container):
    await put(store, tea())
    await store.access.configure(ANNA, ANY_OTHER_APP, Access(Base.NOTHING, Base.NOTHING))
    await store.access.configure(ANNA, "cursor", Access())

    assert (await store.memories.get(CURSOR, "m1")).id == uuid(1)
    await assert_out_of_reach(store, app_of(ANNA, "new-app"), tea())
    # Another user's apps are not concerned.
    assert (await add(store, app_of(BOB, "new-app"), "hello")).changes


async def test_rules_of_an_own_row_are_not_mixed_with_those_of_any_other_app(store: Container):
    await put(store, tea())
    await store.access.configure(ANNA, ANY_OTHER_APP, Access(rules=DENY_ALL))
    await store.access.configure(ANNA, "cursor", Access(read=Base.EVERYTHING))

    assert (await store.memories.get(CURSOR, "m1")).id == uuid(1)


async def test_a_rule_that_cannot_be_read_shows_nothing(store: Container):
    await put(store, tea())
    await store.access.configure(ANNA, "cursor", Access(rules=DENY_ALL))
    async with store.database.write() as connection:
        await connection.execute(sa.update(access_rules).values(subject_kind="from the future"))

    with pytest.raises(UnreadableRules, match="neither read nor write"):
        await store.memories.page(CURSOR, ListRequest())


async def test_a_rule_set_while_a_write_waits_for_its_turn_holds_for_it(store: Container):
    await put(store, tea())
    await store.memories.get(CURSOR, "m1")
    refused: list[str] = []

    async def attempt(verb: Verbs) -> None:
        with pytest.raises((Forbidden, NotFound)) as error:
            await verb(store, CURSOR, uuid(1))
        refused.append(str(error.value))

    async with anyio.create_task_group() as tasks, store.database.write() as connection:
        for name in ("update", "delete"):
            tasks.start_soon(attempt, NAMED[name])
        await anyio.wait_all_tasks_blocked()
        user = await app_rows.ensure_user(connection, "default", "anna", store.clock())
        denied = Access(rules=DENY_ALL)
        await access_rows.replace_access(connection, user, "cursor", denied, store.clock())

    assert refused == ["Memory not found!"] * 2
    assert [row.state for row in await stored(store)] == [State.ACTIVE]


async def test_history_leaves_out_what_a_memory_held_while_it_was_not_readable(store: Container):
    memory = await add_one(store, ANNA, "The code is 1234", metadata={"tags": ["secret"]})
    await store.memories.update(ANNA, memory.id, UpdateRequest(text="No code", metadata=None))
    await store.memories.update(ANNA, memory.id, UpdateRequest(text="Still none"))
    rules = (Rule(Verb.READ, Effect.DENY, OfTag("secret")),)
    await store.access.configure(ANNA, "cursor", Access(rules=rules))

    seen = await store.memories.history(CURSOR, memory.id)
    whole = await store.memories.history(ANNA, memory.id)

    assert [(e.kind, e.old_text, e.new_text) for e in seen] == [
        (ChangeKind.UPDATE, None, "No code"),
        (ChangeKind.UPDATE, "No code", "Still none"),
    ]
    assert [entry.new_text for entry in whole] == ["The code is 1234", "No code", "Still none"]


async def test_an_app_sees_its_own_actions_and_only_what_it_may_read_now(store: Container):
    by_cursor = await add(store, CURSOR, "mine", metadata={"tags": ["tea"]})
    by_claude = await add(store, app_of(ANNA, "claude"), "another app's")
    by_bob = await add(store, BOB, "another user's")
    await store.access.configure(ANNA, "cursor", OUT_OF_REACH["deny its tag"])

    count, seen = await store.actions.page(CURSOR, 1, 10)
    assert (count, [(a.id, a.changes) for a in seen]) == (1, [(by_cursor.action_id, [])])
    for other in (by_claude, by_bob):
        with pytest.raises(NotFound):
            await store.actions.get(CURSOR, other.action_id)
    assert (await store.actions.page(ANNA, 1, 10))[0] == 2
    with pytest.raises(NotFound):
        await store.actions.get(ANNA, by_bob.action_id)


async def test_undo_and_the_trash_are_the_users(store: Container):
    added = await add(store, CURSOR, "mine")
    memory = added.changes[0].memory
    await store.memories.delete(CURSOR, [memory.id])

    with pytest.raises(Forbidden):
        await store.actions.undo(CURSOR, added.action_id)
    with pytest.raises(Forbidden):
        await store.trash.page(CURSOR, page=1, page_size=10)
    for verb in (store.trash.restore, store.trash.purge):
        with pytest.raises(Forbidden):
            await verb(CURSOR, [memory.id])
    with pytest.raises(NotFound):
        await store.actions.undo(BOB, added.action_id)
    for verb in (store.trash.restore, store.trash.purge):
        with pytest.raises(NotFound):
            await verb(BOB, [memory.id])
    assert await store.trash.page(BOB, page=1, page_size=10) == (0, [])
    assert (await store.trash.page(ANNA, page=1, page_size=10))[0] == 1


async def test_a_filter_is_never_an_identity_claim(http: httpx.AsyncClient, store: Container):
    await put(store, tea(), a_memory(2, user="bob"))
    headers = {"X-OpenMemory-User": "bob"}

    listed = await http.post(
        "/v3/memories/", json={"filters": {"user_id": "anna"}}, headers=headers
    )
    added = await http.post(
        "/v3/memories/add/",
        json={"messages": [{"role": "user", "content": "x"}], "user_id": "anna"},
        headers=headers,
    )

    assert (listed.status_code, listed.json()["results"]) == (200, [])
    assert added.status_code == 403


async def test_missing_and_denied_are_the_same_bytes_on_rest(
    http: httpx.AsyncClient, store: Container
):
    await put(store, tea())
    await store.access.configure(ANNA, "cursor", OUT_OF_REACH["deny its tag"])
    headers = {"X-OpenMemory-User": "anna", "X-OpenMemory-App": "cursor"}

    for method, path in (
        ("GET", "/v1/memories/{}/"),
        ("GET", "/v1/memories/{}/history/"),
        ("DELETE", "/v1/memories/{}/"),
    ):
        denied, missing = [
            await http.request(method, path.format(uuid(n)), headers=headers) for n in (1, 404)
        ]
        assert denied.status_code == missing.status_code == 404
        assert denied.content == missing.content
        assert _telling(denied) == _telling(missing)


def _telling(answer: httpx.Response) -> dict[str, str]:
    """The headers but for the request's own id."""
    return {name: value for name, value in answer.headers.items() if name != "x-request-id"}


async def test_a_short_id_needs_a_user_and_names_only_its_own(store: Container):
    await put(store, tea(), a_memory(2, user="bob", text="Bob's"))

    with pytest.raises(Invalid):
        await store.memories.get(ADMIN, "m1")
    with pytest.raises(NotFound):
        await store.memories.get(BOB, "m1")
    for ref in ("m0", "m01", "M1", "m1 ", "m1\n", "m١", "1", "", "*", "m" + "9" * 30):
        with pytest.raises(Invalid):
            await store.memories.get(ANNA, ref)


@pytest.mark.parametrize(
    "cursor", ["", "x", "é", "MDAwMS0wMS0wMVQwMDowMDowMCsxNDowMHx4", "fHw=", "\ud800", "AAAA"]
)
async def test_a_forged_cursor_is_refused_or_stays_in_scope(store: Container, cursor: str):
    await put(store, a_memory(1, user="bob"))

    try:
        found = await store.memories.page(ANNA, ListRequest(cursor=cursor))
    except Invalid:
        return
    assert found.memories == []


CROWD = [
    a_memory(100 + n, user="bob", text=f"Green tea, said Bob {n}", app="cursor") for n in range(30)
] + [
    a_memory(200 + n, text=f"green tea secret {n}", tags=("secret",), app="claude",
             entities=EntityIds(user_id="anna", run_id="hidden", agent_id="shared"))
    for n in range(30)
]  # fmt: skip
VISIBLE = [
    a_memory(n, text=f"Anna drinks {kind} tea", metadata={"kind": kind},
             entities=EntityIds(user_id="anna", agent_id="shared"))
    for n, kind in enumerate(("green", "black", "no", "mint"), start=1)
]  # fmt: skip


async def answers(store: Container, http: httpx.AsyncClient) -> list[tuple[int, bytes]]:
    rules = (Rule(Verb.READ, Effect.DENY, OfTag("secret")),)
    await store.access.configure(ANNA, "cursor", Access(rules=rules))
    await settle(store)
    headers = {"X-OpenMemory-User": "anna", "X-OpenMemory-App": "cursor"}
    body = {"filters": {"user_id": "anna"}, "query": "green tea", "threshold": 0.0}
    asked = [
        await http.post("/v3/memories/search/", json={**body, "top_k": k}, headers=headers)
        for k in (1, 3, 100)
    ]
    asked += [
        await http.post("/v3/memories/", json={**body, "page_size": 2}, headers=headers),
        await http.get("/v1/entities/", headers=headers),
        await http.get("/v1/memories/", params={"user_id": "anna"}, headers=headers),
        await http.get("/v1/events/", headers=headers),
    ]
    return [(answer.status_code, answer.content) for answer in asked]


async def test_stores_that_differ_only_in_unreadable_rows_answer_the_same_bytes(
    store: Container, http: httpx.AsyncClient
):
    await put(store, *VISIBLE)
    alone = await answers(store, http)
    await put(store, *CROWD)
    crowded = await answers(store, http)

    assert [status for status, _ in alone] == [200] * 7
    assert crowded == alone
    assert b"green tea" in alone[0][1] or b"green" in alone[0][1]
