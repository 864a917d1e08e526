"""The process that owns an Edge shard: `python -m openmemory_api.vectors.qdrant.child`.

Edge holds the interpreter for the whole of every call, so the server's own would stand still. This
one reads messages on standard input, answers each on standard output, and ends when its input
does, which is also how it learns that the server is gone. It knows neither memories nor filters,
and imports nothing that a server needs.
"""

import logging
import os
import signal
import threading
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, BinaryIO, Final, TypeAlias

from filelock import FileLock, Timeout

from openmemory_api.vectors.qdrant import frames
from openmemory_api.vectors.qdrant.shard import Shard

log = logging.getLogger(__name__)

IDLE_SECONDS: Final = 1.0
"""Without a question for so long, what was written is put on the disk."""
MOST_UNFLUSHED: Final = 10_000
"""Points written before that is done in any case: replaying them takes some seconds."""

Message: TypeAlias = tuple[dict[str, Any], bytes]


class Server:
    """Answers messages one after the other."""

    def __init__(self) -> None:
        self._shard: Shard | None = None
        self._lock: FileLock | None = None

    def serve(self, messages: "SimpleQueue[Message | None]", out: BinaryIO) -> None:
        """Answer until the input ends."""
        while (message := self._next(messages)) is not None:
            out.write(self._answer(*message))
            out.flush()
        if self._shard is not None:
            self._shard.close()

    def _next(self, messages: "SimpleQueue[Message | None]") -> Message | None:
        shard = self._shard
        if shard is not None and shard.unflushed >= MOST_UNFLUSHED:
            shard.flush()
        while shard is not None and shard.dirty:
            try:
                return messages.get(timeout=IDLE_SECONDS)
            except Empty:
                shard.flush()
        return messages.get()

    def _answer(self, header: dict[str, Any], numbers: bytes) -> bytes:
        try:
            return self._done(header, numbers)
        except Exception as error:
            # Whatever the engine says goes to the server, which decides; this process stays.
            log.exception("The index could not do what it was asked")
            return frames.packed({"error": f"{type(error).__name__}: {error}"})

    def _done(self, header: dict[str, Any], numbers: bytes) -> bytes:
        if header["op"] == "open":
            return frames.packed({"applied": self._opened(header)})
        shard = self._shard
        if shard is None:
            raise RuntimeError("The index is not open")
        match header["op"]:
            case "write":
                shard.write(header["points"], header["deletes"], numbers)
            case "advance":
                shard.advance(header["change"])
            case "run":
                return frames.packed(shard.run(header, numbers))
            case other:
                raise ValueError(f"No such operation: {other}")
        return frames.packed({})

    def _opened(self, header: dict[str, Any]) -> int:
        folder = Path(header["folder"])
        folder.parent.mkdir(parents=True, exist_ok=True)
        if self._lock is None:
            # Before anything is read: a second process that loads a live shard breaks it.
            lock = FileLock(folder.parent / "edge.lock", timeout=header["patience"])
            try:
                lock.acquire()
            except Timeout:
                raise BlockingIOError(f"{folder.parent} is held by another process") from None
            self._lock = lock
        if self._shard is not None:
            self._shard.close()
        self._shard = Shard(folder, header["dimensions"], header["indexed"])
        return self._shard.applied


def _read_all(stream: BinaryIO, messages: "SimpleQueue[Message | None]") -> None:
    while (message := frames.read(stream)) is not None:
        messages.put(message)
    messages.put(None)


def main() -> None:
    """Serve standard input until it ends."""
    logging.basicConfig(level=logging.INFO)
    # A Ctrl-C in the terminal reaches this process too; the server's end ends it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    source, sink = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    # Nothing that the engine prints may get between the messages.
    os.dup2(2, 1)
    messages: SimpleQueue[Message | None] = SimpleQueue()
    threading.Thread(target=_read_all, args=(source, messages), daemon=True).start()
    with suppress(BrokenPipeError):
        Server().serve(messages, sink)


if __name__ == "__main__":
    main()
