"""A store over a Qdrant server that comes late, breaks off, forgets: nothing acknowledged is lost."""

import random
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import anyio
import httpx
import pytest

from openmemory_api.app import create_app
from openmemory_api.container import Container
from openmemory_api.domain.errors import Unavailable
from openmemory_api.domain.filters import ALL
from openmemory_api.domain.requests import SearchRequest
from openmemory_api.settings import Settings
from openmemory_api.vectors.qdrant.index import QdrantIndex
from openmemory_api.vectors.qdrant.remote import QdrantEngine
from openmemory_api.vectors.qdrant.wire import Patience, connect
from tests.api.stores import ANNA, add, add_one, settle, stored
from tests.fakes import FrozenClock, HashEmbedder
from tests.mcp.loopback import free_port
from tests.qdrant_double import Fault, QdrantDouble, qdrant_server

QUICK = Patience(connect=1.0, read=2.0, pauses=(0.01, 0.01))


@asynccontextmanager
async def store_over(url: str, folder: Path) -> AsyncGenerator[Container]:
    engine = QdrantEngine(lambda: connect(url, None, QUICK), patience=QUICK)
    settings = Settings(data_dir=folder)
    clock = FrozenClock()
    store = Container(settings, embedder=HashEmbedder(), index=QdrantIndex(engine), clock=clock)
    app = create_app(settings, store)
    async with app.router.lifespan_context(app):
        await store.ready()
        yield store


@asynccontextmanager
async def http_over(url: str, folder: Path) -> AsyncGenerator[httpx.AsyncClient]:
    """What a program sees of it, from the settings on."""
    settings = Settings.model_validate({"data_dir": folder, "qdrant_url": url})
    app = create_app(settings, Container(settings, embedder=HashEmbedder(), clock=FrozenClock()))
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8765") as http,
    ):
        yield http


async def texts_found(store: Container, query: str) -> set[str]:
    request = SearchRequest(query=query, top_k=100, threshold=0.0)
    return {hit.memory.text for hit in (await store.search.search(ANNA, request)).hits}


async def test_a_server_that_comes_late_is_waited_for_and_then_has_everything(
    tmp_path: Path,
) -> None:
    port = free_port()
    filters = {"filters": {"user_id": "anna"}}
    query = {"query": "tea", **filters}
    async with http_over(f"127.0.0.1:{port}", tmp_path) as http:
        body = {"messages": [{"role": "user", "content": "green tea"}], "user_id": "anna"}
        added = await http.post("/v3/memories/add/", json=body)
        assert added.status_code == 200
        listed = await http.post("/v3/memories/", json=filters)
        assert [row["memory"] for row in listed.json()["results"]] == ["green tea"]

        refused = await http.post("/v3/memories/search/", json=query)
        assert refused.status_code == 503
        assert "OPENMEMORY_QDRANT_URL cannot be reached" in refused.json()["detail"]
        health = (await http.get("/health")).json()
        assert health["status"] == "degraded"
        assert "OPENMEMORY_QDRANT_URL cannot be reached" in health["index"]["problem"]

        double = QdrantDouble()
        double.faults.append(Fault(times=5, status=503))
        async with qdrant_server(double, port):
            with anyio.fail_after(20):
                while (await http.get("/health")).json()["status"] != "ok":
                    pass
            found = (await http.post("/v3/memories/search/", json=query)).json()
            assert [row["memory"] for row in found["results"]] == ["green tea"]
            assert double.faults[0].times == 0

        refused = await http.post("/v3/memories/search/", json=query)
        assert refused.status_code == 503


async def test_an_add_without_the_server_is_kept_and_said_to_be_indexing(tmp_path: Path) -> None:
    async with store_over(f"http://127.0.0.1:{free_port()}", tmp_path) as store:
        added = await add(store, ANNA, "green tea")
        assert not added.indexed
        assert [memory.text for memory in await stored(store)] == ["green tea"]


