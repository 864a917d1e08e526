"""The engine that is a Qdrant server, against a double of one that the network breaks."""

import json
import logging
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any, cast
from uuid import UUID

import anyio
import httpx
import numpy as np
import pytest
from hypothesis import given, settings
from qdrant_client import models
from qdrant_client.http.exceptions import ResponseHandlingException
from starlette.responses import HTMLResponse, JSONResponse, Response

from openmemory_api.domain.errors import Unavailable
from openmemory_api.domain.filters import Filter, In
from openmemory_api.domain.protocols import Matrix, Space
from openmemory_api.vectors.qdrant import asking
from openmemory_api.vectors.qdrant.asking import MARK
from openmemory_api.vectors.qdrant.engine import Batch, Dense, IndexPoint, Sparse
from openmemory_api.vectors.qdrant.filters import all_of, compiled, holds_term
from openmemory_api.vectors.qdrant.points import INDEXED
from openmemory_api.vectors.qdrant.remote import QdrantEngine, collection_of
from openmemory_api.vectors.qdrant.wire import Patience, ask, connect
from tests.mcp.loopback import free_port, serving
from tests.qdrant_double import MAX_BODY, Fault, QdrantDouble, qdrant_server
from tests.strategies import filters

DIMENSIONS = 8
SPACE = Space("a-store", "an-embedder", DIMENSIONS)
KEY = "a-key-that-nobody-may-see"
QUICK = Patience(connect=1.0, read=0.3, pauses=(0.01, 0.01))


def engine_of(url: str, *, key: str | None = None, patience: Patience = QUICK) -> QdrantEngine:
    return QdrantEngine(lambda: connect(url, key, patience), patience=patience)


@asynccontextmanager
async def opened(
    double: QdrantDouble, *, key: str | None = None, patience: Patience = QUICK
) -> AsyncGenerator[QdrantEngine]:
    async with qdrant_server(double) as url:
        engine = engine_of(url, key=key, patience=patience)
        await engine.open(SPACE)
        try:
            yield engine
        finally:
            await engine.close()


def point(number: int, *, pieces: int = 1, dimensions: int = DIMENSIONS) -> IndexPoint:
    rows: Matrix = np.random.default_rng(number).random((pieces, dimensions), np.float32)
    payload = {"user_id": "anna", "change": number, "terms": [7]}
    return IndexPoint(str(UUID(int=number)), payload, rows, {7: 0.5})


def memories_of(double: QdrantDouble) -> set[str]:
    return double.points().keys() - {str(MARK)}


# -- what goes wrong, and what is said about it


BREAKS: dict[str, tuple[Fault, str]] = {
    "does not answer": (Fault(stall=2.0), r"does not answer within 0\.3 s"),
    "server error": (Fault(times=9, status=500), "answers 500: out of order"),
    "bad gateway": (Fault(times=9, status=502), "answers 502"),
    "not ready": (Fault(times=9, status=503), "answers 503"),
    "cut": (Fault(times=9, cut=True), "ended the connection"),
    "unauthorised": (Fault(times=9, status=401), "refuses the key .*OPENMEMORY_QDRANT_API_KEY"),
    "forbidden": (Fault(times=9, status=403), "refuses the key .*OPENMEMORY_QDRANT_API_KEY"),
    "busy": (
        Fault(times=9, status=429, headers={"retry-after": "1"}),
        "asks to be called less often",
    ),
    "too much": (Fault(times=9, status=413), "answers 413"),
}


