"""A cross-encoder from a folder: a real, tiny model, run by onnxruntime."""

import json
import math
import subprocess
import sys
from pathlib import Path

import anyio
import pytest
from tokenizers.implementations.bert_wordpiece import BertWordPieceTokenizer

from openmemory_api.domain.errors import Unavailable
from openmemory_api.rerankers.cross_encoder import CrossEncoder
from tests.api.rerankers.tiny import WORDS, model_bytes, tiny_cross_encoder


def relevance(*words: str) -> float:
    """What the tiny model says of a pair that is tokenized to these words."""
    return 1 / (1 + math.exp(-sum(map(WORDS.index, words)) / 100))


def pair(query: list[str], text: list[str]) -> tuple[str, ...]:
    return ("[CLS]", *query, "[SEP]", *text, "[SEP]")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tiny_cross_encoder(tmp_path / "tiny")


async def test_each_text_is_read_together_with_the_query(folder: Path) -> None:
    reranker = CrossEncoder(folder)
    await reranker.open()
    found = await reranker.rerank("Which tea?", ["rain", "green tea", "unheard", ""])
    asked = ["which", "tea", "[UNK]"]
    texts: list[list[str]] = [["rain"], ["green", "tea"], ["[UNK]"], []]
    assert found == pytest.approx([relevance(*pair(asked, text)) for text in texts], rel=1e-5)
    assert reranker.name == "tiny"
    await reranker.close()


async def test_a_tokenizer_of_the_folder_wins_over_a_vocabulary(folder: Path) -> None:
    BertWordPieceTokenizer(str(folder / "vocab.txt")).save(str(folder / "tokenizer.json"))
    (folder / "vocab.txt").unlink()
    (found,) = await CrossEncoder(folder).rerank("tea", ["rain"])
    assert found == pytest.approx(relevance(*pair(["tea"], ["rain"])), rel=1e-5)


async def test_many_long_texts_come_back_in_their_order_cut_to_the_window(folder: Path) -> None:
    (folder / "config.json").write_text(json.dumps({"max_position_embeddings": 32}))
    texts = ["rain " * (n % 40) for n in range(60)]
    found = await CrossEncoder(folder).rerank("tea", texts)
    expected = [relevance(*pair(["tea"], ["rain"] * min(n % 40, 28))) for n in range(60)]
    assert found == pytest.approx(expected, rel=1e-5)


async def test_a_query_longer_than_the_window_leaves_room_for_the_text(folder: Path) -> None:
    (folder / "tokenizer_config.json").write_text(json.dumps({"model_max_length": 16}))
    (found,) = await CrossEncoder(folder).rerank("tea " * 20_000, ["rain"])
    assert found == pytest.approx(relevance(*pair(["tea"] * 12, ["rain"])), rel=1e-5)


async def test_a_model_of_two_classes_is_read_by_the_second(tmp_path: Path) -> None:
    folder = tiny_cross_encoder(tmp_path / "two", model_bytes(columns=2))
    (found,) = await CrossEncoder(folder).rerank("tea", ["rain"])
    assert found == pytest.approx(relevance(*pair(["tea"], ["rain"])), rel=1e-5)


@pytest.mark.parametrize("lacks", ["model.onnx", "vocab.txt"])
async def test_a_folder_that_lacks_a_file_says_which(folder: Path, lacks: str) -> None:
    (folder / lacks).unlink()
    with pytest.raises(Unavailable, match=lacks) as refused:
        await CrossEncoder(folder).open()
    assert str(folder) not in str(refused.value)


@pytest.mark.parametrize(
    "model", [b"", b"no model", model_bytes(columns=3), model_bytes(extra_input="pixels")]
)
async def test_what_is_no_cross_encoder_is_unavailable(folder: Path, model: bytes) -> None:
    tiny_cross_encoder(folder, model)
    with pytest.raises(Unavailable):
        await CrossEncoder(folder).rerank("tea", ["rain"])


@pytest.mark.parametrize("name", ["tokenizer.json", "config.json"])
async def test_a_damaged_file_beside_the_model_is_unavailable(folder: Path, name: str) -> None:
    (folder / name).write_text("{ no")
    with pytest.raises(Unavailable):
        await CrossEncoder(folder).open()


async def test_a_call_that_is_given_up_leaves_the_next_one_its_turn(folder: Path) -> None:
    reranker = CrossEncoder(folder)
    await reranker.open()
    with anyio.move_on_after(0):
        await reranker.rerank("tea", ["rain " * 500] * 50)
    with anyio.fail_after(20):
        assert await reranker.rerank("tea", ["rain"])


def test_making_one_imports_nothing_that_runs_it() -> None:
    code = (
        "import sys; from pathlib import Path;"
        "from openmemory_api.rerankers.cross_encoder import CrossEncoder;"
        "CrossEncoder(Path('x')); assert 'onnxruntime' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
