"""What only Edge does: a process of its own that can die, files that can break, a lock."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from openmemory_api.domain.errors import Unavailable
from openmemory_api.domain.filters import ALL
from openmemory_api.domain.protocols import Point
from openmemory_api.vectors.qdrant import child as child_module
from openmemory_api.vectors.qdrant import frames
from openmemory_api.vectors.qdrant.edge import EdgeEngine
from openmemory_api.vectors.qdrant.index import QdrantIndex
from openmemory_api.vectors.qdrant.shard import FEWEST, WORN
from tests.api.vectors.indexes import SPACE, memory, points, unit

BRIEFLY = 30.0
"""More than any of it takes on a busy machine."""


def children_of(pid: int) -> list[int]:
    """The processes of indexes that `pid` started and that still run."""
    listed = subprocess.run(
        ["ps", "-A", "-ww", "-o", "pid=,ppid=,stat=,args="],
        capture_output=True,
        text=True,
        check=True,
    )
    found = [line.split(None, 3) for line in listed.stdout.splitlines()]
    return [
        int(child)
        for child, parent, state, args in found
        if int(parent) == pid and child_module.__name__ in args and not state.startswith("Z")
    ]


def kill_child() -> None:
    (child,) = children_of(os.getpid())
    os.kill(child, signal.SIGKILL)


async def ids_in(index: QdrantIndex) -> set[str]:
    return {each.id for each in await index.search("tea", unit(seed=1), scope=ALL, limit=5_000)}


def numbered(first: int, last: int) -> list[Point]:
    return [
        Point(memory(f"m{n:06}", "likes tea", change=n), unit(1, seed=n))
        for n in range(first, last + 1)
    ]


def shard_of(folder: Path) -> Path:
    (found,) = folder.glob("edge-*")
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "index"


def edge(folder: Path) -> QdrantIndex:
    return QdrantIndex(EdgeEngine(folder))


async def test_what_was_written_is_there_when_it_is_opened_again(folder: Path) -> None:
    held = points(50)
    index = edge(folder)
    await index.open(SPACE)
    await index.apply(held, [], change=9)
    before = await index.search("berlin", unit(seed=1), scope=ALL, limit=10)
    await index.close()
    assert children_of(os.getpid()) == []

    again = edge(folder)
    await again.open(SPACE)
    assert await again.applied() == 9
    assert await again.search("berlin", unit(seed=1), scope=ALL, limit=10) == before
    await again.close()


async def test_a_search_is_answered_although_the_process_has_died(folder: Path) -> None:
    index = edge(folder)
    await index.open(SPACE)
    await index.apply(numbered(1, 20), [], change=20)
    expected = await ids_in(index)
    kill_child()
    assert await ids_in(index) == expected
    await index.close()


async def test_who_writes_is_told_of_a_process_that_died_and_begins_where_it_left(
    folder: Path,
) -> None:
    index = edge(folder)
    await index.open(SPACE)
    await index.apply(numbered(1, 20), [], change=20)
    kill_child()
    with pytest.raises(Unavailable):
        await index.apply(numbered(21, 30), [], change=30)
    assert await index.applied() <= 20
    await index.apply(numbered(1, 30), [], change=30)

    kill_child()
    assert len(await ids_in(index)) == 30
    # A search has started the new process, yet a write after a gap must not pass for complete.
    with pytest.raises(Unavailable):
        await index.apply(numbered(31, 31), [], change=31)
    assert await index.applied() <= 30
    await index.close()


async def test_nothing_acknowledged_is_missing_however_often_the_process_dies(
    folder: Path,
) -> None:
    index = edge(folder)
    await index.open(SPACE)
    acknowledged, deaths, told = 0, 0, 0
    draw = random.Random(1)

    async def die_after(seconds: float) -> None:
        await anyio.sleep(seconds)
        kill_child()

    while acknowledged < 1_000:
        start = await index.applied()
        try:
            async with anyio.create_task_group() as tasks:
                if start >= deaths * 150:
                    tasks.start_soon(die_after, draw.random() / 20)
                    deaths += 1
                await index.apply(numbered(start + 1, start + 100), [], change=start + 100)
            acknowledged = max(acknowledged, start + 100)
        except* Unavailable:
            told += 1

    expected = {point.memory.id for point in numbered(1, acknowledged)}
    assert told > 2
    assert expected <= await ids_in(index)
    await index.close()


WRITER = """
import anyio, sys
from pathlib import Path
from tests.api.vectors.indexes import SPACE
from tests.api.vectors.test_edge import edge, numbered

async def main():
    index = edge(Path(sys.argv[1]))
    await index.open(SPACE)
    for start in range(1, 100_000, 20):
        await index.apply(numbered(start, start + 19), [], change=start + 19)
        print(start + 19, flush=True)

