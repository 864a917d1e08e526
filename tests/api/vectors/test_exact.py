"""The exact index against brute force, and against itself with rows it must not look at."""

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace

import anyio
import anyio.lowlevel
import numpy as np
import pytest

from openmemory_api.domain.filters import ALL, NOTHING, Filter, In, matches
from openmemory_api.domain.memory import EntityIds, Memory
from openmemory_api.domain.protocols import Candidate, Matrix, Point, Space, Vector
from openmemory_api.vectors.exact import FEWEST_DEAD, ExactIndex
from openmemory_api.vectors.terms import document_terms, query_terms, searchable_text
from tests.strategies import plain_memory

DIMENSIONS = 32
SPACE = Space("a-store", "an-embedder", DIMENSIONS)
WORDS = ("tea", "berlin", "anna", "bob", "likes", "moved", "plays", "guitar", "chess", "the", "in")
ANNA = In("user_id", ("anna",))


def unit(*shape: int, seed: int) -> Matrix:
    drawn = np.random.default_rng(seed).standard_normal((*shape, DIMENSIONS)).astype(np.float32)
    return drawn / np.linalg.norm(drawn, axis=-1, keepdims=True)


def memory(name: str, text: str = "likes tea", *, user: str = "anna", change: int = 0) -> Memory:
    return replace(plain_memory(name, text), entities=EntityIds(user_id=user), change=change)


def points(count: int, *, user: str = "anna", seed: int = 0) -> list[Point]:
    """Memories of one to three pieces, one in seven without a vector."""
    draw = random.Random(seed)
    made: list[Point] = []
    for number in range(count):
        text = " ".join(draw.choices(WORDS, k=draw.randint(1, 12)))
        vectors = unit(draw.randint(1, 3), seed=seed + number) if draw.random() > 1 / 7 else None
        made.append(Point(memory(f"{user}-{number:05}", text, user=user), vectors))
    return made


async def opened() -> ExactIndex:
    index = ExactIndex()
    await index.open(SPACE)
    return index


async def index_of(*held: Point) -> ExactIndex:
    index = await opened()
    await index.apply(held, [], change=1)
    return index


def brute_force(
    held: Sequence[Point], text: str, vector: Vector | None, scope: Filter, limit: int
) -> list[Candidate]:
    permitted = [point for point in held if matches(scope, point.memory)]
    rarity = {term: _rarity(term, permitted) for term in query_terms(text)}
    scored = [_scored(point, text, vector, rarity) for point in permitted]
    by_words = sorted((each for each in scored if each.lexical > 0), key=lambda c: -c.specific)
    by_meaning = sorted((each for each in scored if each.dense is not None), key=_cosine)
    union = {each.id: each for each in [*by_words[:limit], *by_meaning[:limit]]}
    return [union[name] for name in sorted(union)]


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


def _cosine(candidate: Candidate) -> float:
    return -(candidate.dense or 0.0)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("scope", [ALL, ANNA])
async def test_candidates_are_those_of_brute_force(seed: int, scope: Filter) -> None:
    held = points(60, seed=seed) + points(60, user="bob", seed=seed + 1_000)
    index = await index_of(*held)
    vector = unit(seed=seed + 5_000)
    found = await index.search("who likes chess", vector, scope=scope, limit=200)
    assert found == brute_force(held, "who likes chess", vector, scope, 200)


async def test_each_leg_brings_its_best_and_both_score_the_union() -> None:
    vector = unit(seed=1)
    word = Point(memory("word", "plays chess"), -vector[None])
    meaning = Point(memory("meaning", "a board game"), vector[None])
    rest = [Point(memory(f"rest{n}", "likes tea"), unit(1, seed=n + 9)) for n in range(20)]
    index = await index_of(word, meaning, *rest)
    found = await index.search("chess", vector, scope=ALL, limit=1)
    assert [(each.id, each.dense, each.lexical > 0) for each in found] == [
        ("meaning", 1.0, False),
        ("word", -1.0, True),
    ]


async def test_without_a_vector_only_the_words_are_searched() -> None:
    index = await index_of(*points(50), Point(memory("x", "zither"), unit(1, seed=3)))
    assert [c.id for c in await index.search("zither", None, scope=ALL, limit=5)] == ["x"]
    assert await index.search("trombone", None, scope=ALL, limit=5) == []


async def test_a_memory_without_a_vector_is_found_by_its_words_beside_others() -> None:
    index = await index_of(Point(memory("a", "zither"), None), Point(memory("b"), unit(1, seed=1)))
    found = await index.search("zither", unit(seed=2), scope=ALL, limit=5)
    assert [(each.id, each.dense is None) for each in found] == [("a", True), ("b", False)]


async def test_an_empty_index_and_an_empty_scope_find_nothing() -> None:
    assert await (await index_of()).search("tea", unit(seed=1), scope=ALL, limit=5) == []
    index = await index_of(*points(30))
    assert await index.search("tea", unit(seed=1), scope=NOTHING, limit=5) == []


@pytest.mark.parametrize("others", [1, 37, 900, 4_000])
async def test_rows_outside_the_scope_change_no_bit_of_an_answer(others: int) -> None:
    own = points(300, seed=7)
    mixed = [*points(others, user="bob", seed=70), *own]
    random.Random(others).shuffle(mixed)
    alone, crowded = await index_of(*own), await index_of(*mixed)
    for seed in range(20):
        vector = unit(seed=seed)
        text = f"{WORDS[seed % len(WORDS)]} guitar in berlin"
        for limit in (1, 10, 100):
            expected = await alone.search(text, vector, scope=ANNA, limit=limit)
            assert await crowded.search(text, vector, scope=ANNA, limit=limit) == expected


