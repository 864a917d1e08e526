"""Several servers on one database: what waits is read once, and no more at once than is set."""

import anyio
import pytest

from openmemory_api.container import Container
from tests.api.stores import ANNA
from tests.api.waiting import active, asked, ended, say
from tests.fakes import FakeExtractor, FrozenClock, HashEmbedder

DATABASES = ("postgresql",)


@pytest.fixture
def extractor() -> FakeExtractor:
    return FakeExtractor()


async def test_the_bound_holds_for_all_of_them_together(
    store: Container, extractor: FakeExtractor, clock: FrozenClock
) -> None:
    extractor.gate = anyio.Event()
    second = Container(store.settings, embedder=HashEmbedder(), extractor=extractor, clock=clock)
    async with second.open():
        await second.ready()
        adds = [await say(each, ANNA, f"tea {n}") for n, each in enumerate((store, second) * 6)]
        await asked(extractor, 2)
        await anyio.sleep(0.3)
        assert extractor.under_way == 2
        extractor.gate.set()
        for added in adds:
            await ended(second, ANNA, added)
    assert extractor.most_at_once == store.settings.llm_concurrency == 2
    assert len(extractor.passages) == 12
    assert len(await active(store)) == 12
