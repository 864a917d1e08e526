"""Drivers of the routes that change memories: what the reference says changes, and nothing else."""

from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

import httpx
import sqlalchemy as sa

from openmemory_api.db.actions import contents, state_of
from openmemory_api.db.tables import actions, history
from openmemory_api.domain.access import KeyScope
from openmemory_api.domain.memory import EntityType, Memory, State
from tests.access.asking import MISSING, Ask, writes
from tests.access.reading import ENTITIES, hits_of, in_trash
from tests.access.reference import reaches
from tests.access.world import Predicate
from tests.api.stores import settle, uuid

READ, WRITE, DELETE = KeyScope.READ, KeyScope.WRITE, KeyScope.DELETE
PURGED = State.PURGED


@dataclass
class Outcome:
    """What became of the rows of a store between two looks at it."""

    before: dict[str, Memory]
    after: dict[str, Memory]
    changed: set[str] = field(init=False)
    new: list[Memory] = field(init=False)

    def __post_init__(self) -> None:
        # The number of the write also moves when a vector is stored.
        old, new = (
            {key: replace(row, change=0) for key, row in rows.items()}
            for rows in (self.before, self.after)
        )
        self.changed = {key for key, row in old.items() if new.get(key) != row}
        self.new = [row for key, row in self.after.items() if key not in old]

    def only(self, changed: set[str], new: int = 0) -> None:
        """Exactly these rows differ, and as many are new."""
        assert self.changed == changed
        assert len(self.new) == new

    def nothing(self) -> None:
        self.only(set())

    def moved(self, ids: set[str], state: State) -> None:
        """Exactly these rows are in another state now, with all else of them as it was."""
        self.only(ids)
        for key in ids:
            old, new = self.before[key], self.after[key]
            assert new.state == state
            moved = replace(
                old,
                state=state,
                version=old.version + 1,
                deleted_at=new.deleted_at,
                change=new.change,
            )
            assert new == moved
            assert (new.deleted_at is not None) is (state is State.TRASHED)


async def outcome(ask: Ask) -> Outcome:
    """Read the store again, and tell what is different."""
    before = {row.id: row for row in ask.world.memories}
    await settle(ask.world.store)
    await ask.world.look()
    return Outcome(before, {row.id: row for row in ask.world.memories})


def missing(answer: httpx.Response, ask: Ask) -> None:
    assert (answer.status_code, answer.json()) == (404, MISSING), ask.say(answer)


# Adding.


@writes("POST", "/v3/memories/add/")
async def add_v3(ask: Ask) -> None:
    await _add(ask, "/v3/memories/add/")


@writes("POST", "/v1/memories/")
async def add_v1(ask: Ask) -> None:
    await _add(ask, "/v1/memories/")


async def _add(ask: Ask, path: str) -> None:
    named = ask.rng.choice([ask.asker.user, ask.asker.user, "anna", None])
    body: dict[str, Any] = {"infer": False, "agent_id": "planner"}
    repeated = ask.rng.choice(ask.world.memories)
    fresh = f"fresh {ask.rng.random()}"
    texts = [fresh] if ask.rng.random() < 0.5 else [fresh, f"second of {fresh}"]
    body["messages"] = [{"role": "user", "content": text} for text in texts]
    if named:
        body["user_id"] = named
    of_another = ask.asker.user is not None and named not in (None, ask.asker.user)
    answer = await ask.send("POST", path, body)
    done = await outcome(ask)
    if ask.asker.caller.scopes.isdisjoint({WRITE}) or not ask.world.may_add(ask.asker):
        assert answer.status_code == 403, ask.say(answer)
        return done.nothing()
    if of_another:
        assert answer.status_code == 403, ask.say(answer)
        return done.nothing()
    results = hits_of(ask.ok(answer))
    assert [row["event"] for row in results] == ["ADD"] * len(texts)
    done.only(set(), new=len(texts))
    for row in done.new:
        assert row.entities.user_id == (ask.asker.user or named)
        caller = ask.asker.caller
        assert (row.app, row.project_id, row.state) == (caller.app, "default", "active")
        assert row.entities.app_id == (caller.app if caller.proven else None)
    await _repeat(ask, path, repeated)


