"""Writes our own data sets anew from what was written by hand: stories, pairs and fillers."""

from pathlib import Path
from typing import Final

from benchmarks.retrieval.lines import write_lines
from benchmarks.retrieval.pairs import read_pairs
from benchmarks.retrieval.reading import OWN
from benchmarks.retrieval.records import DataSet
from benchmarks.retrieval.stories import read_stories

_HERE: Final = Path(__file__).parent
STORIES: Final = _HERE / "stories"
PAIRS: Final = _HERE / "pairs"
FILLERS: Final = _HERE / "fillers"


def everyday() -> DataSet:
    """What agents keep for 22 people in eight languages, and questions about it."""
    return read_stories(STORIES, FILLERS)


def languages() -> DataSet:
    """Forty facts of five languages, ten times as many others, and questions in two languages."""
    return read_pairs(PAIRS, FILLERS)


def write() -> None:
    """Put every set where `reading.OWN` is."""
    OWN.mkdir(exist_ok=True)
    for name, make in SETS.items():
        text = "".join(f"{line}\n" for line in write_lines(make()))
        (OWN / name).write_text(text, "utf-8")


SETS: Final = {"everyday.jsonl": everyday, "languages.jsonl": languages}
"""The files, and what makes each."""
