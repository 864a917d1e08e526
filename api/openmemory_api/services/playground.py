"""Searches that a person tries out: as any app would be answered, with how it came about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from openmemory_api.db.session import Database
from openmemory_api.domain.access import (
    ACTIVE,
    Access,
    Caller,
    KeyScope,
    Verb,
    belonging_to,
    readable_by,
)
from openmemory_api.domain.errors import NotFound
from openmemory_api.domain.explaining import Explainer, Explanation
from openmemory_api.domain.filters import In, Not, all_of, matches
from openmemory_api.domain.memory import Lifecycle, Memory, ScoredMemory, Signal, State
from openmemory_api.domain.protocols import Clock
from openmemory_api.domain.requests import SearchRequest, View
from openmemory_api.services.access import require_scopes
from openmemory_api.services.activity import note
from openmemory_api.services.drafts import checked_name
from openmemory_api.services.ranking import Ranked
from openmemory_api.services.rules import as_app, rulebook_of
from openmemory_api.services.search import Look, SearchService
from openmemory_api.services.validation import checked_text
from openmemory_api.services.writing import find_one

Stage = Literal[
    "returned", "not_found", "not_readable", "state", "expired", "filtered", "no_candidate",
    "below_threshold", "cut",
]  # fmt: skip

TOOLS: Final = View(latest_only=True)
"""What tools are shown: nothing expired, and of what was replaced the newest alone."""
_ERASED: Final = In("state", (State.PURGED,))


@dataclass(frozen=True, slots=True)
class Trial:
    """A search to try out."""

    request: SearchRequest
    app: str | None = None
    """Whose answer it is to be; None: the user's own."""
    semantic: bool = True
    bm25: bool = True


@dataclass(frozen=True, slots=True)
class Placed:
    """A hit, and what put it there."""

    hit: ScoredMemory
    total: float
    """The sum of the contributions, by which hits are ordered."""
    signals: Sequence[tuple[Signal, int | None]]
    """Each with the candidate's rank by it alone; None where it says nothing."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a trial."""

    placed: Sequence[Placed]
    of_user: int
    """How many the user's own search finds."""
    candidates: int
    degraded: str | None
    timing: Sequence[tuple[str, float]]


@dataclass(frozen=True, slots=True)
class Reason:
    """How far one memory came in a search, and why no further."""

    stage: Stage
    text: str
    rank: int | None = None
    score: float | None = None
    explanation: Explanation | None = None


class PlaygroundService:
    """Tries searches out, by the very code that answers apps."""

    def __init__(self, database: Database, search: SearchService, clock: Clock) -> None:
        self._database = database
        self._search = search
        self._clock = clock

    async def search(self, viewer: Caller, trial: Trial) -> Outcome:
        """What is found, in which order and why.

        Raises:
            Forbidden: the viewer may not read, or may not settle what apps may do and names one.
            Invalid, Unavailable: as `SearchService.search`.
            UnreadableRules: nobody knows what the app may do.
        """
        asked, access = await self._asked(viewer, trial)
        of_user = 0
        if trial.app is not None:
            own = readable_by(viewer, Access())
            of_user = len((await self._search.within(own, trial.request, _look(trial))).hits)
        look = _look(trial)
        # The last one, so that its hits are those of the log.
        found = await self._search.within(readable_by(asked, access), trial.request, look)
        placed = _placed(found.hits, look)
        return Outcome(
            placed,
            of_user if trial.app is not None else len(placed),
            len(look.candidates),
            found.degraded,
            look.timing,
        )

    async def why_not(self, viewer: Caller, trial: Trial, ref: str) -> Reason:
        """Why a memory is not in the answer, or where in it it is.

        Raises:
            Invalid: `ref` is no id; else as `search`.
        """
        asked, access = await self._asked(viewer, trial)
        memory = await self._found(viewer, ref)
        if memory is None:
            return Reason("not_found", "You have no such memory: it never was, or it was erased.")
        explanation = Explainer(asked, access, Verb.READ).explain(memory)
        look = _look(trial)
        readable = readable_by(asked, access)
        found = await self._search.within(readable, trial.request, look)
        reason = (
            _returned(memory, found.hits)
            or self._outside(memory, trial.request, explanation)
            or self._behind(memory, trial, look)
        )
        return reason if trial.app is None else replace(reason, explanation=explanation)

    async def _asked(self, viewer: Caller, trial: Trial) -> tuple[Caller, Access]:
        require_scopes(viewer, KeyScope.READ)
        # What is logged is checked before: it must be something that can be written.
        query, _ = checked_text(trial.request.query, name="query")
        note(query=query)
        if trial.app is None:
            return viewer, Access()
        async with self._database.read() as connection:
            book = await rulebook_of(connection, viewer)
        app = checked_name(trial.app)
        return as_app(viewer, app), book.access(app)

    async def _found(self, viewer: Caller, ref: str) -> Memory | None:
        known = all_of(belonging_to(viewer), Not(_ERASED))
        async with self._database.read() as connection:
            try:
                return await find_one(connection, viewer, ref, known)
            except NotFound:
                return None

    def _outside(
        self, memory: Memory, request: SearchRequest, explanation: Explanation
    ) -> Reason | None:
        """Why a memory was never looked at."""
        if not matches(ACTIVE, memory):
            return Reason("state", _STATES[memory.state])
        if not explanation.allowed:
            return Reason("not_readable", explanation.reason)
        today = self._clock().date()
        if not matches(View(include_merged=True).shown_on(today), memory):
            return Reason("expired", f"It expired on {memory.expiration_date}.")
        if not matches(request.view.shown_on(today), memory):
            return Reason("filtered", _REPLACED[memory.lifecycle])
        if not matches(request.wanted, memory):
            return Reason("filtered", "The filters of this search leave it out.")
        return None

    def _behind(self, memory: Memory, trial: Trial, look: Look) -> Reason:
        """How far a memory came that was looked at."""
        ranks = {each.id: (rank, each) for rank, each in enumerate(look.ranked, 1)}
        if memory.id not in ranks:
            return Reason("no_candidate", _no_candidate(look))
        rank, ranked = ranks[memory.id]
        threshold = trial.request.threshold
        if ranked.score < threshold:
            text = f"It scores {ranked.score:.3f}, which is below the threshold of {threshold:g}."
            return Reason("below_threshold", text, rank, ranked.score)
        better = [each for each in look.ranked if each.score >= threshold]
        rank = 1 + [each.id for each in better].index(memory.id)
        text = f"It comes {_ordinal(rank)}; only the first {trial.request.top_k} are answered."
        return Reason("cut", text, rank, ranked.score)


