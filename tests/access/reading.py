"""Drivers of the routes that read memories, in the Mem0 contract and in ours."""

from collections import Counter
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa

from openmemory_api.db.tables import actions, history
from openmemory_api.domain.access import KeyScope
from openmemory_api.domain.memory import ENTITY_TYPES, EntityType, Memory
from tests.access.asking import MISSING, Ask, facts, reads, same, same_set
from tests.access.reference import is_manager, is_name_of, reaches
from tests.api.stores import uuid

READ = KeyScope.READ
ENTITIES: dict[EntityType, str] = {kind: f"{kind}_id" for kind in ENTITY_TYPES}


# Lists.


@reads("POST", "/v3/memories/")
async def list_v3(ask: Ask) -> None:
    body, expected = ask.selection()
    size = ask.rng.choice([1, 3, 7, 100])
    first = await ask.send("POST", "/v3/memories/", {**body, "page_size": size})
    if ask.is_refused(first, READ):
        return
    page = ask.ok(first)
    found: list[dict[str, Any]] = list(page["results"])
    number = 1
    while page["next"] is not None:
        number += 1
        by_number = await ask.send("POST", f"/v3/memories/?page={number}&page_size={size}", body)
        page = ask.ok(by_number)
        assert page["count"] == len(expected), ask.say(by_number)
        found += page["results"]
    same(found, expected)
    await _by_cursor(ask, body, size, expected)


async def _by_cursor(ask: Ask, body: dict[str, Any], size: int, expected: list[Memory]) -> None:
    found: list[dict[str, Any]] = []
    cursor = None
    while True:
        answer = await ask.send(
            "POST", "/v3/memories/", {**body, "page_size": size, "cursor": cursor}
        )
        page = ask.ok(answer)
        assert page["count"] == len(expected), ask.say(answer)
        found += page["results"]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    same(found, expected)


@reads("POST", "/v2/memories/")
async def list_v2(ask: Ask) -> None:
    body, expected = ask.selection()
    answer = await ask.send("POST", "/v2/memories/", {**body, "page_size": 200})
    if ask.is_refused(answer, READ):
        return
    same(ask.ok(answer), expected)
    paged = ask.ok(await ask.send("POST", "/v2/memories/?page=1&page_size=2", body))
    assert paged["count"] == len(expected)
    same(paged["results"], expected[:2])


@reads("GET", "/v1/memories/")
async def list_v1(ask: Ask) -> None:
    field, value = ask.rng.choice(
        [("user_id", "anna"), ("user_id", "bob"), ("agent_id", "planner"), ("run_id", "run-1")]
    )
    show = ask.rng.random() < 0.5
    expected = ask.selected(
        lambda row: getattr(row.entities, field) == value, {"show_expired": show}
    )
    query = {field: value, "show_expired": str(show).lower()}
    answer = await ask.send("GET", "/v1/memories/", **query)
    if ask.is_refused(answer, READ):
        return
    same(ask.ok(answer), expected)
    paged = ask.ok(await ask.send("GET", "/v1/memories/", page=1, page_size=1, **query))
    assert (paged["count"], paged["next"] is None) == (len(expected), len(expected) < 2)
    same(paged["results"], expected[:1])


@reads("GET", "/v1/memories/{kind}/{name}/")
async def list_of_an_entity(ask: Ask) -> None:
    kind, name = _an_entity(ask)
    expected = ask.selected(lambda row: getattr(row.entities, ENTITIES[kind]) == name, {})
    answer = await ask.send("GET", f"/v1/memories/{kind}/{quote(name, safe='')}/")
    if ask.is_refused(answer, READ):
        return
    page = ask.ok(answer)
    assert page["count"] == len(expected), ask.say(answer)
    same(page["results"], expected)


# Searches.


@reads("POST", "/v1/memories/search/")
async def search_v1(ask: Ask) -> None:
    await _search(ask, "/v1/memories/search/")


@reads("POST", "/v2/memories/search/")
async def search_v2(ask: Ask) -> None:
    await _search(ask, "/v2/memories/search/")


@reads("POST", "/v3/memories/search/")
async def search_v3(ask: Ask) -> None:
    await _search(ask, "/v3/memories/search/")


async def _search(ask: Ask, path: str) -> None:
    body, expected = ask.selection()
    query = ask.rng.choice(["note tea", "garden", "boat Berlin", "straße", "nothing of it"])
    body |= {"query": query, "threshold": 0, "top_k": 1_000}
    answer = await ask.send("POST", path, body)
    if ask.is_refused(answer, READ):
        return
    results = hits_of(ask.ok(answer))
    same_set(results, expected)
    scores = [row["score"] for row in results]
    assert scores == sorted(scores, reverse=True)
    best = hits_of(ask.ok(await ask.send("POST", path, {**body, "top_k": 2})))
    # What is not shown takes no place and no score: the best two are the first two of all.
    assert [(row["id"], row["score"]) for row in best] == [
        (row["id"], row["score"]) for row in results[:2]
    ]


