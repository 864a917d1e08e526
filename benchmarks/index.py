"""The embedded indexes side by side, over one SQLite store of each size.

    python -m benchmarks.index [--sizes 1000 10000] [--indexes exact edge] [--rounds 60]

Stores are made once per size and kept under build/ (a million memories take some 5 GB and some
minutes). Each index and size is measured in a process of its own, and its line is printed as soon as
it is there: a run can be stopped and continued with other sizes. CPU counts the index's process, too.

fill    every memory from SQLite into an empty index
open    from nothing to the first answer, with what SQLite has to be asked for
search  p50, p95 and CPU in ms for a user with 1 % and one with 99 % of the store, "rules" with a
        rule set: its own memories, two other apps' and a category's, without a tag and ten memories
add     one memory, p50 and p95 in ms
stall   10,000 memories are added in batches of 1,000 while one task ticks every millisecond and
        another searches for the 1 % user: the longest gap between ticks (in brackets the machine's
        own, with nothing going on), the 99th percentile and the slowest of the searches, in ms
lost    of the last 1,000 memories written, those missing after `kill -9` of whoever holds the index
"""

import argparse
import gc
import json
import os
import random
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import anyio
import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from benchmarks.seeding import texts, vectors
from openmemory_api.db import memories as rows
from openmemory_api.db.schema import migrate
from openmemory_api.db.session import Database
from openmemory_api.db.sqlite import open_sqlite
from openmemory_api.db.tables import projects
from openmemory_api.domain.access import (
    Access,
    Base,
    Caller,
    Effect,
    OfApp,
    OfCategory,
    OfMemory,
    OfTag,
    Rule,
    Verb,
    readable_by,
)
from openmemory_api.domain.filters import Filter, In, all_of
from openmemory_api.domain.memory import EntityIds, Lifecycle, Memory, State
from openmemory_api.domain.protocols import Point, Space, VectorIndex
from openmemory_api.domain.requests import View
from openmemory_api.vectors.loading import IndexOptions, load_index

DIMENSIONS = 384
EMBEDDER = "synthetic"
SPACE = Space("bench", EMBEDDER, DIMENSIONS)
STORES = Path("build/bench-index")
NOW = datetime(2026, 1, 1, tzinfo=UTC)
BATCH = 1_000
MORE = 10_000
"""Memories added while requests go on."""
RULES = tuple(
    Rule(Verb.READ, effect, subject)
    for effect, subject in (
        (Effect.ALLOW, OfApp("app1")),
        (Effect.ALLOW, OfApp("app2")),
        (Effect.ALLOW, OfCategory("work")),
        (Effect.DENY, OfTag("secret")),
        *((Effect.DENY, OfMemory(str(UUID(int=n * 100)))) for n in range(1, 11)),
    )
)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000])
    parser.add_argument("--indexes", nargs="+", default=["exact", "edge"])
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        name, size = options.one
        print(json.dumps(anyio.run(_measure, name, int(size), options.rounds)))
        return
    for size in options.sizes:
        _ensure_store(size)
        for name in options.indexes:
            command = [sys.executable, "-m", "benchmarks.index", "--rounds", str(options.rounds)]
            told = subprocess.run(
                [*command, "--one", name, str(size)], check=True, stdout=subprocess.PIPE, text=True
            )
            _print(name, size, json.loads(told.stdout))


def _print(name: str, size: int, told: dict[str, Any]) -> None:
    print(f"{name} {size:,}", flush=True)
    for key, value in told.items():
        print(f"  {key:18} {value}", flush=True)


def _memory(number: int, text: str, change: int) -> Memory:
    return Memory(
        id=str(UUID(int=number)),
        number=number,
        project_id="default",
        entities=EntityIds(user_id="one" if number % 100 == 1 else "all"),
        app=f"app{number // 100 % 5}",
        text=text,
        metadata={"source": f"chat {number % 50}"},
        categories=None if number % 3 == 0 else ("work",) if number % 3 == 1 else ("health",),
        tags=("secret",) if number % 7 == 0 else (),
        state=State.ACTIVE,
        lifecycle=Lifecycle.ACTIVE,
        created_at=NOW + timedelta(seconds=number),
        updated_at=NOW + timedelta(seconds=number),
        expiration_date=None,
        change=change,
    )


def _ensure_store(size: int) -> None:
    """Make the SQLite store of a size, unless it is there."""
    path = STORES / f"{size}.db"
    if not path.exists():
        STORES.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".unfinished.db")
        unfinished.unlink(missing_ok=True)
        anyio.run(_make_store, size, unfinished)
        unfinished.rename(path)


