"""Everyday memories between those that are asked for, from sentences with places to choose at.

A line of a file is a sentence: `[a|b]` stands for one of the alternatives, `{A}` and `{B}` for the
two people of a story, a leading `> ` for something that one of them said. Everything follows from
the user's name, so that it is the same in every run and under every Python.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Final, TypeVar

from benchmarks.retrieval.records import Session, Turn

_T = TypeVar("_T")

_CHOICE: Final = re.compile(r"\[([^\]]+)\]")
_SESSION: Final = 6
_FIRST_DAY: Final = datetime(2025, 1, 2, tzinfo=UTC)
_DAYS: Final = 170


def strewn(path: Path, user: str, names: Sequence[str], count: int) -> list[Session]:
    """`count` memories of a user, in sessions of a few, over half a year."""
    rng = Random(f"everyday {user}")
    turns = [
        Turn(f"f{number}", text, speaker)
        for number, (text, speaker) in enumerate(sentences(path, rng, names, count), 1)
    ]
    starts = range(0, len(turns), _SESSION)
    return [
        Session(f"f{start // _SESSION + 1}", _some_time(rng), turns[start : start + _SESSION])
        for start in starts
    ]


def sentences(
    path: Path, rng: Random, names: Sequence[str], count: int
) -> Iterator[tuple[str, str | None]]:
    """`count` different sentences, each with its speaker if it was said.

    Raises:
        ValueError: the file has not so many in it.
    """
    patterns = path.read_text("utf-8").splitlines()
    seen: set[str] = set()
    tries = 0
    while len(seen) < count:
        tries += 1
        if tries > 50 * count:
            raise ValueError(f"{path.name} has no {count} different sentences")
        # In turn, so that each pattern is used as often as any other.
        pattern = patterns[tries % len(patterns)]
        text = chosen(pattern.removeprefix("> "), rng, names)
        if text not in seen:
            seen.add(text)
            yield text, pick(rng, names) if pattern.startswith("> ") else None


def chosen(pattern: str, rng: Random, names: Sequence[str]) -> str:
    """The sentence with one alternative at each place, and names for `{A}` and `{B}`."""
    text = _CHOICE.sub(lambda found: pick(rng, found[1].split("|")), pattern)
    return text.replace("{A}", names[0]).replace("{B}", names[1])


def pick(rng: Random, among: Sequence[_T]) -> _T:
    """One of them. `Random.choice` may draw otherwise in another Python; `random` may not."""
    return among[int(rng.random() * len(among))]


def _some_time(rng: Random) -> datetime:
    return _FIRST_DAY + timedelta(
        days=int(rng.random() * _DAYS),
        hours=7 + int(rng.random() * 15),
        minutes=int(rng.random() * 60),
    )
