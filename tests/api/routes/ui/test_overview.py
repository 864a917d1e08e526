"""The first page: counts that are those of the rows, in the viewer's own hours."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from openmemory_api.container import Container
from openmemory_api.db.tables import access_bases, actions, activity_calls
from openmemory_api.domain.memory import State
from tests.api.keys import bearer, make
from tests.api.stores import a_memory, put
from tests.fakes import START, FrozenClock, HashEmbedder
from tests.postgres.fixtures import BOTH

DATABASES = BOTH
ANNA = {"X-OpenMemory-User": "anna"}
CURSOR = {**ANNA, "X-OpenMemory-App": "cursor"}
NOTHING = {"reads": 0, "writes": 0, "denied": 0}


async def overview(http: httpx.AsyncClient, **query: str) -> dict[str, Any]:
    answer = await http.get("/api/v1/ui/overview", params=query, headers=ANNA)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def logged(
    store: Container, *moments: datetime, app: str | None = "cursor", **fields: Any
) -> None:
    """Calls of Anna's at these moments."""
    await store.recorder.flush()
    async with store.recorder.database.write() as connection:
        newest = sa.select(sa.func.coalesce(sa.func.max(activity_calls.c.id), 0))
        last = (await connection.execute(newest)).scalar_one()
        for number, moment in enumerate(moments, last + 1):
            row: dict[str, Any] = {
                "id": number, "at": moment, "request_id": "r", "project_id": "default",
                "user_id": "anna", "app": app, "surface": "rest", "operation": "search_memory",
                "kind": "read", "duration_ms": 1.0, "outcome": "ok", "status": 200,
            }  # fmt: skip
            await connection.execute(sa.insert(activity_calls).values({**row, **fields}))


async def test_an_empty_store_has_an_overview(http: httpx.AsyncClient) -> None:
    found = await overview(http)
    assert found["states"] == {"active": 0, "paused": 0, "archived": 0, "trashed": 0}
    assert found["calls"] == found["before"] == NOTHING
    assert found["growth"]["series"] == []
    assert len(found["growth"]["buckets"]) == 7
    assert (found["apps"], found["attention"]) == ([], [])
    assert found["first_run"] == {"models": True, "client": False, "memory": False}
    assert len((await overview(http, range="all"))["growth"]["buckets"]) == 1


async def test_memories_are_counted_by_state_app_and_day(
    http: httpx.AsyncClient, store: Container
) -> None:
    day = timedelta(days=1)
    await put(
        store,
        a_memory(1, app="cursor", created_at=START),
        a_memory(2, app="cursor", created_at=START - 3 * day, state=State.PAUSED),
        a_memory(3, app="claude", created_at=START - 40 * day),
        a_memory(4, created_at=START - 1 * day, state=State.ARCHIVED),
        a_memory(5, app="cursor", state=State.TRASHED),
        a_memory(6, app="cursor", state=State.PURGED),
        a_memory(7, app="cursor", user="bob"),
        a_memory(8, app="claude", created_at=START + 9 * day),
    )
    found = await overview(http, range="30d")
    assert found["states"] == {"active": 3, "paused": 1, "archived": 1, "trashed": 1}
    lines = {line["app"]: line for line in found["growth"]["series"]}
    assert {app: (line["kind"], line["before"]) for app, line in lines.items()} == {
        "cursor": ("app", 0),
        "claude": ("app", 1),
        None: ("none", 0),
    }
    assert lines["cursor"]["counts"][-4:] == [1, 0, 0, 1]
    assert lines["claude"]["counts"][-1] == 1
    assert lines[None]["counts"][-2] == 1
    everything = (await overview(http, range="all"))["growth"]
    assert len(everything["buckets"]) == 41
    assert sum(sum(line["counts"]) for line in everything["series"]) == 5
    assert {line["before"] for line in everything["series"]} == {0}
    assert found["first_run"]["memory"] is True