async def _make_store(size: int, unfinished: Path) -> None:
    database = open_sqlite(unfinished, synchronous="OFF")
    await migrate(database)
    async with database.write() as connection:
        row = {"id": "default", "org_id": "org", "name": "default", "created_at": NOW}
        await connection.execute(sa.insert(projects).values(row))
    said, made = texts(size), vectors(size, DIMENSIONS)
    for start in range(0, size, BATCH):
        async with database.write() as connection:
            change = await rows.next_change(connection)
            new = [
                _memory(start + n + 1, text, change)
                for n, text in enumerate(said[start : start + BATCH])
            ]
            await rows.insert(connection, [(memory, "") for memory in new])
            embedded = {(m.id, 1): made[start + n : start + n + 1] for n, m in enumerate(new)}
            await rows.store_vectors(connection, EMBEDDER, embedded, change=change)
    await database.close()


async def _measure(name: str, size: int, rounds: int) -> dict[str, str]:
    database = open_sqlite(STORES / f"{size}.db")
    with tempfile.TemporaryDirectory(dir=STORES) as scratch:
        options = IndexOptions(Path(scratch) / "index")
        index = load_index(name, options)
        began, spent = time.perf_counter(), _cpu()
        await _follow(index, database)
        took, burnt = time.perf_counter() - began, _cpu() - spent
        told = {"fill": f"{size / took:,.0f}/s wall, {size / burnt:,.0f} per CPU s"}
        if options.folder.exists():
            await index.close()
            index = load_index(name, options)
            began, spent = time.perf_counter(), _cpu()
            await _follow(index, database)
        await _search(index, 0, _scope("one"))
        # Of an index without files, to fill it is to open it.
        took, burnt = time.perf_counter() - began, _cpu() - spent
        told["open"] = f"{took:.2f} s, {burnt:.2f} CPU s"
        # As a server does when it is open.
        gc.collect()
        gc.freeze()
        for label, scope in _scopes().items():
            told[f"search {label}"] = await _searched(index, scope, rounds)
        told["add"] = await _added(index, size)
        told["stall"] = await _stalls(index, size)
        told["RSS"] = _rss()
        told["disk"] = f"{_size(options.folder) / 2**20:,.0f} MB"
        told["lost"] = await _lost(index, size)
        await index.close()
    await database.close()
    return told


async def _follow(index: VectorIndex, database: Database) -> None:
    """As the indexer does it."""
    await index.open(SPACE)
    applied = await index.applied()
    while True:
        async with database.read() as connection:
            points = await rows.changed_after(connection, applied, embedder=EMBEDDER, limit=BATCH)
        if not points:
            return
        applied = points[-1].memory.change
        await index.apply(points, [], change=applied)


def _scope(user: str) -> Filter:
    return all_of(readable_by(Caller("default", user, None), Access()), View().shown_on(NOW.date()))


def _scopes() -> dict[str, Filter]:
    access = Access(Base.OWN, Base.OWN, RULES)
    ruled = {
        f"{share}, rules": all_of(
            readable_by(Caller("default", user, "app0"), access), View().shown_on(NOW.date())
        )
        for user, share in (("one", "1 %"), ("all", "99 %"))
    }
    return {"1 %": _scope("one"), "99 %": _scope("all"), **ruled}


@cache
def _questions() -> list[str]:
    draw = random.Random(3)
    return [" ".join(draw.sample(text.split()[2:], 6)) for text in texts(200, seed=11)]


async def _search(index: VectorIndex, number: int, scope: Filter) -> int:
    vector = _vectors(1_000, 12)[number % 1_000]
    text = _questions()[number % 200]
    return len(await index.search(text, vector, scope=scope, limit=50))


async def _searched(index: VectorIndex, scope: Filter, rounds: int) -> str:
    await _search(index, 0, scope)
    walls: list[float] = []
    spent = _cpu()
    for number in range(rounds):
        began = time.perf_counter()
        await _search(index, number, scope)
        walls.append(time.perf_counter() - began)
    return f"{_quantiles(walls)}   {(_cpu() - spent) / rounds * 1e3:8.2f} CPU"


async def _added(index: VectorIndex, size: int) -> str:
    walls: list[float] = []
    for point in _new(size, 50):
        began = time.perf_counter()
        await index.apply([point], [], change=point.memory.change)
        walls.append(time.perf_counter() - began)
    return _quantiles(walls)


@cache
def _vectors(count: int, seed: int) -> NDArray[np.float32]:
    return vectors(count, DIMENSIONS, seed=seed)


