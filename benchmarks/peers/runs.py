"""One size: fill every peer, start them all, ask them in turns."""

import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, field
from json import dumps
from pathlib import Path
from time import perf_counter
from typing import cast

import httpx
from mcp.shared.exceptions import MCPError

from benchmarks.peers.base import Bench, Channel, Peer, Server
from benchmarks.peers.channels import CallFailed, Session
from benchmarks.peers.corpus import memories, questions
from benchmarks.peers.measuring import Series, Verb, call, first_answer, many_clients, one_client
from benchmarks.peers.processes import Failed, free_port, memory_mb, running, tail, wait_for_port

_ROUNDS = 4
"""The peers take turns, so that what else the machine does falls on all of them."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a run is told."""

    home: Path
    sources: Mapping[str, Path]
    calls: int
    clients: int
    seconds: float

    @property
    def texts_needed(self) -> int:
        """More than one way to ask a peer can use up of each kind."""
        return 3 * self.calls + self.clients + 16


@dataclass(slots=True)
class Way:
    """One way to ask one peer, and what came of it."""

    title: str
    server: Server
    channel: Channel
    texts: dict[Verb, Iterator[str]]
    first: dict[Verb, str] = field(default_factory=dict[Verb, str])
    """The text of the first call, which is not measured."""
    one: dict[Verb, Series] = field(default_factory=dict[Verb, Series])
    many: dict[Verb, Series] = field(default_factory=dict[Verb, Series])


@dataclass(slots=True)
class Started:
    """A peer that answers."""

    title: str
    version: str
    filled_by: str
    first_answer: float
    """Seconds from the start of its process to the first search answered."""
    memory_mb: float = 0.0


@dataclass(slots=True)
class Result:
    """What one size gave."""

    size: int
    clients: int
    load: tuple[float, float] = (0.0, 0.0)
    """The machine's load average before and after."""
    started: list[Started] = field(default_factory=list[Started])
    ways: list[Way] = field(default_factory=list[Way])
    missing: dict[str, str] = field(default_factory=dict[str, str])
    """Peers that could not be run, and why."""


async def measure(peers: Sequence[Peer], size: int, options: Options) -> Result:
    """Run one size; a peer that cannot be run is in the result with its reason."""
    result = Result(size, options.clients, load=(os.getloadavg()[0], 0.0))
    made = memories(size + 2 * options.texts_needed)
    with ExitStack() as stack, tempfile.TemporaryDirectory(prefix="openmemory-peers-") as folder:
        bench = _bench(Path(folder), made[:size], options, stack)
        for peer in peers:
            await _add_peer(peer, bench, made, options, result, stack)
        await _ask_all(result, options)
        stack.close()
    result.load = (result.load[0], os.getloadavg()[0])
    return result


def _bench(folder: Path, made: list[str], options: Options, stack: ExitStack) -> Bench:
    port = free_port()
    texts = folder / "texts.json"
    texts.write_text(dumps(made))
    bench = Bench(options.home, folder, texts, f"http://127.0.0.1:{port}/v1", options.sources)
    command = [sys.executable, "-m", "benchmarks.peers.embedder", str(port)]
    env = {**bench.environment("model"), "PYTHONPATH": str(Path.cwd())}
    pid = stack.enter_context(running(command, log=bench.log("model"), env=env))
    wait_for_port(port, pid)
    return bench


async def _add_peer(
    peer: Peer, bench: Bench, made: list[str], options: Options, result: Result, stack: ExitStack
) -> None:
    print(f"… {peer.title}: {result.size:,} memories", file=sys.stderr, flush=True)
    with ExitStack() as own:
        try:
            started, server = await _start(peer, bench, made[0], own)
        except (Failed, CallFailed, MCPError, httpx.HTTPError, ExceptionGroup) as error:
            result.missing[peer.title] = _reason(error)
            print(tail(bench.log(peer.key), lines=30), file=sys.stderr, flush=True)
            return
        stack.push(own.pop_all())
    result.started.append(started)
    for number, (name, channel) in enumerate(server.channels.items()):
        # A peer that is asked in two ways is never asked the same question twice.
        first = result.size + number * options.texts_needed
        texts: dict[Verb, Iterator[str]] = {
            "search": iter(questions(options.texts_needed, seed=100 + number)),
            "add": iter(made[first : first + options.texts_needed]),
        }
        result.ways.append(Way(f"{peer.title}, {name}", server, channel, texts))


async def _start(peer: Peer, bench: Bench, stored: str, stack: ExitStack) -> tuple[Started, Server]:
    version = peer.version(bench)
    filled_by = peer.prepare(bench, stack)
    before = perf_counter()
    server = peer.start(bench, stack)
    for channel in server.channels.values():
        await first_answer(channel.connect, stored, stored if server.finds else "")
        break
    started = Started(peer.title, version, filled_by, perf_counter() - before)
    return started, server


def _reason(error: BaseException) -> str:
    """What went wrong, out of the groups that task groups wrap it in."""
    while isinstance(error, BaseExceptionGroup):
        error = cast(BaseException, error.exceptions[0])
    return str(error) or type(error).__name__


async def _ask_all(result: Result, options: Options) -> None:
    verbs: tuple[Verb, ...] = ("search", "add")
    for verb in verbs:
        asked = [way for way in result.ways if verb in way.server.verbs]
        await _one_by_one(asked, verb, options)
        for way in asked:
            way.many[verb] = await _together(way, verb, options)
        if verb == "search":
            _weigh(result)
        else:
            await _check_added(asked)


async def _one_by_one(asked: list[Way], verb: Verb, options: Options) -> None:
    async with AsyncExitStack() as stack:
        sessions: list[tuple[Way, Session]] = []
        for way in asked:
            session = await stack.enter_async_context(way.channel.connect())
            # What a first call alone does (a row for the app, a model client) does not count.
            way.first[verb] = next(way.texts[verb])
            await call(session, verb, way.first[verb], Series())
            way.one[verb] = Series()
            sessions.append((way, session))
        for _ in range(_ROUNDS):
            for way, session in sessions:
                await one_client(
                    session,
                    verb,
                    way.texts[verb],
                    options.calls // _ROUNDS,
                    way.one[verb],
                    seconds=options.seconds / _ROUNDS,
                    pids=way.server.pids,
                )


async def _together(way: Way, verb: Verb, options: Options) -> Series:
    alone = way.one[verb].wall / way.one[verb].calls
    affordable = int(options.seconds / alone / options.clients)
    calls = max(min(2 * options.calls // options.clients, affordable), 1)
    return await many_clients(
        way.channel.connect,
        verb,
        way.texts[verb],
        calls,
        options.clients,
        pids=way.server.pids,
    )


async def _check_added(ways: list[Way]) -> None:
    """An add that stored nothing is an error, whatever the peer answered."""
    for way in ways:
        added = way.first["add"]
        try:
            await first_answer(way.channel.connect, added, added)
        except CallFailed as error:
            way.many["add"].errors.append(str(error))


def _weigh(result: Result) -> None:
    pids = {way.title.rsplit(",", 1)[0]: way.server.pids for way in result.ways}
    for started in result.started:
        started.memory_mb = memory_mb(pids[started.title])
