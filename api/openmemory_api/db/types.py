"""Column types that mean the same on every database."""

import json
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine.interfaces import Dialect

from openmemory_api.domain.filters import canonical_json


def text(length: int | None = None) -> sa.types.TypeEngine[str]:
    """A string, ordered by code point on every database.

    PostgreSQL would order by the language of its cluster, and refuse what is longer than `length`;
    bounds are the services' business, so that an answer does not depend on the database.
    """
    return sa.String(length).with_variant(sa.Text(collation="C"), "postgresql")


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
    """JSON in its one canonical form, so that equal values are stored equal.

    Text on SQLite; JSONB on PostgreSQL, whose own form is canonical: numbers are exact, and keys
    have an order.
    """

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> sa.types.TypeEngine[Any]:
        """JSONB where there is one."""
        kind = JSONB(none_as_null=True) if dialect.name == "postgresql" else sa.Text()
        return dialect.type_descriptor(kind)

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        """SQL null for None. For JSONB the engine's serializer writes the canonical form."""
        if value is None or dialect.name == "postgresql":
            return value
        return canonical_json(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """The value it was made from."""
        if value is None or dialect.name == "postgresql":
            return value
        return json.loads(value)
