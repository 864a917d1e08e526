"""From one embedder to another, and what a bad one cannot do to the store."""

import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

import anyio
import pytest
import sqlalchemy as sa

from openmemory_api.container import Container
from openmemory_api.db.tables import vectors
from openmemory_api.domain.errors import Invalid
from openmemory_api.domain.filters import ALL
from openmemory_api.domain.protocols import Matrix
from openmemory_api.domain.requests import SearchRequest
from openmemory_api.embeddings import openai
from openmemory_api.services import indexing
from openmemory_api.settings import Settings
from tests.api.stores import ANNA, a_memory, add, put, settle
from tests.api.waiting import eventually
from tests.fakes import HashEmbedder
from tests.openai_double import Call, Hang, OpenAIDouble, Reply, error, openai_double


@pytest.fixture
async def double() -> AsyncGenerator[OpenAIDouble]:
    async with openai_double() as running:
        yield running


@asynccontextmanager
async def opened(
    settings: Settings, double: OpenAIDouble, *, model: str = "small", url: str | None = None
) -> AsyncGenerator[Container]:
    """A server whose embedder is the double's."""
    set_up = {"embedder_model": model, "embedder_url": url or double.url}
    container = Container(settings.model_copy(update=set_up))
    async with container.open():
        await container.ready()
        yield container


async def legs(store: Container, query: str) -> dict[str, set[str]]:
    """By text, the legs that found it."""
    result = await store.search.search(ANNA, SearchRequest(query=query, threshold=0.0, top_k=200))
    return {
        hit.memory.text: {leg for leg in ("semantic", "bm25") if hit.breakdown[leg]}
        for hit in result.hits
    }


async def kept(store: Container) -> dict[str, int]:
    """How many vectors of each embedder are in SQL."""
    statement = sa.select(vectors.c.embedder, sa.func.count()).group_by(vectors.c.embedder)
    async with store.database.read() as connection:
        return {row[0]: row[1] for row in await connection.execute(statement)}


async def until_embedded(store: Container) -> None:
    with anyio.fail_after(20):
        while await store.indexer.pending():
            await settle(store)


class TestAnotherModel:
    async def test_it_embeds_everything_anew_and_nothing_twice(
        self, settings: Settings, double: OpenAIDouble
    ) -> None:
        async with opened(settings, double) as store:
            await put(store, *(a_memory(n, text=f"green tea {n}") for n in range(1, 101)))
            await until_embedded(store)
            assert await kept(store) == {"small@64": 100}

        double.dimensions = 96
        async with opened(settings, double, model="large") as store:
            assert set(await legs(store, "green tea 7"))
            await until_embedded(store)
            assert await kept(store) == {"small@64": 100, "large@96": 100}
            assert all("semantic" in found for found in (await legs(store, "green tea")).values())

    async def test_what_was_embedded_before_a_stop_is_not_embedded_again(
        self, settings: Settings, double: OpenAIDouble
    ) -> None:
        async with opened(settings, double) as store:
            await put(store, *(a_memory(n, text=f"tea {n}") for n in range(1, 101)))
            await until_embedded(store)

        sent: list[str] = []

        def two_batches(call: Call) -> Reply:
            if len(call.body["input"]) > 1:
                sent.extend(call.body["input"])
            return double.vectors(call) if len(sent) <= 64 else error(500)

        double.embeddings = two_batches
        async with opened(settings, double, model="large") as store:

            async def stuck() -> bool:
                return await store.indexer.pending() == 36

            await eventually(stuck)
            health = await store.health()
            assert health["index"]["pending"] == 36
            assert health["memories"] == 100

        double.embeddings = double.vectors
        before = len(double.embedded)
        async with opened(settings, double, model="large") as store:
            await until_embedded(store)
        assert len(double.embedded) - before == 36

    async def test_vectors_of_two_models_are_never_compared(
        self, settings: Settings, double: OpenAIDouble
    ) -> None:
        async with opened(settings, double) as store:
            await put(store, a_memory(1, text="green tea"))
            await until_embedded(store)
        # Queries are answered by the new model, documents not at all.
        double.dimensions = 32

        def queries_only(call: Call) -> Reply:
            asked = call.body["input"]
            known = asked == ["tea"] or "vector?" in asked[0]
            return double.vectors(call) if known else error(500)

        double.embeddings = queries_only
        async with opened(settings, double, model="large") as store:
            assert await legs(store, "tea") == {"green tea": {"bm25"}}


