"""One memory as a person looks at it: all that is known of it, and what is like it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

import sqlalchemy as sa

from openmemory_api.db import actions as action_rows
from openmemory_api.db import apps as app_rows
from openmemory_api.db import memories as rows
from openmemory_api.db.session import Database, ReadConnection
from openmemory_api.domain.access import Caller, KeyScope, belonging_to
from openmemory_api.domain.errors import NotFound
from openmemory_api.domain.filters import In, all_of
from openmemory_api.domain.memory import Memory, ScoredMemory, State
from openmemory_api.domain.protocols import Embedder
from openmemory_api.domain.requests import MemoryRef, SearchRequest, View
from openmemory_api.domain.rules import ANY_OTHER_APP
from openmemory_api.services.access import AccessService, Scope
from openmemory_api.services.activity import note_memories
from openmemory_api.services.apps import label_of
from openmemory_api.services.indexing import Indexer
from openmemory_api.services.search import SearchService
from openmemory_api.services.showing import Decision, ShowingService, Shown
from openmemory_api.services.validation import checked_text
from openmemory_api.services.writing import find_all

SIMILAR: Final = 5
_ALIKE: Final = 0.5
"""The score from which a memory may say what another says."""
_ERASED: Final = In("state", (State.PURGED,))
_NAMED: Final = {ANY_OTHER_APP: "Any other app"}

IndexState = Literal["in sync", "pending", "failed"]
Relation = Literal["near", "supersedes", "superseded by"]
_Part: TypeAlias = tuple[Memory, float | None, Relation]


@dataclass(frozen=True, slots=True)
class Technical:
    """How a memory is held."""

    embedder: str
    dimensions: int
    embedded_with: str | None
    """None while its text has no vector."""
    index: IndexState
    text_version: int


@dataclass(frozen=True, slots=True)
class Detail:
    """All that is known of a memory."""

    shown: Shown
    access: Sequence[tuple[str, Decision]]
    """What each app may do, after what people call it."""
    technical: Technical


@dataclass(frozen=True, slots=True)
class Related:
    """A memory that has to do with another."""

    shown: Shown
    score: float | None
    relation: Relation


class LookService:
    """Looks at single memories of a person's, in whatever state they are."""

    def __init__(
        self,
        database: Database,
        access: AccessService,
        search: SearchService,
        indexer: Indexer,
        embedder: Embedder,
        showing: ShowingService,
    ) -> None:
        self._database = database
        self._access = access
        self._search = search
        self._indexer = indexer
        self._embedder = embedder
        self._showing = showing

    async def detail(self, viewer: Caller, ref: MemoryRef) -> Detail:
        """All of a memory.

        Raises:
            Invalid: `ref` is not an id.
            NotFound: the person has none, or it was erased: it says which.
        """
        memory = await self._memory(viewer, ref)
        note_memories([memory.id])
        (shown,) = await self._showing.shown(viewer, [memory])
        async with self._database.read() as connection:
            labels = await _labels(connection, viewer)
            embedded_with, text_version = await rows.embedding_of(connection, memory.id)
        decisions = await self._showing.decisions(viewer, memory)
        index = await self._index_state(memory, embedded_with)
        return Detail(
            shown,
            [(labels.get(each.app, _NAMED.get(each.app, each.app)), each) for each in decisions],
            Technical(
                self._embedder.name, self._embedder.dimensions, embedded_with, index, text_version
            ),
        )

    async def history(self, viewer: Caller, ref: MemoryRef) -> list[sa.Row[Any]]:
        """Every version of a memory, oldest first; errors as for `detail`."""
        memory = await self._memory(viewer, ref)
        note_memories([memory.id])
        async with self._database.read() as connection:
            return await action_rows.versions(connection, memory.id)

    async def related(self, viewer: Caller, ref: MemoryRef, *, limit: int) -> list[Related]:
        """What a memory took the place of or gave way to, then what is near; errors as `detail`."""
        memory = await self._memory(viewer, ref)

        async def found(scope: Scope) -> list[_Part]:
            linked = await self._linked(scope, memory)
            known = {memory.id, *(each.id for each, _, _ in linked)}
            hits = await self._near(scope, memory.text, limit + len(known))
            near: list[_Part] = [
                (hit.memory, hit.score, "near") for hit in hits if hit.memory.id not in known
            ]
            return [*linked, *near][:limit]

        parts = await self._access.answer(viewer, found, KeyScope.READ)
        shown = await self._showing.shown(viewer, [each for each, _, _ in parts])
        note_memories([each.id for each, _, _ in parts])
        return [
            Related(one, score, relation)
            for one, (_, score, relation) in zip(shown, parts, strict=True)
        ]

    async def similar(self, viewer: Caller, text: str) -> list[tuple[Shown, float]]:
        """What may say already what a text says, the most alike first.

        Raises:
            Invalid: the text is blank or too long.
        """
        said, _ = checked_text(text, name="text")

        async def found(scope: Scope) -> list[ScoredMemory]:
            hits = await self._near(scope, said, SIMILAR)
            return [hit for hit in hits if hit.score >= _ALIKE]

        hits = await self._access.answer(viewer, found, KeyScope.READ)
        shown = await self._showing.shown(viewer, [hit.memory for hit in hits])
        note_memories([hit.memory.id for hit in hits])
        return list(zip(shown, (hit.score for hit in hits), strict=True))

    async def _near(self, scope: Scope, text: str, limit: int) -> list[ScoredMemory]:
        request = SearchRequest(
            query=text, view=View(show_expired=True, include_merged=True), top_k=limit
        )
        return (await self._search.within(scope.readable, request)).hits

    async def _linked(self, scope: Scope, memory: Memory) -> list[_Part]:
        async with self._database.read() as connection:
            older = await rows.replaced_by(connection, [memory.id], scope.held)
            ids = [memory.replaced_by] if memory.replaced_by else []
            newer = await rows.by_ids(connection, ids, scope.held)
        return [
            *((each, None, "superseded by") for each in newer.values()),
            *((each, None, "supersedes") for each in older),
        ]

    async def _memory(self, viewer: Caller, ref: MemoryRef) -> Memory:
        async def found(scope: Scope) -> Memory:
            async with self._database.read() as connection:
                held = await find_all(connection, viewer, [ref], scope.held)
                if ref not in held:
                    erased = all_of(belonging_to(viewer), _ERASED)
                    gone = await find_all(connection, viewer, [ref], erased)
                    raise NotFound(_ERASED_NOW if gone else _NEVER)
                return held[ref]

        return await self._access.answer(viewer, found, KeyScope.READ)

    async def _index_state(self, memory: Memory, embedded_with: str | None) -> IndexState:
        reflected = await self._indexer.reflects(memory.change)
        lacks_vector = (
            self._embedder.reading is not None
            and memory.state is State.ACTIVE
            and embedded_with != self._embedder.name
        )
        if reflected and not lacks_vector:
            return "in sync"
        return "failed" if self._indexer.degraded or self._indexer.unreached else "pending"


_NEVER: Final = "You have no memory with this id"
_ERASED_NOW: Final = "This memory was erased for good; only its id is left"


async def _labels(connection: ReadConnection, viewer: Caller) -> dict[str, str]:
    assert viewer.user_id is not None, "a person looks at somebody's memories"
    known = await app_rows.called(connection, viewer.project_id, viewer.user_id)
    return {app.name: label_of(app) for app in known}
