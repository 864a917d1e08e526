"""Carries out the adds that wait for a model: facts where it gives some, else the texts themselves.

docs/decisions/0009-extraction.md says why each step is as it is.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

import anyio
from pydantic import TypeAdapter

from openmemory_api.db import actions as action_rows
from openmemory_api.db import jobs as job_rows
from openmemory_api.db.jobs import Job
from openmemory_api.db.session import Database, ReadConnection
from openmemory_api.domain.access import Caller, KeyScope
from openmemory_api.domain.errors import Forbidden, Invalid, NotAuthenticated, QuotaExceeded
from openmemory_api.domain.extraction import ExtractionFailed, Fact, Passage, Said, Usage
from openmemory_api.domain.memory import Json, Memory
from openmemory_api.domain.protocols import Clock, Extractor
from openmemory_api.domain.requests import Added, Change, ChangeKind
from openmemory_api.domain.text import cut
from openmemory_api.services.access import AccessService, Scope
from openmemory_api.services.actions import ActionService
from openmemory_api.services.adding import keep, require_adding
from openmemory_api.services.indexing import Indexer
from openmemory_api.services.jobs import JobQueue
from openmemory_api.services.limits import NO_QUOTA, Quota
from openmemory_api.services.pending import Order
from openmemory_api.services.redaction import NO_REDACTION, Redaction
from openmemory_api.services.writing import Write

log = logging.getLogger(__name__)

PIECE: Final = 6_000
"""Characters of conversation that a model is given at once."""
MAX_PIECES: Final = 32
"""Pieces of one add that are extracted."""
MAX_ATTEMPTS: Final = 3
"""Attempts for one piece."""
PATIENCE: Final = timedelta(minutes=5)
"""How old an add may get while the model is known to be down."""

_PAUSES: Final = (timedelta(seconds=2), timedelta(seconds=10))
_LONGEST_PAUSE: Final = timedelta(seconds=60)
_HOLD: Final = timedelta(seconds=60)
_DOWN_AFTER: Final = 3
_LOOK_AGAIN: Final = 0.5


@dataclass(frozen=True, slots=True)
class Piece:
    """What one call reads, and which of the add's messages each part of it comes from."""

    passage: Passage
    sources: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """A fact by the message it comes from."""

    text: str
    source: int
    when: datetime | None
    attributed: bool = True
    """Whether the model has named the message; else it stands with the first, without a speaker."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one piece: facts, or why there are none."""

    facts: tuple[Found, ...] = ()
    fallback: str | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """What is done of an add, and what it has cost so far."""

    done: tuple[Outcome, ...] = ()
    usage: Usage = field(default_factory=Usage)
    calls: int = 0
    dropped: int = 0

    def dump(self) -> dict[str, Any]:
        """As JSON."""
        return _PROGRESS.dump_python(self, mode="json")

    @staticmethod
    def load(stored: dict[str, Any] | None) -> "Progress":
        """From what `dump` gave."""
        return Progress() if stored is None else _PROGRESS.validate_python(stored)


_PROGRESS: Final = TypeAdapter(Progress)


class _Later(Exception):
    """The next attempt has to wait."""

    def __init__(self, pause: timedelta, progress: Progress) -> None:
        super().__init__()
        self.pause = pause
        self.progress = progress


