"""Threads: what two people talk about, with places to choose at, and questions about it.

    == pet
    tag home k | What changed at {A}'s home?
    B: What is going on, {A}?
    k| A: We took in a {pet=parrot|beagle} [on Saturday|last weekend].
    ? single-hop k | What kind of animal did {A} get?

`{pet=a|b}` chooses once and is `{pet}` from then on; `[a|b]` chooses here alone; `{A}` and `{B}`
are the speakers. `tag` names the turn by which threads of one kind are asked for together. What is
in brackets with the word `shares` is an image's caption.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

from benchmarks.retrieval.fillers import pick

_BOUND: Final = re.compile(r"\{(\w+)=([^{}]+)\}")
_FREE: Final = re.compile(r"\[((?!shares)[^\[\]]+)\]")
_NAMED: Final = re.compile(r"\{(\w+)\}")
_LINE: Final = re.compile(r"(?:(?P<label>\w+)\| )?(?P<who>[AB]): (?P<text>.+)")
_ASKED: Final = re.compile(r"\? (?P<kind>\S+) (?P<labels>\w+(?: \w+)*) \| (?P<text>.+)")
_TAG: Final = re.compile(r"tag (?P<name>\w+) (?P<label>\w+) \| (?P<text>.+)")


@dataclass(frozen=True, slots=True)
class Thread:
    """One thing to talk about, nothing chosen yet."""

    name: str
    tag: Sequence[str] | None
    """What kind it is of, the label of the turn that says it, and the question for all of them."""
    lines: Sequence[tuple[str | None, str, str]]
    """Label, who says it (A or B), pattern."""
    asked: Sequence[tuple[str, Sequence[str], str]]
    """Kind, labels of the turns that answer, pattern."""


@dataclass(frozen=True, slots=True)
class Told:
    """A thread as two people told it once."""

    thread: Thread
    turns: Sequence[tuple[str | None, str, str]]
    """Label, speaker, text."""
    asked: Sequence[tuple[str, Sequence[str], str]]
    """Kind, labels of the turns that answer, text."""
    people: Mapping[str, str]


def read_threads(path: Path) -> list[Thread]:
    """The threads of a file.

    Raises:
        ValueError: a line is none of a thread's, or names a turn that is not there.
    """
    return [_thread(part) for part in path.read_text("utf-8").removeprefix("== ").split("\n== ")]


def read_exchanges(path: Path) -> list[Thread]:
    """The short exchanges of a file, parted by `--`, about which nothing is asked."""
    parts = path.read_text("utf-8").split("--\n")
    return [_thread(f"small talk\n{part}") for part in parts]


def tell(thread: Thread, rng: Random, people: Mapping[str, str]) -> Told:
    """The thread with everything chosen; `people` are the names of A and B."""
    chosen = dict(people)
    turns = [(label, people[who], _said(text, rng, chosen)) for label, who, text in thread.lines]
    asked = [(kind, labels, _said(text, rng, chosen)) for kind, labels, text in thread.asked]
    return Told(thread, turns, asked, people)


def _said(pattern: str, rng: Random, chosen: dict[str, str]) -> str:
    def bind(found: re.Match[str]) -> str:
        return chosen.setdefault(found[1], pick(rng, found[2].split("|")))

    bound = _BOUND.sub(bind, pattern)
    free = _FREE.sub(lambda found: pick(rng, found[1].split("|")), bound)
    # A name in a choice is known only now.
    return _NAMED.sub(lambda found: chosen[found[1]], free)


def _thread(text: str) -> Thread:
    name, *rows = [row for row in text.splitlines() if row]
    lines: list[tuple[str | None, str, str]] = []
    asked: list[tuple[str, Sequence[str], str]] = []
    tag: Sequence[str] | None = None
    for row in rows:
        if found := _TAG.fullmatch(row):
            tag = found.group("name", "label", "text")
        elif found := _ASKED.fullmatch(row):
            asked.append((found["kind"], found["labels"].split(), found["text"]))
        elif found := _LINE.fullmatch(row):
            lines.append((found["label"], found["who"], found["text"]))
        else:
            raise ValueError(f"{name}: {row}")
    known = {label for label, _, _ in lines}
    needed = {label for _, labels, _ in asked for label in labels} | (
        {tag[1]} if tag else set[str]()
    )
    if not needed <= known:
        raise ValueError(f"{name}: no turn is called {sorted(needed - known)}")
    return Thread(name, tag, lines, asked)