@pytest.mark.parametrize("name", BREAKS)
async def test_whatever_breaks_is_said_with_the_setting_and_without_the_key(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    fault, expected = BREAKS[name]
    double = QdrantDouble(api_key=KEY)
    with caplog.at_level(logging.DEBUG):
        async with opened(double, key=KEY) as engine:
            await engine.write([point(1)], [])
            for work in (engine.applied, lambda: engine.run(Batch(counts=[None]))):
                double.faults = [replace(fault)]
                with pytest.raises(Unavailable, match=expected) as raised:
                    await work()
                assert "OPENMEMORY_QDRANT_URL" in str(raised.value)
                assert KEY not in str(raised.value)
            double.faults.clear()
            assert (await engine.run(Batch(counts=[None]))).counts == [1]
    assert KEY not in caplog.text


@pytest.mark.parametrize("name", ["server error", "not ready", "cut", "busy"])
async def test_what_passes_by_itself_is_not_noticed(name: str) -> None:
    double = QdrantDouble()
    async with opened(double) as engine:
        fault, _ = BREAKS[name]
        for work in (engine.applied, lambda: engine.write([point(1)], [])):
            double.faults = [replace(fault, times=1)]
            await work()
            assert double.faults[0].times == 0
        assert memories_of(double) == {point(1).id}


async def test_what_was_waited_for_in_vain_is_not_asked_again_at_once() -> None:
    double = QdrantDouble()
    async with opened(double) as engine:
        double.faults.append(Fault(times=9, stall=2.0))
        asked = len(double.requests)
        with pytest.raises(Unavailable):
            await engine.applied()
        assert len(double.requests) == asked + 1


async def test_nobody_at_the_address_is_said_at_once() -> None:
    engine = engine_of(f"http://127.0.0.1:{free_port()}")
    with anyio.fail_after(1), pytest.raises(Unavailable, match="cannot be reached"):
        await engine.open(SPACE)
    with pytest.raises(Unavailable, match="cannot be reached"):
        await engine.run(Batch(counts=[None]))
    await engine.close()


async def test_a_server_that_takes_no_connection_is_said_to() -> None:
    async def call() -> None:
        raise ResponseHandlingException(httpx.ConnectTimeout("slow"))

    with pytest.raises(Unavailable, match="does not take a connection within 1 s"):
        await ask(call, QUICK)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (HTMLResponse("<h1>Welcome to nginx!</h1>"), "answers what is not Qdrant's"),
        (JSONResponse({"hello": "world"}), "answers what is not Qdrant's"),
        (HTMLResponse("<h1>No upstream</h1>", 502), "answers 502: Bad Gateway"),
        (HTMLResponse("", 301, {"location": "https://elsewhere/"}), "answers 301: Moved"),
    ],
)
async def test_another_service_at_the_address_is_recognised(
    answer: Response, expected: str
) -> None:
    async with serving(answer) as url:
        engine = engine_of(url)
        with pytest.raises(Unavailable, match=expected):
            await engine.open(SPACE)
        await engine.close()


@pytest.mark.parametrize(
    ("given", "expected"), [(None, "401 Must provide an API key"), ("wrong", "401 Invalid API key")]
)
async def test_a_missing_and_a_wrong_key_are_told_apart(given: str | None, expected: str) -> None:
    async with qdrant_server(QdrantDouble(api_key=KEY)) as url:
        engine = engine_of(url, key=given)
        with pytest.raises(Unavailable, match=expected):
            await engine.open(SPACE)
        await engine.close()


@pytest.mark.parametrize("version", ["1.19.2", "1.7.0", "0.11.0"])
async def test_a_server_that_cannot_compare_substrings_is_refused(version: str) -> None:
    async with qdrant_server(QdrantDouble(version=version)) as url:
        engine = engine_of(url)
        with pytest.raises(Unavailable, match=rf"version {version}; it has to be 1\.20 or later"):
            await engine.open(SPACE)
        await engine.close()


@pytest.mark.parametrize("version", ["1.20.0", "v1.21.3-dev", "2.0.0", "custom"])
async def test_later_and_unknown_versions_are_taken(version: str) -> None:
    async with opened(QdrantDouble(version=version)) as engine:
        assert await engine.applied() == 0


