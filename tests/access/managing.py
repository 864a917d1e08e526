"""Drivers of what settles and shows who may do what: rules, apps, keys, sessions, the log."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import httpx
import sqlalchemy as sa

from openmemory_api.db.tables import actions, history, keys
from openmemory_api.db.tables import activity_calls as call_rows
from openmemory_api.domain.access import Access, Base, Caller, Effect, KeyScope, Verb
from openmemory_api.domain.memory import KEPT, Memory
from openmemory_api.domain.rules import ANY_OTHER_APP
from tests.access.asking import Ask, reads, writes
from tests.access.reference import is_about, is_manager, is_name_of, may, may_add
from tests.access.world import APPS, DEFAULT_USER, USERS, random_rule, shown
from tests.access.writing import outcome
from tests.api.keys import LOCAL, bearer
from tests.api.stores import uuid

READ, WRITE, DELETE = KeyScope.READ, KeyScope.WRITE, KeyScope.DELETE


def manages(ask: Ask, answer: httpx.Response, *needs: KeyScope) -> bool:
    """Whether the caller may settle anything at all; holds the answer to it."""
    caller = ask.asker.caller
    may_ask = is_manager(caller) and caller.scopes >= set(needs)
    assert (answer.status_code == 403) is not may_ask, ask.say(answer)
    return may_ask


def managed(ask: Ask, named: str | None = None) -> str:
    """Whose rules a manager settles."""
    return ask.asker.user or named or DEFAULT_USER


class Seen:
    """What an app of a user may reach, by the reference."""

    def __init__(self, ask: Ask, user: str, app: str, access: Access | None = None) -> None:
        world = ask.world
        self.merges = world.merges.get(user, {})
        self.caller = Caller("default", user, app)
        self.access = access or world.access_of(self.caller)
        self.app = self.merges.get(app, app)
        self.every = [row for row in world.memories if _is_of(user, row)]

    def may(self, verb: Verb, row: Memory) -> bool:
        bases = {Verb.READ: self.access.read, Verb.WRITE: self.access.write}
        reads = may(self.app, self.access, self.access.read, Verb.READ, row, self.merges)
        return reads and may(self.app, self.access, bases[verb], verb, row, self.merges)

    def reach(self, verb: Verb) -> set[str]:
        return {row.id for row in self.every if self.may(verb, row)}

    def cell(self, rows: Iterable[Memory]) -> dict[str, int]:
        held = list(rows)
        return {
            "readable": sum(self.may(Verb.READ, row) for row in held),
            "writable": sum(self.may(Verb.WRITE, row) for row in held),
            "total": len(held),
        }


def _is_of(user: str, row: Memory) -> bool:
    return (row.project_id, row.entities.user_id, row.state) == ("default", user, "active")


# Rules.


@reads("GET", "/api/v1/access/rules")
async def rules(ask: Ask) -> None:
    answer = await ask.send("GET", "/api/v1/access/rules")
    if not manages(ask, answer):
        return
    user = managed(ask)
    for row in ask.ok(answer)["apps"]:
        stored = ask.world.access.get((user, row["app"]))
        assert row["inherit"] is (stored is None)
        if stored:
            assert (row["read"], row["write"], len(row["rules"])) == (
                stored.read,
                stored.write,
                len(stored.rules),
            )
    of_user = {app for whose, app in ask.world.access if whose == user} - {ANY_OTHER_APP}
    merged = ask.world.merges.get(user, {}).keys()
    assert of_user - merged <= {row["app"] for row in answer.json()["apps"]}
    elsewhere = await ask.send("GET", "/api/v1/access/rules", user_id="bob")
    if ask.asker.user not in (None, "bob"):
        assert elsewhere.status_code == 403


@reads("GET", "/api/v1/access/templates")
async def templates(ask: Ask) -> None:
    answer = await ask.send("GET", "/api/v1/access/templates")
    if manages(ask, answer):
        ask.ok(answer)


@reads("GET", "/api/v1/access/matrix")
async def matrix(ask: Ask) -> None:
    by = ask.rng.choice(["category", "tag", "app"])
    answer = await ask.send("GET", "/api/v1/access/matrix", by=by)
    if not manages(ask, answer, READ):
        return
    user = managed(ask)
    said = ask.ok(answer)
    for row in said["apps"]:
        seen = Seen(ask, user, row["app"])
        assert _numbers(row["whole"]) == seen.cell(seen.every), ask.say(answer)
        assert row["may_add"] is may_add(seen.caller, seen.access)
        for column, cell in zip(said["columns"], row["cells"], strict=True):
            chosen = [each for each in seen.every if _is_in(column, by, each, seen.merges)]
            assert _numbers(cell) == seen.cell(chosen), (column, row["app"])
            assert column["total"] == len(chosen)


def _numbers(cell: dict[str, Any]) -> dict[str, int]:
    return {name: cell[name] for name in ("readable", "writable", "total")}


def _is_in(column: dict[str, Any], by: str, row: Memory, merges: dict[str, str]) -> bool:
    if by == "app":
        return merges.get(row.app or "", row.app) == column["value"]
    labels = row.tags if by == "tag" else row.categories
    if column["kind"] == "undecided":
        return labels is None
    if column["kind"] == "none":
        return labels is not None and not labels
    return column["value"].casefold() in [label.casefold() for label in labels or ()]


@reads("POST", "/api/v1/access/simulate")
async def simulate(ask: Ask) -> None:
    app = ask.rng.choice([*APPS, "never-heard-of"])
    verb = ask.rng.choice(list(Verb))
    user = managed(ask)
    row = ask.rng.choice(ask.world.memories)
    body: dict[str, Any] = {"app": app, "memory": row.id, "verb": verb}
    answer = await ask.send("POST", "/api/v1/access/simulate", body)
    if not manages(ask, answer, READ):
        return
    seen = Seen(ask, user, app)
    if (row.project_id, row.entities.user_id) != ("default", user) or row.state == "purged":
        assert answer.status_code == 404, ask.say(answer)
    else:
        told = ask.ok(answer)["explanation"]
        expected = row.state == "active" and seen.may(verb, row)
        assert told["allowed"] is expected, ask.say(answer)
        about = [each for each in seen.access.rules if is_about(each, row, seen.merges)]
        if told["because"] == "denied":
            assert any(each.effect is Effect.DENY for each in about)
    body = {"app": app, "query": "note tea boat", "top_k": 100}
    found = ask.ok(await ask.send("POST", "/api/v1/access/simulate", body))
    view = {"latest_only": True}
    now = [each for each in seen.every if shown(each, view, ask.today)]
    assert {hit["memory"]["id"] for hit in found["results"]} == {
        each.id for each in now if seen.may(Verb.READ, each)
    }
    assert {hit["memory"]["id"] for hit in found["of_user"]} == {each.id for each in now}
    for hit in found["of_user"]:
        (each,) = (row for row in now if row.id == hit["memory"]["id"])
        assert hit["explanation"]["allowed"] is seen.may(Verb.READ, each)


def _draft(ask: Ask) -> tuple[str, Access, dict[str, Any]]:
    """A row for some app: as the reference has it, and as it is sent."""
    user = managed(ask)
    own = [app for app in APPS if app not in ask.world.merges.get(user, {})]
    app = ask.rng.choice([*own, ANY_OTHER_APP])
    drawn = tuple(dict.fromkeys(random_rule(ask.rng) for _ in range(ask.rng.randint(0, 3))))
    access = Access(ask.rng.choice(list(Base)), ask.rng.choice(list(Base)), drawn)
    sent = [
        {
            "verb": rule.verb,
            "effect": rule.effect,
            "subject": _subject(rule.subject),
        }
        for rule in drawn
    ]
    return app, access, {"app": app, "read": access.read, "write": access.write, "rules": sent}


def _subject(subject: Any) -> dict[str, str]:
    kind = type(subject).__name__.removeprefix("Of").lower()
    values = [getattr(subject, name) for name in subject.__slots__]
    return {"kind": kind, "value": values[0] if values else ""}


@reads("POST", "/api/v1/access/preview")
async def preview(ask: Ask) -> None:
    app, access, sent = _draft(ask)
    body = {"changes": [sent], "limit": 100}
    answer = await ask.send("POST", "/api/v1/access/preview", body)
    if not manages(ask, answer, READ):
        return
    user = managed(ask)
    await ask.world.look()
    told = {row["app"]: row for row in ask.ok(answer)["apps"]}
    known = {name for whose, name in ask.world.apps if whose == user}
    for name in {*known, *APPS, ANY_OTHER_APP} - ask.world.merges.get(user, {}).keys():
        before = Seen(ask, user, name)
        inherits = (user, name) not in ask.world.access
        held = app == name or (app == ANY_OTHER_APP and inherits)
        paused = before.access.paused
        after = Seen(ask, user, name, replace(access, paused=paused)) if held else before
        for verb in Verb:
            old, new = before.reach(verb), after.reach(verb)
            part = told.get(name, {verb: {"gains": 0, "loses": 0, "memories": []}})[verb]
            listed = {(row["change"], row["id"]) for row in part["memories"]}
            assert listed == {
                *(("gains", each) for each in new - old),
                *(("loses", each) for each in old - new),
            }, (name, verb, ask.say(answer))
            assert (part["gains"], part["loses"]) == (len(new - old), len(old - new))


@writes("POST", "/api/v1/access/apply")
async def apply(ask: Ask) -> None:
    app, access, sent = _draft(ask)
    user = managed(ask)
    answer = await ask.send("POST", "/api/v1/access/apply", {"changes": [sent]})
    before = dict(ask.world.access)
    (await outcome(ask)).nothing()
    if manages(ask, answer):
        ask.ok(answer)
        kept = ask.world.access[user, app]
        assert (kept.read, kept.write) == (access.read, access.write)
        assert set(kept.rules) == set(access.rules)
        before[user, app] = kept
    assert ask.world.access == before


# Apps.


def _app_of(ask: Ask) -> tuple[str, str, str]:
    """(user, an app that may exist, the path of it)."""
    user = managed(ask)
    app = ask.rng.choice(APPS)
    return user, app, f"/api/v1/apps/{app}"


@reads("GET", "/api/v1/apps")
async def list_apps(ask: Ask) -> None:
    await _list_apps(ask, "/api/v1/apps")


@reads("GET", "/api/v1/apps/")
async def list_apps_as_before(ask: Ask) -> None:
    await _list_apps(ask, "/api/v1/apps/")


async def _list_apps(ask: Ask, path: str) -> None:
    answer = await ask.send("GET", path, page_size=200)
    if not manages(ask, answer):
        return
    user = managed(ask)
    # A first call makes its app known, also one that reads.
    await ask.world.look()
    merges = ask.world.merges.get(user, {})
    page = ask.ok(answer)
    expected = {app for whose, app in ask.world.apps if whose == user} - merges.keys()
    assert {row["name"] for row in page["apps"]} == expected
    assert page["total"] == len(expected)
    for row in page["apps"]:
        _hold_app(ask, user, row)


def _hold_app(ask: Ask, user: str, row: dict[str, Any]) -> None:
    seen = Seen(ask, user, row["name"])
    cell = seen.cell(seen.every)
    said = {"readable": row["readable"], "writable": row["writable"]}
    assert {**said, "total": row["total_memories"]} == cell
    written = [each for each in seen.every if is_name_of(row["name"], each.app, seen.merges)]
    assert row["total_memories_created"] == len(written)
    assert row["paused"] is ((user, row["name"]) in ask.world.paused)


@reads("GET", "/api/v1/apps/{app}")
async def get_app(ask: Ask) -> None:
    user, app, path = _app_of(ask)
    answer = await ask.send("GET", path)
    if not manages(ask, answer):
        return
    if (user, app) in ask.world.apps:
        _hold_app(ask, user, ask.ok(answer))
    else:
        assert answer.status_code == 404


@writes("PATCH", "/api/v1/apps/{app}")
async def rename_app(ask: Ask) -> None:
    _, _, path = _app_of(ask)
    answer = await ask.send("PATCH", path, {"label": "Mine"})
    (await outcome(ask)).nothing()
    manages(ask, answer)


@writes("POST", "/api/v1/apps/{app}/pause")
async def pause(ask: Ask) -> None:
    await _settle(ask, "pause", None)


@writes("POST", "/api/v1/apps/{app}/resume")
async def resume(ask: Ask) -> None:
    await _settle(ask, "resume", None)


@writes("POST", "/api/v1/apps/{app}/merge")
async def merge(ask: Ask) -> None:
    await _settle(ask, "merge", {"into": ask.rng.choice(APPS)})


@writes("POST", "/api/v1/apps/{app}/unmerge")
async def unmerge(ask: Ask) -> None:
    await _settle(ask, "unmerge", None)


async def _settle(ask: Ask, verb: str, body: dict[str, str] | None) -> None:
    user, app, path = _app_of(ask)
    world = ask.world
    paused, access = set(world.paused), dict(world.access)
    merges = {whose: dict(held) for whose, held in world.merges.items()}
    target = merges.get(user, {}).get(app, app)
    answer = await ask.send("POST", f"{path}/{verb}", body)
    (await outcome(ask)).nothing()
    assert world.access == access
    if not manages(ask, answer) or answer.status_code in (400, 404, 409):
        assert (world.paused, world.merges) == (paused, merges)
        return
    row = ask.ok(answer)["app"]
    if verb in ("pause", "resume"):
        # Under whichever name it was asked for, it is the whole app.
        (paused.add if verb == "pause" else paused.discard)((user, target))
        assert (world.paused, world.merges) == (paused, merges)
        assert world.access_of(Caller("default", user, app)).paused is (verb == "pause")
    others = {whose: held for whose, held in merges.items() if whose != user}
    assert {w: held for w, held in world.merges.items() if w != user} == others
    assert not set(world.merges[user].values()) & world.merges[user].keys()
    _hold_app(ask, user, row)


@writes("POST", "/api/v1/apps/{app}/undo")
async def undo_app(ask: Ask) -> None:
    user, app, path = _app_of(ask)
    async with ask.world.store.database.read() as connection:
        done = (await connection.execute(sa.select(actions).order_by(actions.c.number))).all()
        lives = sa.select(history).order_by(history.c.number, history.c.version)
        recorded = (await connection.execute(lives)).all()
    since = "2026-01-01T00:00:00Z"
    tried = await ask.send("POST", f"{path}/undo", {"since": since, "dry_run": True})
    (await outcome(ask)).nothing()
    needs = (READ, WRITE, DELETE)
    answer = await ask.send("POST", f"{path}/undo", {"since": since})
    after = await outcome(ask)
    if not manages(ask, answer, *needs) or answer.status_code == 404:
        return after.nothing()
    said = ask.ok(answer)
    assert (tried.json()["reversed"], tried.json()["left"]) == (said["reversed"], said["left"])
    merges = ask.world.merges.get(user, {})
    by = {each.id: each for each in done}
    # Only what the app itself did last, and only of this user, and exactly what was named.
    after.only(set(said["reversed"]))
    for memory_id in said["reversed"]:
        assert after.before[memory_id].entities.user_id == user
        standing = [
            by[part.action_id]
            for part in recorded
            if part.memory_id == memory_id and by[part.action_id].undone_by is None
        ]
        theirs = [each for each in standing if each.kind != "UNDO"]
        assert theirs
        assert is_name_of(app, theirs[-1].app, merges), ask.say(answer)


# Keys and sessions.


@reads("GET", "/api/v1/keys")
async def list_keys(ask: Ask) -> None:
    answer = await ask.send("GET", "/api/v1/keys", page_size=200)
    if not manages(ask, answer):
        return
    async with ask.world.store.database.read() as connection:
        every = (await connection.execute(sa.select(keys))).all()
    user = ask.asker.user
    page = ask.ok(answer)
    expected = {each.id for each in every if user in (None, each.user_id)}
    assert {row["id"] for row in page["results"]} == expected
    assert page["count"] == len(expected)
    assert not any(each.hash in answer.text for each in every)


@writes("POST", "/api/v1/keys")
async def make_key(ask: Ask) -> None:
    """Nobody makes a key that may do more than its maker, or for more."""
    caller = ask.asker.caller
    scopes = ask.rng.sample(list(KeyScope), ask.rng.randint(1, 4))
    named = ask.rng.choice([None, *USERS])
    everyone = named is None and ask.rng.random() < 0.4
    body: dict[str, Any] = {"scopes": scopes, "user_id": named, "every_user": everyone}
    answer = await ask.send("POST", "/api/v1/keys", body)
    (await outcome(ask)).nothing()
    whose = None if everyone else named or caller.user_id or DEFAULT_USER
    reaches = caller.user_id in (None, whose) and caller.scopes >= set(scopes)
    reaches = reaches and not _without_key(ask, scopes)
    if not (is_manager(caller) and reaches):
        assert answer.status_code == 403, ask.say(answer)
        return
    assert answer.status_code == 201, ask.say(answer)
    assert (answer.json()["user_id"], answer.json()["scopes"]) == (whose, sorted(scopes))
    ended = await ask.http.delete(f"/api/v1/keys/{answer.json()['id']}", headers=bearer(LOCAL))
    assert ended.status_code == 200


@writes("POST", "/api/v1/keys/{key_id}/rotate")
async def rotate_key(ask: Ask) -> None:
    await _on_key(ask, "POST", "/rotate")


@writes("DELETE", "/api/v1/keys/{key_id}")
async def revoke_key(ask: Ask) -> None:
    await _on_key(ask, "DELETE", "")


def _without_key(ask: Ask, scopes: list[KeyScope]) -> bool:
    """Whether it is about an administrator's key, and the asker has none of its own."""
    return KeyScope.ADMIN in scopes and "Authorization" not in ask.asker.headers


