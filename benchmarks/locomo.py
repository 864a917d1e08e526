"""Retrieval quality of the shipped ranking on LoCoMo: recall and NDCG of the evidence turns.

    python -m benchmarks.locomo locomo10.json [--bare]

The data (CC BY-NC 4.0) is not part of this repository: https://github.com/snap-research/locomo.
One memory per dialogue turn, one index per conversation, the questions of categories 1 to 4.
"""

import json
import math
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean
from typing import Any, cast

import anyio

from openmemory_api.domain.filters import ALL
from openmemory_api.domain.memory import EntityIds, Lifecycle, Memory, State
from openmemory_api.domain.protocols import Point, Space
from openmemory_api.domain.text import spoken
from openmemory_api.embeddings.minilm import MiniLMEmbedder
from openmemory_api.services.ranking import rank
from openmemory_api.vectors.exact import ExactIndex

CUTS = (5, 10, 20)
LEG_LIMIT = 50
ANSWERABLE = (1, 2, 3, 4)


@dataclass(frozen=True, slots=True)
class Question:
    """A question and the turns that hold its answer."""

    text: str
    evidence: frozenset[str]


def turns(conversation: Mapping[str, Any]) -> Iterator[Memory]:
    """Every turn as a memory with its speaker, its day and the caption of the image it shares."""
    for key, session in conversation.items():
        if isinstance(session, list):
            day = _session_time(conversation[f"{key}_date_time"])
            for turn in cast("list[dict[str, str]]", session):
                yield _memory(turn, day)


def questions(sample: Mapping[str, Any], known: set[str]) -> Iterator[Question]:
    """The questions whose evidence names at least one known turn."""
    for asked in sample["qa"]:
        named = re.findall(r"D\d+:\d+", " ".join(asked.get("evidence", [])))
        evidence = known.intersection(named)
        if evidence and asked["category"] in ANSWERABLE:
            yield Question(asked["question"], frozenset(evidence))


def recall(found: Sequence[str], wanted: frozenset[str]) -> float:
    """Share of `wanted` that was found."""
    return len(wanted.intersection(found)) / len(wanted)


def ndcg(found: Sequence[str], wanted: frozenset[str]) -> float:
    """Discounted gain of the found over that of the best order."""
    gain = sum(1 / math.log2(place + 2) for place, each in enumerate(found) if each in wanted)
    best = sum(1 / math.log2(place + 2) for place in range(min(len(wanted), len(found))))
    return gain / best if best else 0.0


async def answers(
    sample: Mapping[str, Any], embedder: MiniLMEmbedder, *, bare: bool
) -> dict[Question, list[str]]:
    """The ranked turns for each question of one conversation."""
    memories = list(turns(sample["conversation"]))
    if bare:
        memories = [replace(memory, actor=None, event_time=None) for memory in memories]
    vectors = await embedder.embed_documents(
        [spoken(memory.text, memory.actor) for memory in memories]
    )
    index = ExactIndex()
    await index.open(Space("locomo", embedder.name, embedder.dimensions))
    await index.apply(list(map(Point, memories, vectors)), [], change=1)
    found: dict[Question, list[str]] = {}
    for question in questions(sample, {memory.id for memory in memories}):
        vector = await embedder.embed_query(question.text)
        candidates = await index.search(question.text, vector, scope=ALL, limit=LEG_LIMIT)
        found[question] = [each.id for each in rank(question.text, candidates)]
    return found


async def measure(samples: Sequence[Mapping[str, Any]], bare: bool) -> None:
    """Print the figures over all conversations; `bare` stores neither speaker nor day."""
    embedder = MiniLMEmbedder()
    found: list[tuple[Question, list[str]]] = []
    for sample in samples:
        found += (await answers(sample, embedder, bare=bare)).items()
    print(f"{len(found)} questions")
    for cut in CUTS:
        print(f"R@{cut:<4} {fmean(recall(ids[:cut], asked.evidence) for asked, ids in found):.3f}")
    print(f"NDCG@10 {fmean(ndcg(ids[:10], asked.evidence) for asked, ids in found):.3f}")


def _session_time(written: str) -> datetime:
    return datetime.strptime(written, "%I:%M %p on %d %B, %Y").replace(tzinfo=UTC)


def _memory(turn: Mapping[str, str], day: datetime) -> Memory:
    caption = turn.get("blip_caption")
    return Memory(
        id=turn["dia_id"],
        number=None,
        project_id="locomo",
        entities=EntityIds(),
        app=None,
        text=turn["text"] + (f" [shares {caption}]" if caption else ""),
        metadata=None,
        categories=None,
        tags=(),
        state=State.ACTIVE,
        lifecycle=Lifecycle.ACTIVE,
        created_at=day,
        updated_at=day,
        expiration_date=None,
        event_time=day,
        actor=turn["speaker"],
    )


if __name__ == "__main__":
    anyio.run(measure, json.loads(Path(sys.argv[1]).read_text("utf-8")), "--bare" in sys.argv)
