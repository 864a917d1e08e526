"""Merging apps while they call: an answer is of before or of after, and never of both."""

import anyio
import pytest
from anyio.abc import TaskGroup

from openmemory_api.container import Container
from openmemory_api.domain.access import Access, Base, Effect, OfApp, Rule, Verb
from openmemory_api.domain.errors import Conflict, Forbidden
from openmemory_api.domain.requests import ListRequest, SearchRequest
from tests.api.stores import ANNA, add_one, app_of
from tests.postgres.fixtures import BOTH

DATABASES = BOTH
CLAUDE, CODE, ZED = (app_of(ANNA, name) for name in ("claude", "claude-code", "zed"))
SEARCHERS = 3
ROUNDS = 12


async def found(store: Container) -> set[str]:
    """What the app that is merged to and fro finds."""
    hits = (await store.search.search(CODE, SearchRequest(query="note", threshold=0))).hits
    listed = await store.memories.page(CODE, ListRequest())
    texts = {hit.memory.text for hit in hits}
    assert texts <= {"note by code", "note by zed"}, texts
    assert {memory.text for memory in listed.memories} <= {"note by code", "note by zed"}
    return texts


async def test_a_merge_under_way_shows_nothing_that_is_hidden_before_and_after(
    store: Container,
) -> None:
    for caller, text in ((CLAUDE, "claude"), (CODE, "code"), (ZED, "zed")):
        await add_one(store, caller, f"note by {text}")
    # Apart it reads its own alone; merged it reads what zed wrote. With the row of the one time and
    # the names of the other it would read what claude wrote.
    await store.access.configure(ANNA, "claude-code", Access(read=Base.OWN))
    allow = Rule(Verb.READ, Effect.ALLOW, OfApp("zed"))
    await store.access.configure(ANNA, "claude", Access(read=Base.NOTHING, rules=(allow,)))
    answers: list[set[str]] = []

    async def search_on() -> None:
        while True:
            answers.append(await found(store))

    async def change(tasks: TaskGroup) -> None:
        for number in range(ROUNDS):
            await store.apps.merge(ANNA, "claude-code", "claude")
            assert await found(store) == {"note by zed"}
            await store.apps.rename(ANNA, "claude", f"Claude {number}")
            await store.apps.unmerge(ANNA, "claude-code")
            assert await found(store) == {"note by code"}
        tasks.cancel_scope.cancel()

    async with anyio.create_task_group() as tasks:
        for _ in range(SEARCHERS):
            tasks.start_soon(search_on)
        tasks.start_soon(change, tasks)
    assert len(answers) > ROUNDS


async def test_a_merged_app_is_paused_with_the_one_it_is_merged_into(store: Container) -> None:
    for caller in (CLAUDE, CODE):
        await add_one(store, caller, f"note by {caller.app}")
    await store.apps.merge(ANNA, "claude-code", "claude")

    await store.access.pause(ANNA, "claude")

    for caller in (CLAUDE, CODE):
        with pytest.raises(Forbidden, match="paused"):
            await store.memories.page(caller, ListRequest())


async def test_a_paused_app_does_not_go_on_because_it_is_merged(store: Container) -> None:
    for caller in (CLAUDE, CODE):
        await add_one(store, caller, f"note by {caller.app}")
    await store.access.pause(ANNA, "claude-code")

    with pytest.raises(Conflict, match="resume the one or pause the other"):
        await store.apps.merge(ANNA, "claude-code", "claude")
    await store.access.pause(ANNA, "claude")
    await store.apps.merge(ANNA, "claude-code", "claude")
    await store.apps.unmerge(ANNA, "claude-code")

    assert (await store.apps.get(ANNA, "claude-code")).paused


async def test_every_name_of_an_app_sees_what_it_did_under_the_others(store: Container) -> None:
    for caller in (CLAUDE, CODE, ZED):
        await add_one(store, caller, f"note by {caller.app}")
    assert (await store.actions.page(CODE, 1, 10))[0] == 1

    await store.apps.merge(ANNA, "claude-code", "claude")

    for caller in (CLAUDE, CODE):
        count, actions = await store.actions.page(caller, 1, 10)
        assert (count, {action.app for action in actions}) == (2, {"claude", "claude-code"})
        assert (await store.actions.get(caller, actions[0].id)).id == actions[0].id
