"""What a person should know of without asking: real conditions of this server, each by its cause."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from openmemory_api.db import access as access_rows
from openmemory_api.db import overview as rows
from openmemory_api.db.session import Database, ReadConnection
from openmemory_api.domain.access import Caller, KeyScope
from openmemory_api.domain.errors import UnreadableMerges
from openmemory_api.domain.protocols import Clock
from openmemory_api.domain.rules import ANY_OTHER_APP
from openmemory_api.services.extraction import ExtractionService
from openmemory_api.services.indexing import Indexer
from openmemory_api.services.recorder import Recorder

Kind = Literal["embedder", "index", "model", "log", "failed", "key", "rules", "open"]

_FAILED_WITHIN: Final = timedelta(days=7)
_EXPIRING_WITHIN: Final = timedelta(days=7)
_SOME: Final = 100
"""Memories without a vector from which on it is worth a word."""


@dataclass(frozen=True, slots=True)
class Attention:
    """Something to look at."""

    kind: Kind
    text: str
    since: datetime | None = None
    link: str | None = None
    """The page of the dashboard that helps."""


class AttentionService:
    """Looks at every part that can be in trouble."""

    def __init__(
        self,
        database: Database,
        indexer: Indexer,
        extraction: ExtractionService,
        recorder: Recorder,
        clock: Clock,
        *,
        opened: bool,
    ) -> None:
        """`opened`: whether anybody on the network can read and write without a key."""
        self._database = database
        self._indexer = indexer
        self._extraction = extraction
        self._recorder = recorder
        self._clock = clock
        self._opened = opened

    async def attention(self, viewer: Caller) -> list[Attention]:
        """What is not as it should be, the gravest first; of rules and keys for who manages."""
        found = list(self._of_server())
        async with self._database.read() as connection:
            found += await self._of_writes(connection, viewer)
            if KeyScope.ADMIN in viewer.scopes:
                found += await self._of_rules(connection, viewer)
                found += await self._of_keys(connection, viewer)
        pending = 0 if self._indexer.degraded else await self._indexer.pending()
        if pending >= _SOME:
            text = f"{pending:,} memories are found by their words alone until they are embedded"
            found.append(Attention("index", text))
        return found

    def _of_server(self) -> Iterator[Attention]:
        if self._opened:
            text = "Anybody who reaches this server's port can read and change all memories"
            yield Attention("open", text, link="/settings")
        if problem := self._indexer.unreached or self._indexer.behind:
            yield Attention("index", problem, link="/settings")
        if problem := self._indexer.degraded:
            text = f"Memories are found by their words alone: {problem}"
            yield Attention("embedder", text, link="/settings")
        if problem := self._extraction.problem:
            yield Attention(
                "model", f"The language model cannot be asked: {problem}", None, "/settings"
            )
        if problem := self._recorder.problem:
            yield Attention("log", problem)

    async def _of_writes(self, connection: ReadConnection, viewer: Caller) -> list[Attention]:
        failed = await rows.failed(connection, viewer, self._clock() - _FAILED_WITHIN)
        if not failed:
            return []
        what = "One write" if len(failed) == 1 else f"{len(failed):,} writes"
        text = f"{what} failed in the last {_FAILED_WITHIN.days} days"
        return [Attention("failed", text, failed[0], "/activity")]

    async def _of_rules(self, connection: ReadConnection, viewer: Caller) -> list[Attention]:
        assert viewer.user_id is not None
        try:
            book = await access_rows.rulebook(connection, viewer.project_id, viewer.user_id)
        except UnreadableMerges as error:
            return [Attention("rules", str(error), link="/access")]
        broken = [app for app, row in book.rows.items() if row is None]
        return [Attention("rules", _broken(app), link="/access") for app in broken]

    async def _of_keys(self, connection: ReadConnection, viewer: Caller) -> list[Attention]:
        now = self._clock()
        ending = await rows.expiring(connection, viewer, now, now + _EXPIRING_WITHIN)
        return [
            Attention(
                "key", f"The key {label or app or 'without a name'!r} ends soon", end, "/apps"
            )
            for label, app, end in ending
        ]


def _broken(app: str) -> str:
    who = "Apps without rules of their own" if app == ANY_OTHER_APP else f"The app {app!r}"
    return f"{who} can reach nothing: the rules cannot be read; set them anew"
