"""What a person pays for others' memories: searches by a user with 1 % of a store, as it grows.

    python -m benchmarks.share [--sizes 1000 100000] [--rounds 200]

Over MCP, end to end, the sizes interleaved. Prints p50 and p95 in milliseconds, server CPU per call
and, of both, the last size over the first (aim: under 2).
"""

import argparse
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

import anyio
from mcp import Client

from benchmarks.latency import Series, store_server
from benchmarks.seeding import seed, texts
from openmemory_api.container import Container
from openmemory_api.settings import Settings


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 100_000])
    parser.add_argument("--rounds", type=int, default=200)
    options = parser.parse_args()
    anyio.run(_measure, options.sizes, options.rounds)


async def _measure(sizes: list[int], rounds: int) -> None:
    series: list[Series] = []
    async with AsyncExitStack() as stack:
        clients: list[Client] = []
        for size in sizes:
            data = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            await _fill(data, size)
            server, _ = stack.enter_context(store_server(data))
            client = await stack.enter_async_context(Client(f"{server.url}/mcp/bench/http/bench"))
            await client.call_tool("search_memory", {"query": "warm up"})
            clients.append(client)
            series.append(Series(f"{size // 100:,} of {size:,}", server.pid))
        for query in texts(rounds, seed=11):
            for client, each in zip(clients, series, strict=True):
                with each.sample():
                    await client.call_tool("search_memory", {"query": query})
    print(f"{'':24}{'p50 ms':>9}{'p95 ms':>9}{'CPU ms':>9}")
    for each in series:
        each.report()
    first, last = series[0], series[-1]
    print(f"  growth{last.p50 / first.p50:27.2f}{last.cpu / first.cpu:18.2f}")


async def _fill(data: Path, size: int) -> None:
    store = Container(Settings(data_dir=data))
    async with store.open():
        await store.ready()
        await seed(store, size // 100)
        await seed(store, size - size // 100, user="others")


if __name__ == "__main__":
    main()
