"""Work that goes on for as long as the server does: what ends by a fault is begun anew, and told."""

import logging
from collections.abc import Awaitable, Callable
from typing import Final

import anyio

log = logging.getLogger(__name__)

FIRST_PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 60.0
WELL_AFTER: Final = 60.0
"""Seconds after which work that was begun anew counts as well again."""


class Background:
    """Keeps work going. One piece that ends must neither take the others along nor be missed."""

    def __init__(self) -> None:
        self._problems: dict[str, str] = {}

    @property
    def problem(self) -> str | None:
        """What has ended and is not well again yet, for anyone: names of errors, not their words."""
        return "; ".join(self._problems.values()) or None

    async def keep(self, name: str, work: Callable[[], Awaitable[object]]) -> None:
        """Do work that has no end until cancelled.

        Args:
            name: what it is called where its end is told.
            work: what to do; begun anew, later each time, when it ends.
        """
        pause = FIRST_PAUSE
        while True:
            begun, ended = anyio.current_time(), ""
            async with anyio.create_task_group() as tasks:
                if name in self._problems:
                    tasks.start_soon(self._well_again, name)
                ended = await _end_of(work)
                tasks.cancel_scope.cancel()
            if anyio.current_time() - begun >= WELL_AFTER:
                pause = FIRST_PAUSE
            self._problems[name] = f"{name}: ended ({ended}), begun anew"
            log.critical("%s ended and is begun anew in %g s", name, pause)
            await anyio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _well_again(self, name: str) -> None:
        await anyio.sleep(WELL_AFTER)
        self._problems.pop(name, None)


async def _end_of(work: Callable[[], Awaitable[object]]) -> str:
    """Do it, and say by what it ended."""
    try:
        await work()
    except Exception as error:
        # Whatever it is: nobody stands above who could do better with it.
        log.exception("Work in the background failed")
        return type(error).__name__
    return "by itself"