class ExtractionService:
    """Works at what `AddService` has promised.

    Args:
        extractor: the model; None where none is configured any more.
        redaction: what is done about secrets in facts; the messages were looked through before.
        quota: how many memories a user may have.
    """

    def __init__(
        self,
        database: Database,
        access: AccessService,
        indexer: Indexer,
        clock: Clock,
        queue: JobQueue,
        actions: ActionService,
        extractor: Extractor | None,
        redaction: Redaction = NO_REDACTION,
        quota: Quota = NO_QUOTA,
    ) -> None:
        self._database = database
        self._access = access
        self._indexer = indexer
        self._clock = clock
        self._queue = queue
        self._actions = actions
        self._extractor = extractor
        self._redaction = redaction
        self._quota = quota
        self._failures = 0
        self.problem: str | None = None
        """Why the model's last answer could not be used, if it could not."""

    async def run(self) -> None:
        """Work until cancelled."""
        await self._queue.run(self.work)

    async def work(self, job: Job) -> None:
        """Bring one add as far as it can be brought now."""
        order, before = Order.load(job.payload), Progress.load(job.progress)
        try:
            progress = await self._extracted(job, order, before)
            if progress is not None:
                await self._finish(job, order, progress)
        except _Later as later:
            await self._queue.put_back(
                job,
                after=later.pause,
                counted=True,
                progress=later.progress.dump(),
                detail=self._detail(later.progress, job, waiting=self.problem),
            )
        except QuotaExceeded as error:
            await self._give_up(job, str(error))
        except NotAuthenticated as error:
            await self._give_up(job, str(error))
        except Forbidden as error:
            # Fail closed: nothing is sent, nothing is stored, and nothing is lost.
            detail = self._detail(before, job, waiting=str(error))
            await self._queue.put_back(job, after=_HOLD, counted=False, detail=detail)

    async def settled(self, caller: Caller, added: Added, *, within: float) -> Added:
        """A pending add as it ended; as it is, if that takes more than `within` seconds.

        Raises:
            Invalid: it was deleted or undone meanwhile.
        """
        with anyio.move_on_after(within):
            while True:
                try:
                    action = await self._actions.get(caller, added.action_id)
                except Forbidden:
                    # It is accepted, whether or not its sender may see what becomes of it.
                    return added
                if action.status == "FAILED":
                    raise Invalid(f"Nothing was stored: {(action.detail or {}).get('error')}")
                if action.completed_at is not None:
                    return replace(added, changes=action.changes, reserved_id=None)
                # Another process may be at it, which nobody here hears of.
                await self._queue.some_end(within=_LOOK_AGAIN)
        return added

    async def _extracted(self, job: Job, order: Order, progress: Progress) -> Progress | None:
        """All pieces done; None if the add is another worker's by now, or nobody's."""
        pieces = pieces_of(order)
        attempt = job.attempts
        while len(progress.done) < min(len(pieces), MAX_PIECES):
            await self._require_access(order.caller)
            piece = pieces[len(progress.done)]
            progress = await self._one(piece, job, attempt, progress)
            if not await self._queue.renew(job, progress.dump()):
                return None
            attempt = 1
        return progress

    async def _within(self, connection: ReadConnection, caller: Caller) -> Scope:
        return await self._access.scope_within(connection, caller, KeyScope.WRITE, promised=True)

    async def _require_access(self, caller: Caller) -> None:
        async with self._database.read() as connection:
            require_adding(await self._within(connection, caller))

    async def _one(self, piece: Piece, job: Job, attempt: int, progress: Progress) -> Progress:
        """One piece more.

        Raises:
            _Later: the model may do better in a while.
        """
        reason = self._not_to_be_asked(job, attempt)
        if reason or self._extractor is None:
            return _without_facts(progress, reason or "no language model is configured any more")
        try:
            answer = await self._extractor.extract(piece.passage)
        except ExtractionFailed as error:
            self._failed(error)
            progress = _paid(progress, error.usage)
            if error.again and attempt < MAX_ATTEMPTS and not self._down:
                raise _Later(_pause(error, attempt), progress) from error
            return _without_facts(progress, str(error))
        self._failures, self.problem = 0, None
        facts = (self._found(each, piece) for each in answer.facts)
        progress = _paid(progress, answer.usage)
        return replace(
            progress,
            done=(*progress.done, Outcome(tuple(facts))),
            dropped=progress.dropped + answer.dropped,
        )

    def _found(self, fact: Fact, piece: Piece) -> Found:
        text, _ = self._redaction.text(fact.text)
        return _found(replace(fact, text=text), piece)

    def _not_to_be_asked(self, job: Job, attempt: int) -> str | None:
        if attempt > MAX_ATTEMPTS:
            return f"the server was stopped {MAX_ATTEMPTS} times while the model read this"
        if self._down and self._clock() - job.created_at > PATIENCE:
            return self.problem
        return None

    @property
    def _down(self) -> bool:
        return self._failures >= _DOWN_AFTER

    def _failed(self, error: ExtractionFailed) -> None:
        if self.problem != str(error):
            log.warning("Facts cannot be extracted: %s", error)
        self.problem = str(error)
        self._failures += error.again

    async def _finish(self, job: Job, order: Order, progress: Progress) -> None:
        proposed, reason = _proposed(order, progress)
        async with self._database.write() as connection:
            if not await self._queue.held(connection, job):
                return
            scope = await self._within(connection, order.caller)
            require_adding(scope)
            write = await Write.resume(connection, job.action_id, now=self._clock())
            changes = await keep(write, scope, proposed, first_id=order.first_id, quota=self._quota)
            await write.finish()
            detail = self._detail(progress, job, fallback=reason, changes=changes)
            await action_rows.complete(connection, job.action_id, "SUCCEEDED", detail, write.now)
            await job_rows.remove(connection, job.id)
        self._indexer.notice()

    async def _give_up(self, job: Job, reason: str) -> None:
        async with self._database.write() as connection:
            if await self._queue.held(connection, job):
                detail: dict[str, Json] = {"error": reason}
                now = self._clock()
                await action_rows.complete(connection, job.action_id, "FAILED", detail, now)
                await job_rows.remove(connection, job.id)

    def _detail(
        self,
        progress: Progress,
        job: Job,
        *,
        waiting: str | None = None,
        fallback: str | None = None,
        changes: Sequence[Change] = (),
    ) -> dict[str, Json]:
        """What the event says: docs/extraction.md lists the names."""
        inferred = [change.memory.inferred for change in changes]
        repeats: list[Json] = [
            change.memory.id for change in changes if change.kind is ChangeKind.NONE
        ]
        said: dict[str, Json] = {
            "model": self._extractor.name if self._extractor else None,
            "calls": progress.calls,
            "attempts": job.attempts,
            "pieces": len(progress.done),
            "facts": sum(inferred),
            "verbatim": len(inferred) - sum(inferred),
            "dropped": progress.dropped,
            "tokens_in": progress.usage.tokens_in,
            "tokens_out": progress.usage.tokens_out,
        }
        more: dict[str, Json] = {"waiting": waiting, "fallback": fallback, "repeats": repeats}
        said.update({name: value for name, value in more.items() if value})
        return said