BREAKS = {
    "half a batch": Fault("/points", times=3, half=True),
    "cut after the write": Fault("/points", times=3, cut=True),
    "server error": Fault("/points", times=3, status=500),
    "no answer": Fault("/points", times=1, stall=5.0),
    "key refused": Fault("", times=3, status=401),
}


@pytest.mark.parametrize("name", BREAKS)
async def test_an_add_during_trouble_is_found_after_it(name: str, tmp_path: Path) -> None:
    fault, double = BREAKS[name], QdrantDouble()
    texts = [f"tea number {n}" for n in range(20)]
    async with qdrant_server(double) as url, store_over(url, tmp_path) as store:
        await add_one(store, ANNA, "tea before")
        double.faults.append(replace(fault))
        added = await add(store, ANNA, *texts)
        assert len(added.changes) == 20
        await settle(store)
        assert await texts_found(store, "tea") == {"tea before", *texts}
        assert (await store.health())["status"] == "ok"
        assert double.faults[-1].times == 0


async def test_a_collection_deleted_behind_our_back_is_filled_again(tmp_path: Path) -> None:
    double = QdrantDouble()
    async with qdrant_server(double) as url, store_over(url, tmp_path) as store:
        texts = {f"tea number {n}" for n in range(30)}
        await add(store, ANNA, *texts)
        await store.memories.delete(ANNA, ["m1"])
        await settle(store)
        expected = await store.search.search(ANNA, SearchRequest(query="tea", threshold=0.0))

        double.local.delete_collection(double.names()[0])
        with pytest.raises(Unavailable, match="it is made and filled again"):
            await store.search.search(ANNA, SearchRequest(query="tea"))
        # What is asked while it is being filled says so.
        assert await store.index.applied() == 0
        double.faults.append(Fault("/points", "PUT", times=3, status=500))
        assert not await store.indexer.found(["x"], 1, within=5)
        during = await store.search.search(ANNA, SearchRequest(query="tea"))
        assert during.hits == []
        assert during.degraded == "the index is being filled; not every memory can be found yet"
        await settle(store)

        again = await store.search.search(ANNA, SearchRequest(query="tea", threshold=0.0))
        assert again == expected


async def test_a_restarted_store_goes_on_where_the_server_stands(tmp_path: Path) -> None:
    double = QdrantDouble()
    async with qdrant_server(double) as url:
        async with store_over(url, tmp_path) as store:
            await add(store, ANNA, *(f"tea number {n}" for n in range(10)))
            await settle(store)
        double.requests.clear()
        async with store_over(url, tmp_path) as store:
            assert len(await texts_found(store, "tea")) == 10
        # The mark as it stands: nothing is written a second time.
        written = [asked for asked in double.requests if asked.startswith("PUT")]
        assert len(written) == 1


@pytest.mark.parametrize("seed", range(3))
async def test_under_any_mix_of_trouble_the_index_ends_up_equal_to_sql(
    seed: int, tmp_path: Path
) -> None:
    draw = random.Random(seed)
    double = QdrantDouble()
    async with qdrant_server(double) as url, store_over(url, tmp_path) as store:
        for number in range(15):
            trouble = [
                Fault("/points", times=draw.randint(0, 4), half=True),
                Fault(times=draw.randint(0, 4), cut=True),
                Fault(times=draw.randint(0, 4), status=draw.choice([500, 502, 503, 429])),
                Fault("/delete", times=draw.randint(0, 4), status=500),
            ]
            double.faults = draw.sample(trouble, 2)
            await add(store, ANNA, *(f"tea {number} {n}" for n in range(draw.randint(1, 5))))
            if draw.random() < 0.3:
                await store.memories.delete(ANNA, [f"m{number + 1}"])
            if draw.random() < 0.15 and double.names():
                double.local.delete_collection(double.names()[0])
        double.faults = []
        await settle(store)
        active = {memory.id for memory in await stored(store) if memory.state == "active"}
        found = await store.index.search("tea", None, scope=ALL, limit=1_000)
        assert {each.id for each in found} == active
        assert len(double.points()) == len(active) + 1
