"""A reranker over HTTP: what it is sent, and that nothing it answers is believed unchecked."""

import json
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from openmemory_api.domain.errors import Unavailable
from openmemory_api.rerankers import http
from openmemory_api.rerankers.http import HttpReranker, RerankEndpoint
from tests.openai_double import Call, Hang, OpenAIDouble, Reply, openai_double

SECRET = "sk-of-the-reranker"


@pytest.fixture
async def double() -> AsyncGenerator[OpenAIDouble]:
    async with openai_double() as running:
        yield running


@pytest.fixture
async def reranker(double: OpenAIDouble) -> AsyncGenerator[HttpReranker]:
    made = HttpReranker(RerankEndpoint(double.url, "m", SECRET), timeout=1)
    await made.open()
    yield made
    await made.close()


def results(*relevances: tuple[Any, Any]) -> Reply:
    judged = [{"index": index, "relevance_score": score} for index, score in relevances]
    return Reply({"id": "x", "results": judged, "meta": {}})


async def test_it_asks_as_cohere_and_jina_are_asked(
    reranker: HttpReranker, double: OpenAIDouble
) -> None:
    double.embeddings = lambda call: results((1, 0.9), (0, 0.2))

    assert await reranker.rerank("which tea?", ["coffee", "x" * 9_000]) == [0.2, 0.9]

    (call,) = double.calls
    assert (call.path, call.key) == ("/v1/rerank", f"Bearer {SECRET}")
    cut = "x" * http.MAX_DOCUMENT
    assert call.body == {
        "model": "m", "query": "which tea?", "documents": ["coffee", cut], "top_n": 2
    }  # fmt: skip


async def test_a_server_with_one_model_needs_no_name_and_no_key(double: OpenAIDouble) -> None:
    double.embeddings = lambda call: results((0, 1))
    reranker = HttpReranker(RerankEndpoint(double.url), timeout=1)
    assert await reranker.rerank("q", ["a"]) == [1]
    await reranker.close()
    assert "model" not in double.calls[0].body
    assert double.calls[0].key is None
    assert reranker.name == "unnamed"


async def test_log_odds_are_read_as_probabilities(
    reranker: HttpReranker, double: OpenAIDouble
) -> None:
    double.embeddings = lambda call: results((0, -1e9), (1, 0), (2, 1e300))
    assert await reranker.rerank("q", ["a", "b", "c"]) == pytest.approx([0, 0.5, 1])


@pytest.mark.parametrize(
    "answer",
    [
        results((0, 0.5)),
        results((0, 0.5), (0, 0.6)),
        results((0, 0.5), (2, 0.6)),
        results((0, 0.5), (-1, 0.6)),
        results((0, 0.5), (1, 0.6), (1, 0.7)),
        results((0, 0.5), ("1", 0.6)),
        results((0, 0.5), (True, 0.6)),
        results((0, 0.5), (1.0, 0.6)),
        results((0, 0.5), (1, None)),
        results((0, 0.5), (1, "0.6")),
        results((0, 0.5), (1, True)),
        results((0, 0.5), (1, float("nan"))),
        results((0, 0.5), (1, float("inf"))),
        results((0, 0.5), (1, 10**400)),
        Reply({"results": None}),
        Reply({"results": [1, 2]}),
        Reply({"error": SECRET}),
        Reply([]),
        Reply(b"<html>"),
        Reply(b"\xff\xfe"),
        Reply(b"[" * 100_000),
        Reply(b'{"results": []}', cut=30),
        Reply(json.dumps({"message": SECRET}), status=401),
        Reply(None, status=404),
        Reply(None, status=500),
        Reply(None, status=204),
        Hang(),
    ],
)
async def test_what_is_no_relevance_for_each_text_is_refused_and_never_shown(
    double: OpenAIDouble, answer: Reply | Hang
) -> None:
    double.embeddings = lambda call: answer
    reranker = HttpReranker(RerankEndpoint(double.url, "m", SECRET), timeout=0.2)
    with pytest.raises(Unavailable) as refused:
        await reranker.rerank("q", ["a", "b"])
    await reranker.close()
    assert SECRET not in str(refused.value) + repr(refused.value)
    assert len(double.calls) == 1


async def test_an_answer_is_read_no_further_than_one_could_be_long(
    reranker: HttpReranker, double: OpenAIDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "MAX_ANSWER", 1_000)
    double.embeddings = lambda call: Reply({"results": [], "filler": "x" * 2_000})
    with pytest.raises(Unavailable, match="too large"):
        await reranker.rerank("q", ["a"])


async def test_memories_follow_no_redirect(reranker: HttpReranker, double: OpenAIDouble) -> None:
    def elsewhere(call: Call) -> Reply:
        return Reply(None, 307, {"Location": f"{double.url}/elsewhere"})

    double.embeddings = elsewhere
    with pytest.raises(Unavailable, match="HTTP 307"):
        await reranker.rerank("q", ["a"])
    assert [call.path for call in double.calls] == ["/v1/rerank"]


async def test_a_server_that_is_not_there_is_said_to_be_unreachable() -> None:
    reranker = HttpReranker(RerankEndpoint("http://127.0.0.1:9"), timeout=1)
    with pytest.raises(Unavailable, match="cannot be reached"):
        await reranker.rerank("q", ["a"])
    await reranker.close()


def test_the_key_is_no_part_of_how_an_endpoint_is_shown() -> None:
    assert SECRET not in repr(RerankEndpoint("http://x", "m", SECRET))