async def test_a_collection_of_other_vectors_is_left_alone() -> None:
    double = QdrantDouble()
    other = models.VectorParams(size=3, distance=models.Distance.DOT)
    name = collection_of("openmemory", SPACE)
    double.local.create_collection(name, {"dense": other})
    async with qdrant_server(double) as url:
        engine = engine_of(url)
        with pytest.raises(Unavailable, match="of other vectors than ours: delete it, or"):
            await engine.open(SPACE)
        await engine.close()
    assert double.points() == {}


async def test_a_key_over_plain_http_to_another_machine_is_warned_of(
    caplog: pytest.LogCaptureFixture,
) -> None:
    for url, warned in [
        ("http://qdrant:6333", True),
        ("http://192.0.2.1:6333", True),
        ("http://127.0.0.1:6333", False),
        ("http://localhost:6333", False),
        ("https://qdrant:6333", False),
    ]:
        caplog.clear()
        await connect(url, KEY, QUICK).close()
        assert ("without encryption" in caplog.text) == warned
        assert KEY not in caplog.text


# -- what is stored


async def test_a_search_finds_what_was_written_and_counts_only_memories() -> None:
    double = QdrantDouble()
    async with opened(double) as engine:
        await engine.write([point(n) for n in range(1, 200)], [])
        await engine.write([], [point(n).id for n in range(100, 200)] + [str(UUID(int=9_999))])
        assert len(memories_of(double)) == 99
        rows = point(5).dense
        assert rows is not None
        batch = Batch(
            counts=[None, {"must": [{"key": "terms", "match": {"value": 8}}]}],
            dense=[Dense(rows[0] / np.linalg.norm(rows[0]), 99)],
            sparse=[Sparse({7: 2.0}, 3), Sparse({8: 2.0}, 3)],
            terms_of=[point(3).id, str(UUID(int=9_999))],
            changes_of=[point(4).id],
        )
        answers = await engine.run(batch)
    assert answers.counts == [99, 0]
    assert {hit.id for hit in answers.dense[0]} == memories_of(double)
    assert [hit.score for hit in answers.sparse[0]] == [1.0, 1.0, 1.0]
    assert answers.sparse[1] == []
    assert answers.terms == {point(3).id: {7: 0.5}}
    assert answers.changes == {point(4).id: 4}