def pieces_of(order: Order) -> list[Piece]:
    """The add's messages as a model reads them, each call within `PIECE` characters."""
    pieces: list[Piece] = []
    held: list[tuple[int, Said]] = []
    size = 0
    for source, part in _parts(order):
        if held and size + len(part.text) > PIECE:
            pieces.append(_piece(order, held))
            held, size = [], 0
        held.append((source, part))
        size += len(part.text)
    return [*pieces, _piece(order, held)] if held else pieces


def _parts(order: Order) -> Iterator[tuple[int, Said]]:
    for source, draft in enumerate(order.drafts):
        if draft is not None:
            for text in cut(draft.text, PIECE):
                yield source, Said(draft.role or "user", draft.actor, text)


def _piece(order: Order, held: Sequence[tuple[int, Said]]) -> Piece:
    moment = order.timestamp or order.accepted_at
    passage = Passage(tuple(part for _, part in held), moment, order.guidance)
    return Piece(passage, tuple(source for source, _ in held))


def _proposed(order: Order, progress: Progress) -> tuple[list[Memory], str | None]:
    """What to store, in the order it was said, and why some of it is verbatim."""
    outcomes = dict(enumerate(progress.done))
    kept_as_said: set[int] = set()
    reasons: list[str] = []
    for i, piece in enumerate(pieces_of(order)):
        outcome = outcomes.get(i, Outcome(fallback="it is longer than is extracted of one add"))
        if outcome.fallback:
            kept_as_said.update(piece.sources)
            reasons.append(outcome.fallback)
    found: dict[int, list[Found]] = {}
    for outcome in progress.done:
        for fact in outcome.facts:
            found.setdefault(fact.source, []).append(fact)
    proposed: list[Memory] = []
    for source, draft in enumerate(order.drafts):
        if draft is None:
            continue
        if source in kept_as_said:
            proposed.append(order.memory(draft, place=len(proposed)))
            continue
        for fact in found.get(source, []):
            place, said = len(proposed), draft
            if not fact.attributed:
                said = replace(draft, role=None, actor=None)
            proposed.append(
                order.memory(said, place=place, text=fact.text, when=fact.when, inferred=True)
            )
    return proposed, "; ".join(dict.fromkeys(reasons)) or None


def _found(fact: Fact, piece: Piece) -> Found:
    if fact.message is None:
        return Found(fact.text, piece.sources[0], fact.when, attributed=False)
    return Found(fact.text, piece.sources[fact.message], fact.when)


def _paid(progress: Progress, usage: Usage) -> Progress:
    return replace(progress, usage=progress.usage + usage, calls=progress.calls + 1)


def _without_facts(progress: Progress, reason: str) -> Progress:
    return replace(progress, done=(*progress.done, Outcome(fallback=reason)))


def _pause(error: ExtractionFailed, attempt: int) -> timedelta:
    if error.retry_after is not None:
        # In this order: a server may also ask for `inf` or `nan` seconds.
        return timedelta(seconds=min(_LONGEST_PAUSE.total_seconds(), error.retry_after))
    return _PAUSES[min(attempt, len(_PAUSES)) - 1]
