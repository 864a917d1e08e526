"""Other memory servers beside ours, in one run.

    python -m benchmarks.peers install
    python -m benchmarks.peers run --source predecessor=PATH --source mem0_server=PATH

docs/benchmarks.md says what the paths are, and what the numbers do not say.
"""

import argparse
import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import anyio

from benchmarks.peers.base import REQUIREMENTS, Peer, install
from benchmarks.peers.others import McpMemoryService, McpServerQdrant, Mem0Server, Predecessor
from benchmarks.peers.ours import Embedding, EmptyTool, OpenMemory
from benchmarks.peers.processes import Failed
from benchmarks.peers.report import markdown, plain
from benchmarks.peers.runs import Options, measure

PEERS: tuple[Peer, ...] = (
    Embedding(),
    EmptyTool(),
    OpenMemory(),
    Predecessor(),
    Mem0Server(),
    McpMemoryService(),
    McpServerQdrant(),
)


def main() -> None:
    """Install the peers, or measure them."""
    arguments = _arguments()
    if arguments.verb == "install":
        _install(arguments)
    else:
        anyio.run(_run, arguments)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers")
    parser.add_argument("verb", choices=["install", "run"])
    parser.add_argument("--peers", nargs="+", choices=[peer.key for peer in PEERS])
    parser.add_argument("--home", type=Path, default=Path(".acceptance/peers"))
    parser.add_argument("--source", action="append", default=[], type=_source, metavar="PEER=PATH")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000])
    parser.add_argument("--calls", type=int, default=200, help="per series of one client")
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=60, help="aim for one series at most")
    parser.add_argument("--json", type=Path, help="write the numbers here too")
    return parser.parse_args()


def _source(given: str) -> tuple[str, Path]:
    key, _, path = given.partition("=")
    return key, Path(path).absolute()


def _install(arguments: argparse.Namespace) -> None:
    for peer in _chosen(arguments):
        if not (REQUIREMENTS / f"{peer.key}.txt").exists():
            continue
        try:
            install(arguments.home.absolute(), peer.key, _python_for(peer))
        except Failed as failed:
            print(f"{peer.title}: {failed}")
        else:
            print(f"{peer.title}: installed")


def _python_for(peer: Peer) -> str:
    """This interpreter, or the system's where only that one's SQLite loads extensions."""
    if not isinstance(peer, McpMemoryService) or hasattr(
        sqlite3.Connection, "enable_load_extension"
    ):
        return sys.executable
    able = "import sqlite3; sqlite3.Connection.enable_load_extension"
    for other in ("/usr/bin/python3", "/usr/local/bin/python3"):
        if Path(other).exists() and not subprocess.run([other, "-c", able], check=False).returncode:
            return other
    raise Failed("no Python here has an SQLite that loads extensions")


def _chosen(arguments: argparse.Namespace) -> list[Peer]:
    return [peer for peer in PEERS if not arguments.peers or peer.key in arguments.peers]


async def _run(arguments: argparse.Namespace) -> None:
    options = Options(
        home=arguments.home.absolute(),
        sources=dict(arguments.source),
        calls=arguments.calls,
        clients=arguments.clients,
        seconds=arguments.seconds,
    )
    print(f"{os.cpu_count()} cores, Python {sys.version.split()[0]}, load {os.getloadavg()[0]:.2f}")
    results: list[dict[str, Any]] = []
    for size in arguments.sizes:
        result = await measure(_chosen(arguments), size, options)
        print(markdown(result), flush=True)
        results.append(plain(result))
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
