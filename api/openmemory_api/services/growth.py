"""How many memories there were when, and who made them: counted anew only when something was written."""

from collections import OrderedDict, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from openmemory_api.db import overview as rows
from openmemory_api.db.memories import last_change
from openmemory_api.db.session import ReadConnection
from openmemory_api.domain.access import Caller
from openmemory_api.services.spans import Span

MOST_SERIES: Final = 6
"""Apps that have a line of their own; the others share one."""
_KEPT: Final = 50


@dataclass(frozen=True, slots=True)
class Series:
    """How many of the memories that are kept were made in each bucket, by whom."""

    kind: Literal["app", "none", "other"]
    app: str | None
    before: int
    """Made before the first bucket."""
    counts: Sequence[int]


class Growth:
    """Counts the memories of users over time."""

    def __init__(self) -> None:
        # What was counted is so until the next write, whoever makes it.
        self._known: OrderedDict[object, list[Series]] = OrderedDict()

    async def series(
        self, connection: ReadConnection, viewer: Caller, span: Span, merges: Mapping[str, str]
    ) -> list[Series]:
        """A line for each of the largest apps, one for the others, one for no app."""
        change = await last_change(connection)
        owner = (viewer.project_id, viewer.user_id)
        key = (owner, tuple(span.edges), frozenset(merges.items()), change)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = await _series(connection, viewer, span, merges)
        if len(self._known) > _KEPT:
            self._known.popitem(last=False)
        return known


async def _series(
    connection: ReadConnection, viewer: Caller, span: Span, merges: Mapping[str, str]
) -> list[Series]:
    written = await rows.created_by_app(connection, viewer)
    names: defaultdict[str, list[str]] = defaultdict(list)
    for name in written:
        if name is not None:
            names[merges.get(name, name)].append(name)
    totals = {app: sum(written[name] for name in known_as) for app, known_as in names.items()}
    largest = sorted(totals, key=lambda app: (-totals[app], app))
    lines: list[Series] = []
    for app in largest[:MOST_SERIES]:
        counts = await rows.created(connection, viewer, span.edges, names[app])
        lines.append(_line("app", app, totals[app], counts))
    none = await _without_app(connection, viewer, span.edges) if None in written else []
    if len(largest) > MOST_SERIES:
        lines.append(
            await _others(connection, viewer, span, [*lines, *_none(none, written)], written)
        )
    return [*lines, *_none(none, written)]


def _none(counts: Sequence[int], written: Mapping[str | None, int]) -> list[Series]:
    return [_line("none", None, written[None], counts)] if counts else []


async def _without_app(
    connection: ReadConnection, viewer: Caller, edges: Sequence[datetime]
) -> list[int]:
    return await rows.created(connection, viewer, edges, [])


async def _others(
    connection: ReadConnection,
    viewer: Caller,
    span: Span,
    lines: Sequence[Series],
    written: Mapping[str | None, int],
) -> Series:
    """What is left of all when the lines are taken away."""
    every = await rows.created(connection, viewer, span.edges)
    counts = [
        max(0, whole - sum(parts))
        for whole, parts in zip(
            every, zip(*(line.counts for line in lines), strict=True), strict=True
        )
    ]
    shown = sum(line.before + sum(line.counts) for line in lines)
    return _line("other", None, sum(written.values()) - shown, counts)


def _line(
    kind: Literal["app", "none", "other"], app: str | None, total: int, counts: Sequence[int]
) -> Series:
    # What is written between two statements must not make it less than none.
    return Series(kind, app, max(0, total - sum(counts)), counts)