class TestUnavailable:
    async def test_the_store_opens_without_it_and_recovers_by_itself(
        self, settings: Settings, double: OpenAIDouble, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(openai, "QUERY_PAUSE", 0.1)
        double.embeddings = lambda _: error(503)
        async with opened(settings, double) as store:
            added = await add(store, ANNA, "green tea")
            assert not added.indexed
            assert await legs(store, "tea") == {"green tea": {"bm25"}}
            health = await store.health()
            assert health["status"] == "degraded"
            assert health["embedder"] == {
                "name": "small@0",
                "problem": "the embedder small was refused: HTTP 503",
            }
            double.embeddings = double.vectors
            await add(store, ANNA, "black tea")
            await until_embedded(store)
            await settle(store)
            assert (await store.health())["embedder"] == {"name": "small@64", "problem": None}

            async def by_meaning() -> bool:
                return "semantic" in (await legs(store, "green tea"))["green tea"]

            await eventually(by_meaning)

    async def test_a_model_that_hangs_holds_up_nobody(
        self, settings: Settings, double: OpenAIDouble
    ) -> None:
        async with opened(settings, double) as store:
            await add(store, ANNA, "green tea")
            double.embeddings = lambda _: Hang()
            first = await add(store, ANNA, "black tea")
            assert not first.indexed
            with anyio.fail_after(4):
                await add(store, ANNA, "mint tea")
            # Both are found by their words while the model says nothing.
            assert len(await store.index.search("tea", None, scope=ALL, limit=10)) == 3


class Picky(HashEmbedder):
    """Fails on some texts, each time in the same way."""

    def __init__(self, failure: Exception) -> None:
        super().__init__()
        self.failure = failure
        self.batches: list[list[str]] = []

    async def embed_documents(self, texts: Sequence[str]) -> list[Matrix]:
        self.batches.append(list(texts))
        if any("poison" in text for text in texts):
            raise self.failure
        return await super().embed_documents(texts)


class TestPoison:
    @pytest.fixture(params=[Invalid("not this"), RuntimeError("a bug of its own")])
    def embedder(self, request: pytest.FixtureRequest) -> Picky:
        return Picky(request.param)

    async def test_a_text_that_cannot_be_embedded_does_not_stand_before_the_others(
        self, store: Container, embedder: Picky
    ) -> None:
        await add(store, ANNA, *(f"tea {n}" for n in range(40)), "poison tea")
        for n in range(3):
            await add(store, ANNA, f"more tea {n}")
        with anyio.fail_after(20):
            while await store.indexer.pending() > 1:
                await add(store, ANNA, "again")
        by_leg = await legs(store, "tea")
        assert by_leg["poison tea"] == {"bm25"}
        assert sum("semantic" in found for found in by_leg.values()) >= 43

        # It is not tried again with every pass.
        tried = sum("poison tea" in batch for batch in embedder.batches)
        for n in range(5):
            await add(store, ANNA, f"later {n}")
        assert sum("poison tea" in batch for batch in embedder.batches) == tried


class SilentEmbedder(HashEmbedder):
    """One that never says what it is."""

    dimensions = 0

    async def open(self) -> None:
        await anyio.sleep_forever()


async def test_an_embedder_that_never_answers_holds_up_no_start(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "_PATIENCE_SECONDS", 0.05)
    store = Container(settings, embedder=SilentEmbedder())
    with anyio.fail_after(20):
        async with store.open():
            await store.ready()
            health = await store.health()
    assert health["status"] == "degraded"
    assert health["embedder"]["problem"] == "The embedder has not answered yet"


class Gated(HashEmbedder):
    """Another model, which embeds documents once it is let."""

    name = "other-64"

    def __init__(self) -> None:
        super().__init__()
        self.gate = anyio.Event()

    async def embed_documents(self, texts: Sequence[str]) -> list[Matrix]:
        await self.gate.wait()
        return await super().embed_documents(texts)


async def test_a_memory_is_found_by_its_words_until_the_next_model_has_embedded_it(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "openmemory_api.services.indexing")
    async with Container(settings, embedder=HashEmbedder()).open() as store:
        await store.ready()
        await put(store, *(a_memory(n, text=f"green tea {n}") for n in range(1, 41)))
        await until_embedded(store)
    caplog.clear()
    other = Gated()
    async with Container(settings, embedder=other).open() as store:
        await store.ready()
        found = await legs(store, "green tea")
        assert (len(found), set().union(*found.values())) == (40, {"bm25"})
        assert (await store.health())["index"]["pending"] == 40
        other.gate.set()
        await until_embedded(store)
        assert all("semantic" in each for each in (await legs(store, "green tea")).values())

        async def told() -> bool:
            return "Every memory is embedded with other-64" in caplog.messages

        await eventually(told)


async def test_without_a_model_memories_are_found_by_their_words_and_none_waits(
    settings: Settings,
) -> None:
    async with Container(settings, embedder=HashEmbedder()).open() as store:
        await store.ready()
        await add(store, ANNA, "Anna drinks green tea")
        await until_embedded(store)
    none = settings.model_copy(update={"embedder": "none"})
    async with Container(none).open() as store:
        await store.ready()
        await add(store, ANNA, "Anna plays chess")
        result = await store.search.search(ANNA, SearchRequest(query="chess or tea"))
        assert {hit.memory.text for hit in result.hits} == {
            "Anna drinks green tea",
            "Anna plays chess",
        }
        assert result.degraded is None
        health = await store.health()
        assert (health["status"], health["index"]["pending"]) == ("ok", 0)
        assert health["embedder"] == {"name": "none", "problem": None}
        assert await kept(store) == {"hash-64": 1}
        (memory, *_) = [hit.memory for hit in result.hits]
        (shown,) = await store.showing.shown(ANNA, [memory])
        assert shown.indexed
