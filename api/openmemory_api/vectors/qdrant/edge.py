"""Qdrant Edge as an engine: a shard in a process of its own, talked to over pipes.

Edge holds Python's interpreter for the whole of a call, a second load breaks a live shard, and it
can panic. In a process of its own it stops nobody else's requests, and one that dies is started
again: what it had acknowledged is in its log, and the rest comes from SQL.
"""

import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import anyio
import numpy as np
from anyio.abc import ByteSendStream, Process
from anyio.streams.buffered import BufferedByteReceiveStream

from openmemory_api.domain.errors import Unavailable
from openmemory_api.domain.protocols import Space, VectorIndex
from openmemory_api.vectors.loading import IndexOptions
from openmemory_api.vectors.qdrant import frames
from openmemory_api.vectors.qdrant.engine import Answers, Batch, Hit, IndexPoint
from openmemory_api.vectors.qdrant.index import QdrantIndex
from openmemory_api.vectors.qdrant.points import INDEXED, SCHEMA

WRITE_AT_ONCE: Final = 16
"""Points in one message: a search waits for these at most."""
ANSWER_SECONDS: Final = 120.0
"""An engine that takes longer hangs. Loading a million memories takes some 25."""
END_SECONDS: Final = 30.0
"""To flush and end."""

_COMMAND: Final = [sys.executable, "-P", "-m", "openmemory_api.vectors.qdrant.child"]


def create(options: IndexOptions) -> VectorIndex:
    """The embedded index of Qdrant Edge, as `loading` asks for it.

    Raises:
        ModuleNotFoundError: there is no Qdrant Edge, which only the child process imports.
    """
    if find_spec("qdrant_edge") is None:
        raise ModuleNotFoundError("No module named 'qdrant_edge'", name="qdrant_edge")
    return QdrantIndex(EdgeEngine(options.folder))