@pytest.mark.parametrize("most", [100_000, 3])
async def test_the_terms_of_a_page_are_counted_by_one_call(
    most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a scope has more terms than one answer holds, one by one: slower, never wrong."""
    monkeypatch.setattr(asking, "_MOST_TERMS", most)
    double = QdrantDouble()
    scope = In("user_id", ("anna",))
    condition = compiled(scope)
    assert isinstance(condition, dict)
    async with opened(double) as engine:
        for number in range(1, 41):
            user, terms = ("anna", "bob")[number % 2], [n for n in range(100) if n % number == 0]
            payload = {"facts": [f"user_id={user}"], "terms": terms}
            await engine.write([IndexPoint(point(number).id, payload, None, {7: 1.0})], [])
        asked = [all_of([condition, holds_term(term)]) for term in range(120)]
        double.requests.clear()
        answers = await engine.run(Batch(counts=[condition, *asked, None]))
    assert len(double.requests) == (3 if most > 100 else 123)
    of_anna = [n for n in range(1, 41) if n % 2 == 0]
    expected = [sum(term % n == 0 for n in of_anna) if term < 100 else 0 for term in range(120)]
    assert answers.counts == [20, *expected, 40]


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(filters())
def test_a_condition_crosses_the_wire_unchanged(wanted: Filter) -> None:
    condition = compiled(wanted)
    if isinstance(condition, bool):
        return
    sent = models.CountRequest(filter=models.Filter.model_validate(condition))
    written = sent.model_dump_json(exclude_none=True)
    assert models.CountRequest.model_validate_json(written) == sent
    assert _instants(json.loads(written)["filter"]) == _instants(condition)


def _instants(condition: Any) -> Any:
    """A condition whose moments are one value, however they are spelled."""
    if isinstance(condition, dict):
        return {key: _instants(value) for key, value in cast("dict[str, Any]", condition).items()}
    if isinstance(condition, list):
        return [_instants(each) for each in cast("list[Any]", condition)]
    if isinstance(condition, str) and _MOMENT.match(condition):
        return datetime.fromisoformat(condition)
    return condition


_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT")


async def test_no_request_is_larger_than_a_server_takes() -> None:
    double = QdrantDouble()
    async with opened(double, patience=Patience()) as engine:
        double.sizes.clear()
        await engine.write([point(n, pieces=1_500) for n in range(1, 25)], [])
        assert len(memories_of(double)) == 24
    assert len(double.sizes) > 3
    assert max(double.sizes) < MAX_BODY / 16


async def test_a_space_without_dimensions_has_no_vectors_to_compare() -> None:
    double = QdrantDouble()
    async with qdrant_server(double) as url:
        engine = engine_of(url)
        await engine.open(Space("a-store", "an-embedder", 0))
        bare = IndexPoint(point(1).id, {"change": 1}, None, {7: 1.0})
        await engine.write([bare], [])
        # The embedder may have come to itself before the index was opened for it.
        nearest = Dense(np.ones(DIMENSIONS, np.float32), 5)
        answers = await engine.run(Batch(dense=[nearest], sparse=[Sparse({7: 1.0}, 5)]))
        await engine.close()
    assert answers.dense == [[]]
    assert [hit.id for hit in answers.sparse[0]] == [bare.id]


async def test_several_processes_may_make_the_collection_at_once() -> None:
    double = QdrantDouble()
    async with qdrant_server(double) as url:
        engines = [engine_of(url) for _ in range(8)]
        async with anyio.create_task_group() as tasks:
            for engine in engines:
                tasks.start_soon(engine.open, SPACE)
        await engines[0].write([point(1)], [])
        await engines[0].advance(5)
        assert [await engine.applied() for engine in engines] == [5] * 8
        for engine in engines:
            await engine.close()
    assert double.names() == [collection_of("openmemory", SPACE)]
    assert {field for _, field in double.indexes} == set(INDEXED)


async def test_another_store_embedder_or_size_has_a_collection_of_its_own() -> None:
    double = QdrantDouble()
    async with opened(double) as engine:
        await engine.write([point(1)], [])
        await engine.advance(7)
        for other in (
            Space("another", "an-embedder", DIMENSIONS),
            Space("a-store", "another", DIMENSIONS),
            Space("a-store", "an-embedder", 16),
        ):
            await engine.open(other)
            assert await engine.applied() == 0
            assert (await engine.run(Batch(counts=[None]))).counts == [0]
        await engine.open(SPACE)
        assert await engine.applied() == 7
    assert len(double.names()) == 4


# -- the mark


async def test_the_mark_outlives_the_process_and_never_goes_back() -> None:
    double = QdrantDouble()
    async with opened(double) as engine:
        assert await engine.applied() == 0
        await engine.advance(7)
        await engine.advance(3)
        assert await engine.applied() == 7
    async with opened(double) as engine:
        assert await engine.applied() == 7


@pytest.mark.parametrize("half", [True, False])
async def test_a_write_that_broke_off_leaves_the_mark_and_is_repeated(half: bool) -> None:
    double = QdrantDouble()
    points = [point(n) for n in range(1, 11)]
    async with opened(double) as engine:
        await engine.advance(1)
        double.faults.append(Fault("/points", times=3, half=half, cut=not half))
        with pytest.raises(Unavailable):
            await engine.write(points, [])
        assert len(memories_of(double)) == (5 if half else 10)
        assert await engine.applied() == 1
        await engine.write(points, [])
        await engine.advance(10)
        assert await engine.applied() == 10
    assert memories_of(double) == {each.id for each in points}


async def test_a_collection_that_was_deleted_is_made_again_and_reflects_nothing() -> None:
    double = QdrantDouble()
    async with opened(double) as engine:
        await engine.write([point(1)], [])
        await engine.advance(5)
        double.local.delete_collection(double.names()[0])
        with pytest.raises(Unavailable, match="it is made and filled again"):
            await engine.run(Batch(counts=[None]))
        with pytest.raises(Unavailable, match="it is made and filled again"):
            await engine.write([point(2)], [])
        assert await engine.applied() == 0
        assert (await engine.run(Batch(counts=[None]))).counts == [0]


async def test_a_loss_that_another_process_covered_up_is_noticed_by_the_writer() -> None:
    """Without it the mark would say that all is there, and what was lost would stay lost."""
    double = QdrantDouble()
    async with opened(double) as writer, opened(double) as reader:
        await writer.write([point(1)], [])
        await writer.advance(5)
        assert await reader.applied() == 5
        double.local.delete_collection(double.names()[0])
        assert await reader.applied() == 0
        await writer.write([point(2)], [])
        with pytest.raises(Unavailable, match="has lost what it held; it is filled again"):
            await writer.advance(6)
        assert await writer.applied() == 0
        await writer.write([point(1), point(2)], [])
        await writer.advance(6)
        assert await writer.applied() == 6


async def test_a_loss_that_a_reader_of_the_same_process_noticed_first_is_not_covered_up() -> None:
    double = QdrantDouble()
    async with opened(double) as engine:
        await engine.write([point(1)], [])
        await engine.advance(5)
        double.local.delete_collection(double.names()[0])
        # While the writer is between two batches, somebody asks whether theirs can be found.
        assert await engine.applied() == 0
        await engine.write([point(2)], [])
        with pytest.raises(Unavailable, match="has lost what it held; it is filled again"):
            await engine.advance(6)
        assert await engine.applied() == 0
        await engine.write([point(1), point(2)], [])
        await engine.advance(6)
        assert await engine.applied() == 6


async def test_a_collection_that_somebody_did_not_finish_is_finished() -> None:
    double = QdrantDouble()
    async with qdrant_server(double) as url:
        double.faults.append(Fault("/points", times=9, status=503))
        first = engine_of(url)
        with pytest.raises(Unavailable):
            await first.open(SPACE)
        await first.close()
        double.faults.clear()
        second = engine_of(url)
        await second.open(SPACE)
        assert await second.applied() == 0
        await second.close()


async def test_a_collection_that_cannot_be_made_is_said_to() -> None:
    double = QdrantDouble()
    async with qdrant_server(double) as url:
        double.faults.append(Fault(collection_of("openmemory", SPACE), "PUT", status=507))
        engine = engine_of(url)
        with pytest.raises(Unavailable, match="answers 507"):
            await engine.open(SPACE)
        await engine.open(SPACE)
        assert await engine.applied() == 0
        await engine.close()


async def test_a_write_that_is_only_promised_is_not_taken_for_done() -> None:
    double = QdrantDouble()
    async with opened(double) as engine:
        double.in_time = False
        with pytest.raises(Unavailable, match="has not finished a write in time: wait_timeout"):
            await engine.write([point(1)], [])


async def test_calls_before_the_engine_is_opened_are_refused_and_closing_is_harmless() -> None:
    engine = engine_of("http://127.0.0.1:1")
    with pytest.raises(Unavailable, match="has not been called yet"):
        await engine.run(Batch(counts=[None]))
    for _ in range(2):
        await engine.close()


async def test_one_failure_of_many_questions_ends_the_others() -> None:
    double = QdrantDouble()
    async with opened(double) as engine:
        double.faults.append(Fault("/count", status=401))
        double.faults.append(Fault("/query/batch", times=9, stall=5.0))
        with anyio.fail_after(0.25), pytest.raises(Unavailable, match="refuses the key"):
            await engine.run(Batch(counts=[None] * 20, sparse=[Sparse({7: 1.0}, 3)]))
