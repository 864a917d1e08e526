"""One of several servers on one database and one index: `python -m tests.api.replicas.replica`.

It answers on a free port, which it prints, and writes down in a common file what it embeds and what
it brings into the index. The index is one file for all, as an index server is one for all.
"""

import argparse
import json
import os
import pickle
import socket
import sqlite3
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import uvicorn

from openmemory_api.app import create_app
from openmemory_api.container import Container
from openmemory_api.domain.filters import Filter
from openmemory_api.domain.protocols import Candidate, Matrix, Point, Space, Vector
from openmemory_api.settings import Settings
from openmemory_api.vectors.exact import ExactIndex
from tests.fakes import HashEmbedder

EMBEDDING_SECONDS = 0.02


class Diary:
    """A file to which several processes add lines."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def note(self, what: str, **details: Any) -> None:
        line = json.dumps({"what": what, "pid": os.getpid(), **details}) + "\n"
        # One small write to a file opened for appending is never mixed with another's.
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(descriptor, line.encode())
        os.close(descriptor)


class SlowEmbedder(HashEmbedder):
    """Takes its time for each text, so that there is a middle of it to be killed in."""

    def __init__(self, diary: Diary) -> None:
        super().__init__()
        self._diary = diary

    async def embed_documents(self, texts: Sequence[str]) -> list[Matrix]:
        for text in texts:
            self._diary.note("embed", text=text)
            await anyio.sleep(EMBEDDING_SECONDS)
        return await super().embed_documents(texts)


class FileIndex:
    """An index that several processes share: a file, searched by reading all of it."""

    shared = True

    def __init__(self, path: Path, diary: Diary) -> None:
        self._path = path
        self._diary = diary
        self._space: Space | None = None

    @contextmanager
    def _file(self) -> Generator[sqlite3.Connection]:
        connection = sqlite3.connect(self._path, timeout=30)
        try:
            with connection:
                connection.execute("CREATE TABLE IF NOT EXISTS points (id PRIMARY KEY, point)")
                connection.execute("CREATE TABLE IF NOT EXISTS state (one PRIMARY KEY, applied)")
                yield connection
        finally:
            connection.close()

    async def open(self, space: Space) -> None:
        self._space = space

    async def close(self) -> None:
        """Nothing is held."""

    async def applied(self) -> int:
        with self._file() as file:
            found = file.execute("SELECT applied FROM state").fetchone()
        return found[0] if found else 0

    async def apply(self, upserts: Sequence[Point], deletes: Sequence[str], *, change: int) -> None:
        self._diary.note("apply", change=change)
        with self._file() as file:
            held = [(point.memory.id, pickle.dumps(point)) for point in upserts]
            file.executemany("REPLACE INTO points VALUES (?, ?)", held)
            file.executemany("DELETE FROM points WHERE id = ?", [(each,) for each in deletes])
            file.execute("REPLACE INTO state VALUES (1, ?)", (change,))

    async def search(
        self, text: str, vector: Vector | None, *, scope: Filter, limit: int
    ) -> list[Candidate]:
        assert self._space is not None
        with self._file() as file:
            held = [pickle.loads(row[0]) for row in file.execute("SELECT point FROM points")]
        exact = ExactIndex()
        await exact.open(self._space)
        await exact.apply(held, [], change=1)
        return await exact.search(text, vector, scope=scope, limit=limit)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("common", type=Path)
    arguments = parser.parse_args()
    diary = Diary(arguments.common / "diary.jsonl")
    container = Container(
        Settings(data_dir=arguments.folder),
        embedder=SlowEmbedder(diary),
        index=FileIndex(arguments.common / "index.db", diary),
    )
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)  # noqa: T201 - who started it reads this
    app = create_app(container.settings, container, local_secret="omk_local")
    uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listener])


if __name__ == "__main__":
    main()
