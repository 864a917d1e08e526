"""Searches that ask for a reranker: its order, its absence, its failures, and what it may see."""

from collections.abc import AsyncGenerator
from dataclasses import replace

import anyio
import anyio.lowlevel
import pytest
from httpx import AsyncClient

from openmemory_api.container import Container
from openmemory_api.domain.access import Access, Base, Caller
from openmemory_api.domain.errors import Unavailable
from openmemory_api.domain.protocols import Point
from openmemory_api.domain.requests import SearchRequest, SearchResult
from openmemory_api.services import reranking
from openmemory_api.settings import Settings
from tests.api.stores import ANNA, a_memory, app_of, put
from tests.fakes import FakeReranker, FrozenClock, HashEmbedder

TEXTS = ("green tea", "tea with milk in it", "tea when it rains and pours outside")


@pytest.fixture
def reranker() -> FakeReranker:
    return FakeReranker({TEXTS[2]: 0.9, TEXTS[1]: 0.6, TEXTS[0]: 0.01})


@pytest.fixture
async def store(
    settings: Settings, embedder: HashEmbedder, clock: FrozenClock, reranker: FakeReranker
) -> AsyncGenerator[Container]:
    settings = settings.model_copy(update={"reranker_timeout": 0.2})
    container = Container(settings, embedder=embedder, reranker=reranker, clock=clock)
    async with container.open():
        await container.ready()
        await put(container, *(a_memory(n, text=text) for n, text in enumerate(TEXTS, 1)))
        yield container


async def ask(
    store: Container, caller: Caller = ANNA, *, rerank: bool = True, top_k: int = 10
) -> SearchResult:
    asked = SearchRequest(query="green tea", threshold=0, rerank=rerank, top_k=top_k)
    return await store.search.search(caller, asked)


def texts(found: SearchResult) -> list[str]:
    return [hit.memory.text for hit in found.hits]


async def test_the_reranker_has_the_last_word_and_is_asked_only_on_request(
    store: Container, reranker: FakeReranker
) -> None:
    plain = await ask(store, rerank=False)
    assert (texts(plain)[0], reranker.sent) == (TEXTS[0], [])

    found = await ask(store)

    assert texts(found) == [TEXTS[2], TEXTS[1], TEXTS[0]]
    assert found.degraded is None
    assert reranker.sent == [texts(plain)]
    assert store.reranking.health == {"name": "fake-reranker", "problem": None}
    assert texts(await ask(store, top_k=1)) == [TEXTS[2]]


async def test_the_contributions_still_add_up_and_scores_still_fall(store: Container) -> None:
    plain = {hit.memory.id: hit for hit in (await ask(store, rerank=False)).hits}
    found = (await ask(store)).hits
    sums = [sum(signal.contribution for signal in hit.signals) for hit in found]
    assert sums == sorted(sums, reverse=True)
    for hit, total in zip(found, sums, strict=True):
        assert sum(hit.breakdown.values()) == pytest.approx(total)
        own = [signal for signal in hit.signals if signal.name != "rerank"]
        assert own == plain[hit.memory.id].signals
    scores = [hit.score for hit in found]
    assert scores == sorted(scores, reverse=True)


