"""The built-in embedder with its real weights."""

from itertools import pairwise
from pathlib import Path

import anyio
import anyio.lowlevel
import numpy as np
import pytest

from openmemory_api.domain.errors import Unavailable
from openmemory_api.embeddings import minilm
from openmemory_api.embeddings.in_process import QUERIES_KEPT
from openmemory_api.embeddings.minilm import MiniLMEmbedder, batches, load_tokenizer
from openmemory_api.embeddings.weights import bundled

ODD_TEXTS = [
    "",
    " ",
    "\x00\x01\u200b",
    "\ufffd\U0010ffff",
    "😀👩‍👩‍👧",
    "שלום עולם",
    "नमस्ते",
    "a" * 20_000,
    "[SEP][PAD][MASK]",
]
PARAGRAPH = "Anna moved to Berlin in May and plays chess on Sundays. "


@pytest.fixture(scope="module")
def embedder() -> MiniLMEmbedder:
    return MiniLMEmbedder()


async def test_texts_of_one_meaning_are_nearer_than_others(embedder: MiniLMEmbedder) -> None:
    near, far = await embedder.embed_documents(["I adore felines", "The invoice is overdue"])
    query = await embedder.embed_query("Do I like cats?")
    assert (near @ query)[0] > 0.4
    assert (far @ query)[0] < 0.15


async def test_vectors_still_agree_with_those_stored_under_this_name(
    embedder: MiniLMEmbedder,
) -> None:
    """Recorded with tokenizers 0.23 and onnxruntime 1.32; stored vectors are never made again."""
    query = await embedder.embed_query("A man is eating pasta.")
    held = await embedder.embed_documents(
        ["A man is eating food.", "A man is eating a piece of bread.", "A man is riding a horse."]
    )
    cosines = [float(matrix[0] @ query) for matrix in held]
    assert cosines == pytest.approx([0.7007, 0.5241, 0.1954], abs=0.005)


async def test_odd_texts_have_finite_unit_vectors(embedder: MiniLMEmbedder) -> None:
    for matrix in await embedder.embed_documents(ODD_TEXTS):
        assert matrix.shape == (1, embedder.dimensions)
        assert np.linalg.norm(matrix, axis=1) == pytest.approx(1)
    for text in ODD_TEXTS:
        assert np.linalg.norm(await embedder.embed_query(text)) == pytest.approx(1)


async def test_no_texts_have_no_vectors(embedder: MiniLMEmbedder) -> None:
    assert await embedder.embed_documents([]) == []


async def test_a_text_has_the_same_vector_alone_and_in_a_batch(embedder: MiniLMEmbedder) -> None:
    texts = ["tea", PARAGRAPH, PARAGRAPH * 3, "chess on Sundays"]
    together = await embedder.embed_documents(texts)
    for text, expected in zip(texts, together, strict=True):
        (alone,) = await embedder.embed_documents([text])
        assert np.allclose(alone, expected, atol=1e-5)


async def test_what_stands_at_the_end_of_a_long_text_is_found(embedder: MiniLMEmbedder) -> None:
    text = PARAGRAPH * 60 + "The spare key is under the blue flower pot."
    (pieces,) = await embedder.embed_documents([text])
    query = await embedder.embed_query("Where is the spare key?")
    assert len(pieces) > 3
    assert np.argmax(pieces @ query) == len(pieces) - 1


async def test_a_long_query_is_answered_from_its_head(embedder: MiniLMEmbedder) -> None:
    head = "Where is the spare key? " * 60
    one, other = [await embedder.embed_query(head + tail) for tail in ("", PARAGRAPH * 50)]
    assert np.allclose(one, other, atol=1e-5)


async def test_a_query_is_kept_and_the_oldest_is_dropped(
    embedder: MiniLMEmbedder,
) -> None:
    first = await embedder.embed_query("query 0")
    assert await embedder.embed_query("query 0") is first
    for number in range(1, QUERIES_KEPT + 1):
        await embedder.embed_query(f"query {number}")
    again = await embedder.embed_query("query 0")
    assert again is not first
    assert np.array_equal(again, first)


async def test_a_query_does_not_wait_for_the_documents_before_it(embedder: MiniLMEmbedder) -> None:
    finished: list[str] = []

    async def embed_documents() -> None:
        await embedder.embed_documents([PARAGRAPH * 200])
        finished.append("documents")

    async with anyio.create_task_group() as tasks:
        for _ in range(2):
            tasks.start_soon(embed_documents)
        await anyio.lowlevel.checkpoint()
        await embedder.embed_query("a query that comes last")
        finished.append("query")
    assert finished == ["query", "documents", "documents"]


async def test_two_first_uses_load_the_model_once() -> None:
    fresh = MiniLMEmbedder()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(fresh.load)
        tasks.start_soon(fresh.load)
    assert np.isfinite(await fresh.embed_query("tea")).all()


def test_a_missing_model_package_is_unavailable() -> None:
    with pytest.raises(Unavailable, match="install no_such_package"):
        bundled("no_such_package", "model.onnx")


def test_the_name_says_which_vectors_compare(embedder: MiniLMEmbedder) -> None:
    assert embedder.name == "all-minilm-l6-v2-int8"


async def test_a_missing_model_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="cannot be read"):
        await MiniLMEmbedder(model=tmp_path / "model.onnx").load()


async def test_a_damaged_model_is_refused_before_it_is_run(tmp_path: Path) -> None:
    weights = tmp_path / "model.onnx"
    weights.write_bytes(b"not the weights")
    for _ in range(2):
        with pytest.raises(Unavailable, match="sha256"):
            await MiniLMEmbedder(model=weights).embed_query("tea")


def test_batches_hold_every_text_once_within_the_token_bound() -> None:
    lengths = [3, 250, 7, 256, 120, 7, 9, 100]
    groups = list(batches(lengths))
    assert sorted(place for group in groups for place in group) == list(range(len(lengths)))
    for group in groups:
        padded = len(group) * max(lengths[place] for place in group)
        assert padded <= minilm.BATCH_TOKENS


def test_neighbouring_pieces_of_a_long_text_overlap() -> None:
    encoding = load_tokenizer().encode(PARAGRAPH * 60)
    pieces = [piece.ids[1:-1] for piece in (encoding, *encoding.overflowing)]
    for piece, following in pairwise(pieces):
        assert piece[-minilm.OVERLAP :] == following[: minilm.OVERLAP]


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("Hello, world!", [101, 7592, 1010, 2088, 999, 102]),
        ("Crème brûlée", [101, 13675, 21382, 7987, 9307, 2063, 102]),
        ("東京", [101, 1879, 1755, 102]),
    ],
)
def test_token_ids_are_those_the_model_was_trained_with(text: str, ids: list[int]) -> None:
    assert load_tokenizer().encode(text).ids == ids
