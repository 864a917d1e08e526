"""Calls, their durations and what they cost the server."""

import math
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import anyio
import httpx
from mcp.shared.exceptions import MCPError

from benchmarks.peers.channels import CallFailed, Connect, Session
from benchmarks.peers.processes import cpu_seconds

Verb: TypeAlias = Literal["search", "add"]


@dataclass(slots=True)
class Series:
    """Calls of one kind: seconds each took, the server's CPU seconds for all, and failures."""

    seconds: list[float] = field(default_factory=list[float])
    cpu: float = 0.0
    wall: float = 0.0
    errors: list[str] = field(default_factory=list[str])

    @property
    def calls(self) -> int:
        """How many were made, failed ones included."""
        return len(self.seconds)

    @property
    def cpu_ms(self) -> float:
        """Of the server and its children, per call."""
        return self.cpu / self.calls * 1000

    @property
    def per_second(self) -> float:
        """Calls answered per second."""
        return self.calls / self.wall

    def percentile_ms(self, share: float) -> float:
        """The duration that `share` (0..1) of the calls did not exceed."""
        return percentile(self.seconds, share) * 1000


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` (0..1) of the values do not exceed: nearest rank.

    Raises:
        statistics.StatisticsError: there are no values.
    """
    if not values:
        raise statistics.StatisticsError("no values, no percentile")
    return sorted(values)[max(math.ceil(share * len(values)) - 1, 0)]


async def one_client(
    session: Session,
    verb: Verb,
    texts: Iterator[str],
    calls: int,
    series: Series,
    *,
    seconds: float,
    pids: list[int],
) -> None:
    """Add up to `calls` calls, one after another, to the series; at least two."""
    cpu, start = cpu_seconds(pids), time.perf_counter()
    for made in range(calls):
        if made > 1 and time.perf_counter() - start > seconds:
            break
        await call(session, verb, next(texts), series)
    series.wall += time.perf_counter() - start
    series.cpu += cpu_seconds(pids) - cpu


async def many_clients(
    connect: Connect, verb: Verb, texts: Iterator[str], calls: int, clients: int, *, pids: list[int]
) -> Series:
    """`calls` calls each by `clients` clients at once; opening their sessions does not count."""
    series = Series()
    ready, go, done, leave = anyio.Semaphore(0), anyio.Event(), anyio.Semaphore(0), anyio.Event()

    async def client() -> None:
        async with connect() as session:
            ready.release()
            await go.wait()
            for _ in range(calls):
                await call(session, verb, next(texts), series)
            done.release()
            await leave.wait()

    async with anyio.create_task_group() as tasks:
        for _ in range(clients):
            tasks.start_soon(client)
        await _all(clients, ready)
        cpu, start = cpu_seconds(pids), time.perf_counter()
        go.set()
        await _all(clients, done)
        series.wall = time.perf_counter() - start
        series.cpu = cpu_seconds(pids) - cpu
        leave.set()
    return series


async def _all(count: int, signal: anyio.Semaphore) -> None:
    for _ in range(count):
        await signal.acquire()


async def call(session: Session, verb: Verb, text: str, series: Series) -> None:
    """One call, its duration and its failure added to the series."""
    start = time.perf_counter()
    try:
        await (session.search(text) if verb == "search" else session.add(text))
    except (CallFailed, MCPError, httpx.HTTPError) as error:
        series.errors.append(str(error) or type(error).__name__)
    series.seconds.append(time.perf_counter() - start)


async def first_answer(connect: Connect, query: str, wanted: str) -> None:
    """Ask once, and see that the memory that must be found is.

    Raises:
        CallFailed: the answer does not contain it.
    """
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(connect())
        answer = await session.search(query)
    # Inside JSON some characters are escaped; the first words have none.
    if wanted[:30] not in answer:
        raise CallFailed(f"a stored memory is not found: {answer[:200]!r}")
