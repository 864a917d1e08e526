"""Drivers of what the dashboard shows beside lists: the overview, the playground, the stream."""

from collections import Counter
from typing import Any

from openmemory_api.domain.access import KeyScope, Verb
from openmemory_api.domain.memory import Memory
from tests.access.asking import Ask, reads
from tests.access.managing import Seen
from tests.access.world import APPS, DEFAULT_USER, shown

READ, ADMIN = KeyScope.READ, KeyScope.ADMIN
UI = "/api/v1/ui"
TOOLS = {"latest_only": True}


def viewer(ask: Ask) -> str:
    """Whose memories the dashboard shows a caller."""
    return ask.asker.user or DEFAULT_USER


def may_look(ask: Ask, *needs: KeyScope) -> bool:
    """Whether the caller may ask this of the dashboard."""
    caller = ask.asker.caller
    return caller.app is None and caller.scopes >= set(needs)


def held(ask: Ask) -> list[Memory]:
    """All that is the viewer's, in whatever state."""
    user = viewer(ask)
    return [
        row
        for row in ask.world.memories
        if (row.project_id, row.entities.user_id) == ("default", user)
    ]


@reads("GET", f"{UI}/overview")
async def overview(ask: Ask) -> None:
    answer = await ask.send("GET", f"{UI}/overview", range="all")
    if not may_look(ask, READ):
        assert answer.status_code == 403, ask.say(answer)
        return
    said = ask.ok(answer)
    states = Counter(row.state.value for row in held(ask))
    assert said["states"] == {name: states[name] for name in said["states"]}, ask.say(answer)
    lines = said["growth"]["series"]
    total = sum(line["before"] + sum(line["counts"]) for line in lines)
    assert total == sum(states[name] for name in ("active", "paused", "archived"))
    assert (said["calls"] is not None) is (ADMIN in ask.asker.caller.scopes)


@reads("GET", f"{UI}/apps/traffic")
async def traffic(ask: Ask) -> None:
    answer = await ask.send("GET", f"{UI}/apps/traffic")
    if not may_look(ask, ADMIN):
        assert answer.status_code == 403, ask.say(answer)
        return
    said = ask.ok(answer)
    assert all(len(each["reads"]) == len(said["days"]) == 30 for each in said["apps"])


@reads("POST", f"{UI}/search")
async def playground(ask: Ask) -> None:
    app = ask.rng.choice([None, *APPS, "never-heard-of"])
    body: dict[str, Any] = {"query": "note tea boat", "top_k": 100, "as_app": app}
    answer = await ask.send("POST", f"{UI}/search", body)
    if not may_look(ask, READ, *([ADMIN] if app else [])):
        assert answer.status_code == 403, ask.say(answer)
        return
    said = ask.ok(answer)
    now = [row for row in held(ask) if row.state == "active" and shown(row, TOOLS, ask.today)]
    assert said["of_user"] == len(now), ask.say(answer)
    if app is not None:
        seen = Seen(ask, viewer(ask), app)
        now = [row for row in now if seen.may(Verb.READ, row)]
    assert {hit["item"]["id"] for hit in said["results"]} == {row.id for row in now}


@reads("POST", f"{UI}/search/why-not")
async def why_not(ask: Ask) -> None:
    app = ask.rng.choice([None, *APPS])
    row = ask.rng.choice(ask.world.memories)
    body = {"query": "note tea boat", "top_k": 100, "as_app": app, "memory": row.id}
    answer = await ask.send("POST", f"{UI}/search/why-not", body)
    if not may_look(ask, READ, *([ADMIN] if app else [])):
        assert answer.status_code == 403, ask.say(answer)
        return
    stage = ask.ok(answer)["stage"]
    if row not in held(ask) or row.state == "purged":
        assert stage == "not_found", ask.say(answer)
    elif row.state != "active":
        assert stage == "state", ask.say(answer)
    elif app is not None and not Seen(ask, viewer(ask), app).may(Verb.READ, row):
        assert stage == "not_readable", ask.say(answer)
    else:
        expected = shown(row, TOOLS, ask.today)
        assert (stage == "returned") is expected, ask.say(answer)


@reads("GET", f"{UI}/events")
async def events(ask: Ask) -> None:
    answer = await ask.send("GET", f"{UI}/events", follow="false")
    assert answer.status_code == (200 if may_look(ask) else 403), ask.say(answer)
    strangers = {row.id for row in ask.world.memories} - {row.id for row in held(ask)}
    assert not [each for each in strangers if each in answer.text]


@reads("GET", f"{UI}/connect/clients")
async def clients(ask: Ask) -> None:
    answer = await ask.send("GET", f"{UI}/connect/clients")
    assert answer.status_code == (200 if may_look(ask) else 403), ask.say(answer)


@reads("POST", f"{UI}/connect/test")
async def connection(ask: Ask) -> None:
    answer = await ask.send("POST", f"{UI}/connect/test", {})
    assert answer.status_code == (200 if may_look(ask, READ) else 403), ask.say(answer)


@reads("GET", f"{UI}/settings")
async def settings(ask: Ask) -> None:
    answer = await ask.send("GET", f"{UI}/settings")
    assert answer.status_code == (200 if may_look(ask, READ) else 403), ask.say(answer)
