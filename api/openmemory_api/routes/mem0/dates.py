"""Dates and times as clients write them: ISO 8601, a bare day, or unix seconds."""

import math
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final, Literal, assert_never

from openmemory_api.domain.filters import Range, TimeField
from openmemory_api.domain.memory import Json
from openmemory_api.routes.mem0.parsing import Place, type_name

Comparison = Literal["eq", "gt", "gte", "lt", "lte"]

_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_EXPECTED: Final = "must be an ISO 8601 date or time, or unix seconds"


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in time, or the whole of a UTC day that was named without a time."""

    start: datetime
    next_day: datetime | None = None

    def compared(self, field: TimeField, comparison: Comparison) -> Range:
        """A day is taken whole: `lte` includes it to its end, `gt` begins after it."""
        start, end = self.start, self.next_day
        match comparison:
            case "eq":
                return (
                    Range(field, gte=start, lt=end) if end else Range(field, gte=start, lte=start)
                )
            case "gt":
                return Range(field, gte=end) if end else Range(field, gt=start)
            case "gte":
                return Range(field, gte=start)
            case "lt":
                return Range(field, lt=start)
            case "lte":
                return Range(field, lt=end) if end else Range(field, lte=start)
            case _:
                assert_never(comparison)


def read_moment(value: Json, place: Place) -> Moment:
    """A time without an offset is UTC.

    Raises:
        Invalid: not a date or time, or outside the years that can be compared.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise place.refuse(f"{_EXPECTED}, not {type_name(value)}")
    try:
        if not isinstance(value, str):
            return Moment(_from_unix(value))
        if _DAY.fullmatch(value):
            midnight = datetime.fromisoformat(value).replace(tzinfo=UTC)
            return Moment(midnight, _next_day(midnight))
        return Moment(_in_utc(datetime.fromisoformat(value)))
    except (ValueError, OverflowError, OSError):
        raise place.refuse(_EXPECTED) from None


def _next_day(midnight: datetime) -> datetime:
    # People write 9999-12-31 for "ever", which no calendar goes beyond.
    last = datetime.max.replace(tzinfo=UTC)
    return last if midnight.date() == last.date() else midnight + timedelta(days=1)


def read_instant(value: Json, place: Place) -> datetime:
    """The point in time, or the start of the day.

    Raises:
        Invalid: not a date or time.
    """
    return read_moment(value, place).start


def read_day(value: Json, place: Place) -> str:
    """A real day as `YYYY-MM-DD`; of a time, its day in UTC.

    Raises:
        Invalid: anything else.
    """
    if not isinstance(value, str):
        raise place.refuse(f"must be a date as YYYY-MM-DD, not {type_name(value)}")
    try:
        if _DAY.fullmatch(value):
            return date.fromisoformat(value).isoformat()
        return _in_utc(datetime.fromisoformat(value)).date().isoformat()
    except (ValueError, OverflowError):
        raise place.refuse("must be a date as YYYY-MM-DD") from None


def _from_unix(seconds: float) -> datetime:
    if not math.isfinite(seconds):
        raise ValueError(seconds)
    return datetime.fromtimestamp(seconds, UTC)


def _in_utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
