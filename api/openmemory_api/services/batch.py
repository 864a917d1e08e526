"""What waits to be written to the log of calls: bounded in number and in bytes."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from heapq import merge
from typing import Any, Final

from openmemory_api.db import activity as rows
from openmemory_api.services.activity import Entry, Kind, Outcome

QUEUE: Final = 10_000
"""Calls that wait to be written; the oldest give way."""
QUEUE_BYTES: Final = 32 * 2**20
"""About what they take at most; the oldest give way."""
STRANGERS: Final = 200
"""Calls of nobody that is known, which wait beside the others; the newest give way.

Anybody can make them, without a key: they must cost no known caller a row.
"""
KEEP_ERRORS: Final = 1_000
_ENTRY_BYTES: Final = 1_000
_HIT_BYTES: Final = 200


@dataclass(slots=True)
class Batch:
    """What waits to be written."""

    known: deque[Entry] = field(default_factory=deque[Entry])
    strangers: deque[Entry] = field(default_factory=deque[Entry])
    errors: deque[dict[str, Any]] = field(
        default_factory=lambda: deque[dict[str, Any]](maxlen=KEEP_ERRORS)
    )
    usage: dict[rows.UsageKey, list[int]] = field(default_factory=dict[rows.UsageKey, list[int]])
    bytes: int = 0

    def __bool__(self) -> bool:
        return bool(len(self) or self.errors or self.usage)

    def __len__(self) -> int:
        """How many calls there are."""
        return len(self.known) + len(self.strangers)

    @property
    def calls(self) -> list[Entry]:
        """All of them, in the order in which they ended."""
        return list(merge(self.known, self.strangers, key=_ended_at))

    def add(self, entry: Entry) -> int:
        """Take in a call; how many were dropped for want of room."""
        if entry.caller is None:
            self.strangers.append(entry)
        else:
            self.known.append(entry)
            self.bytes += _bytes(entry)
        return self._drop_beyond()

    def put_back(self, older: "Batch") -> int:
        """Take back what could not be written, before what came since; answers as `add`."""
        self.known.extendleft(reversed(older.known))
        self.strangers.extendleft(reversed(older.strangers))
        self.bytes += older.bytes
        self.errors = deque([*older.errors, *self.errors], maxlen=KEEP_ERRORS)
        for key, counts in older.usage.items():
            self._count(key, counts)
        return self._drop_beyond()

    def count(self, entry: Entry) -> None:
        """Count a call for its day, and keep where it failed."""
        if entry.outcome is Outcome.FAILED and entry.status is not None:
            self.errors.append(_error(entry))
        self._count(_usage_key(entry), _counts(entry))

    def _count(self, key: rows.UsageKey, counts: Sequence[int]) -> None:
        known = self.usage.get(key)
        if known is not None:
            self.usage[key] = [a + b for a, b in zip(known, counts, strict=True)]
        elif len(self.usage) < QUEUE:
            self.usage[key] = list(counts)

    def _drop_beyond(self) -> int:
        before = len(self)
        while len(self.known) > QUEUE or self.bytes > QUEUE_BYTES:
            self.bytes -= _bytes(self.known.popleft())
        while len(self.strangers) > STRANGERS:
            self.strangers.pop()
        return before - len(self)


def day_of(moment: datetime) -> str:
    """The day that a call counts for, in UTC."""
    return moment.astimezone(UTC).date().isoformat()


def _ended_at(entry: Entry) -> datetime:
    assert entry.ended_at is not None
    return entry.ended_at


def _bytes(entry: Entry) -> int:
    return _ENTRY_BYTES + 4 * len(entry.query or "") + _HIT_BYTES * len(entry.hits)


def _usage_key(entry: Entry) -> rows.UsageKey:
    caller = entry.caller
    who = (caller.user_id, caller.app, caller.key_id) if caller else (None, None, None)
    user, app, key = (part or "" for part in who)
    return (day_of(_ended_at(entry)), entry.project_id, user, app, key)


def _counts(entry: Entry) -> tuple[int, ...]:
    """In the order of `COUNTED`."""
    done = entry.outcome is Outcome.OK
    return (
        1,
        int(done and entry.kind is Kind.READ),
        int(done and entry.kind is Kind.WRITE),
        int(entry.outcome is Outcome.DENIED),
        int(entry.outcome is Outcome.LIMITED),
        int(entry.outcome is Outcome.FAILED),
    )


def _error(entry: Entry) -> dict[str, Any]:
    return {
        "at": entry.ended_at,
        "request_id": entry.request_id,
        "operation": entry.operation,
        "status": entry.status,
        "exception": entry.exception,
        "place": entry.place,
    }