async def _repeat(ask: Ask, path: str, row: Memory) -> None:
    """The text of another memory, with its ids: known if the caller may see it, else new."""
    if row.entities.user_id is None or row.state == PURGED or row.event_time is not None:
        return
    ids = row.entities
    body = {
        "messages": [{"role": "user", "content": row.text.upper()}],
        "infer": False,
        "metadata": row.metadata,
        "timestamp": int(row.created_at.timestamp()),
        **{name: getattr(ids, name) for name in ENTITIES.values() if getattr(ids, name)},
    }
    answer = await ask.send("POST", path, body)
    done = await outcome(ask)
    caller = ask.asker.caller
    names_another = caller.proven and ids.app_id not in (None, caller.app)
    if ask.asker.user not in (None, ids.user_id) or names_another:
        assert answer.status_code == 403, ask.say(answer)
        return done.nothing()
    (result,) = hits_of(ask.ok(answer))
    if result["event"] == "NONE":
        # What an add is answered with is a read like any other.
        assert ask.may_read(done.before[result["id"]]), ask.say(answer)
        done.nothing()
    else:
        assert result["id"] not in done.before
        done.only(set(), new=1)


# Changing.


@writes("PUT", "/v1/memories/{memory_id}/")
async def update(ask: Ask) -> None:
    for row in ask.some(ask.world.memories, 3):
        may_read, may_write = ask.may_read(row), ask.may_write(row)
        text = f"changed {ask.rng.random()}"
        answer = await ask.send("PUT", f"/v1/memories/{ask.ref_to(row)}/", {"text": text})
        done = await outcome(ask)
        if ask.is_turned_away(WRITE):
            assert answer.status_code == 403, ask.say(answer)
            return done.nothing()
        if not (may_read and may_write):
            assert answer.status_code == (403 if may_read else 404), ask.say(answer)
            done.nothing()
            continue
        assert ask.ok(answer)["memory"] == text
        done.only({row.id})
        new = done.after[row.id]
        assert (new.text, new.version, new.app) == (text, row.version + 1, row.app)


@writes("PUT", "/v1/batch/")
async def update_many(ask: Ask) -> None:
    rows = ask.some(ask.world.memories, ask.rng.choice([1, 2, 3]))
    if ask.rng.random() < 0.5:
        rows = ask.some(ask.writable, 3) or rows
    text = f"batch {ask.rng.random()}"
    items = [{"memory_id": ask.ref_to(row), "text": text} for row in rows]
    expected = _all_or_none(ask, rows, WRITE)
    answer = await ask.send("PUT", "/v1/batch/", {"memories": items})
    done = await outcome(ask)
    assert answer.status_code == expected, ask.say(answer)
    if expected != 200:
        return done.nothing()
    done.only({row.id for row in rows})
    assert {done.after[row.id].text for row in rows} == {text}


def _all_or_none(ask: Ask, rows: list[Memory], need: KeyScope) -> int:
    """The status of a change to several memories, of which one can spoil the rest."""
    if ask.is_turned_away(need):
        return 403
    if not all(ask.may_read(row) for row in rows):
        return 404
    return 200 if all(ask.may_write(row) for row in rows) else 403


# Deleting.


@writes("DELETE", "/v1/memories/{memory_id}/")
async def delete(ask: Ask) -> None:
    (row,) = ask.some(ask.readable or ask.world.memories, 1)
    linked = ask.rng.random() < 0.5
    chosen = _with_predecessors(ask, row) if linked else [row]
    expected = _all_or_none(ask, [row], DELETE)
    if expected == 200:
        expected = _all_or_none(ask, chosen, DELETE)
    path = f"/v1/memories/{ask.ref_to(row)}/"
    answer = await ask.send("DELETE", path, delete_linked=str(linked).lower())
    done = await outcome(ask)
    assert answer.status_code == expected, ask.say(answer)
    if expected != 200:
        return done.nothing()
    done.moved({each.id for each in chosen}, State.TRASHED)