async def _on_key(ask: Ask, method: str, verb: str) -> None:
    user = ask.rng.choice([None, *USERS])
    scopes = ask.rng.sample(list(KeyScope), 2)
    wish = {"scopes": scopes, "user_id": user, "every_user": user is None}
    made = (await ask.http.post("/api/v1/keys", json=wish, headers=bearer(LOCAL))).json()
    caller = ask.asker.caller
    answer = await ask.send(method, f"/api/v1/keys/{made['id']}{verb}")
    (await outcome(ask)).nothing()
    if not is_manager(caller):
        expected = 403
    elif caller.user_id not in (None, user):
        expected = 404
    elif _without_key(ask, scopes):
        expected = 403
    elif method == "POST":
        expected = 201 if caller.scopes >= set(scopes) else 403
    else:
        expected = 200
    assert answer.status_code == expected, ask.say(answer)
    for key_id in {made["id"], answer.json().get("id", made["id"])}:
        await ask.http.delete(f"/api/v1/keys/{key_id}", headers=bearer(LOCAL))


@reads("GET", "/api/v1/session")
async def who_am_i(ask: Ask) -> None:
    said = ask.ok(await ask.send("GET", "/api/v1/session"))
    caller = ask.asker.caller
    assert (said["user_id"], said["app"], said["scopes"], said["key_id"]) == (
        caller.user_id,
        caller.app,
        sorted(caller.scopes),
        caller.key_id,
    )