async def test_what_was_not_judged_comes_after_what_was(
    store: Container, reranker: FakeReranker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("openmemory_api.services.reranking.DEPTH", 2)
    monkeypatch.setattr("openmemory_api.services.search.DEPTH", 2)
    order = texts(await ask(store, rerank=False))
    reranker.relevant = {order[0]: 0.0, order[1]: 1e-9, order[2]: 1.0}
    found = await ask(store)
    assert reranker.sent == [order[:2]]
    assert sorted(texts(found)[:2]) == sorted(order[:2])
    assert texts(found)[2] == order[2]


async def test_a_failure_costs_the_order_and_never_the_answer(
    store: Container, reranker: FakeReranker, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = await ask(store, rerank=False)
    reranker.failure = Unavailable("the reranker refused: HTTP 500")
    found = await ask(store)
    assert found.hits == plain.hits
    assert found.degraded == "not reranked: the reranker refused: HTTP 500"
    assert (await store.health())["reranker"] == {
        "name": "fake-reranker",
        "problem": "the reranker refused: HTTP 500",
    }

    # For a while nobody asks it again; then it is as if nothing had been.
    reranker.failure = None
    again = await ask(store)
    assert again.degraded is not None
    assert (len(reranker.sent), again.hits) == (1, plain.hits)
    monkeypatch.setattr(store.reranking, "_rests_until", 0.0)
    assert texts(await ask(store))[0] == TEXTS[2]
    assert store.reranking.health == {"name": "fake-reranker", "problem": None}


async def test_a_late_reranker_is_not_waited_for(store: Container, reranker: FakeReranker) -> None:
    plain = await ask(store, rerank=False)
    reranker.meanwhile = anyio.sleep_forever
    with anyio.fail_after(10):
        found = await ask(store)
    assert found.hits == plain.hits
    assert found.degraded == "not reranked: the reranker did not answer within 0.2 s"
    assert reranker.given_up == 1


async def test_both_that_meaning_and_the_reranker_are_missing_is_said(
    store: Container, reranker: FakeReranker, embedder: HashEmbedder
) -> None:
    embedder.broken = True
    reranker.failure = Unavailable("gone")
    degraded = (await ask(store)).degraded
    assert degraded is not None
    assert degraded.startswith("found by words alone")
    assert degraded.endswith("; not reranked: gone")


async def test_a_search_that_is_cancelled_gives_its_reranker_up(
    store: Container, reranker: FakeReranker
) -> None:
    started = anyio.Event()

    async def wait() -> None:
        started.set()
        await anyio.sleep_forever()

    reranker.meanwhile = wait
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask, store)
        with anyio.fail_after(10):
            await started.wait()
        tasks.cancel_scope.cancel()
    assert reranker.given_up == 1
    assert store.reranking.health == {"name": "fake-reranker", "problem": None}
    reranker.meanwhile = anyio.lowlevel.checkpoint
    assert (await ask(store)).degraded is None


async def test_a_text_that_the_app_may_not_read_is_never_sent(
    store: Container, reranker: FakeReranker
) -> None:
    await put(
        store,
        a_memory(11, text="green tea of Bob", user="bob"),
        a_memory(12, text="green tea of cursor", app="cursor"),
    )
    cursor = app_of(ANNA)
    await ask(store, cursor)
    assert sorted(reranker.sent[-1]) == sorted([*TEXTS, "green tea of cursor"])

    await store.access.configure(ANNA, "cursor", Access(read=Base.OWN))
    await ask(store, cursor)
    assert reranker.sent[-1] == ["green tea of cursor"]
    await store.access.configure(ANNA, "cursor", Access(read=Base.NOTHING))
    asked = len(reranker.sent)
    assert not (await ask(store, cursor)).hits
    assert len(reranker.sent) == asked


async def test_what_the_index_alone_holds_or_the_threshold_drops_is_never_sent(
    store: Container, reranker: FakeReranker
) -> None:
    ghost = Point(a_memory(99, text="green tea of a ghost"), None)
    await store.index.apply([ghost], [], change=await store.index.applied())
    everything = await ask(store)
    assert sorted(reranker.sent[-1]) == sorted(TEXTS)

    bound = everything.hits[0].score
    plain = SearchRequest(query="green tea", threshold=bound)
    found = await store.search.search(ANNA, replace(plain, rerank=True))
    assert sorted(reranker.sent[-1]) == sorted(texts(await store.search.search(ANNA, plain)))
    assert len(found.hits) == len(reranker.sent[-1])


async def test_what_was_deleted_while_the_reranker_read_is_not_answered(
    store: Container, reranker: FakeReranker
) -> None:
    (first, *_) = (await ask(store)).hits

    async def delete() -> None:
        await store.memories.delete(ANNA, [first.memory.id])

    reranker.meanwhile = delete
    assert texts(await ask(store)) == [TEXTS[1], TEXTS[0]]


@pytest.mark.parametrize("version", ["v1", "v2", "v3"])
async def test_without_a_reranker_the_option_changes_nothing(
    http: AsyncClient, version: str
) -> None:
    body = {"messages": [{"role": "user", "content": "green tea"}], "user_id": "anna"}
    assert (await http.post("/v3/memories/add/", json=body)).is_success
    path = f"/{version}/memories/search/"
    query: dict[str, object] = {"query": "tea", "filters": {"user_id": "anna"}, "threshold": 0}
    plain, asked = [
        await http.post(path, json={**query, **more}) for more in ({}, {"rerank": True})
    ]
    assert (asked.status_code, asked.json()) == (200, plain.json())
    assert (await http.get("/health")).json()["reranker"] is None


async def test_a_reranker_that_cannot_be_loaded_is_told_of_before_anyone_asks() -> None:
    class Missing(FakeReranker):
        async def open(self) -> None:
            raise Unavailable("the reranker's folder has no model.onnx")

    made = reranking.Reranking(Missing(), timeout=1)
    await made.open()
    assert made.health == {
        "name": "fake-reranker",
        "problem": "the reranker's folder has no model.onnx",
    }
