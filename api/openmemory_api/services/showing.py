"""What the dashboard tells of memories beside themselves: who reads them, and who may."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from openmemory_api.db import memories as rows
from openmemory_api.db import reading as read_rows
from openmemory_api.db.reading import NEVER, Reads
from openmemory_api.db.session import Database, ReadConnection
from openmemory_api.domain.access import Caller, KeyScope, Verb
from openmemory_api.domain.errors import StoreError, UnreadableRules
from openmemory_api.domain.explaining import Explainer, Explanation
from openmemory_api.domain.filters import Filter, matches
from openmemory_api.domain.memory import Memory, State
from openmemory_api.domain.protocols import Embedder
from openmemory_api.domain.rules import ANY_OTHER_APP, Rulebook
from openmemory_api.services.recorder import Recorder
from openmemory_api.services.rules import MAX_APPS_SHOWN, as_app, reach, rulebook_of


@dataclass(frozen=True, slots=True)
class Readers:
    """How many of the known apps may read a memory."""

    readable: int
    total: int


@dataclass(frozen=True, slots=True)
class Shown:
    """A memory, and what is known about it."""

    memory: Memory
    indexed: bool
    """False while it is active and cannot be found by its meaning yet."""
    reads: Reads
    readers: Readers | None
    """None for who may not settle what apps may do."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What an app may do with a memory, and why."""

    app: str
    paused: bool
    read: Explanation | None
    """None, as `write`, where its rules cannot be read: it can reach nothing."""
    write: Explanation | None


class ShowingService:
    """Adds to memories what their rows do not say. Which memories, its callers have decided."""

    def __init__(self, database: Database, recorder: Recorder, embedder: Embedder) -> None:
        self._database = database
        self._recorder = recorder
        self._embedder = embedder

    async def shown(self, viewer: Caller, memories: Sequence[Memory]) -> list[Shown]:
        """The memories in their order, for a caller who may see them."""
        ids = [memory.id for memory in memories]
        reads = await self.reads(viewer, ids)
        nothing_lacks = self._embedder.reading is None
        async with self._database.read() as connection:
            embedded = await rows.embedded(connection, self._embedder.name, ids)
            count = await _counter(connection, viewer)
        return [
            Shown(
                memory,
                indexed=nothing_lacks or memory.state is not State.ACTIVE or memory.id in embedded,
                reads=reads.get(memory.id, NEVER),
                readers=count(memory),
            )
            for memory in memories
        ]

    async def reads(self, viewer: Caller, ids: Sequence[str]) -> dict[str, Reads]:
        """How often agents were answered with some memories, as of about a second ago.

        Nothing where the log is away.
        """
        try:
            async with self._recorder.database.read() as connection:
                return await read_rows.reads_of(connection, viewer.project_id, ids)
        except (StoreError, SQLAlchemyError):
            # `/health` says so; the memories are here all the same.
            return {}

    async def decisions(self, viewer: Caller, memory: Memory) -> list[Decision]:
        """What each known app may do with a memory; nothing for who may not settle it."""
        if not _settles(viewer):
            return []
        async with self._database.read() as connection:
            book = await rulebook_of(connection, viewer)
        return [_decision(viewer, book, app, memory) for app in book.names()[:_MOST]]


_MOST: Final = 1 + MAX_APPS_SHOWN
"""The row of any other app is among them."""


def _settles(viewer: Caller) -> bool:
    return viewer.app is None and KeyScope.ADMIN in viewer.scopes


def _decision(viewer: Caller, book: Rulebook, app: str, memory: Memory) -> Decision:
    try:
        access = book.access(app)
    except UnreadableRules:
        return Decision(app, app in book.paused, None, None)
    read, write = (
        Explainer(as_app(viewer, app), access, verb).explain(memory)
        for verb in (Verb.READ, Verb.WRITE)
    )
    return Decision(app, access.paused, read, write)


async def _counter(
    connection: ReadConnection, viewer: Caller
) -> Callable[[Memory], Readers | None]:
    if not _settles(viewer):
        return lambda _: None
    book = await rulebook_of(connection, viewer)
    apps = [app for app in book.names() if app != ANY_OTHER_APP][:MAX_APPS_SHOWN]
    # Most apps may read the same, and each set is asked once for each memory.
    sets: dict[Filter, int] = {}
    for app in apps:
        readable = reach(viewer, book, app).readable
        sets[readable] = sets.get(readable, 0) + 1
    return lambda memory: Readers(
        sum(number for each, number in sets.items() if matches(each, memory)), len(apps)
    )