@writes("POST", "/api/v1/session")
async def sign_in(ask: Ask) -> None:
    """A session is what its key is: no user, no app and no scope more."""
    key = ask.asker.headers.get("Authorization", "").removeprefix("Bearer ")
    answer = await ask.http.post("/api/v1/session", json={"key": key or None})
    if not key:
        assert answer.status_code == 400, ask.say(answer)
        return
    assert answer.status_code == 201, ask.say(answer)
    cookie = answer.headers["set-cookie"].partition(";")[0]
    ask.http.cookies.clear()
    said = (await ask.http.get("/api/v1/session", headers={"Cookie": cookie})).json()
    caller = ask.asker.caller
    assert (said["user_id"], said["app"], said["scopes"]) == (
        caller.user_id,
        caller.app,
        sorted(caller.scopes),
    )
    listed = await ask.send("GET", "/api/v1/sessions")
    assert answer.json()["id"] in [each["id"] for each in ask.ok(listed)["results"]]


@writes("DELETE", "/api/v1/session")
async def sign_out(ask: Ask) -> None:
    answer = await ask.send("DELETE", "/api/v1/session")
    assert answer.status_code == 204, ask.say(answer)


@reads("GET", "/api/v1/sessions")
async def list_sessions(ask: Ask) -> None:
    answer = await ask.send("GET", "/api/v1/sessions")
    caller = ask.asker.caller
    if answer.status_code == 403:
        assert not is_manager(caller)
        return
    async with ask.world.store.database.read() as connection:
        every = {each.id: each for each in await connection.execute(sa.select(keys))}
    for session in ask.ok(answer)["results"]:
        owner = every[session["key_id"]]
        mine = session["key_id"] == caller.key_id
        assert mine or (is_manager(caller) and caller.user_id in (None, owner.user_id))


