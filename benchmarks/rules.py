"""What rules cost a search: rules of the app that asks about single memories, and rules of others.

    python -m benchmarks.rules [--memories 10000] [--rounds 200]

Over MCP, end to end, interleaved. Prints p50 and p95 in milliseconds, server CPU per call and how much
of it each has over an app without rules in a store without any (aims: own rules under 3, others' 1).
"""

import argparse
import tempfile
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import anyio
from mcp import Client

from benchmarks.latency import Series, store_server
from benchmarks.seeding import seed, texts
from openmemory_api.container import DEFAULT_PROJECT, Container
from openmemory_api.db import memories as rows
from openmemory_api.domain.access import Access, Caller, Effect, OfMemory, Rule, Verb
from openmemory_api.domain.filters import ALL
from openmemory_api.settings import Settings

_USER = Caller(DEFAULT_PROJECT, "bench", None)
_OWN = (100, 10_000)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--memories", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=200)
    options = parser.parse_args()
    anyio.run(_measure, options.memories, options.rounds)


async def _measure(memories: int, rounds: int) -> None:
    async with AsyncExitStack() as stack:
        asked: list[tuple[Client, Series]] = []
        for ruled in (False, True):
            data = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            await _fill(data, memories, ruled=ruled)
            server, _ = stack.enter_context(store_server(data))
            named = {"other": f"{sum(_OWN):,} rules of others", **_own()} if ruled else {}
            for app, name in (named or {"other": "no rules at all"}).items():
                client = Client(f"{server.url}/mcp/{app}/http/bench")
                await stack.enter_async_context(client)
                await client.call_tool("search_memory", {"query": "warm up"})
                asked.append((client, Series(name, server.pid)))
        for query in texts(rounds, seed=11):
            for client, each in asked:
                with each.sample():
                    found = await client.call_tool("search_memory", {"query": query})
                if not (found.structured_content or {}).get("memories"):
                    raise SystemExit(f"{each.name}: nothing was found")
    print(f"{'':24}{'p50 ms':>9}{'p95 ms':>9}{'CPU ms':>9}")
    for _, each in asked:
        each.report()
    for _, each in asked[1:]:
        print(f"  {each.name:26}{each.cpu / asked[0][1].cpu:6.2f} times the CPU of no rules")


def _own() -> dict[str, str]:
    return {f"with-{count}": f"{count:,} rules of its own" for count in _OWN}


async def _fill(data: Path, memories: int, *, ruled: bool) -> None:
    store = Container(Settings(data_dir=data))
    async with store.open():
        await store.ready()
        await seed(store, memories)
        if not ruled:
            return
        async with store.database.read() as connection:
            found = await rows.find(connection, ALL, limit=max(_OWN))
        denied = [Rule(Verb.READ, Effect.DENY, OfMemory(memory.id)) for memory in found]
        for count in _OWN:
            # Every second one is of a memory that there is, or nothing would be left to find.
            rules = tuple(
                rule if i % 2 else replace(rule, subject=OfMemory(_elsewhere(i)))
                for i, rule in enumerate(denied[:count])
            )
            await store.access.configure(_USER, f"with-{count}", Access(rules=rules))


def _elsewhere(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


if __name__ == "__main__":
    main()
