"""Every index against brute force, and against itself with rows it must not look at."""

import random
from collections.abc import Sequence
from dataclasses import replace
from itertools import product

import anyio
import anyio.lowlevel
import pytest

from openmemory_api.domain.filters import (
    ALL,
    NOTHING,
    Contains,
    Filter,
    In,
    MetadataIs,
    MetadataKey,
    Not,
    any_of,
    matches,
)
from openmemory_api.domain.protocols import Candidate, Point, Vector, VectorIndex
from tests.api.vectors.conftest import IndexOf
from tests.api.vectors.indexes import (
    ANNA,
    SPACE,
    WORDS,
    assert_same,
    brute_force,
    memory,
    name_of,
    points,
    uid,
    unit,
)

BOB_OR_TEA = any_of(In("user_id", ("bob",)), Contains("text", "TEA"))


def names(found: Sequence[Candidate]) -> list[str]:
    return [name_of(each.id) for each in found]


@pytest.mark.parametrize("seed", range(3))
async def test_candidates_are_those_of_brute_force(index_of: IndexOf, seed: int):
    held = points(60, seed=seed) + points(60, user="bob", seed=seed + 1_000)
    index = await index_of(*held)
    vector = unit(seed=seed + 5_000)
    scopes = ALL, ANNA, Not(ANNA), BOB_OR_TEA, Not(BOB_OR_TEA)
    for text in ("who likes chess", "tea", "the in", "anna moved in with bob in Berlin", "?"):
        for scope, limit in product(scopes, (3, 200)):
            found = await index.search(text, vector, scope=scope, limit=limit)
            assert_same(found, brute_force(held, text, vector, scope, limit))


async def test_each_leg_brings_its_best_and_both_score_the_union(index_of: IndexOf):
    vector = unit(seed=1)
    word = Point(memory("word", "plays chess"), -vector[None])
    meaning = Point(memory("meaning", "a board game"), vector[None])
    rest = [Point(memory(f"rest{n}", "likes tea"), unit(1, seed=n + 9)) for n in range(20)]
    index = await index_of(word, meaning, *rest)
    found = await index.search("chess", vector, scope=ALL, limit=1)
    assert [(name_of(each.id), each.dense, each.lexical > 0) for each in found] == [
        ("meaning", 1.0, False),
        ("word", -1.0, True),
    ]


async def test_without_a_vector_only_the_words_are_searched(index_of: IndexOf):
    index = await index_of(*points(50), Point(memory("x", "zither"), unit(1, seed=3)))
    assert names(await index.search("zither", None, scope=ALL, limit=5)) == ["x"]
    assert await index.search("trombone", None, scope=ALL, limit=5) == []


async def test_a_memory_without_a_vector_is_found_by_its_words_beside_others(index_of: IndexOf):
    held = Point(memory("a", "zither"), None), Point(memory("b"), unit(1, seed=1))
    index = await index_of(*held)
    found = await index.search("zither", unit(seed=2), scope=ALL, limit=5)
    assert [(name_of(each.id), each.dense is None) for each in found] == [("a", True), ("b", False)]


async def test_a_text_counts_by_its_nearest_piece(index_of: IndexOf):
    vector = unit(seed=1)
    far = unit(7, seed=2)
    held = far.copy()
    held[4] = vector
    index = await index_of(Point(memory("near"), held), Point(memory("far"), far))
    found = await index.search("x", vector, scope=ALL, limit=1)
    assert [(name_of(each.id), each.dense) for each in found] == [("near", 1.0)]


async def test_an_empty_index_and_an_empty_scope_find_nothing(index_of: IndexOf):
    assert await (await index_of()).search("tea", unit(seed=1), scope=ALL, limit=5) == []
    index = await index_of(*points(30))
    assert await index.search("tea", unit(seed=1), scope=NOTHING, limit=5) == []
    nobody = In("user_id", ("nobody",))
    assert await index.search("tea", unit(seed=1), scope=nobody, limit=5) == []


