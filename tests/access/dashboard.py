"""Drivers of the dashboard's lists and changes: a person has what is theirs, in any state."""

from collections import Counter
from typing import Any

import httpx

from openmemory_api.domain.access import KeyScope, Verb
from openmemory_api.domain.memory import KEPT, Memory, State
from tests.access.asking import Ask, reads, writes
from tests.access.looking import held, may_look, viewer
from tests.access.managing import Seen
from tests.access.world import APPS, newest_first
from tests.access.writing import Outcome, outcome
from tests.api.stores import uuid

READ, WRITE, DELETE = KeyScope.READ, KeyScope.WRITE, KeyScope.DELETE
PATH = "/api/v1/ui/memories"
OPERATIONS = {
    "pause": ({State.ACTIVE}, State.PAUSED, WRITE),
    "resume": ({State.PAUSED}, State.ACTIVE, WRITE),
    "archive": ({State.ACTIVE, State.PAUSED}, State.ARCHIVED, WRITE),
    "unarchive": ({State.ARCHIVED}, State.ACTIVE, WRITE),
    "delete": (set(KEPT), State.TRASHED, DELETE),
}


def theirs(ask: Ask) -> list[Memory]:
    """What the viewer has and was not erased, newest first."""
    return newest_first(row for row in held(ask) if row.state != State.PURGED)


def is_let_in(ask: Ask, answer: httpx.Response, *needs: KeyScope) -> bool:
    """Whether the caller may ask this; holds the answer to it."""
    may = may_look(ask, *needs)
    assert (answer.status_code == 403) is not may, ask.say(answer)
    return may


def is_row(said: dict[str, Any], row: Memory) -> None:
    categories = None if row.categories is None else list(row.categories)
    told = (said["id"], said["text"], said["state"], said["app"], said["categories"])
    assert told == (row.id, row.text[:400], row.state, row.app, categories)


@reads("GET", "/api/v1/ui/me")
async def me(ask: Ask) -> None:
    answer = await ask.send("GET", "/api/v1/ui/me")
    if is_let_in(ask, answer):
        assert ask.ok(answer)["user_id"] == viewer(ask)
        can = answer.json()["can"]
        assert can["write"] is (WRITE in ask.asker.caller.scopes)


@reads("GET", PATH)
async def window(ask: Ask) -> None:
    state = ask.rng.choice(["active", "paused", "archived", "trashed", None])
    app = ask.rng.choice([None, None, *APPS])
    answer = await ask.send("GET", PATH, state=state, readable_by=app, limit=200)
    if not is_let_in(ask, answer, READ, *([KeyScope.ADMIN] if app else [])):
        return
    rows = [row for row in theirs(ask) if row.state in ([state] if state else KEPT)]
    if app is not None:
        seen = Seen(ask, viewer(ask), app)
        rows = [row for row in rows if row.state == "active" and seen.may(Verb.READ, row)]
    said = ask.ok(answer)
    assert [each["id"] for each in said["items"]] == [row.id for row in rows], ask.say(answer)
    assert said["total"] == len(rows)
    for each, row in zip(said["items"], rows, strict=True):
        is_row(each, row)
        assert (each["readers"] is None) is (KeyScope.ADMIN not in ask.asker.caller.scopes)
    another = await ask.send("GET", PATH, user_id="bob")
    if ask.asker.user not in (None, "bob"):
        assert another.status_code == 403


@reads("GET", f"{PATH}/facets")
async def facets(ask: Ask) -> None:
    answer = await ask.send("GET", f"{PATH}/facets")
    if not is_let_in(ask, answer, READ):
        return
    said = ask.ok(answer)
    counted = Counter(row.state.value for row in theirs(ask))
    assert said["states"] == {name: counted[name] for name in said["states"]}
    assert said["total"] == sum(counted[state] for state in KEPT)
    assert sum(each["count"] for each in said["apps"]) == said["total"]


@reads("GET", f"{PATH}/{{memory_id}}")
async def detail(ask: Ask) -> None:
    for row in ask.some(ask.world.memories, 6):
        answer = await ask.send("GET", f"{PATH}/{row.id}")
        if not is_let_in(ask, answer, READ):
            return
        if row not in theirs(ask):
            assert answer.status_code == 404, ask.say(answer)
            continue
        said = ask.ok(answer)
        is_row({**said, "text": said["text"][:400]}, row)
        assert answer.headers["etag"] == f'"{row.version}"'
        for each in said["access"]:
            seen = Seen(ask, viewer(ask), each["app"])
            for verb in Verb:
                expected = row.state == "active" and seen.may(verb, row)
                assert each[verb]["allowed"] is expected, ask.say(answer)


@reads("GET", f"{PATH}/{{memory_id}}/history")
async def history(ask: Ask) -> None:
    await _of_one(ask, "history", "versions")


