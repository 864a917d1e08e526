"""Waiting for an add that a server has taken in and not yet carried out."""

from collections.abc import Awaitable, Callable
from typing import Final

import anyio

from openmemory_mcp.backends.base import BackendError
from openmemory_mcp.backends.events import Event

ADD_WAIT: Final = 8.0
"""Seconds that a tool call waits, if nothing else is set."""

_FIRST_PAUSE: Final = 0.25
_LONGEST_PAUSE: Final = 2.0


async def settled(
    look: Callable[[], Awaitable[Event | None]], queued: Event, *, within: float
) -> Event:
    """The event as it ended; `queued` itself if that takes more than `within` seconds.

    Args:
        look: asks for the event once; None where it is not to be seen yet.
        queued: what the server said when it took the text in.
        within: seconds to wait at most.
    """
    pause = _FIRST_PAUSE
    with anyio.move_on_after(within):
        while True:
            await anyio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
            try:
                event = await look()
            except BackendError:
                # The text is taken in all the same: to say so is all that is left to do.
                break
            if event is not None and not event.is_open:
                return event
    return queued
