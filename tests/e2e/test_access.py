"""Checks 2 and 3: what is drawn in the matrix is what agents get, through draft, conflict and undo."""

import random
import re
from collections.abc import Callable, Generator

import httpx
import pytest
from playwright.sync_api import Route, expect

from tests.acceptance.processes import Server
from tests.e2e.acting import undo
from tests.e2e.agents import Agent
from tests.e2e.browsing import Tab, Windows
from tests.e2e.matrix import COLUMNS, apply, cell, deny, draft
from tests.e2e.rules import (
    allowed,
    cells,
    listed,
    memories,
    nothing_settled,
    searched,
    settle,
    settled,
)
from tests.e2e.seeding import APPS

Connect = Callable[[str], Agent]


@pytest.fixture(autouse=True)
def fresh(rest: httpx.Client) -> Generator[None]:
    """Each test begins and ends without rules."""
    nothing_settled(rest)
    yield
    nothing_settled(rest)


@pytest.mark.ci
def test_a_category_that_is_denied_is_lost_to_that_app_alone_until_it_is_undone(
    tab: Tab, agent: Connect, rest: httpx.Client
) -> None:
    windsurf, cursor = agent("windsurf"), agent("cursor")
    everything, health = set(memories(rest)), set(memories(rest, category="health"))
    assert 0 < len(health) < len(everything)
    assert listed(windsurf) == searched(windsurf) == everything
    tab.open("/access").settled()
    deny(tab, "windsurf", "health")
    n = len(health)
    said = draft(tab).get_by_role("status")
    expect(said).to_contain_text(f"windsurf loses {n} memories to read; can no longer change {n}.")
    tab.page.keyboard.press("p")
    expect(said.get_by_role("link")).to_have_count(n)
    assert listed(windsurf) == everything, "a draft changes nothing"

    version = settled(rest)["version"]
    apply(tab)
    assert settled(rest)["version"] == version + 1
    assert listed(windsurf) == searched(windsurf) == everything - health
    assert listed(cursor) == everything
    expect(cell(tab, "windsurf", "health")).to_contain_text(f"0 of {n}")
    expect(cell(tab, "cursor", "health")).to_contain_text(f"{n} of {n}")
    undo(tab)
    assert listed(windsurf) == everything
    expect(cell(tab, "windsurf", "health")).to_contain_text(f"{n} of {n}")


def test_matrix_simulator_and_agents_agree_on_200_pairs(
    tab: Tab, agent: Connect, rest: httpx.Client
) -> None:
    chance = random.Random(5)
    known = memories(rest)
    one = chance.choice(sorted(known))

    def rule(effect: str, kind: str, value: str = "", verb: str = "read") -> dict[str, object]:
        return {"verb": verb, "effect": effect, "subject": {"kind": kind, "value": value}}

    settle(
        rest,
        {"app": "*", "read": "own", "write": "nothing", "rules": [rule("allow", "tag", "none")]},
        {
            "app": "windsurf",
            "read": "everything",
            "write": "own",
            "rules": [rule("deny", "category", "health"), rule("deny", "app", "codex")],
        },
        {
            "app": "cursor",
            "read": "own",
            "write": "own",
            "rules": [rule("allow", "category", "WORK"), rule("deny", "memory", known[one]["id"])],
        },
        {
            "app": "codex",
            "read": "nothing",
            "write": "nothing",
            "rules": [rule("allow", "app", "cursor")],
        },
    )
    given = {app: listed(agent(app)) for app in APPS}
    assert len({frozenset(found) for found in given.values()}) > 2
    for _ in range(200):
        app, memory = chance.choice(APPS), chance.choice(sorted(known))
        assert allowed(rest, app, memory) == (memory in given[app]), (app, memory)

    drawn = cells(rest)
    groups = {name: set(memories(rest, category=name)) for name in COLUMNS[1:]} | {
        "all": set(known)
    }
    tab.open("/access").settled()
    for app in APPS:
        assert searched(agent(app)) <= given[app]
        for column in COLUMNS:
            n = len(given[app] & groups[column])
            assert drawn[app][column]["readable"] == n
            expect(cell(tab, app, column)).to_contain_text(f"{n} of {len(groups[column])}")
    for app in APPS:
        memory = chance.choice(sorted(known))
        tab.open(f"/access?view=simulate&as={app}&memory={memory}").settled()
        verdict = "May read" if memory in given[app] else "May not read"
        expect(tab.page.get_by_text(verdict, exact=True)).to_be_visible()


@pytest.mark.ci
def test_denied_everything_an_app_finds_nothing_and_without_its_last_rule_what_is_drawn(
    tab: Tab, agent: Connect, rest: httpx.Client
) -> None:
    windsurf = agent("windsurf")
    everything = set(memories(rest))
    tab.open("/access").settled()
    deny(tab, "windsurf", "all")
    apply(tab)
    assert listed(windsurf) == searched(windsurf) == set()
    for column in COLUMNS:
        expect(cell(tab, "windsurf", column)).to_contain_text(re.compile("^0 of"))

    tab.page.get_by_role("rowheader", name="windsurf").click()
    tab.page.get_by_role("button", name="Remove the rule: may not read everything").click()
    apply(tab)
    n = len(everything)
    for app in ("Any other app", "windsurf"):
        expect(cell(tab, app, "all")).to_contain_text(f"{n} of {n}")
    assert listed(windsurf) == everything


def test_a_draft_over_rules_that_changed_meanwhile_is_kept(
    windows: Windows, server: Server, rest: httpx.Client
) -> None:
    context = windows.context()
    one, other = (windows.tab(server.url, context=context) for _ in range(2))
    for tab in (one, other):
        tab.open("/access").settled()
    deny(one, "windsurf", "health")
    deny(other, "windsurf", "work")
    apply(other)
    warning = draft(one).get_by_role("alert")
    expect(warning).to_contain_text("Somebody has changed the rules of windsurf since you began")
    expect(draft(one).get_by_role("button", name="Apply")).to_be_disabled()
    warning.get_by_role("button", name="Keep my draft").click()
    expect(warning).to_be_hidden()

    # Another row changes just before Apply reaches the server.
    def late(route: Route) -> None:
        settle(rest, {"app": "cursor", "template": "own_only"})
        route.continue_()

    one.provoked.statuses = {409}
    one.page.route("**/access/apply", late, times=1)
    draft(one).get_by_role("button", name="Apply").click()
    expect(draft(one).get_by_role("alert")).to_contain_text("The rules have changed")
    expect(draft(one)).to_contain_text("windsurf")
    apply(one)
    rows = {row["app"]: row for row in settled(rest)["apps"]}
    values = [rule["subject"]["value"] for rule in rows["windsurf"]["rules"]]
    assert (values, rows["cursor"]["read"]) == (["health"], "own")