async def test_what_is_written_is_counted_the_next_time(
    http: httpx.AsyncClient, store: Container
) -> None:
    for number in range(1, 4):
        await put(store, a_memory(number, app="cursor", created_at=START))
        (line,) = (await overview(http))["growth"]["series"]
        assert sum(line["counts"]) == number


async def test_apps_beyond_the_largest_share_a_line(
    http: httpx.AsyncClient, store: Container
) -> None:
    numbers = iter(range(1, 100))
    for app in range(9):
        await put(store, *(a_memory(next(numbers), app=f"app{app}") for _ in range(9 - app)))
    lines = (await overview(http))["growth"]["series"]
    assert [line["label"] for line in lines] == [*(f"app{app}" for app in range(6)), "Other apps"]
    assert [sum(line["counts"]) for line in lines] == [9, 8, 7, 6, 5, 4, 6]


async def test_a_merged_name_counts_for_its_app(http: httpx.AsyncClient, store: Container) -> None:
    for app in ("cursor", "cursor-nightly"):
        headers = {**ANNA, "X-OpenMemory-App": app}
        await http.post("/v3/memories/search/", json={"query": "tea"}, headers=headers)
    merged = await http.post(
        "/api/v1/apps/cursor-nightly/merge", json={"into": "cursor"}, headers=ANNA
    )
    assert merged.is_success
    await put(store, a_memory(1, app="cursor"), a_memory(2, app="cursor-nightly"))
    found = await overview(http)
    (line,) = found["growth"]["series"]
    assert (line["app"], sum(line["counts"])) == ("cursor", 2)
    (app,) = found["apps"]
    assert (app["app"], app["reads"]) == ("cursor", 2)


@pytest.mark.parametrize(
    ("tz", "day", "hour"),
    [("UTC", 6, 12), ("Europe/Berlin", 6, 13), ("Asia/Kathmandu", 6, 17), ("Asia/Tokyo", 6, 21)],
)
async def test_calls_are_shown_in_the_hours_of_the_viewer(
    http: httpx.AsyncClient, store: Container, tz: str, day: int, hour: int
) -> None:
    # A Sunday at noon.
    await logged(store, START - timedelta(minutes=1), app="cursor")
    await logged(store, START, START, kind="write")
    await logged(store, START, outcome="denied", status=403)
    await logged(store, START, kind="manage")
    await logged(store, START, outcome="failed", status=500)
    await logged(store, START, user_id="bob")
    await logged(store, START - timedelta(days=8))
    found = await overview(http, range="7d", tz=tz)
    assert found["calls"] == {"reads": 1, "writes": 2, "denied": 1}
    assert found["before"] == {"reads": 1, "writes": 0, "denied": 0}
    heat = found["heat"]
    assert (heat["writes"][day][hour], heat["denied"][day][hour]) == (2, 1)
    assert sum(map(sum, heat["reads"])) == 1
    assert [len(heat[what]) for what in heat] == [7, 7, 7]


async def test_clocks_that_are_put_forward_move_no_call(
    http: httpx.AsyncClient, store: Container, clock: FrozenClock
) -> None:
    clock.now = datetime(2026, 3, 30, 12, tzinfo=UTC)
    await logged(
        store,
        datetime(2026, 3, 29, 0, 30, tzinfo=UTC),
        datetime(2026, 3, 29, 1, 30, tzinfo=UTC),
    )
    heat = (await overview(http, range="7d", tz="Europe/Berlin"))["heat"]["reads"]
    assert [hour for hour, count in enumerate(heat[6]) if count] == [1, 3]


async def test_the_log_is_counted_on_and_anew_when_it_was_swept(
    http: httpx.AsyncClient, store: Container
) -> None:
    await logged(store, *[START] * 3)
    assert (await overview(http))["calls"]["reads"] == 3
    await logged(store, *[START] * 2)
    assert (await overview(http))["calls"]["reads"] == 5
    async with store.recorder.database.write() as connection:
        ours = activity_calls.c.operation == "search_memory"
        last = sa.select(sa.func.max(activity_calls.c.id)).where(ours).scalar_subquery()
        await connection.execute(sa.delete(activity_calls).where(activity_calls.c.id < last))
    assert (await overview(http))["calls"]["reads"] == 1


