"""The last word about the best of a search: a reranker's, if it says it in time."""

from collections.abc import Mapping, Sequence
from typing import Final

import anyio

from openmemory_api.domain.errors import Unavailable
from openmemory_api.domain.memory import Memory
from openmemory_api.domain.protocols import Reranker
from openmemory_api.services.ranking import Ranked, reranked

DEPTH: Final = 50
"""So many of the best are judged."""
PAUSE: Final = 10.0
"""Seconds in which, after a failure, no search waits again."""


class Reranking:
    """Asks the reranker within a time limit; whatever it does, there is an order."""

    def __init__(self, reranker: Reranker | None, *, timeout: float) -> None:
        self._reranker = reranker
        self._timeout = timeout
        self._rests_until = 0.0
        self._problem: str | None = None

    @property
    def there(self) -> bool:
        """Whether one is configured."""
        return self._reranker is not None

    @property
    def health(self) -> dict[str, str | None] | None:
        """Which one serves, and what went wrong the last time it was asked; None without one."""
        if self._reranker is None:
            return None
        return {"name": self._reranker.name, "problem": self._problem}

    async def open(self) -> None:
        """Have the model loaded before the first search asks for it."""
        if self._reranker is None:
            return
        try:
            await self._reranker.open()
        except Unavailable as error:
            self._problem = str(error)

    async def close(self) -> None:
        """Let go of it."""
        if self._reranker is not None:
            await self._reranker.close()

    async def ordered(
        self, query: str, ranked: Sequence[Ranked], readable: Mapping[str, Memory]
    ) -> tuple[list[Ranked], str | None]:
        """The best of `ranked` in the reranker's order and the others after them.

        Sent are only texts of `readable`, what SQL confirmed. If there is no answer the order is
        as it was, and the second part says why.
        """
        judged = [each for each in ranked if each.id in readable][:DEPTH]
        try:
            texts = [readable[each.id].text for each in judged]
            best = reranked(judged, await self._relevances(query, texts))
        except Unavailable as error:
            return list(ranked), f"not reranked: {error}"
        known = {each.id for each in judged}
        return [*best, *(each for each in ranked if each.id not in known)], None

    async def _relevances(self, query: str, texts: Sequence[str]) -> list[float]:
        if self._reranker is None or not texts:
            return []
        if anyio.current_time() < self._rests_until:
            raise Unavailable(f"the reranker has just failed ({self._problem})")
        try:
            with anyio.fail_after(self._timeout):
                relevances = await self._reranker.rerank(query, texts)
        except (Unavailable, TimeoutError) as error:
            late = f"the reranker did not answer within {self._timeout:g} s"
            self._problem = str(error) if isinstance(error, Unavailable) else late
            self._rests_until = anyio.current_time() + PAUSE
            raise Unavailable(self._problem) from error
        self._problem = None
        return relevances
