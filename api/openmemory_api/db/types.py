"""Column types that mean the same on every database."""

import json
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import Dialect

from openmemory_api.domain.filters import canonical_json


class UtcDateTime(sa.types.TypeDecorator[datetime]):
    """An aware datetime, kept in UTC to the microsecond."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """UTC, and naive where the database keeps no zone."""
        if value is None:
            return None
        in_utc = value.astimezone(UTC)
        return in_utc.replace(tzinfo=None) if dialect.name == "sqlite" else in_utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Aware, in UTC."""
        return value.replace(tzinfo=UTC) if value and value.tzinfo is None else value


class CanonicalJson(sa.types.TypeDecorator[Any]):
    """JSON as text in its one canonical spelling, so that equal values are equal texts."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """SQL null for None."""
        return None if value is None else canonical_json(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """The value it was made from."""
        return None if value is None else json.loads(value)