async def test_the_log_is_for_who_manages(http: httpx.AsyncClient, store: Container) -> None:
    await put(store, a_memory(1, app="cursor"))
    plain = bearer(await make(http, user_id="anna"))
    found = (await http.get("/api/v1/ui/overview", headers=plain)).json()
    assert found["states"]["active"] == 1
    assert (found["calls"], found["before"], found["heat"], found["apps"]) == (None, None, None, [])
    assert (await http.get("/api/v1/ui/overview", headers=CURSOR)).status_code == 403
    writer = bearer(await make(http, user_id="anna", scopes=["memory:write"]))
    assert (await http.get("/api/v1/ui/overview", headers=writer)).status_code == 403


@pytest.mark.parametrize("tz", ["Europe/Nowhere", "../../etc/passwd", "", "America", "x" * 65])
async def test_an_unknown_zone_is_refused(http: httpx.AsyncClient, tz: str) -> None:
    answer = await http.get("/api/v1/ui/overview", params={"tz": tz})
    assert answer.status_code == 400


@pytest.mark.parametrize("range_", ["24h", "7d", "30d", "90d", "all"])
async def test_no_range_has_more_than_ninety_buckets(
    http: httpx.AsyncClient, store: Container, range_: str
) -> None:
    await put(store, a_memory(1, created_at=datetime(1990, 1, 1, tzinfo=UTC)))
    growth = (await overview(http, range=range_, tz="Asia/Kathmandu"))["growth"]
    assert len(growth["buckets"]) <= 90
    assert growth["buckets"] == sorted(growth["buckets"])
    assert {len(line["counts"]) for line in growth["series"]} == {len(growth["buckets"])}


# What needs attention.


async def kinds(http: httpx.AsyncClient) -> dict[str, dict[str, Any]]:
    return {each["kind"]: each for each in (await overview(http))["attention"]}


async def test_an_embedder_that_fails_is_told_until_it_works(
    http: httpx.AsyncClient, embedder: HashEmbedder
) -> None:
    embedder.broken = True
    body = {"messages": [{"role": "user", "content": "tea"}], "infer": False}
    assert (await http.post("/v3/memories/add/", json=body, headers=ANNA)).is_success
    assert "switched off" in (await kinds(http))["embedder"]["text"]


async def test_failed_writes_broken_rules_and_ending_keys_are_told(
    http: httpx.AsyncClient, store: Container, clock: FrozenClock
) -> None:
    body = {"messages": [{"role": "user", "content": "tea"}], "infer": False}
    assert (await http.post("/v3/memories/add/", json=body, headers=CURSOR)).is_success
    rules = {"changes": [{"app": "cursor", "read": "own", "write": "own"}]}
    assert (await http.post("/api/v1/access/apply", json=rules, headers=ANNA)).is_success
    soon = (clock() + timedelta(days=3)).isoformat()
    later = (clock() + timedelta(days=30)).isoformat()
    await make(http, user_id="anna", label="laptop", expires_at=soon)
    await make(http, user_id="anna", label="phone", expires_at=later)
    await make(http, user_id="bob", label="of Bob", expires_at=soon)
    assert set(await kinds(http)) == {"key"}
    async with store.database.write() as connection:
        await connection.execute(sa.update(access_bases).values(read="whatever"))
        await connection.execute(
            sa.update(actions)
            .where(actions.c.kind == "ADD")
            .values(status="FAILED", completed_at=clock())
        )
    found = await kinds(http)
    assert set(found) == {"key", "rules", "failed"}
    assert "laptop" in found["key"]["text"]
    assert "'cursor'" in found["rules"]["text"]
    assert found["failed"]["since"].startswith("2026-03-01")