def hits_of(said: Any) -> list[dict[str, Any]]:
    """The rows of an answer, which are all of it or its `results`."""
    rows: Any = said if isinstance(said, list) else said["results"]  # pyright: ignore[reportUnknownVariableType]
    return rows


# One memory.


@reads("GET", "/v1/memories/{memory_id}/")
async def get(ask: Ask) -> None:
    for row in ask.some(ask.world.memories, 6):
        answer = await ask.send("GET", f"/v1/memories/{ask.ref_to(row)}/")
        if ask.is_refused(answer, READ):
            return
        if ask.may_read(row):
            said = ask.ok(answer)
            assert {name: said[name] for name in facts(row)} == facts(row)
        else:
            assert (answer.status_code, answer.json()) == (404, MISSING), ask.say(answer)
    unknown = await ask.send("GET", f"/v1/memories/{uuid(10_000)}/")
    assert (unknown.status_code, unknown.json()) == (404, MISSING)


@reads("GET", "/v1/memories/{memory_id}/history/")
async def history_of(ask: Ask) -> None:
    changed = await _changed_rows(ask)
    for row in [*ask.some(changed, 4), *ask.some(ask.world.memories, 2)]:
        answer = await ask.send("GET", f"/v1/memories/{ask.ref_to(row)}/history/")
        if ask.is_refused(answer, READ):
            return
        if not ask.may_read(row):
            assert (answer.status_code, answer.json()) == (404, MISSING), ask.say(answer)
            continue
        said = [
            (entry["event_id"], entry["old_memory"], entry["new_memory"], entry["app"])
            for entry in ask.ok(answer)
        ]
        assert said == await _told_of(ask, row), ask.say(answer)


async def _changed_rows(ask: Ask) -> list[Memory]:
    async with ask.world.store.database.read() as connection:
        ids = set((await connection.execute(sa.select(history.c.memory_id))).scalars())
    return [row for row in ask.world.memories if row.id in ids]


async def _told_of(ask: Ask, row: Memory) -> list[tuple[str, Any, Any, Any]]:
    """What a memory's history shows: nothing that it held while it was not readable."""
    statement = (
        sa.select(history, actions.c.app)
        .join(actions, actions.c.id == history.c.action_id)
        .where(history.c.memory_id == row.id)
        .order_by(history.c.number)
    )
    async with ask.world.store.database.read() as connection:
        entries = list(await connection.execute(statement))
    told: list[tuple[str, Any, Any, Any]] = []
    for entry in entries:
        before, after = (_if_readable(ask, row, held) for held in (entry.before, entry.after))
        if (entry.before or entry.after) and not (before or after):
            continue
        old, new = ((held or {}).get("text") for held in (before, after))
        told.append((entry.action_id, old, new, entry.app))
    return told


def _if_readable(ask: Ask, row: Memory, held: dict[str, Any] | None) -> dict[str, Any] | None:
    if held is None:
        return None
    categories = row.categories if held["text"] == row.text else held["categories"]
    then = replace(
        row,
        text=held["text"],
        metadata=held["metadata"],
        tags=tuple(held["tags"]),
        categories=None if categories is None else tuple(categories),
    )
    return held if ask.may_read(then) else None


# Entities.


@reads("GET", "/v1/entities/")
async def entities(ask: Ask) -> None:
    answer = await ask.send("GET", "/v1/entities/")
    if ask.is_refused(answer, READ):
        return
    page = ask.ok(answer)
    expected = _entities(ask)
    said = {(row["type"], row["name"]): row["total_memories"] for row in page["results"]}
    assert said == expected
    assert page["count"] == len(expected), ask.say(answer)
    for kind in ENTITY_TYPES:
        assert page[f"total_{kind}s"] == sum(of == kind for of, _ in expected)
    for row in page["results"]:
        carriers = [
            memory
            for memory in ask.readable
            if getattr(memory.entities, ENTITIES[row["type"]]) == row["name"]
        ]
        newest = max(memory.updated_at for memory in carriers)
        assert datetime.fromisoformat(row["updated_at"]) == newest


@reads("GET", "/v2/entities/{kind}/{name:path}/")
async def entity(ask: Ask) -> None:
    kind, name = _an_entity(ask)
    answer = await ask.send("GET", f"/v2/entities/{kind}/{quote(name, safe='')}/")
    if ask.is_refused(answer, READ):
        return
    total = _entities(ask).get((kind, name))
    if total is None:
        assert answer.status_code == 404, ask.say(answer)
    else:
        (row,) = ask.ok(answer)
        assert (row["type"], row["name"], row["total_memories"]) == (kind, name, total)


