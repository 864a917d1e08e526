"""An empty MCP call beside our search and add, over Streamable HTTP, in one run, calls interleaved.

    python -m benchmarks.latency [--sizes 1000 10000] [--rounds 200]

Prints p50 and p95 in milliseconds, server CPU per call, the query's embedding time alone, the time
from start to the first answer, and the server's memory after a batch of long texts.
"""

import argparse
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

import anyio
import anyio.to_thread
import httpx
from mcp import Client

from benchmarks.seeding import seed, texts
from openmemory_api.container import Container
from openmemory_api.embeddings.minilm import MiniLMEmbedder
from openmemory_api.settings import Settings

_TICK = os.sysconf("SC_CLK_TCK")
_EMPTY_SERVER = """
import sys, uvicorn
from mcp.server.mcpserver import MCPServer
server = MCPServer("empty", log_level="ERROR")
@server.tool()
async def nothing() -> str:
    "Do nothing."
    return "ok"
uvicorn.run(server.streamable_http_app(), port=int(sys.argv[1]), log_level="error")
"""


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000])
    parser.add_argument("--rounds", type=int, default=200)
    options = parser.parse_args()
    print(f"{'':24}{'p50 ms':>9}{'p95 ms':>9}{'CPU ms':>9}")
    for size in options.sizes:
        anyio.run(_measure, size, options.rounds)
    anyio.run(_measure_long_texts)


async def _measure(size: int, rounds: int) -> None:
    with tempfile.TemporaryDirectory() as directory:
        data = Path(directory)
        store = Container(Settings(data_dir=data))
        async with store.open():
            await store.ready()
            await seed(store, size)
        with _empty_server() as empty, store_server(data) as (ours, first_answer):
            print(f"{size:,} memories of one user; start to first answer {first_answer:.2f} s")
            await _compare(empty, ours, rounds)


async def _compare(empty: "Server", ours: "Server", rounds: int) -> None:
    queries = texts(rounds, seed=11)
    embedder = MiniLMEmbedder()
    await embedder.embed_query("warm up")
    series = {name: Series(name, pid) for name, pid in _calls(empty, ours)}
    async with AsyncExitStack() as stack:
        nothing = await stack.enter_async_context(Client(f"{empty.url}/mcp"))
        memory = await stack.enter_async_context(Client(f"{ours.url}/mcp/bench/http/bench"))
        # What a first call alone does (opening a session, making the app's row) is not measured.
        await nothing.call_tool("nothing", {})
        await memory.call_tool("search_memory", {"query": "warm up"})
        for query in queries:
            with series["empty MCP call"].sample():
                await nothing.call_tool("nothing", {})
            with series["search_memory"].sample():
                await memory.call_tool("search_memory", {"query": query})
            with series["embedding the query"].sample():
                await embedder.embed_query(f"{query} again")
        # After the searches: what an add leaves to be done would be counted with the next search.
        for i, query in enumerate(queries):
            with series["add_memories"].sample():
                await memory.call_tool("add_memories", {"text": f"{query} {i}"})
    for each in series.values():
        each.report()
    over = series["search_memory"].p50 - series["embedding the query"].p50
    print(
        f"  search beyond the empty call and the embedding: "
        f"{over - series['empty MCP call'].p50:+.2f} ms (aim: at most 5)"
    )


def _calls(empty: "Server", ours: "Server") -> list[tuple[str, int]]:
    return [
        ("empty MCP call", empty.pid),
        ("search_memory", ours.pid),
        ("embedding the query", os.getpid()),
        ("add_memories", ours.pid),
    ]


async def _measure_long_texts() -> None:
    with tempfile.TemporaryDirectory() as directory, store_server(Path(directory)) as (ours, _):
        async with httpx.AsyncClient(base_url=ours.url, timeout=300) as http:
            long = [{"role": "user", "content": (t + " ") * 120} for t in texts(50)]
            body = {"messages": [{**m, "content": m["content"][:20_000]} for m in long]}
            answer = await http.post("/v3/memories/add/", json={**body, "user_id": "bench"})
            answer.raise_for_status()
            await anyio.to_thread.run_sync(_wait_until_embedded, ours.url)
        print(
            f"memory after 50 texts of 20,000 characters: {ours.memory_mb():.0f} MB "
            f"(peak {ours.peak_mb():.0f} MB; aim: at most 450)"
        )


class Series:
    """The durations of one kind of call, and the CPU time its server spent on them."""

    def __init__(self, name: str, pid: int) -> None:
        self.name = name
        self._pid = pid
        self._seconds: list[float] = []
        self._cpu = 0.0

    @contextmanager
    def sample(self) -> Generator[None]:
        cpu = _cpu_seconds(self._pid)
        start = time.perf_counter()
        yield
        self._seconds.append(time.perf_counter() - start)
        self._cpu += _cpu_seconds(self._pid) - cpu

    @property
    def p50(self) -> float:
        return statistics.median(self._seconds) * 1000

    @property
    def cpu(self) -> float:
        return self._cpu / len(self._seconds) * 1000

    def report(self) -> None:
        p95 = statistics.quantiles(self._seconds, n=20)[18] * 1000
        print(f"  {self.name:22}{self.p50:9.2f}{p95:9.2f}{self.cpu:9.2f}")


class Server:
    """A server process and its address."""

    def __init__(self, process: subprocess.Popen[bytes], url: str) -> None:
        self.pid = process.pid
        self.url = url

    def memory_mb(self) -> float:
        return self._status("VmRSS")

    def peak_mb(self) -> float:
        return self._status("VmHWM")

    def _status(self, field: str) -> float:
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        line = next(line for line in lines if line.startswith(field))
        return int(line.split()[1]) / 1024


@contextmanager
def _empty_server() -> Generator[Server]:
    port = _free_port()
    with _process([sys.executable, "-c", _EMPTY_SERVER, str(port)]) as process:
        _wait_for(f"http://127.0.0.1:{port}/mcp")
        yield Server(process, f"http://127.0.0.1:{port}")


@contextmanager
def store_server(data: Path) -> Generator[tuple[Server, float]]:
    """A server over a data directory, and the seconds from its start to its first answer."""
    port = _free_port()
    command = [sys.executable, "-m", "openmemory_mcp", "serve", "--port", str(port)]
    start = time.perf_counter()
    with _process([*command, "--data-dir", str(data)]) as process:
        url = f"http://127.0.0.1:{port}"
        _wait_for(f"{url}/health")
        _wait_until_open(url)
        body = {"query": "tea", "filters": {"user_id": "bench"}}
        httpx.post(f"{url}/v3/memories/search/", json=body, timeout=60).raise_for_status()
        yield Server(process, url), time.perf_counter() - start


@contextmanager
def _process(command: list[str]) -> Generator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def _wait_for(url: str) -> None:
    with httpx.Client(trust_env=False) as http:
        while True:
            try:
                http.get(url)
            except httpx.TransportError:
                time.sleep(0.02)
            else:
                return


def _wait_until_open(url: str) -> None:
    while httpx.get(f"{url}/health").json()["status"] == "starting":
        time.sleep(0.02)


def _wait_until_embedded(url: str) -> None:
    while httpx.get(f"{url}/health").json()["index"]["pending"]:
        time.sleep(0.2)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


if __name__ == "__main__":
    main()
