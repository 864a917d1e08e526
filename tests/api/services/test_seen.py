"""When an app was last seen: known to the minute, and never the business of the call itself."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from openmemory_api.container import Container
from openmemory_api.db.tables import apps
from openmemory_api.domain.access import Access, Base
from openmemory_api.domain.requests import SearchRequest
from tests.api.stores import ANNA, add, app_of
from tests.fakes import FrozenClock
from tests.postgres.fixtures import BOTH

DATABASES = BOTH
CURSOR = app_of(ANNA)


async def last_seen(store: Container) -> dict[str, datetime]:
    async with store.database.read() as connection:
        found = await connection.execute(sa.select(apps.c.name, apps.c.last_seen_at))
        return {row.name: row.last_seen_at for row in found}


async def test_an_app_is_known_from_its_first_call_and_seen_when_that_is_recorded(
    store: Container, clock: FrozenClock
) -> None:
    await store.search.search(CURSOR, SearchRequest(query="tea"))
    first = (await last_seen(store))["cursor"]
    clock.advance(timedelta(hours=1))
    await store.search.search(CURSOR, SearchRequest(query="tea"))
    assert (await last_seen(store))["cursor"] == first

    await store.access.record_seen()
    assert (await last_seen(store))["cursor"] - first >= timedelta(hours=1)
    await store.access.record_seen()
    assert set(await last_seen(store)) == {"cursor"}


async def test_a_rule_holds_from_the_next_call_whatever_is_remembered(store: Container) -> None:
    await add(store, ANNA, "likes tea")
    question = SearchRequest(query="tea", threshold=0)
    assert (await store.search.search(CURSOR, question)).hits
    await store.access.configure(ANNA, "Cursor", Access(read=Base.NOTHING))
    assert not (await store.search.search(CURSOR, question)).hits
    await store.access.configure(ANNA, "cursor", Access())
    assert (await store.search.search(CURSOR, question)).hits
