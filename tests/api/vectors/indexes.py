"""Every vector index under one suite, and what the suite puts into them."""

import math
import os
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias
from uuid import UUID, uuid4

import numpy as np

from openmemory_api.domain.filters import Filter, In, matches
from openmemory_api.domain.memory import EntityIds, Memory
from openmemory_api.domain.protocols import Candidate, Matrix, Point, Space, Vector, VectorIndex
from openmemory_api.vectors.exact import ExactIndex
from openmemory_api.vectors.loading import IndexOptions, load_index
from openmemory_api.vectors.qdrant import remote
from openmemory_api.vectors.qdrant.edge import EdgeEngine
from openmemory_api.vectors.qdrant.index import QdrantIndex
from openmemory_api.vectors.qdrant.remote import QdrantEngine
from openmemory_api.vectors.terms import (
    document_terms,
    query_terms,
    searchable_text,
    telling_terms,
)
from tests.qdrant_double import InMemory
from tests.strategies import plain_memory

IndexFactory: TypeAlias = Callable[[Path], VectorIndex]
"""Makes an index, unopened, that may use the folder."""

INDEXES: dict[str, IndexFactory] = {
    "exact": lambda _: ExactIndex(),
    "edge": lambda folder: QdrantIndex(EdgeEngine(folder)),
    "qdrant": lambda _: QdrantIndex(QdrantEngine(InMemory)),
}
if url := os.environ.get("TEST_QDRANT_URL"):
    server = IndexOptions(Path(), url, os.environ.get("TEST_QDRANT_API_KEY"))
    # A prefix of its own, so that every index begins empty; what is left is deleted by hand.
    INDEXES["server"] = lambda _: remote.create(
        replace(server, qdrant_collection=f"test_{uuid4().hex}")
    )
if chosen := os.environ.get("TEST_INDEX"):
    INDEXES[chosen] = lambda folder, name=chosen: load_index(name, IndexOptions(folder))

DIMENSIONS = 32
SPACE = Space("a-store", "an-embedder", DIMENSIONS)
WORDS = ("tea", "berlin", "anna", "bob", "likes", "moved", "plays", "guitar", "chess", "the", "in")
ANNA = In("user_id", ("anna",))


def uid(name: str) -> str:
    """A UUID for a name of up to 16 letters; sorted as the names are."""
    return str(UUID(bytes=name.encode().ljust(16, b"\0")))


def name_of(memory_id: str) -> str:
    """The name of a `uid`."""
    return UUID(memory_id).bytes.rstrip(b"\0").decode()


def unit(*shape: int, seed: int) -> Matrix:
    """Random unit vectors."""
    drawn = np.random.default_rng(seed).standard_normal((*shape, DIMENSIONS)).astype(np.float32)
    return drawn / np.linalg.norm(drawn, axis=-1, keepdims=True)


def memory(name: str, text: str = "likes tea", *, user: str = "anna", change: int = 0) -> Memory:
    """A memory by the name its id is made of."""
    plain = plain_memory(uid(name), text)
    return replace(plain, entities=EntityIds(user_id=user), change=change)


def points(count: int, *, user: str = "anna", seed: int = 0) -> list[Point]:
    """Memories of one to three pieces, one in seven without a vector."""
    draw = random.Random(seed)
    made: list[Point] = []
    for number in range(count):
        text = " ".join(draw.choices(WORDS, k=draw.randint(1, 12)))
        vectors = unit(draw.randint(1, 3), seed=seed + number) if draw.random() > 1 / 7 else None
        made.append(Point(memory(f"{user}-{number:05}", text, user=user), vectors))
    return made


def brute_force(
    held: Sequence[Point], text: str, vector: Vector | None, scope: Filter, limit: int
) -> list[Candidate]:
    """What a search has to find, in the plainest words there are for it."""
    permitted = [point for point in held if matches(scope, point.memory)]
    telling = telling_terms(text).items()
    rarity = {term: tells * _rarity(term, permitted) for term, tells in telling}
    scored = [_scored(point, text, vector, rarity) for point in permitted]
    by_words = sorted((c for c in scored if c.lexical > 0), key=lambda c: (-c.specific, c.id))
    by_meaning = sorted((c for c in scored if c.dense is not None), key=_by_cosine)
    union = {each.id: each for each in [*by_words[:limit], *by_meaning[:limit]]}
    return [union[name] for name in sorted(union)]


def assert_same(found: Sequence[Candidate], expected: Sequence[Candidate]) -> None:
    """The same memories, scored alike as far as float32 goes."""
    assert [each.id for each in found] == [each.id for each in expected]
    for one, other in zip(found, expected, strict=True):
        assert (one.dense is None) == (other.dense is None)
        ours = (one.dense or 0.0, one.lexical, one.specific)
        theirs = (other.dense or 0.0, other.lexical, other.specific)
        assert np.allclose(ours, theirs, rtol=1e-6, atol=2e-6)


def _rarity(term: str, permitted: Sequence[Point]) -> float:
    texts = (searchable_text(point.memory) for point in permitted)
    holders = sum(term in document_terms(text) for text in texts)
    return math.log(1 + (len(permitted) - holders + 0.5) / (holders + 0.5))


def _scored(
    point: Point, text: str, vector: Vector | None, rarity: Mapping[str, float]
) -> Candidate:
    held = document_terms(searchable_text(point.memory))
    terms = query_terms(text)
    lexical = round(sum(weight * held.get(term, 0.0) for term, weight in terms.items()), 6)
    specific = round(sum(rarity[term] * held.get(term, 0.0) for term in terms), 6)
    if vector is None or point.vectors is None:
        return Candidate(point.memory.id, None, lexical, specific)
    wide = point.vectors.astype(np.float64) * vector.astype(np.float64)
    cosine = round(float(wide.sum(axis=1).max()), 6)
    return Candidate(point.memory.id, cosine, lexical, specific)


def _by_cosine(candidate: Candidate) -> tuple[float, str]:
    return -(candidate.dense or 0.0), candidate.id