@pytest.mark.parametrize("others", [1, 37, 900])
async def test_rows_outside_the_scope_change_no_bit_of_an_answer(index_of: IndexOf, others: int):
    own = points(300, seed=7)
    mixed = [*points(others, user="bob", seed=70), *own]
    random.Random(others).shuffle(mixed)
    alone, crowded = await index_of(*own), await index_of(*mixed)
    for seed in range(8):
        vector = unit(seed=seed)
        text = f"{WORDS[seed % len(WORDS)]} guitar in berlin"
        for limit in (1, 10, 100):
            expected = await alone.search(text, vector, scope=ANNA, limit=limit)
            assert await crowded.search(text, vector, scope=ANNA, limit=limit) == expected


async def test_of_equal_memories_the_cut_takes_the_same_in_every_order(index_of: IndexOf):
    twins = [Point(memory(f"twin{n}"), unit(1, seed=1)) for n in range(100)]
    forward, backward = await index_of(*twins), await index_of(*reversed(twins))
    vector = unit(seed=2)
    for text in ("tea", "likes tea", "who likes green tea"):
        expected = await forward.search(text, vector, scope=ALL, limit=3)
        assert names(expected) == ["twin0", "twin1", "twin10"]
        assert await backward.search(text, vector, scope=ALL, limit=3) == expected


async def test_a_longer_list_begins_with_the_shorter_one(index_of: IndexOf):
    index = await index_of(*points(300))
    vector = unit(seed=3)
    few = await index.search("berlin chess", vector, scope=ALL, limit=5)
    many = await index.search("berlin chess", vector, scope=ALL, limit=50)
    assert {each.id for each in few} <= {each.id for each in many}


HOSTILE = (
    "'; DROP TABLE memories; --",
    '{"must_not": []}',
    "a\nb\tc",
    "\u202etxet",
    "𝕳ello 🙂‍🙂 e\u0301",
    "东京 タワー กรุงเทพ",
    "%_\\*?[]()",
    "x" * 20_000,
    " ".join(str(n) for n in range(3_000)),
    "",
    "  ",
)


async def test_no_text_value_or_id_is_too_strange(index_of: IndexOf):
    held = [
        Point(
            replace(
                memory(f"m{n}", text),
                tags=(text[:300],),
                metadata={text[:50]: text, 'a"b.c[0]': [text[:20], None, {"x": [text]}]},
            ),
            unit(1, seed=n),
        )
        for n, text in enumerate(HOSTILE)
    ]
    index = await index_of(*held)
    for text in HOSTILE:
        asked: list[Filter] = [
            Contains("text", text[:500]),
            Contains("tags", text[:300]),
            In("tags", (text[:300], "\ud800")),
            Contains(MetadataKey(text[:50]), text[:9], ignore_case=False),
            MetadataIs('a"b.c[0]', [text[:20], None, {"x": [text]}]),
        ]
        for scope in (*asked, *map(Not, asked)):
            found = await index.search(text, unit(seed=0), scope=scope, limit=50)
            expected = {point.memory.id for point in held if matches(scope, point.memory)}
            assert {each.id for each in found} == expected
    strange = In("id", ("x", "", "\0", uid("m1").upper(), "{" + uid("m2") + "}", uid("m3")))
    assert names(await index.search("x", unit(seed=0), scope=strange, limit=50)) == ["m3"]


async def test_a_changed_memory_is_found_as_it_is_now(index_of: IndexOf):
    index = await index_of(Point(memory("a", "likes tea"), None))
    await index.apply([Point(memory("a", "likes coffee"), unit(1, seed=1))], [], change=2)
    assert await index.search("tea", None, scope=ALL, limit=5) == []
    found = await index.search("coffee", unit(seed=2), scope=ALL, limit=5)
    assert [(name_of(each.id), each.dense is None) for each in found] == [("a", False)]


async def test_a_memory_whose_text_changed_loses_the_vector_of_the_old_one(index_of: IndexOf):
    index = await index_of(Point(replace(memory("a"), tags=("t",)), unit(1, seed=1)))
    await index.apply([Point(memory("a", "likes coffee"), None)], [], change=2)
    found = await index.search("coffee", unit(seed=1), scope=ALL, limit=5)
    assert [(name_of(each.id), each.dense) for each in found] == [("a", None)]
    assert await index.search("coffee", None, scope=In("tags", ("t",)), limit=5) == []