def _with_predecessors(ask: Ask, row: Memory) -> list[Memory]:
    chain = [row]
    for newer in chain:
        chain += [
            each
            for each in ask.readable
            if each.replaced_by == newer.id and each.id not in {known.id for known in chain}
        ]
    return chain


@writes("DELETE", "/v1/batch/")
async def delete_many(ask: Ask) -> None:
    rows = ask.some(ask.world.memories, 3)
    partial = ask.rng.random() < 0.6
    refs = {ask.ref_to(row): row for row in rows}
    body = {"memories": [{"memory_id": ref} for ref in refs], "partial": partial}
    refused = ask.is_turned_away(DELETE)
    expected = (403 if refused else 200) if partial else _all_or_none(ask, rows, DELETE)
    sets = {
        "deleted": [ref for ref, row in refs.items() if ask.may_write(row)],
        "missing": [ref for ref, row in refs.items() if not ask.may_read(row)],
        "denied": [r for r, row in refs.items() if ask.may_read(row) and not ask.may_write(row)],
    }
    answer = await ask.send("DELETE", "/v1/batch/", body)
    done = await outcome(ask)
    assert answer.status_code == expected, ask.say(answer)
    if expected != 200:
        return done.nothing()
    if partial:
        assert {name: answer.json()[name] for name in sets} == sets, ask.say(answer)
        gone = {refs[ref].id for ref in sets["deleted"]}
    else:
        gone = {row.id for row in rows}
    done.moved(gone, State.TRASHED)


@writes("DELETE", "/v1/memories/")
async def delete_all(ask: Ask) -> None:
    queries: list[tuple[dict[str, str], Predicate]] = [
        ({"run_id": "run-1"}, lambda row: row.entities.run_id == "run-1"),
        ({"user_id": "bob", "run_id": "*"}, _bobs_runs),
        ({"agent_id": "planner", "app_id": "zed"}, _planned_for_zed),
    ]
    caller = ask.asker.caller
    if caller.user_id in ("dora", "carol"):
        queries.append(({"all": "true"}, lambda row: True))
    if caller.app is not None:
        own = ask.world.merges_of(caller)
        name = own.get(caller.app, caller.app)
        queries.append(({"own": "true"}, lambda row: own.get(row.app or "", row.app) == name))
    query, chosen = ask.rng.choice(queries)
    await _delete_set(ask, f"/v1/memories/?{httpx.QueryParams(query)}", chosen)


def _bobs_runs(row: Memory) -> bool:
    return row.entities.user_id == "bob" and row.entities.run_id is not None


def _planned_for_zed(row: Memory) -> bool:
    return (row.entities.agent_id, row.entities.app_id) == ("planner", "zed")


@writes("DELETE", "/v2/entities/{kind}/{name:path}/")
async def delete_entity(ask: Ask) -> None:
    some: list[tuple[EntityType, str]] = [("run", "run 2/3"), ("app", "zed"), ("user", "dora")]
    kind, name = ask.rng.choice(some)
    path = f"/v2/entities/{kind}/{quote(name, safe='')}/"
    await _delete_set(ask, path, lambda row: getattr(row.entities, ENTITIES[kind]) == name)


@writes("DELETE", "/v1/entities/{kind}/{number}/")
async def delete_entity_by_number(ask: Ask) -> None:
    listed = await ask.send("GET", "/v1/entities/")
    everything = await ask.http.get("/v1/entities/")
    # By the number that somebody who sees it all was given.
    rows = [row for row in everything.json()["results"] if row["type"] in ("run", "app")]
    row = ask.rng.choice(rows)
    number = row["id"]
    path = f"/v1/entities/{row['type']}/{number}/"
    if listed.status_code == 403:
        answer = await ask.send("DELETE", path)
        assert answer.status_code == 403, ask.say(answer)
        return (await outcome(ask)).nothing()
    field = ENTITIES[row["type"]]
    await _delete_set(ask, path, lambda held: getattr(held.entities, field) == row["name"])


