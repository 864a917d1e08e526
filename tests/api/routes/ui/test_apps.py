"""The apps' calls by day: those of the log, in the viewer's own days."""

from datetime import timedelta

import httpx

from openmemory_api.container import Container
from tests.api.routes.ui.test_overview import ANNA, CURSOR, logged
from tests.fakes import START
from tests.postgres.fixtures import BOTH

DATABASES = BOTH
CODE = {**ANNA, "X-OpenMemory-App": "cursor-cli"}


async def test_calls_are_counted_by_day_and_app(http: httpx.AsyncClient, store: Container) -> None:
    day = timedelta(days=1)
    await logged(store, START, START - 29 * day, START - 40 * day)
    await logged(store, START - 2 * day, kind="write")
    await logged(store, START - 2 * day, outcome="denied")
    await logged(store, START, user_id="bob")
    await logged(store, START, app=None)
    found = (await http.get("/api/v1/ui/apps/traffic", headers=ANNA)).json()
    assert len(found["days"]) == 30
    [cursor] = found["apps"]
    assert cursor["app"] == "cursor"
    assert (cursor["reads"][0], cursor["reads"][-1], sum(cursor["reads"])) == (1, 1, 2)
    assert (cursor["writes"][-3], sum(cursor["writes"])) == (1, 1)
    assert (cursor["denied"][-3], sum(cursor["denied"])) == (1, 1)


async def test_merged_names_are_one_app(http: httpx.AsyncClient) -> None:
    for caller in (CURSOR, CODE):
        await http.post("/v3/memories/search/", json={"query": "tea"}, headers=caller)
    merged = await http.post("/api/v1/apps/cursor-cli/merge", json={"into": "cursor"}, headers=ANNA)
    assert merged.status_code == 200, merged.text
    [cursor] = (await http.get("/api/v1/ui/apps/traffic", headers=ANNA)).json()["apps"]
    assert (cursor["app"], cursor["reads"][-1]) == ("cursor", 2)


async def test_it_is_not_for_apps_and_asks_for_a_zone(http: httpx.AsyncClient) -> None:
    assert (await http.get("/api/v1/ui/apps/traffic", headers=CURSOR)).status_code == 403
    unknown = await http.get("/api/v1/ui/apps/traffic", params={"tz": "Mars"}, headers=ANNA)
    assert unknown.status_code == 400