def _entities(ask: Ask) -> Counter[tuple[str, str]]:
    named = (
        (kind, getattr(row.entities, field))
        for row in ask.readable
        for kind, field in ENTITIES.items()
    )
    return Counter((kind, name) for kind, name in named if name is not None)


def _an_entity(ask: Ask) -> tuple[EntityType, str]:
    return ask.rng.choice(
        [
            ("user", "anna"),
            ("user", "bob"),
            ("agent", "planner"),
            ("app", "cursor"),
            ("run", "run-1"),
            ("run", "run 2/3"),
            ("user", "nobody"),
        ]
    )


# Actions, which the contract calls events.


@reads("GET", "/v1/events/")
async def events(ask: Ask) -> None:
    answer = await ask.send("GET", "/v1/events/", page_size=200)
    if ask.is_refused(answer, READ):
        return
    page = ask.ok(answer)
    expected = await _actions(ask)
    assert page["count"] == len(expected), ask.say(answer)
    said = [(row["id"], sorted(each["id"] for each in row["results"])) for row in page["results"]]
    assert said == expected[:200], ask.say(answer)


@reads("GET", "/api/v1/actions")
async def list_actions(ask: Ask) -> None:
    answer = await ask.send("GET", "/api/v1/actions", page_size=200)
    if ask.is_refused(answer, READ):
        return
    page = ask.ok(answer)
    expected = await _actions(ask, rules=True)
    assert page["count"] == len(expected), ask.say(answer)
    said = [(row["id"], sorted(each["id"] for each in row["changes"])) for row in page["results"]]
    assert said == expected[:200], ask.say(answer)
    for row in page["results"]:
        assert {each["memory"] for each in row["changes"]} <= {each.text for each in ask.readable}


@reads("GET", "/v1/event/{event_id}/")
async def event(ask: Ask) -> None:
    await _one_action(ask, "/v1/event/{}/", "results")


@reads("GET", "/api/v1/actions/{action_id}")
async def action(ask: Ask) -> None:
    await _one_action(ask, "/api/v1/actions/{}", "changes")


async def _one_action(ask: Ask, path: str, part: str) -> None:
    visible = dict(await _actions(ask, rules=part == "changes"))
    async with ask.world.store.database.read() as connection:
        every = sorted((await connection.execute(sa.select(actions.c.id))).scalars())
    for action_id in [*ask.rng.sample(every, min(5, len(every))), uuid(404)]:
        answer = await ask.send("GET", path.format(action_id))
        if ask.is_refused(answer, READ):
            return
        if action_id in visible:
            said = sorted(row["id"] for row in ask.ok(answer)[part])
            assert said == visible[action_id], ask.say(answer)
        else:
            assert answer.status_code == 404, ask.say(answer)


async def _actions(ask: Ask, *, rules: bool = False) -> list[tuple[str, list[str]]]:
    """The actions a caller may see, newest first, each with the memories it may read now.

    What was done to rules is among them only in our own API, and for those who manage them.
    """
    caller = ask.asker.caller
    async with ask.world.store.database.read() as connection:
        done = list(await connection.execute(sa.select(actions).order_by(actions.c.number.desc())))
        recorded = list(await connection.execute(sa.select(history)))
    readable = {row.id for row in ask.readable}
    seen: list[tuple[str, list[str]]] = []
    for each in done:
        if each.project_id != caller.project_id:
            continue
        if caller.user_id is not None and each.user_id != caller.user_id:
            continue
        merges = ask.world.merges_of(caller)
        if caller.app is not None and not is_name_of(caller.app, each.app, merges):
            continue
        if each.kind == "ACCESS" and not (rules and is_manager(caller)):
            continue
        parts = [part.memory_id for part in recorded if part.action_id == each.id]
        seen.append((each.id, sorted(part for part in parts if part in readable)))
    return seen


# The trash.


@reads("GET", "/api/v1/trash")
async def trash(ask: Ask) -> None:
    answer = await ask.send("GET", "/api/v1/trash", page_size=200)
    if ask.asker.caller.app is not None:
        assert answer.status_code == 403, ask.say(answer)
        return
    if ask.is_refused(answer, READ):
        return
    page = ask.ok(answer)
    expected = in_trash(ask)
    assert page["count"] == len(expected), ask.say(answer)
    said = {(row["id"], row["memory"]) for row in page["results"]}
    assert said == {(row.id, row.text) for row in expected}


def in_trash(ask: Ask) -> list[Memory]:
    """The trash of a caller who may see one: its user's, of its project."""
    return [
        row
        for row in ask.world.memories
        if row.state == "trashed" and reaches(ask.asker.caller, replace(row, state="active"))
    ]