@cache
def _more() -> list[str]:
    return texts(MORE + 50, seed=5)


def _new(size: int, count: int, *, after: int = 0) -> list[Point]:
    """Memories that are not in the store, with changes of their own."""
    made = _vectors(MORE + 50, 5)
    return [
        Point(_memory(size + n + 1, _more()[n], size + n + 1), made[n : n + 1])
        for n in range(after, after + count)
    ]


async def _stalls(index: VectorIndex, size: int) -> str:
    idle = await _gap_during(anyio.sleep, 5.0)
    walls: list[float] = []
    scope = _scope("one")

    async def add() -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(search)
            for points in batches:
                await index.apply(points, [], change=points[-1].memory.change)
            # An engine that flushes when nobody writes any more does so now.
            await anyio.sleep(2)
            tasks.cancel_scope.cancel()

    async def search() -> None:
        number = 0
        while True:
            number += 1
            began = time.perf_counter()
            await _search(index, number, scope)
            walls.append(time.perf_counter() - began)
            await anyio.sleep(0.005)

    # Made beforehand, or making them would count as a stall.
    batches = [_new(size, BATCH, after=start) for start in range(50, MORE + 50, BATCH)]
    gap = await _gap_during(add)
    slow = sorted(walls)
    return (
        f"gap {gap * 1e3:.0f} ({idle * 1e3:.0f}), search p50 {statistics.median(slow) * 1e3:.1f} "
        f"p99 {slow[int(len(slow) * 0.99)] * 1e3:.0f} max {slow[-1] * 1e3:.0f} of {len(slow)}"
    )


async def _gap_during(work: Any, *arguments: Any) -> float:
    """The longest time, beyond a millisecond, between two ticks of the event loop.

    Without what the loop's thread waited for a core: others may be using the machine.
    """
    longest = 0.0

    async def tick() -> None:
        nonlocal longest
        with Path(f"/proc/self/task/{os.getpid()}/schedstat").open() as schedstat:  # noqa: ASYNC230  in memory
            last, waited = time.perf_counter(), 0.0
            while True:
                await anyio.sleep(0.001)
                schedstat.seek(0)
                now, waiting = time.perf_counter(), int(schedstat.read().split()[1]) / 1e9
                if waited:
                    longest = max(longest, now - last - 0.001 - (waiting - waited))
                last, waited = now, waiting

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(tick)
        await work(*arguments)
        tasks.cancel_scope.cancel()
    return longest


async def _lost(index: VectorIndex, size: int) -> str:
    """Kill whoever holds the index right after a write was acknowledged."""
    last = [
        replace(point, memory=replace(point.memory, change=10 * size + n))
        for n, point in enumerate(_new(size, BATCH, after=MORE - BATCH), start=MORE * 10)
    ]
    await index.apply(last, [], change=last[-1].memory.change)
    children = _children()
    if not children:
        return "in memory only: SQLite has it, and it comes with the next open"
    for child in children:
        os.kill(child, signal.SIGKILL)
    began = time.perf_counter()
    ids = In("id", tuple(point.memory.id for point in last))
    found = await index.search("note", None, scope=ids, limit=BATCH)
    return f"{BATCH - len(found)}; first answer after {time.perf_counter() - began:.2f} s"


def _quantiles(walls: Sequence[float]) -> str:
    ordered = sorted(walls)
    p95 = ordered[int(len(ordered) * 0.95)]
    return f"{statistics.median(ordered) * 1e3:8.2f} {p95 * 1e3:8.2f}"


def _children() -> list[int]:
    listed = Path(f"/proc/self/task/{os.getpid()}/children").read_text()
    return [int(child) for child in listed.split()]


def _cpu() -> float:
    """Seconds of this process and its living children."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    nanoseconds = sum(
        int(task.read_text().split()[0])
        for child in _children()
        for task in Path(f"/proc/{child}/task").glob("*/schedstat")
    )
    return used.ru_utime + used.ru_stime + nanoseconds / 1e9


def _rss() -> str:
    told: list[str] = []
    for who, pid in [("server", os.getpid()), *(("index", child) for child in _children())]:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        held = dict(line.split(":", 1) for line in lines)
        rss, files = (int(held[name].split()[0]) // 1024 for name in ("VmRSS", "RssFile"))
        told.append(f"{who} {rss:,} MB, of it files {files:,}")
    return "; ".join(told)


def _size(folder: Path) -> int:
    return sum(path.stat().st_blocks * 512 for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    main()
