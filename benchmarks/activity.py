"""What the log of calls costs a search, in CPU time, beside the same search without it.

    python -m benchmarks.activity [--size 1000] [--rounds 40] [--calls 100]

One store behind two applications, one of which records its calls. They are asked in turn, so that
whatever else the machine does falls on both. What it costs to write the rows is counted, too.
"""

import argparse
import gc
import json
import random
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import anyio
from fastapi import FastAPI

from benchmarks.seeding import seed, texts
from openmemory_api.app import create_app
from openmemory_api.container import Container
from openmemory_api.gates import Surfaced
from openmemory_api.recording import Recording
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
    for app in (recorded, plain):
        await _seconds(store, app, queries)
    gc.collect()
    gc.freeze()
    spent: dict[str, list[float]] = {"on": [], "off": []}
    order = [("on", recorded), ("off", plain)]
    for _ in range(rounds):
        random.shuffle(order)
        for name, app in order:
            spent[name].append(await _seconds(store, app, queries))
    ratios = [on / off for on, off in zip(spent["on"], spent["off"], strict=True)]
    for name, seconds in spent.items():
        each = statistics.median(seconds) / calls * 1000
        print(f"log {name:4}{each:8.3f} ms of CPU time per search")
    low, _, high = statistics.quantiles(ratios, n=4)
    print(
        f"the log costs {statistics.median(ratios) - 1:+.1%} "
        f"(quartiles {low - 1:+.1%} to {high - 1:+.1%} over {rounds} rounds; aim: under 5 %)"
    )


async def _seconds(store: Container, app: FastAPI, queries: Sequence[str]) -> float:
    """CPU time of the whole process for a search per query, and for writing what it left."""
    start = time.process_time()
    for query in queries:
        await _search(app, query)
    await store.recorder.flush()
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