async def _delete_set(ask: Ask, path: str, chosen: Predicate) -> None:
    readable = [row for row in ask.readable if chosen(row)]
    writable = {row.id for row in ask.writable if chosen(row)}
    answer = await ask.send("DELETE", path)
    done = await outcome(ask)
    if ask.is_refused(answer, DELETE):
        return done.nothing()
    said = ask.ok(answer)
    assert (said["deleted"], said["left"]) == (len(writable), len(readable) - len(writable))
    done.moved(writable, State.TRASHED)


# The trash and the undo of actions: the user's, never an app's.


@writes("POST", "/api/v1/trash/restore")
async def restore(ask: Ask) -> None:
    rows = ask.some([row for row in ask.world.memories if row.state == "trashed"], 2)
    await _from_trash(ask, "/api/v1/trash/restore", rows, WRITE, State.ACTIVE)


@writes("POST", "/api/v1/trash/purge")
async def purge(ask: Ask) -> None:
    rows = ask.some([row for row in ask.world.memories if row.state == "trashed"], 1)
    await _from_trash(ask, "/api/v1/trash/purge", rows, DELETE, PURGED)


async def _from_trash(
    ask: Ask, path: str, rows: list[Memory], need: KeyScope, state: State
) -> None:
    ids = [row.id for row in rows] or [uuid(404)]
    visible = {row.id for row in in_trash(ask) if READ in ask.asker.caller.scopes}
    answer = await ask.send("POST", path, {"ids": ids})
    done = await outcome(ask)
    if ask.asker.caller.app is not None or need not in ask.asker.caller.scopes:
        assert answer.status_code == 403, ask.say(answer)
        return done.nothing()
    if not set(ids) <= visible:
        missing(answer, ask)
        return done.nothing()
    ask.ok(answer)
    done.only(set(ids))
    assert {done.after[key].state for key in ids} == {state}
    if state is PURGED:
        assert {done.after[key].text for key in ids} == {""}


@writes("POST", "/api/v1/actions/{action_id}/undo")
async def undo(ask: Ask) -> None:
    async with ask.world.store.database.read() as connection:
        every = list(await connection.execute(sa.select(actions).order_by(actions.c.number)))
        recorded = list(await connection.execute(sa.select(history)))
    # Undoing a change of rules has a driver of its own.
    done_before = [each for each in every if each.kind != "ACCESS"]
    if not done_before:
        return
    action = ask.rng.choice(done_before[-12:])
    caller = ask.asker.caller
    answer = await ask.send("POST", f"/api/v1/actions/{action.id}/undo")
    done = await outcome(ask)
    if caller.app is not None or not {READ, WRITE, DELETE} <= caller.scopes:
        # A key that manages may learn first that the action is not its user's.
        assert answer.status_code in (403, 404), ask.say(answer)
        return done.nothing()
    if action.project_id != caller.project_id or caller.user_id not in (None, action.user_id):
        assert answer.status_code == 404, ask.say(answer)
        return done.nothing()
    if action.undone_by is not None:
        assert answer.status_code == 400, ask.say(answer)
        return done.nothing()
    parts = [part for part in recorded if part.action_id == action.id]
    still = [part for part in parts if _is_as_left(ask, done.before, part)]
    said = ask.ok(answer)
    assert set(said["reversed"]) == {part.memory_id for part in still}
    assert set(said["left"]) == {part.memory_id for part in parts if part not in still}
    done.only({part.memory_id for part in still})
    for part in still:
        row = done.after[part.memory_id]
        added = part.kind in ("ADD", "RESTORE")
        assert row.state == ("trashed" if added else state_of(part.before))
        if part.kind == "UPDATE":
            assert row.text == part.before["text"]


def _is_as_left(ask: Ask, before: dict[str, Memory], part: Any) -> bool:
    row = before[part.memory_id]
    mine = reaches(ask.asker.caller, replace(row, state=State.ACTIVE))
    # What came after may have been undone itself: then it is as this left it, at a later version.
    same = row.version == part.version or contents(row) == part.after
    return mine and same and row.state != PURGED
