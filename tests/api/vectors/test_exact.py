"""What only the exact index does: compaction, and leaving the event loop free."""

import anyio
import anyio.lowlevel
import pytest

from openmemory_api.domain.filters import ALL
from openmemory_api.domain.protocols import Point
from openmemory_api.vectors import exact
from openmemory_api.vectors.exact import FEWEST_DEAD, ExactIndex
from tests.api.vectors.indexes import SPACE, brute_force, memory, points, uid, unit


async def index_of(*held: Point) -> ExactIndex:
    index = ExactIndex()
    await index.open(SPACE)
    await index.apply(held, [], change=1)
    return index


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
    found = await index.search("tea", None, scope=ALL, limit=5)
    assert [each.id for each in found] == [uid("a")]


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
    # A search on the loop would leave it one turn.
    assert turns > 50


async def test_a_large_write_leaves_turns_to_others() -> None:
    index = await index_of()
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            await anyio.lowlevel.checkpoint()
            turns += 1

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(count)
        await index.apply(points(2_000), [], change=1)
        tasks.cancel_scope.cancel()
    assert turns > 20


async def test_a_thread_reads_whole_memories_while_others_are_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(exact, "INLINE_ROWS", 0)
    monkeypatch.setattr(exact, "RARE", 1)
    # More than a block of vectors, and each written twice, so that rows die meanwhile.
    held = [
        Point(memory(f"m{n:05}", "zither"), vector[None])
        for n, vector in enumerate(unit(exact.BLOCK // 2 + 500, seed=4))
    ]
    vector = unit(seed=1)
    index = await index_of()
    expected = {c.id: (c.dense, c.lexical) for c in brute_force(held, "zither", vector, ALL, 9_999)}
    searches = 0

    async def read() -> None:
        nonlocal searches
        while True:
            found = await index.search("zither", vector, scope=ALL, limit=9_999)
            assert [(c.dense, c.lexical) for c in found] == [expected[c.id] for c in found]
            searches += 1

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(read)
        rounds = 0
        while rounds < 2 or searches < 4:
            rounds += 1
            for start in range(0, len(held), 500):
                await index.apply(held[start : start + 500], [], change=1)
        tasks.cancel_scope.cancel()
    assert len(await index.search("zither", vector, scope=ALL, limit=9_999)) == len(held)