async def test_an_older_write_does_not_undo_a_newer_one(index_of: IndexOf):
    index = await index_of()
    await index.apply([Point(memory("a", "likes coffee", change=5), None)], [], change=5)
    await index.apply([Point(memory("a", "likes tea", change=4), None)], [], change=4)
    assert await index.search("tea", None, scope=ALL, limit=5) == []


async def test_a_deleted_memory_is_gone_and_deleting_twice_is_harmless(index_of: IndexOf):
    index = await index_of(Point(memory("a"), unit(1, seed=1)), Point(memory("b"), None))
    for change in (2, 3):
        await index.apply([], [uid("a"), uid("never was")], change=change)
    found = await index.search("tea", unit(seed=1), scope=ALL, limit=5)
    assert names(found) == ["b"]


async def test_applied_is_the_highest_change_seen(index_of: IndexOf):
    index = await index_of()
    assert await index.applied() == 0
    for change in (3, 2, 7):
        await index.apply([], [], change=change)
    assert await index.applied() == 7


async def test_another_space_begins_empty_and_the_same_one_goes_on(index_of: IndexOf):
    index = await index_of(Point(memory("a"), unit(1, seed=1)))
    await index.open(SPACE)
    assert await index.applied() == 1
    for other in (
        replace(SPACE, embedder="another"),
        replace(SPACE, store="another"),
        replace(SPACE, dimensions=8),
    ):
        await index.open(other)
        assert await index.applied() == 0
        assert await index.search("tea", None, scope=ALL, limit=5) == []


async def test_without_dimensions_memories_are_found_by_their_words(index_of: IndexOf):
    index = await index_of()
    await index.open(replace(SPACE, dimensions=0))
    await index.apply([Point(memory("a", "likes tea"), None)], [], change=1)
    # The model may be back, and with it the query's vector, before the index is opened for it.
    for vector in (None, unit(seed=1)):
        assert names(await index.search("tea", vector, scope=ALL, limit=5)) == ["a"]


async def test_closing_twice_and_before_opening_is_harmless(index_of: IndexOf):
    index = await index_of(*points(3))
    await index.close()
    await index.close()


async def test_searches_during_writes_see_whole_memories(index_of: IndexOf):
    """Every memory that is found has the vector and the words it was written with."""
    held = [Point(memory(f"m{n:04}", "zither"), unit(1, seed=n)) for n in range(1_500)]
    index = await index_of()
    expected = {each.id: each for each in brute_force(held, "zither", unit(seed=1), ALL, 2_000)}

    async def write() -> None:
        for start in range(0, len(held), 100):
            await index.apply(held[start : start + 100], [], change=start + 1)

    async def read() -> None:
        while await index.applied() < 1_401:
            found = await index.search("zither", unit(seed=1), scope=ALL, limit=2_000)
            # How rare a word is changes with every write; what a memory holds does not.
            assert_same(
                [replace(each, specific=0.0) for each in found],
                [replace(expected[each.id], specific=0.0) for each in found],
            )
            await anyio.lowlevel.checkpoint()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(write)
        tasks.start_soon(read)


async def test_a_search_that_is_given_up_does_not_disturb_the_next_one(index_of: IndexOf):
    held = points(400)
    index = await index_of(*held)
    vector = unit(seed=3)
    expected = await index.search("berlin chess", vector, scope=ALL, limit=5)
    for checkpoints in range(12):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_search_for_ever, index, vector)
            for _ in range(checkpoints):
                await anyio.lowlevel.checkpoint()
            tasks.cancel_scope.cancel()
        assert await index.search("berlin chess", vector, scope=ALL, limit=5) == expected


async def _search_for_ever(index: VectorIndex, vector: Vector) -> None:
    while True:
        await index.search("anna plays tea", vector, scope=ANNA, limit=50)
