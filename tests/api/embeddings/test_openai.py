"""An embedder behind a real socket: its name, its pieces, and how it fails."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import numpy as np
import pytest

from openmemory_api.domain.errors import Invalid, Unavailable
from openmemory_api.embeddings import openai
from openmemory_api.embeddings.openai import BATCH, PIECE, OpenAIEmbedder
from openmemory_api.openai_api import Endpoint, OpenAIServer
from tests.openai_double import Call, Hang, OpenAIDouble, Reply, error, openai_double

LONG = " ".join(f"word{n}" for n in range(2_000))


@pytest.fixture
async def double() -> AsyncGenerator[OpenAIDouble]:
    async with openai_double() as running:
        yield running


@asynccontextmanager
async def connected(
    url: str, *, model: str = "tiny", dimensions: int | None = None
) -> AsyncGenerator[OpenAIEmbedder]:
    server = OpenAIServer(Endpoint(model, url, "key"), setting="EMBEDDER", timeout=5)
    yield OpenAIEmbedder(server, dimensions=dimensions)
    await server.close()


@pytest.fixture
async def embedder(double: OpenAIDouble) -> AsyncGenerator[OpenAIEmbedder]:
    async with connected(double.url) as embedder:
        await embedder.open()
        yield embedder


def rows(*vectors: list[Any]) -> Reply:
    data = [
        {"object": "embedding", "index": i, "embedding": each} for i, each in enumerate(vectors)
    ]
    return Reply({"object": "list", "data": data})


class TestName:
    async def test_it_is_known_once_the_model_was_asked(self, double: OpenAIDouble) -> None:
        async with connected(double.url) as embedder:
            assert embedder.dimensions == 0
            await embedder.open()
            assert (embedder.name, embedder.dimensions) == ("tiny@64", 64)
            assert "dimensions" not in double.calls[0].body

    async def test_a_length_that_is_set_is_asked_for_and_known_before(
        self, double: OpenAIDouble
    ) -> None:
        async with connected(double.url, dimensions=16) as embedder:
            assert (embedder.name, embedder.dimensions) == ("tiny@16", 16)
            await embedder.open()
            assert double.calls[0].body["dimensions"] == 16
            assert len(await embedder.embed_query("tea")) == 16

    async def test_a_server_that_cannot_be_told_a_length_is_not_told(
        self, double: OpenAIDouble
    ) -> None:
        def stubborn(call: Call) -> Reply:
            return error(400) if "dimensions" in call.body else double.vectors(call)

        double.embeddings = stubborn
        async with connected(double.url, dimensions=64) as embedder:
            await embedder.open()
            assert len(await embedder.embed_query("tea")) == 64
        async with connected(double.url, dimensions=32) as embedder:
            with pytest.raises(Unavailable, match="vectors of 64 numbers, not 32"):
                await embedder.open()

    async def test_long_names_stay_within_their_column_and_apart(
        self, double: OpenAIDouble
    ) -> None:
        names: set[str] = set()
        for model in ("m" * 100, "m" * 101, "m" * 60):
            async with connected(double.url, model=model) as embedder:
                await embedder.open()
                names.add(embedder.name)
        assert len(names) == 3
        assert all(len(name) <= 64 and name.endswith("@64") for name in names)


class TestVectors:
    async def test_they_have_unit_length_and_the_order_of_their_texts(
        self, double: OpenAIDouble, embedder: OpenAIEmbedder
    ) -> None:
        texts = [f"text number {n}" for n in range(BATCH * 2 + 3)]
        matrices = await embedder.embed_documents(texts)
        assert [matrix.shape for matrix in matrices] == [(1, 64)] * len(texts)
        for text, matrix in zip(texts, matrices, strict=True):
            assert matrix.dtype == np.float32
            assert np.allclose(matrix[0], double.embedder.vector(text), atol=1e-6)
        assert max(len(call.body["input"]) for call in double.calls) == BATCH

    async def test_a_long_text_has_one_for_each_of_its_pieces(
        self, double: OpenAIDouble, embedder: OpenAIEmbedder
    ) -> None:
        short, long = await embedder.embed_documents(["tea", LONG])
        assert len(short) == 1
        sent = double.embedded
        assert len(long) == len(sent) - 1 > 5
        assert all(len(text) <= PIECE for text in sent)
        assert set(LONG.split()) <= {word for text in sent for word in text.split()}

    async def test_a_query_is_its_head_and_is_asked_once(
        self, double: OpenAIDouble, embedder: OpenAIEmbedder
    ) -> None:
        first = await embedder.embed_query(LONG)
        assert np.array_equal(first, await embedder.embed_query(LONG))
        (sent,) = double.embedded
        assert LONG.startswith(sent)

    async def test_only_so_many_queries_are_kept(
        self, double: OpenAIDouble, embedder: OpenAIEmbedder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(openai, "QUERIES_KEPT", 2)
        for query in ("a", "b", "a", "c", "a", "b"):
            await embedder.embed_query(query)
        assert double.embedded == ["a", "b", "c", "b"]

    @pytest.mark.parametrize("status", [400, 413, 500])
    async def test_texts_that_are_too_long_for_the_model_are_cut_smaller(
        self, double: OpenAIDouble, embedder: OpenAIEmbedder, status: int
    ) -> None:
        def narrow(call: Call) -> Reply:
            too_long = any(len(text) > 400 for text in call.body["input"])
            return error(status, "too long") if too_long else double.vectors(call)

        double.embeddings = narrow
        matrices = await embedder.embed_documents(["tea", "word " * 290, "coffee"])
        assert [len(matrix) for matrix in matrices][0::2] == [1, 1]
        assert len(matrices[1]) >= 4

    async def test_a_text_that_is_refused_in_every_size_is_said_to_be(
        self, double: OpenAIDouble, embedder: OpenAIEmbedder
    ) -> None:
        def picky(call: Call) -> Reply:
            return error(400) if "poison" in str(call.body["input"]) else double.vectors(call)

        double.embeddings = picky
        with pytest.raises(Invalid):
            await embedder.embed_documents(["tea", "poison"])

    async def test_a_server_that_refuses_every_text_has_nothing_against_one(
        self, double: OpenAIDouble, embedder: OpenAIEmbedder
    ) -> None:
        double.embeddings = lambda _: error(400, "API key not valid")
        with pytest.raises(Unavailable, match="HTTP 400"):
            await embedder.embed_documents(["tea", LONG, "coffee"])
        assert len(double.calls) < 20


class TestFailures:
    @pytest.mark.parametrize(
        "answer",
        [
            error(401),
            error(500),
            Reply(b"<html>"),
            Reply({"data": [1, 2]}),
            Reply({}),
            rows(),
            rows([1.0] * 64, [1.0] * 64),
            rows([0.0] * 64),
            rows([float("1e400")] * 64),
            rows(["a"] * 64),
            rows([[1.0]] * 64),
            Reply({"data": []}, cut=30),
        ],
        ids=range(12),
    )
    async def test_what_is_no_vector_makes_it_unavailable(
        self, double: OpenAIDouble, embedder: OpenAIEmbedder, answer: Reply
    ) -> None:
        double.embeddings = lambda _: answer
        with pytest.raises(Unavailable):
            await embedder.embed_documents(["tea"])
        with pytest.raises(Unavailable):
            await embedder.embed_query("tea")

    async def test_nobody_listens(self) -> None:
        async with openai_double() as gone:
            url = gone.url
        async with connected(url) as embedder:
            with pytest.raises(Unavailable, match="cannot be reached"):
                await embedder.open()
            for call in (embedder.embed_query("tea"), embedder.embed_documents(["tea"])):
                with pytest.raises(Unavailable, match="could not be reached yet"):
                    await call

    async def test_after_a_failure_searches_do_not_wait_again_for_a_while(
        self, double: OpenAIDouble, embedder: OpenAIEmbedder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(openai, "QUERY_TIMEOUT", 0.3)
        monkeypatch.setattr(openai, "QUERY_PAUSE", 0.5)
        double.embeddings = lambda _: Hang()
        with pytest.raises(Unavailable, match="did not answer within"):
            await embedder.embed_query("tea")
        asked = len(double.calls)
        with pytest.raises(Unavailable, match="has just failed"):
            await embedder.embed_query("tea")
        assert len(double.calls) == asked

        double.embeddings = double.vectors
        await anyio.sleep(0.5)
        assert len(await embedder.embed_query("tea")) == 64

    async def test_a_model_that_becomes_another_has_to_be_opened_again(
        self, double: OpenAIDouble, embedder: OpenAIEmbedder
    ) -> None:
        double.dimensions = 32
        with pytest.raises(Unavailable, match="vectors of 32 numbers now, not 64"):
            await embedder.embed_query("tea")
        assert embedder.dimensions == 0
        await embedder.open()
        assert embedder.name == "tiny@32"
