"""What the log of calls costs a search, in CPU time, beside the same search without it.

    python -m benchmarks.activity [--size 1000] [--rounds 40] [--calls 100]

One store behind two applications, one of which records its calls. They are asked in turn, so that
whatever else the machine does falls on both; medians are compared. What it costs to write the rows
is measured by itself and shared out.
"""

import argparse
import gc
import json
import random
import statistics
import tempfile
import time
from collections.abc import Awaitable
from pathlib import Path
from typing import Any, cast

import anyio
from fastapi import FastAPI

from benchmarks.seeding import seed, texts
from openmemory_api.app import create_app
from openmemory_api.container import Container
from openmemory_api.gates import Surfaced
from openmemory_api.recording import Recording
from openmemory_api.services import recorder
from openmemory_api.settings import Settings


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=1_000, help="memories")
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--calls", type=int, default=100, help="searches of each kind in a round")
    options = parser.parse_args()
    anyio.run(_measure, options.size, options.rounds, options.calls)


async def _measure(size: int, rounds: int, calls: int) -> None:
    with tempfile.TemporaryDirectory() as directory:
        settings = Settings(data_dir=Path(directory))
        # Rows are written when it is measured, and not meanwhile.
        recorder.FLUSH_SECONDS = 3_600  # pyright: ignore[reportAttributeAccessIssue]
        store = Container(settings)
        async with store.open():
            await store.ready()
            await seed(store, size)
            recorded, plain = create_app(settings, store), create_app(settings, store)
            outside = cast("Surfaced", plain)
            outside.surface = [each for each in outside.surface if each.cls is not Recording]
            await _compare(store, recorded, plain, rounds, calls)


async def _compare(
    store: Container, recorded: FastAPI, plain: FastAPI, rounds: int, calls: int
) -> None:
    queries = texts(calls, seed=11)
    on: list[float] = []
    off: list[float] = []
    flushes: list[float] = []
    for i in range(rounds + 1):
        if i == 1:
            # The first round has warmed up.
            gc.collect()
            gc.freeze()
            for series in (on, off, flushes):
                series.clear()
        for query in queries:
            kinds = [(recorded, on), (plain, off)]
            random.shuffle(kinds)
            for app, spent in kinds:
                # Not the same words, or only the first of the two would be embedded.
                said = f"{query} {i} {'on' if app is recorded else 'off'}"
                spent.append(await _cpu_seconds(_search(app, said)))
        flushes.append(await _cpu_seconds(store.recorder.flush()))
    with_log, without = statistics.median(on), statistics.median(off)
    writing = statistics.median(flushes) / calls
    print(f"a search without the log  {without * 1000:7.3f} ms of CPU time")
    print(f"with an entry of its own  {with_log * 1000:7.3f} ms")
    print(f"its part of a flush       {writing * 1000:7.3f} ms, where one writes {calls} calls")
    more = (with_log + writing) / without - 1
    print(f"the log costs {more:+.1%} (aim: under 5 %; {rounds * calls} searches of each kind)")


async def _cpu_seconds(work: Awaitable[None]) -> float:
    """What the whole process spends on it, threads included."""
    start = time.process_time()
    await work
    return time.process_time() - start


async def _search(app: FastAPI, query: str) -> None:
    # Without a client library, whose own cost would make ours look small.
    body = json.dumps({"query": query, "filters": {"user_id": "bench"}}).encode()
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/v3/memories/search/",
        "raw_path": b"/v3/memories/search/",
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"127.0.0.1"), (b"content-type", b"application/json")],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }
    status = 0

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        nonlocal status
        status = message.get("status", status)

    await app(scope, receive, send)
    assert status == 200, status


if __name__ == "__main__":
    main()
