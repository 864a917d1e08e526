"""Until when a request is answered, and who may say that it will be answered however late.

What is stored is answered for: a client that hears "too late" about a write that was made would
make it again. So whoever begins to write lifts the deadline.
"""

from contextvars import ContextVar
from typing import Final, Protocol


class Deadline(Protocol):
    """The time limit of one request."""

    def lift(self) -> None:
        """Let the request take as long as it takes from here on."""
        ...


current: Final[ContextVar[Deadline | None]] = ContextVar("deadline", default=None)
"""The one of the request being served; None where none is, or it has no limit."""


def lift() -> None:
    """Lift the deadline of the request being served, if there is one."""
    deadline = current.get()
    if deadline is not None:
        deadline.lift()