anyio.run(main)
"""


async def test_killed_with_its_server_it_ends_and_has_all_that_was_acknowledged(
    folder: Path,
) -> None:
    root = str(Path(__file__).parents[3])
    for _ in range(3):
        with subprocess.Popen(  # noqa: ASYNC220  nothing else runs in this loop
            [sys.executable, "-c", WRITER, str(folder)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": root},
        ) as server:
            assert server.stdout is not None
            written = [int(server.stdout.readline()) for _ in range(5)]
            (child,) = children_of(server.pid)
            server.kill()
            written += [int(line) for line in server.stdout]
        await _until_gone(child)

        index = edge(folder)
        await index.open(SPACE)
        assert {point.memory.id for point in numbered(1, written[-1])} <= await ids_in(index)
        await index.close()


async def _until_gone(pid: int) -> None:
    with anyio.fail_after(BRIEFLY):
        while _runs(pid):  # noqa: ASYNC110  another process sets no event
            await anyio.sleep(0.01)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_a_folder_that_another_process_holds_is_left_alone(folder: Path) -> None:
    index = edge(folder)
    await index.open(SPACE)
    await index.apply(numbered(1, 5), [], change=5)

    intruder = QdrantIndex(EdgeEngine(folder, patience=0.2))
    with pytest.raises(Unavailable, match="held by another process"):
        await intruder.open(SPACE)
    await intruder.close()

    # A second load would have broken this one's next flush.
    await index.apply(numbered(6, 9), [], change=9)
    await index.close()
    again = edge(folder)
    await again.open(SPACE)
    assert (await again.applied(), len(await ids_in(again))) == (9, 9)
    await again.close()


async def _break(folder: Path, how: str) -> None:
    index = edge(folder)
    await index.open(SPACE)
    await index.apply(numbered(1, 5), [], change=5)
    await index.close()
    shard = shard_of(folder)
    match how:
        case "no segments":
            shutil.rmtree(shard / "shard" / "segments")
            (shard / "shard" / "segments").write_text("")
        case "nonsense in a segment":
            (segment,) = (shard / "shard" / "segments").iterdir()
            (segment / "segment.json").write_text("{")
        case "it killed whoever loaded it":
            (shard / "opening").touch()
        case _:
            raise AssertionError(how)


@pytest.mark.parametrize(
    "how", ["no segments", "nonsense in a segment", "it killed whoever loaded it"]
)
async def test_a_shard_that_cannot_be_loaded_is_put_aside_and_filled_again(
    folder: Path, how: str
) -> None:
    await _break(folder, how)
    index = edge(folder)
    await index.open(SPACE)
    assert await index.applied() == 0
    assert await ids_in(index) == set()
    aside = shard_of(folder) / "shard.broken"
    assert aside.is_dir()
    await index.apply(numbered(1, 5), [], change=5)
    assert len(await ids_in(index)) == 5
    await index.close()
    # It may hold texts that are erased everywhere else.
    assert not aside.exists()


async def test_files_that_hold_mostly_what_was_replaced_are_made_anew(folder: Path) -> None:
    index = edge(folder)
    await index.open(SPACE)
    for repeat in range(WORN):
        assert await index.applied() == repeat
        await index.apply(numbered(1, FEWEST), [], change=repeat + 1)
    await index.close()
    await index.open(SPACE)
    assert await index.applied() == WORN

    await index.apply(numbered(1, 1), [], change=WORN + 1)
    await index.close()
    await index.open(SPACE)
    assert (await index.applied(), await ids_in(index)) == (0, set())
    await index.apply(numbered(1, FEWEST), [], change=WORN + 1)
    await index.close()
    await index.open(SPACE)
    assert len(await ids_in(index)) == FEWEST
    await index.close()


async def test_an_index_of_another_space_is_removed_once_the_new_one_is_on_the_disk(
    folder: Path,
) -> None:
    index = edge(folder)
    await index.open(SPACE)
    await index.apply(numbered(1, 5), [], change=5)
    old = shard_of(folder)
    await index.open(replace(SPACE, embedder="another"))
    assert old.exists()
    await index.apply(numbered(1, 5), [], change=5)
    await index.close()
    assert not old.exists()
    assert shard_of(folder).exists()


async def test_an_index_that_is_not_open_says_so(folder: Path) -> None:
    index = edge(folder)
    with pytest.raises(Unavailable, match="not open"):
        await index.search("tea", None, scope=ALL, limit=5)


async def test_what_the_engine_cannot_do_is_told_and_it_goes_on(folder: Path) -> None:
    index = edge(folder)
    await index.open(SPACE)
    wrong = Point(memory("a"), unit(1, seed=1)[:, :7])
    with pytest.raises(Unavailable, match="failed"):
        await index.apply([wrong], [], change=1)
    await index.apply(numbered(1, 5), [], change=5)
    assert len(await ids_in(index)) == 5
    await index.close()


async def test_when_nobody_asks_it_puts_on_the_disk_what_was_written(folder: Path) -> None:
    index = edge(folder)
    await index.open(SPACE)
    await index.apply(numbered(1, 5), [], change=5)
    sidecar = anyio.Path(shard_of(folder)) / "applied.json"
    with anyio.fail_after(BRIEFLY):
        while not await sidecar.exists():  # noqa: ASYNC110  another process sets no event
            await anyio.sleep(0.05)
    assert json.loads(await sidecar.read_text()) == {"applied": 5, "written": 5}
    await index.close()


def test_a_message_that_is_cut_off_is_none(tmp_path: Path) -> None:
    path = tmp_path / "message"
    whole = frames.packed({"op": "run"}, b"1234")
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with path.open("rb") as stream:
            assert frames.read(stream) is None
    path.write_bytes(whole)
    with path.open("rb") as stream:
        assert frames.read(stream) == ({"op": "run"}, b"1234")
