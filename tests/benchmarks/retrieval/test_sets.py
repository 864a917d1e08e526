"""Our own data sets are what the documents beside them say."""

from collections import Counter
from pathlib import Path

import pytest

from benchmarks.retrieval import build, guard
from benchmarks.retrieval.generate import training_set
from benchmarks.retrieval.lines import write_lines
from benchmarks.retrieval.reading import OWN, read
from benchmarks.retrieval.records import DataSet
from benchmarks.retrieval.stories import KINDS, read_stories
from benchmarks.retrieval.threads import read_threads

HEAD = "user: u\nlanguage: en\nsplit: dev\nspeakers: I=Ines K=Kofi\nfill: 2\n"


@pytest.fixture(scope="module")
def everyday() -> DataSet:
    return read(OWN / "everyday.jsonl", "jsonl")


@pytest.mark.parametrize("name", build.SETS)
def test_a_set_is_what_its_sources_make(name: str) -> None:
    made = "".join(f"{line}\n" for line in write_lines(build.SETS[name]()))
    assert (OWN / name).read_text("utf-8") == made


def test_the_everyday_set_is_large_enough_in_every_cell(everyday: DataSet) -> None:
    assert everyday.turns >= 1_500
    for label in ("kind", "language"):
        sizes = Counter(each.labels[label] for each in everyday.questions)
        assert min(sizes.values()) >= guard.SMALLEST, sizes
    assert {each.labels["kind"] for each in everyday.questions} == set(KINDS)


def test_no_story_is_in_both_halves_and_each_language_is(everyday: DataSet) -> None:
    splits = {(each.user, each.labels["split"]) for each in everyday.questions}
    assert len(splits) == len(everyday.conversations)
    halves = Counter((each.labels["language"], each.labels["split"]) for each in everyday.questions)
    assert all(halves[language, "dev"] for language, _ in halves)
    assert all(halves[language, "held-out"] for language, _ in halves)
    by_split = Counter(each.labels["split"] for each in everyday.questions)
    assert abs(by_split["dev"] - by_split["held-out"]) < 0.1 * len(everyday.questions)


def test_nobody_s_memories_or_questions_repeat(everyday: DataSet) -> None:
    for conversation in everyday.conversations:
        texts = [turn.text for turn, _ in conversation.turns()]
        assert len(set(texts)) == len(texts)
        asked = [each.text for each in everyday.asked(conversation.user)]
        assert len(set(asked)) == len(asked)


def test_the_guard_s_part_keeps_every_cell(everyday: DataSet) -> None:
    part = guard.part(everyday)
    assert part.turns < everyday.turns
    answered = [each for each in part.questions if each.evidence]
    for label in ("kind", "language"):
        sizes = Counter(each.labels[label] for each in answered)
        assert min(sizes.values()) >= guard.SMALLEST, sizes


def test_a_story_is_read_with_its_speakers_and_questions(tmp_path: Path) -> None:
    stories, fillers = tmp_path / "stories", tmp_path / "fillers"
    stories.mkdir()
    fillers.mkdir()
    (fillers / "en.txt").write_text("Buy [milk|tea|jam].\n> Hi [all|{B}]!")
    told = "\n== 2025-02-10 10:00 health\na1| A fact: note it.\nK: Said.\n"
    (stories / "a.txt").write_text(f"{HEAD}{told}? direct a1 | Which?\n? no-answer | Who?\n")
    data = read_stories(stories, fillers)
    turns = {turn.id: turn for turn, _ in data.conversations[0].turns()}
    assert (turns["a1"].text, turns["a1"].speaker) == ("A fact: note it.", None)
    assert (turns["s1t2"].text, turns["s1t2"].speaker) == ("Said.", "Kofi")
    assert len(turns) == 4
    assert [each.labels["domain"] for each in data.questions] == ["health", "health"]
    assert read_stories(stories, fillers) == data


@pytest.mark.parametrize(
    "line",
    ["? direct a2 | Which?", "? direct | Which?", "? no-answer a1 | Which?", "? odd a1 | Which?"],
)
def test_a_question_that_cannot_be_is_refused(tmp_path: Path, line: str) -> None:
    (tmp_path / "en.txt").write_text("Buy [milk|tea|jam].\n")
    (tmp_path / "stories").mkdir()
    story = f"{HEAD}\n== 2025-02-10 10:00 health\na1| A fact.\n{line}\n"
    (tmp_path / "stories" / "a.txt").write_text(story)
    with pytest.raises(ValueError, match=r"^u: "):
        read_stories(tmp_path / "stories", tmp_path)


def test_training_conversations_follow_from_their_seed() -> None:
    data = training_set(1, conversations=3)
    assert training_set(1, conversations=3) == data
    assert training_set(2, conversations=3) != data
    assert len(data.questions) == 120
    assert {each.labels["category"] for each in data.questions} >= {"single-hop", "temporal"}
    held = {each.user: {turn.id for turn, _ in each.turns()} for each in data.conversations}
    assert all(each.evidence <= held[each.user] for each in data.questions)
    assert not [turn for turn, _ in data.conversations[0].turns() if set("{}|") & set(turn.text)]


def test_a_thread_that_names_no_turn_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "threads.txt"
    path.write_text("== pet\nk| A: A cat.\n? single-hop x | What?\n")
    with pytest.raises(ValueError, match="pet: no turn is called"):
        read_threads(path)
    path.write_text("== pet\nno line\n")
    with pytest.raises(ValueError, match="pet: no line"):
        read_threads(path)
