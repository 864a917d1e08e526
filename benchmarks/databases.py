"""What a write costs on each database: one process, then two that share PostgreSQL.

    .venv/bin/python -m benchmarks.databases

The CPU is this process's, the server's not counted. Both keep what is acknowledged on this machine's disk through a power cut (`fsync` is on). The model
takes no time, so that the write path is what is measured.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from uuid import uuid4

import anyio

from openmemory_api.container import Container
from openmemory_api.domain.requests import ListRequest, SearchRequest
from openmemory_api.settings import Settings
from tests.api.stores import ANNA, add
from tests.fakes import HashEmbedder
from tests.postgres.server import FOLDERS, running

CALLS = 100


@asynccontextmanager
async def opened(folder: Path, url: str | None) -> AsyncGenerator[Container]:
    settings = Settings.model_validate({"data_dir": folder, "database_url": url})
    container = Container(settings, embedder=HashEmbedder())
    async with container.open():
        await container.ready()
        yield container


async def timed(
    work: Callable[[int], Awaitable[object]], at_once: int
) -> tuple[float, float, float]:
    """Calls per second, the median call's milliseconds, and CPU milliseconds per call."""
    took: list[float] = []
    todo = iter(range(CALLS))

    async def worker() -> None:
        for n in todo:
            started = time.perf_counter()
            await work(n)
            took.append(time.perf_counter() - started)

    started, used = time.perf_counter(), time.process_time()
    async with anyio.create_task_group() as tasks:
        for _ in range(at_once):
            tasks.start_soon(worker)
    used = (time.process_time() - used) * 1_000 / CALLS
    return CALLS / (time.perf_counter() - started), statistics.median(took) * 1_000, used


async def measure(name: str, folder: Path, urls: list[str | None]) -> None:
    async with AsyncExitStack() as stack:
        stores = [
            await stack.enter_async_context(opened(folder / f"{name}-{n}", url))
            for n, url in enumerate(urls)
        ]
        number, run = 0, uuid4()

        async def adding(n: int) -> None:
            nonlocal number
            number += 1
            await add(stores[n % len(stores)], ANNA, f"note {number} of {run} about green tea")

        async def listing(n: int) -> None:
            await stores[n % len(stores)].memories.page(ANNA, ListRequest())

        async def searching(n: int) -> None:
            await stores[n % len(stores)].search.search(ANNA, SearchRequest(query="green tea"))

        for what, work, at_once in (
            ("add", adding, 1), ("add", adding, 32), ("list", listing, 1), ("search", searching, 1),
        ):  # fmt: skip
            rate, median, used = await timed(work, at_once)
            print(
                f"{name:26} {what:6} {at_once:3} at once "
                f"{rate:6.0f}/s {median:8.1f} ms {used:6.1f} ms CPU",
                flush=True,
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--versions", nargs="*", default=list(FOLDERS))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        anyio.run(measure, "SQLite", folder, [None])
        for version in options.versions:
            with running(version, fsync="on", full_page_writes="on") as server:
                url = server.url(server.create())
                anyio.run(measure, f"PostgreSQL {version}", folder, [url])
                anyio.run(measure, f"PostgreSQL {version}, two stores", folder, [url, url])


if __name__ == "__main__":
    main()
