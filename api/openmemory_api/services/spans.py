"""Times as a person sees them on a chart: cut into hours or days of their own zone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from math import ceil
from typing import Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from openmemory_api.domain.errors import Invalid

Range = Literal["24h", "7d", "30d", "90d", "all"]

MAX_BUCKETS: Final = 90
_DAYS: Final[dict[Range, int]] = {"7d": 7, "30d": 30, "90d": 90}


@dataclass(frozen=True, slots=True)
class Span:
    """A time that ends now, cut into buckets."""

    edges: Sequence[datetime]
    """Where each bucket begins, in UTC."""
    until: datetime

    @property
    def since(self) -> datetime:
        """Where the first bucket begins."""
        return self.edges[0]


def zone_of(name: str) -> ZoneInfo:
    """The time zone of a name.

    Raises:
        Invalid: there is none.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Invalid("tz is not a time zone such as Europe/Berlin") from error


def span_of(range_: Range, now: datetime, zone: ZoneInfo, oldest: datetime | None) -> Span:
    """The buckets of a range; `all` begins with the `oldest` there is."""
    if range_ == "24h":
        hour = now.astimezone(zone).replace(minute=0, second=0, microsecond=0).astimezone(UTC)
        edges = [hour - timedelta(hours=hours) for hours in reversed(range(24))]
    else:
        edges = _days(range_, now.astimezone(zone).date(), zone, oldest)
    return Span(edges, now)


def _days(range_: Range, today: date, zone: ZoneInfo, oldest: datetime | None) -> list[datetime]:
    days, width = _DAYS.get(range_, 1), 1
    if range_ == "all" and oldest is not None:
        days = max(1, (today - oldest.astimezone(zone).date()).days + 1)
        width = ceil(days / MAX_BUCKETS)
    count = ceil(days / width)
    # As far back as there are days at all, for what is dated in the year 1.
    back = min((count * width - 1), (today - date.min).days - 1)
    first = today - timedelta(days=back)
    starts = (first + timedelta(days=width * number) for number in range(count))
    return [
        datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
        for day in starts
        if day <= today
    ]