@reads("GET", f"{PATH}/{{memory_id}}/related")
async def related(ask: Ask) -> None:
    await _of_one(ask, "related", "items")


async def _of_one(ask: Ask, part: str, key: str) -> None:
    row = ask.rng.choice(ask.world.memories)
    answer = await ask.send("GET", f"{PATH}/{row.id}/{part}")
    if not is_let_in(ask, answer, READ):
        return
    if row not in theirs(ask):
        assert answer.status_code == 404, ask.say(answer)
        return
    listed = ask.ok(answer)[key]
    if part == "related":
        assert {each["item"]["id"] for each in listed} <= {row.id for row in theirs(ask)}


@reads("POST", f"{PATH}/similar")
async def similar(ask: Ask) -> None:
    row = ask.rng.choice(ask.world.memories)
    answer = await ask.send("POST", f"{PATH}/similar", {"text": row.text or "nothing"})
    if is_let_in(ask, answer, READ):
        now = {each.id for each in theirs(ask) if each.state == "active"}
        assert {each["item"]["id"] for each in ask.ok(answer)["items"]} <= now


@writes("POST", PATH)
async def add(ask: Ask) -> None:
    text = f"by hand {ask.rng.random()}"
    answer = await ask.send("POST", PATH, {"text": text, "categories": ["By hand"]})
    done = await outcome(ask)
    if not is_let_in(ask, answer, WRITE):
        return done.nothing()
    assert answer.status_code == 201, ask.say(answer)
    done.only(set(), new=1)
    (row,) = done.new
    assert (row.text, row.entities.user_id, row.app) == (text, viewer(ask), None)
    assert row.categories == ("By hand",)


@writes("PATCH", f"{PATH}/{{memory_id}}")
async def edit(ask: Ask) -> None:
    row = ask.rng.choice(ask.world.memories)
    body = {"categories": [f"set {ask.rng.random()}"]}
    await _change(ask, row, "PATCH", f"{PATH}/{row.id}", body)


@writes("POST", f"{PATH}/{{memory_id}}/versions/{{version}}/restore")
async def restore(ask: Ask) -> None:
    row = ask.rng.choice(ask.world.memories)
    before = await ask.send("GET", f"{PATH}/{row.id}/history")
    lived: list[Any] = before.json()["versions"] if before.status_code == 200 else []
    versions: list[int] = [each["version"] for each in lived if each["after"]]
    version = ask.rng.choice(versions or [1_000])
    road = f"{PATH}/{row.id}/versions/{version}/restore"
    await _change(ask, row, "POST", road, None, missing=version == 1_000)


async def _change(
    ask: Ask, row: Memory, method: str, road: str, body: object, *, missing: bool = False
) -> None:
    headers = {**ask.asker.headers, "If-Match": f'"{row.version}"'}
    answer = await ask.http.request(method, road, json=body, headers=headers)
    done = await outcome(ask)
    if not is_let_in(ask, answer, READ, WRITE):
        return done.nothing()
    if row not in done.before.values() or row.id not in {
        each.id for each in _held_before(ask, done)
    }:
        assert answer.status_code == 404, ask.say(answer)
        return done.nothing()
    if row.state == State.TRASHED:
        assert answer.status_code == 409, ask.say(answer)
        return done.nothing()
    if missing:
        assert answer.status_code == 404, ask.say(answer)
        return done.nothing()
    assert answer.status_code == 200, ask.say(answer)
    assert done.changed <= {row.id}
    assert done.new == []
    return None


def _held_before(ask: Ask, done: Outcome) -> list[Memory]:
    return [
        row
        for row in done.before.values()
        if (row.project_id, row.entities.user_id) == ("default", viewer(ask))
        and row.state != State.PURGED
    ]


@writes("POST", f"{PATH}/bulk")
async def bulk(ask: Ask) -> None:
    operation, (states, to, needs) = ask.rng.choice(list(OPERATIONS.items()))
    named = [row.id for row in ask.some(ask.world.memories, 5)] + [uuid(404)]
    answer = await ask.send("POST", f"{PATH}/bulk", {"operation": operation, "ids": named})
    done = await outcome(ask)
    if not is_let_in(ask, answer, READ, needs):
        return done.nothing()
    fitting = {row.id for row in _held_before(ask, done) if row.state in states} & set(named)
    said = ask.ok(answer)
    done.moved(fitting, to)
    assert said["changed"] == len(fitting)
    assert {each["id"] for each in said["left"]} == set(named) - fitting
    if not fitting:
        assert said["action_id"] is None
        return None
    undone = await ask.send("POST", f"/api/v1/actions/{said['action_id']}/undo")
    back = await outcome(ask)
    if ask.asker.caller.scopes >= {READ, WRITE, DELETE}:
        assert set(ask.ok(undone)["reversed"]) == fitting
        assert {back.after[each].state for each in fitting} <= states
        assert all(back.after[each].state == done.before[each].state for each in fitting)
    return None