async def test_of_equal_memories_the_cut_takes_the_same_in_every_order() -> None:
    twins = [Point(memory(f"twin{n}"), unit(1, seed=1)) for n in range(40)]
    forward, backward = await index_of(*twins), await index_of(*reversed(twins))
    vector = unit(seed=2)
    expected = await forward.search("tea", vector, scope=ALL, limit=3)
    assert [each.id for each in expected] == ["twin0", "twin1", "twin10"]
    assert await backward.search("tea", vector, scope=ALL, limit=3) == expected


async def test_a_longer_list_begins_with_the_shorter_one() -> None:
    index = await index_of(*points(300))
    vector = unit(seed=3)
    few = await index.search("berlin chess", vector, scope=ALL, limit=5)
    many = await index.search("berlin chess", vector, scope=ALL, limit=50)
    assert {each.id for each in few} <= {each.id for each in many}


async def test_a_changed_memory_is_found_as_it_is_now() -> None:
    index = await index_of(Point(memory("a", "likes tea"), None))
    await index.apply([Point(memory("a", "likes coffee"), unit(1, seed=1))], [], change=2)
    assert await index.search("tea", None, scope=ALL, limit=5) == []
    found = await index.search("coffee", unit(seed=2), scope=ALL, limit=5)
    assert [each.id for each in found] == ["a"]


async def test_an_older_write_does_not_undo_a_newer_one() -> None:
    index = await index_of(Point(memory("a", "likes coffee", change=5), None))
    await index.apply([Point(memory("a", "likes tea", change=4), None)], [], change=4)
    assert await index.search("tea", None, scope=ALL, limit=5) == []


async def test_a_deleted_memory_is_gone_and_deleting_twice_is_harmless() -> None:
    index = await index_of(Point(memory("a"), unit(1, seed=1)), Point(memory("b"), None))
    for change in (2, 3):
        await index.apply([], ["a", "never was"], change=change)
    found = await index.search("tea", unit(seed=1), scope=ALL, limit=5)
    assert [each.id for each in found] == ["b"]


async def test_applied_is_the_highest_change_seen() -> None:
    index = await opened()
    assert await index.applied() == 0
    for change in (3, 2, 7):
        await index.apply([], [], change=change)
    assert await index.applied() == 7


async def test_another_space_begins_empty_and_the_same_one_goes_on() -> None:
    index = await index_of(Point(memory("a"), unit(1, seed=1)))
    await index.open(SPACE)
    assert await index.applied() == 1
    await index.open(replace(SPACE, embedder="another"))
    assert await index.applied() == 0
    assert await index.search("tea", None, scope=ALL, limit=5) == []


async def test_compaction_changes_no_answer() -> None:
    held = points(FEWEST_DEAD // 2, seed=4)
    index = await index_of(*held)
    for repeat in range(6):
        await index.apply(held, [], change=repeat + 2)
    gone = [point.memory.id for point in held[::3]]
    await index.apply([], gone, change=9)
    fresh = await index_of(*[point for point in held if point.memory.id not in gone])
    for seed in range(10):
        expected = await fresh.search("anna plays", unit(seed=seed), scope=ALL, limit=20)
        assert await index.search("anna plays", unit(seed=seed), scope=ALL, limit=20) == expected


async def test_an_index_emptied_by_compaction_takes_memories_again() -> None:
    held = [Point(memory(f"m{n}"), unit(1, seed=n)) for n in range(FEWEST_DEAD + 1)]
    index = await index_of(*held)
    await index.apply([], [point.memory.id for point in held], change=2)
    assert await index.search("tea", unit(seed=1), scope=ALL, limit=5) == []
    await index.apply([Point(memory("a"), unit(1, seed=1))], [], change=3)
    assert [c.id for c in await index.search("tea", None, scope=ALL, limit=5)] == ["a"]


async def test_searches_during_writes_see_whole_memories() -> None:
    """Every memory that is found has the vector and the words it was written with."""
    held = [Point(memory(f"m{n:04}", "zither"), unit(1, seed=n)) for n in range(1_500)]
    index = await opened()
    expected = {each.id: each for each in brute_force(held, "zither", unit(seed=1), ALL, 2_000)}

    async def write() -> None:
        for start in range(0, len(held), 100):
            await index.apply(held[start : start + 100], [], change=start + 1)

    async def read() -> None:
        while await index.applied() < 1_401:
            found = await index.search("zither", unit(seed=1), scope=ALL, limit=2_000)
            # How rare a word is changes with every write; what a memory holds does not.
            assert [expected[each.id] for each in found] == [
                replace(each, specific=expected[each.id].specific) for each in found
            ]
            await anyio.lowlevel.checkpoint()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(write)
        tasks.start_soon(read)


async def test_a_search_of_a_large_index_leaves_the_event_loop_free() -> None:
    vectors = unit(30_000, seed=1)
    index = await index_of(
        *[Point(memory(f"m{n}"), vectors[n : n + 1]) for n in range(len(vectors))]
    )
    turns = 0
    finished = False

    async def count() -> None:
        nonlocal turns
        while not finished:
            await anyio.lowlevel.checkpoint()
            turns += 1

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(count)
        for seed in range(5):
            await index.search("tea", unit(seed=seed), scope=ALL, limit=10)
        finished = True
    # A search on the loop would leave it the few turns that waiting for the lock takes.
    assert turns > 50