class EdgeEngine:
    """One question at a time, in the order they are asked."""

    def __init__(self, folder: Path, *, patience: float = 10.0) -> None:
        """`folder` may be missing. It is this engine's alone, guarded by a lock file.

        `patience` is how many seconds the process of a server that was killed may take to end.
        """
        self._folder = folder
        self._patience = patience
        self._space: Space | None = None
        self._child: _Child | None = None
        self._turn = anyio.Lock()
        self._applied = 0
        self._untold = False
        """A process was lost, and whoever writes has not been told."""

    @property
    def shared(self) -> bool:
        """Never: the lock file keeps other processes out."""
        return False

    async def open(self, space: Space) -> None:
        """Load the shard of a space, or create it."""
        async with self._uncancelled():
            if space != self._space or self._child is None:
                self._space = space
                await self._end()
                await self._running()

    async def close(self) -> None:
        """End the process, which flushes first."""
        async with self._uncancelled():
            self._space = None
            await self._end()

    async def applied(self) -> int:
        """Up to where the store is reflected, by the process that runs now."""
        async with self._uncancelled():
            await self._running()
            return self._applied

    async def advance(self, change: int) -> None:
        """Take note of a change number; it outlives the process once that has flushed."""
        await self._written({"op": "advance", "change": change})
        self._applied = max(self._applied, change)

    async def write(self, upserts: Sequence[IndexPoint], deletes: Sequence[str]) -> None:
        """Delete, then put, in messages that other questions get between."""
        if deletes:
            await self._written({"op": "write", "points": [], "deletes": list(deletes)})
        for start in range(0, len(upserts), WRITE_AT_ONCE):
            part = upserts[start : start + WRITE_AT_ONCE]
            points = [[point.id, point.payload, _pieces(point)] for point in part]
            numbers = b"".join(map(_numbers, part))
            await self._written({"op": "write", "points": points, "deletes": []}, numbers)

    async def run(self, batch: Batch) -> Answers:
        """Answer a batch, by a new process if the old one is gone."""
        # A query may have a vector before the index was opened for the size of it.
        near = batch.dense if self._space is not None and self._space.dimensions else ()
        header = {
            "op": "run",
            "counts": list(batch.counts),
            "dense": [[asked.limit, asked.condition] for asked in near],
            "sparse": [
                [list(asked.weights), list(asked.weights.values()), asked.limit, asked.condition]
                for asked in batch.sparse
            ],
            "terms_of": list(batch.terms_of),
            "among": list(batch.among),
            "changes_of": list(batch.changes_of),
        }
        numbers = b"".join(asked.vector.astype(np.float32).tobytes() for asked in near)
        async with self._uncancelled():
            try:
                told = await self._asked(header, numbers)
            except _Gone:
                self._untold = True
                told = await self._asked_at_last(header, numbers)
        return _answers(told)

    async def _written(self, header: dict[str, Any], numbers: bytes = b"") -> None:
        async with self._uncancelled():
            if self._untold:
                self._untold = False
                raise Unavailable("The process of the index was started again")
            await self._asked_at_last(header, numbers)

    @asynccontextmanager
    async def _uncancelled(self) -> AsyncGenerator[None]:
        """A turn. A request that is given up halfway would leave its answer for the next one."""
        async with self._turn:
            with anyio.CancelScope(shield=True):
                yield

    async def _asked_at_last(self, header: dict[str, Any], numbers: bytes) -> dict[str, Any]:
        try:
            return await self._asked(header, numbers)
        except _Gone as error:
            raise Unavailable(str(error)) from error

    async def _asked(self, header: dict[str, Any], numbers: bytes) -> dict[str, Any]:
        child = await self._running()
        try:
            return await child.ask(header, numbers)
        except _Gone:
            await self._end()
            raise

    async def _running(self) -> "_Child":
        """The process, started if there is none."""
        if self._child is not None:
            return self._child
        if self._space is None:
            raise Unavailable("The index is not open")
        try:
            return await self._started(self._space)
        except _Gone:
            # Files that kill whoever loads them are found by the next one, and put aside.
            return await self._started_again(self._space)

    async def _started_again(self, space: Space) -> "_Child":
        try:
            return await self._started(space)
        except _Gone as error:
            raise Unavailable(str(error)) from error

    async def _started(self, space: Space) -> "_Child":
        child = await _Child.start()
        try:
            opened = await child.ask(
                {
                    "op": "open",
                    "folder": str(self._folder / _name(space)),
                    "dimensions": space.dimensions,
                    "indexed": dict(INDEXED),
                    "patience": self._patience,
                }
            )
        except (_Gone, Unavailable):
            await child.end()
            raise
        self._child, self._applied = child, opened["applied"]
        return child

    async def _end(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            await child.end()


class _Gone(Exception):
    """The process ended, or was ended because it did not answer."""


class _Child:
    """The process of a shard."""

    def __init__(self, process: Process, to: ByteSendStream, answers: BufferedByteReceiveStream):
        self._process = process
        self._to = to
        self._answers = answers

    @classmethod
    async def start(cls) -> "_Child":
        """Start it; standard error stays the server's."""
        process = await anyio.open_process(_COMMAND, stderr=None, start_new_session=True)
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("A process was opened without its pipes")
        return cls(process, process.stdin, BufferedByteReceiveStream(process.stdout))

    async def ask(self, header: dict[str, Any], numbers: bytes = b"") -> dict[str, Any]:
        """What it answers; to be called by one task at a time, and not to be cancelled.

        Raises:
            _Gone: it ended, or had to be.
            Unavailable: the engine could not do it.
        """
        with anyio.move_on_after(ANSWER_SECONDS, shield=True):
            try:
                await self._to.send(frames.packed(header, numbers))
                answer = await self._answer()
            except (anyio.EndOfStream, anyio.IncompleteRead, anyio.BrokenResourceError) as error:
                raise _Gone("The process of the index ended") from error
            except anyio.ClosedResourceError as error:
                raise _Gone("The process of the index was ended") from error
            if "error" in answer:
                raise Unavailable(f"The index failed: {answer['error']}")
            return answer
        self._kill()
        raise _Gone("The process of the index did not answer")

    async def end(self) -> None:
        """Let it finish by closing its input; if it does not, kill it."""
        await self._to.aclose()
        with anyio.move_on_after(END_SECONDS):
            await self._process.wait()
        if self._process.returncode is None:
            self._kill()
        await self._process.aclose()

    def _kill(self) -> None:
        with suppress(ProcessLookupError):
            self._process.kill()

    async def _answer(self) -> dict[str, Any]:
        prefix = await self._answers.receive_exactly(frames.PREFIX.size)
        header, _ = frames.PREFIX.unpack(prefix)
        return frames.header_of(await self._answers.receive_exactly(header))


def _name(space: Space) -> str:
    told = f"{SCHEMA}\n{space.store}\n{space.embedder}\n{space.dimensions}"
    return "edge-" + blake2b(told.encode(), digest_size=8).hexdigest()


def _pieces(point: IndexPoint) -> int:
    return 0 if point.dense is None else len(point.dense)


def _numbers(point: IndexPoint) -> bytes:
    """Its pieces, then the weights of its terms."""
    weights = np.fromiter(point.terms.values(), np.float32, len(point.terms)).tobytes()
    return weights if point.dense is None else point.dense.astype(np.float32).tobytes() + weights


def _answers(told: Mapping[str, Any]) -> Answers:
    return Answers(
        counts=told["counts"],
        dense=[[Hit(*hit) for hit in hits] for hits in told["dense"]],
        sparse=[[Hit(*hit) for hit in hits] for hits in told["sparse"]],
        terms={
            name: {int(term): weight for term, weight in held.items()}
            for name, held in told["terms"].items()
        },
        changes=told["changes"],
    )
