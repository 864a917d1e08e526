"""A whole store over Edge: what it answers, and what happens to it when the index dies."""

import os
import signal
from collections.abc import AsyncGenerator
from pathlib import Path

import httpx
import pytest

from openmemory_api.app import create_app
from openmemory_api.container import Container
from openmemory_api.domain.requests import SearchRequest
from openmemory_api.settings import Settings
from tests.api.stores import ANNA, add_one, put, settle
from tests.api.test_access_verbs import CROWD, VISIBLE, answers
from tests.api.vectors.test_edge import children_of
from tests.fakes import HashEmbedder


@pytest.fixture
async def store(tmp_path: Path) -> AsyncGenerator[Container]:
    settings = Settings(data_dir=tmp_path, index="edge")
    container = Container(settings, embedder=HashEmbedder())
    async with container.open():
        await container.ready()
        yield container


@pytest.fixture
async def http(store: Container) -> AsyncGenerator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_app(store.settings, store))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8765") as client:
        yield client


async def test_stores_that_differ_only_in_unreadable_rows_answer_the_same_bytes(
    store: Container, http: httpx.AsyncClient
):
    await put(store, *VISIBLE)
    alone = await answers(store, http)
    await put(store, *CROWD)
    crowded = await answers(store, http)

    assert [status for status, _ in alone] == [200] * 7
    assert b"green tea" in alone[0][1]
    assert crowded == alone


async def test_a_store_goes_on_when_the_process_of_its_index_dies(
    store: Container, http: httpx.AsyncClient
):
    await add_one(store, ANNA, "Anna likes green tea")
    await settle(store)
    body = {"filters": {"user_id": "anna"}, "query": "green tea", "threshold": 0.0}
    before = await http.post("/v3/memories/search/", json=body)
    for child in children_of(os.getpid()):
        os.kill(child, signal.SIGKILL)

    after = await http.post("/v3/memories/search/", json=body)
    assert (after.status_code, after.json()) == (200, before.json())
    await add_one(store, ANNA, "Anna plays chess")
    await settle(store)
    hits = (await store.search.search(ANNA, SearchRequest(query="chess"))).hits
    assert [hit.memory.text for hit in hits][:1] == ["Anna plays chess"]