@writes("DELETE", "/api/v1/sessions/{session_id}")
async def end_session(ask: Ask) -> None:
    answer = await ask.send("DELETE", f"/api/v1/sessions/{uuid(404)[:16]}")
    assert answer.status_code in (403, 404), ask.say(answer)


# The log, and what is counted.


@reads("GET", "/api/v1/activity")
async def activity(ask: Ask) -> None:
    answer = await ask.send("GET", "/api/v1/activity", limit=200)
    if not manages(ask, answer, KeyScope.READ):
        return
    user = ask.asker.user
    found = ask.ok(answer)["results"]
    assert found
    if user is not None:
        assert {row["user_id"] for row in found} <= {user}
        elsewhere = await ask.send("GET", "/api/v1/activity", user_id="somebody else")
        assert elsewhere.status_code == 403
    async with ask.world.store.recorder.database.read() as connection:
        statement = sa.select(call_rows.c.id, call_rows.c.user_id)
        every = (await connection.execute(statement.order_by(call_rows.c.id.desc()))).all()
    newest = [each.id for each in every if user in (None, each.user_id)]
    assert {row["id"] for row in found} <= set(newest)


@reads("GET", "/api/v1/usage")
async def usage(ask: Ask) -> None:
    by = ask.rng.choice(["day", "user", "app", "key"])
    answer = await ask.send("GET", "/api/v1/usage", by=by)
    if not manages(ask, answer):
        return
    user = ask.asker.user
    page = ask.ok(answer)
    mine = [
        row
        for row in ask.world.memories
        if row.project_id == "default"
        and row.state in KEPT
        and user in (None, row.entities.user_id)
    ]
    if READ in ask.asker.caller.scopes:
        assert page["stored"]["memories"] == len(mine), ask.say(answer)
    if by == "user" and user is not None:
        assert {row["name"] for row in page["results"]} <= {user}
    if by == "app":
        written = Counter(row.app for row in mine)
        for row in page["results"]:
            if row["stored"] and READ in ask.asker.caller.scopes:
                assert row["stored"]["memories"] == written[row["name"]], ask.say(answer)


@reads("GET", "/api/v1/errors")
async def errors(ask: Ask) -> None:
    answer = await ask.send("GET", "/api/v1/errors")
    allowed = is_manager(ask.asker.caller) and ask.asker.user is None
    assert answer.status_code == (200 if allowed else 403), ask.say(answer)
