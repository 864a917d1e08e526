"""Searches while the index still has what nobody may read any more."""

from dataclasses import replace

import sqlalchemy as sa

from openmemory_api.container import Container
from openmemory_api.db.tables import memories
from openmemory_api.domain.memory import EntityIds, State
from openmemory_api.domain.requests import SearchRequest, SearchResult
from tests.api.stores import ANNA, a_memory, put, uuid


async def test_what_only_the_index_still_has_speaks_for_nothing(store: Container):
    run = EntityIds(user_id="anna", run_id="talk")
    asked = SearchRequest(query="tea", threshold=0.0)
    kept = a_memory(1, text="tea and what comes with it", entities=run)
    await put(store, kept)
    alone = await store.search.search(ANNA, asked)
    await put(store, replace(kept, id=uuid(2), number=2, text="tea, green tea"))
    beside = await store.search.search(ANNA, asked)
    async with store.database.write() as connection:
        # Without a change number, as between a deletion and the index's next step.
        chosen = sa.update(memories).where(memories.c.id == uuid(2))
        await connection.execute(chosen.values(state=State.TRASHED))
    behind = await store.search.search(ANNA, asked)
    assert _said(behind) == _said(alone)
    assert "after" in _said(beside) - _said(alone)


def _said(result: SearchResult) -> set[str]:
    """Which kinds of evidence the first memory has."""
    hits = [hit for hit in result.hits if hit.memory.id == uuid(1)]
    return {signal.name for hit in hits for signal in hit.signals}
