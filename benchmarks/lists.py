"""What a window of the dashboard's list takes, in every order and under every filter.

    python -m benchmarks.lists [--size 100000] [--rounds 20] [--budget 50]

Asked through the application, in process. `first` is the first window after a write, for which a list
may have to be put in order; the others are anywhere in it. Both in milliseconds, as time passes and
as the processor's time, which other work on the machine does not lengthen. Ends with 1 when a window
takes longer than the budget, by the processor's time at the 95th percentile.
"""

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Awaitable
from pathlib import Path
from typing import Any, Final

import anyio
import httpx

from benchmarks.seeding import texts
from openmemory_api.app import create_app
from openmemory_api.container import Container
from openmemory_api.settings import Settings
from tests.e2e.seeding import sow

PATH: Final = "/api/v1/ui/memories"
SORTS: Final = ("-created", "created", "-updated", "updated", "app", "-app")
FILTERS: Final[dict[str, dict[str, Any]]] = {
    "paused": {"state": "paused"},
    "an app": {"app": "cursor"},
    "a category": {"category": "work"},
    "a word": {"text": "the"},
    "a time": {"from": "2020-01-01T00:00:00Z"},
    "never read": {"never_read": True},
    "readable by an app": {"readable_by": "cursor"},
}
WINDOW: Final = 100
_READS: Final = 30


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=100_000, help="memories")
    parser.add_argument("--rounds", type=int, default=20, help="windows of each list")
    parser.add_argument("--budget", type=float, default=50, help="milliseconds of a window")
    options = parser.parse_args()
    slowest = anyio.run(_measure, options.size, options.rounds)
    sys.exit(slowest > options.budget)


async def _measure(size: int, rounds: int) -> float:
    with tempfile.TemporaryDirectory() as directory:
        settings = Settings(data_dir=Path(directory))
        await sow(settings.data_dir, size)
        store = Container(settings)
        async with store.open():
            await store.ready()
            transport = httpx.ASGITransport(create_app(settings, store))
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
                await _read_some(http)
                print(f"{size} memories, windows of {WINDOW}; ms as time passes (of the processor)")
                return await _compare(http, rounds)


async def _read_some(http: httpx.AsyncClient) -> None:
    """Have agents find some, so that others were never read."""
    for query in texts(_READS):
        body = {"query": query, "filters": {"user_id": "default_user"}, "top_k": 100}
        found = await http.post("/v3/memories/search/", json=body)
        found.raise_for_status()


async def _compare(http: httpx.AsyncClient, rounds: int) -> float:
    lists = {f"sort={sort}": {"sort": sort} for sort in SORTS} | FILTERS
    lists |= {f"{name}, by app": {**wish, "sort": "app"} for name, wish in FILTERS.items()}
    slowest = 0.0
    for name, wish in lists.items():
        await _write(http)
        first, total = await _timed(_window(http, wish, 0))
        places = [random.randrange(max(total - WINDOW, 1)) for _ in range(rounds)]
        times = [(await _timed(_window(http, wish, place)))[0] for place in places]
        slowest = max(slowest, _percentile([cpu for _, cpu in times]))
        _tell(name, first, times)
    for name, wish in {
        "facets": {},
        **{f"facets, {name}": each for name, each in FILTERS.items()},
    }.items():
        await _write(http)
        first, _ = await _timed(_get(http, f"{PATH}/facets", wish))
        again = [(await _timed(_get(http, f"{PATH}/facets", wish)))[0] for _ in range(rounds)]
        _tell(name, first, again)
    return slowest


async def _write(http: httpx.AsyncClient) -> None:
    body = {"text": f"written {time.time_ns()}"}
    (await http.post(PATH, json=body)).raise_for_status()


async def _window(http: httpx.AsyncClient, wish: dict[str, Any], offset: int) -> int:
    answer = await _get(http, PATH, {**wish, "offset": offset, "limit": WINDOW})
    return answer["total"]


async def _get(http: httpx.AsyncClient, path: str, wish: dict[str, Any]) -> dict[str, Any]:
    answer = await http.get(path, params=wish)
    answer.raise_for_status()
    return answer.json()


async def _timed(work: Awaitable[Any]) -> tuple[tuple[float, float], Any]:
    start, cpu = time.perf_counter(), time.process_time()
    result = await work
    passed = (time.perf_counter() - start, time.process_time() - cpu)
    return (passed[0] * 1000, passed[1] * 1000), result


def _percentile(times: list[float]) -> float:
    return sorted(times)[int(len(times) * 0.95)]


def _tell(name: str, first: tuple[float, float], times: list[tuple[float, float]]) -> None:
    passed, cpu = (_percentile(list(each)) for each in zip(*times, strict=True))
    print(
        f"{name:32} first {first[0]:7.1f} ({first[1]:7.1f})   p95 {passed:7.1f} ({cpu:7.1f})",
        flush=True,
    )


if __name__ == "__main__":
    main()
