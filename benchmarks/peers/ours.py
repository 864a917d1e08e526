"""This project's server, as `openmemory serve` starts it, and the floors beneath everyone."""

import sys
from contextlib import ExitStack
from typing import Any

import httpx

from benchmarks.peers.base import RESULTS, USER, Bench, Server
from benchmarks.peers.channels import McpChannel, RestChannel, Tool
from benchmarks.peers.embedder import MODEL
from benchmarks.peers.processes import Failed, free_port, running, wait_for_http
from openmemory_api import __version__

_BATCH = 200
_EMPTY = """
import sys, uvicorn
from mcp.server.mcpserver import MCPServer
server = MCPServer("empty", log_level="ERROR")
@server.tool()
async def nothing(text: str) -> str:
    "Do nothing."
    return "ok"
uvicorn.run(server.streamable_http_app(), port=int(sys.argv[1]), log_level="error")
"""


class OpenMemory:
    """Asked over MCP and over REST, with the model server as its embedder."""

    key = "openmemory"
    title = "OpenMemory"

    def version(self, bench: Bench) -> str:
        return f"openmemory-server {__version__}"

    def prepare(self, bench: Bench, stack: ExitStack) -> str:
        with ExitStack() as own:
            base, _ = self._serve(bench, own)
            memories = bench.memories()
            with httpx.Client(base_url=base, timeout=300, trust_env=False) as http:
                for start in range(0, len(memories), _BATCH):
                    _store(http, memories[start : start + _BATCH])
        return f"its own REST API, {_BATCH} messages a call"

    def start(self, bench: Bench, stack: ExitStack) -> Server:
        base, pid = self._serve(bench, stack)
        mcp = McpChannel(
            f"{base}/mcp/bench/http/{USER}",
            Tool("search_memory", "query", {"limit": RESULTS}),
            Tool("add_memories", "text", {"infer": False}),
        )
        rest = RestChannel(
            base, "/v3/memories/search/", _search_body, "/v3/memories/add/", _add_body
        )
        embedder = httpx.get(f"{base}/health", trust_env=False).json()["embedder"]["name"]
        if MODEL not in embedder:
            raise Failed(f"it embeds with {embedder}, not with the model server")
        return Server([pid], {"MCP": mcp, "REST": rest})

    def _serve(self, bench: Bench, stack: ExitStack) -> tuple[str, int]:
        port = free_port()
        data = bench.folder(self.key) / "data"
        command = [sys.executable, "-m", "openmemory_mcp", "serve", "--port", str(port)]
        env = {
            **bench.environment(self.key),
            "OPENMEMORY_EMBEDDER_MODEL": MODEL,
            "OPENMEMORY_EMBEDDER_URL": bench.model_url,
            "OPENMEMORY_EMBEDDER_API_KEY": "sk-benchmark",
        }
        pid = stack.enter_context(
            running([*command, "--data-dir", data], log=bench.log(self.key), env=env)
        )
        base = f"http://127.0.0.1:{port}"
        wait_for_http(f"{base}/health", pid)
        return base, pid


def _store(http: httpx.Client, memories: list[str]) -> None:
    messages = [{"role": "user", "content": text} for text in memories]
    answer = http.post(
        "/v3/memories/add/", json={"messages": messages, "user_id": USER, "infer": False}
    )
    if not answer.is_success:
        raise Failed(f"seeding: {answer.status_code} {answer.text[:200]}")


def _search_body(query: str) -> dict[str, Any]:
    return {"query": query, "filters": {"user_id": USER}, "top_k": RESULTS}


def _add_body(text: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": text}], "user_id": USER, "infer": False}


class EmptyTool:
    """A server of the same SDK whose only tool does nothing: what MCP itself costs."""

    key = "empty"
    title = "(an empty MCP tool)"

    def version(self, bench: Bench) -> str:
        return "a no-op tool"

    def prepare(self, bench: Bench, stack: ExitStack) -> str:
        return "nothing"

    def start(self, bench: Bench, stack: ExitStack) -> Server:
        port = free_port()
        pid = stack.enter_context(
            running(
                [sys.executable, "-c", _EMPTY, str(port)],
                log=bench.log(self.key),
                env=bench.environment(self.key),
            )
        )
        wait_for_http(f"http://127.0.0.1:{port}/mcp", pid)
        nothing = Tool("nothing", "text")
        channel = McpChannel(f"http://127.0.0.1:{port}/mcp", nothing, nothing)
        return Server([pid], {"MCP": channel}, verbs=("search",), finds=False)


class Embedding:
    """The model server alone: what one embedding costs each peer at least."""

    key = "embedding"
    title = "(one embedding)"

    def version(self, bench: Bench) -> str:
        return "the model server"

    def prepare(self, bench: Bench, stack: ExitStack) -> str:
        return "nothing"

    def start(self, bench: Bench, stack: ExitStack) -> Server:
        def body(text: str) -> dict[str, Any]:
            return {"input": text, "model": MODEL, "encoding_format": "base64"}

        channel = RestChannel(bench.model_url, "/embeddings", body, "/embeddings", body)
        return Server([], {"REST": channel}, verbs=("search",), finds=False)
