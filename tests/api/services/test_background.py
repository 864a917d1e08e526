"""What works in the background: one piece that ends is told, begun anew, and takes no other along."""

import logging

import anyio
import httpx
import pytest
from sqlalchemy import event

from openmemory_api.container import Container
from openmemory_api.services import background
from openmemory_api.services.background import Background
from tests.api.stores import ANNA, add, settle


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(background, "WELL_AFTER", 0.2)


async def well(store: Container) -> None:
    with anyio.fail_after(20):
        while (await store.health())["background"]["problem"] is not None:
            await anyio.wait_all_tasks_blocked()


@pytest.mark.usefixtures("quick")
async def test_a_piece_that_fails_is_told_and_goes_on_by_itself(
    store: Container, http: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    engine = store.database.engine.sync_engine

    def fail(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        # What live updates alone ask, of what was written since they looked last.
        if "actions.number >" in statement:
            raise RuntimeError("/srv/anna: nobody foresaw this")

    with caplog.at_level(logging.CRITICAL), store.live.joined():
        event.listen(engine, "before_cursor_execute", fail)
        problem = None
        with anyio.fail_after(20):
            while problem is None:
                await add(store, ANNA, "coffee")
                problem = (await store.health())["background"]["problem"]
        event.remove(engine, "before_cursor_execute", fail)
        health = (await http.get("/health")).json()
        assert health["status"] == "degraded"
        assert problem == "Live updates: ended (RuntimeError), begun anew"
        assert "/srv" not in str(health)

        newest = store.live.newest
        await add(store, ANNA, "green tea")
        with anyio.fail_after(10):
            await store.live.next(newest, 10)
        assert "memory.created" in {each.type for each in store.live.missed(newest).events}
        await settle(store)
        await well(store)
    assert (await store.health())["status"] == "ok"


@pytest.mark.usefixtures("quick")
async def test_a_piece_that_ends_by_itself_is_told_and_leaves_the_others_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    kept = Background()
    begun: list[str] = []
    thrice = anyio.Event()

    async def ending() -> None:
        begun.append("ending")
        if begun.count("ending") == 3:
            thrice.set()

    async def steady() -> None:
        begun.append("steady")
        await anyio.sleep_forever()

    with caplog.at_level(logging.CRITICAL):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(kept.keep, "One", ending)
            tasks.start_soon(kept.keep, "Another", steady)
            with anyio.fail_after(10):
                await thrice.wait()
            tasks.cancel_scope.cancel()
    assert kept.problem == "One: ended (by itself), begun anew"
    assert begun.count("steady") == 1