_STATES: Final = {
    State.PAUSED: "It is paused: no app and no search is given it until it is resumed.",
    State.ARCHIVED: "It is archived: no app and no search is given it until it is brought back.",
    State.TRASHED: "It is in the trash.",
}
_REPLACED: Final = {
    Lifecycle.SUPERSEDED: "A newer memory has taken its place, and tools are given the newest.",
    Lifecycle.MERGED: "It was merged into another memory, which is found in its place.",
}


def _look(trial: Trial) -> Look:
    return Look(semantic=trial.semantic, bm25=trial.bm25)


def _returned(memory: Memory, hits: Sequence[ScoredMemory]) -> Reason | None:
    for rank, hit in enumerate(hits, 1):
        if hit.memory.id == memory.id:
            return Reason("returned", f"It is the {_ordinal(rank)} result.", rank, hit.score)
    return None


def _no_candidate(look: Look) -> str:
    if not look.candidates:
        return "Nothing at all was found by this query."
    return (
        f"It is not among the {len(look.candidates)} memories that are nearest to the query in "
        "meaning or in words."
    )


def _ordinal(number: int) -> str:
    last = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10)
    return f"{number}{last or 'th'}"


def _placed(hits: Sequence[ScoredMemory], look: Look) -> list[Placed]:
    by_meaning = _ranks({each.id: each.dense or 0.0 for each in look.candidates.values()})
    by_words = _ranks({each.id: each.specific for each in look.candidates.values()})
    ranks = {"semantic": by_meaning, "bm25": by_words}
    ranked = {each.id: each for each in look.ranked}
    return [_place(hit, ranked[hit.memory.id], look, ranks) for hit in hits]


def _place(
    hit: ScoredMemory, ranked: Ranked, look: Look, ranks: Mapping[str, Mapping[str, int]]
) -> Placed:
    off = {"semantic": not look.semantic, "bm25": not look.bm25}
    signals = [
        (_silent(each) if off.get(each.name) else each, ranks.get(each.name, {}).get(ranked.id))
        for each in ranked.signals
    ]
    return Placed(hit, ranked.total, signals)


def _silent(signal: Signal) -> Signal:
    """As it is shown where it was switched off."""
    return replace(signal, raw=None, weight=0.0)


def _ranks(values: dict[str, float]) -> dict[str, int]:
    """Places by falling value, of what has more than none."""
    telling = sorted((id for id, value in values.items() if value > 0), key=lambda id: -values[id])
    return {id: rank for rank, id in enumerate(telling, 1)}
