"""The tables of the store, and of the log of calls, which has a file or connection of its own."""

from typing import Any

import sqlalchemy as sa

from openmemory_api.db.types import CanonicalJson, UtcDateTime, text

_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = sa.MetaData(naming_convention=_NAMES)
read_metadata = sa.MetaData(naming_convention=_NAMES)


def _id() -> sa.Column[str]:
    return sa.Column("id", text(36), primary_key=True)


def _serial() -> sa.Column[int]:
    # SQLite fills in only a plain INTEGER key.
    kind = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return sa.Column("id", kind, primary_key=True, autoincrement=True)


def _created() -> sa.Column[Any]:
    return sa.Column("created_at", UtcDateTime, nullable=False)


def _reference(name: str, target: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.ForeignKey(target), nullable=nullable)


counters = sa.Table(
    "counters",
    metadata,
    sa.Column("name", text(32), primary_key=True),
    sa.Column("value", sa.BigInteger, nullable=False),
)

projects = sa.Table(
    "projects",
    metadata,
    sa.Column("id", text(64), primary_key=True),
    sa.Column("org_id", text(64), nullable=False),
    sa.Column("name", text(255), nullable=False),
    _created(),
)

users = sa.Table(
    "users",
    metadata,
    _serial(),
    _reference("project_id", "projects.id"),
    sa.Column("name", text(255), nullable=False),
    sa.Column("next_number", sa.BigInteger, nullable=False, server_default="1"),
    sa.Column("merges", CanonicalJson),
    sa.Column("access_version", sa.Integer, nullable=False, server_default="0"),
    _created(),
    sa.UniqueConstraint("project_id", "name"),
)

apps = sa.Table(
    "apps",
    metadata,
    _serial(),
    _reference("user_id", "users.id"),
    sa.Column("name", text(255), nullable=False),
    sa.Column("paused", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("label", text(255)),
    sa.Column("kind", text(32)),
    sa.Column("version", text(64)),
    _created(),
    sa.Column("last_seen_at", UtcDateTime, nullable=False),
    sa.UniqueConstraint("user_id", "name"),
)

access_bases = sa.Table(
    "access_bases",
    metadata,
    _serial(),
    _reference("user_id", "users.id"),
    sa.Column("app", text(255), nullable=False),
    sa.Column("read", text(16), nullable=False),
    sa.Column("write", text(16), nullable=False),
    _created(),
    sa.UniqueConstraint("user_id", "app"),
)

access_rules = sa.Table(
    "access_rules",
    metadata,
    _serial(),
    _reference("base_id", "access_bases.id"),
    sa.Column("verb", text(16), nullable=False),
    sa.Column("effect", text(16), nullable=False),
    sa.Column("subject_kind", text(16), nullable=False),
    sa.Column("subject", text(255), nullable=False),
    _created(),
    sa.Index(None, "base_id"),
)

keys = sa.Table(
    "keys",
    metadata,
    sa.Column("id", text(16), primary_key=True),
    _reference("project_id", "projects.id"),
    sa.Column("user_id", text(255)),
    sa.Column("app", text(255)),
    sa.Column("label", text(255), nullable=False),
    sa.Column("scopes", CanonicalJson, nullable=False),
    sa.Column("hash", text(64), nullable=False),
    sa.Column("hint", text(8), nullable=False),
    sa.Column("created_by", text(16)),
    _created(),
    sa.Column("expires_at", UtcDateTime),
    sa.Column("last_used_at", UtcDateTime),
    sa.Column("revoked_at", UtcDateTime),
    sa.Column("replaced_by", text(16)),
    sa.Column("rate_limit", sa.Integer),
    sa.Column("daily_calls", sa.Integer),
    sa.Index(None, "project_id", "user_id"),
)

sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("id", text(16), primary_key=True),
    _reference("project_id", "projects.id"),
    sa.Column("key_id", text(16)),
    sa.Column("key_proof", text(64), nullable=False),
    sa.Column("hash", text(64), nullable=False),
    sa.Column("label", text(255), nullable=False),
    _created(),
    sa.Column("expires_at", UtcDateTime, nullable=False),
    sa.Column("last_used_at", UtcDateTime),
    sa.Column("revoked_at", UtcDateTime),
    sa.Index(None, "key_id"),
)

actions = sa.Table(
    "actions",
    metadata,
    _id(),
    sa.Column("number", sa.BigInteger, nullable=False, unique=True),
    _reference("project_id", "projects.id"),
    sa.Column("user_id", text(255)),
    sa.Column("app", text(255)),
    sa.Column("surface", text(32), nullable=False),
    sa.Column("kind", text(16), nullable=False),
    sa.Column("status", text(16), nullable=False),
    _created(),
    sa.Column("completed_at", UtcDateTime),
    sa.Column("undone_by", text(36)),
    sa.Column("detail", CanonicalJson),
    sa.Index(None, "project_id", "user_id", "number"),
)

memories = sa.Table(
    "memories",
    metadata,
    _id(),
    sa.Column("change", sa.BigInteger, nullable=False, index=True),
    sa.Column("number", sa.BigInteger),
    _reference("project_id", "projects.id"),
    sa.Column("user_id", text(255)),
    sa.Column("agent_id", text(255)),
    sa.Column("app_id", text(255)),
    sa.Column("run_id", text(255)),
    sa.Column("app", text(255)),
    sa.Column("text", text(), nullable=False),
    sa.Column("text_version", sa.Integer, nullable=False, server_default="1"),
    sa.Column("embedded", text(64)),
    sa.Column("fingerprint", text(32), nullable=False),
    sa.Column("metadata", CanonicalJson, key="meta"),
    sa.Column("categories", CanonicalJson),
    sa.Column("tags", CanonicalJson, nullable=False),
    sa.Column("state", text(16), nullable=False),
    sa.Column("lifecycle", text(16), nullable=False),
    _created(),
    sa.Column("updated_at", UtcDateTime, nullable=False),
    sa.Column("expiration_date", text(10)),
    sa.Column("event_time", UtcDateTime),
    sa.Column("role", text(16)),
    sa.Column("actor", text(255)),
    sa.Column("sequence", sa.Integer),
    sa.Column("source_event_id", text(36)),
    sa.Column("surface", text(32)),
    sa.Column("inferred", sa.Boolean, nullable=False),
    sa.Column("immutable", sa.Boolean, nullable=False),
    sa.Column("replaced_by", text(36)),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("deleted_at", UtcDateTime),
    sa.UniqueConstraint("project_id", "user_id", "number"),
    # With all that a list by time is chosen by, so that it is read off the index alone.
    sa.Index(None, "project_id", "user_id", "state", "created_at", "id", "app"),
    sa.Index(None, "project_id", "user_id", "created_at", "id", "state", "app"),
    sa.Index(None, "project_id", "user_id", "app", "created_at", "state"),
    sa.Index(None, "project_id", "fingerprint"),
    sa.Index(None, "state", "deleted_at"),
    sa.Index(None, "state", "embedded"),
)

vectors = sa.Table(
    "vectors",
    metadata,
    sa.Column("memory_id", text(36), sa.ForeignKey("memories.id"), primary_key=True),
    sa.Column("embedder", text(64), primary_key=True),
    sa.Column("text_version", sa.Integer, nullable=False),
    sa.Column("pieces", sa.Integer, nullable=False),
    sa.Column("data", sa.LargeBinary, nullable=False),
)

history = sa.Table(
    "history",
    metadata,
    _id(),
    sa.Column("number", sa.BigInteger, nullable=False),
    _reference("memory_id", "memories.id"),
    _reference("action_id", "actions.id"),
    sa.Column("kind", text(16), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("before", CanonicalJson),
    sa.Column("after", CanonicalJson),
    _created(),
    sa.Index(None, "memory_id", "number"),
    sa.Index(None, "action_id"),
)

jobs = sa.Table(
    "jobs",
    metadata,
    _id(),
    sa.Column("kind", text(32), nullable=False),
    sa.Column("payload", CanonicalJson, nullable=False),
    sa.Column("status", text(16), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("run_after", UtcDateTime, nullable=False),
    _created(),
    _reference("action_id", "actions.id", nullable=True),
    sa.Column("owner", text(36)),
    sa.Column("leased_until", UtcDateTime),
    sa.Column("progress", CanonicalJson),
    sa.Index(None, "status", "run_after"),
    sa.Index(None, "action_id"),
)

activity_calls = sa.Table(
    "activity_calls",
    read_metadata,
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at", UtcDateTime, nullable=False, index=True),
    sa.Column("request_id", text(64), nullable=False),
    sa.Column("project_id", text(64), nullable=False),
    sa.Column("user_id", text(255)),
    sa.Column("app", text(255)),
    sa.Column("key_id", text(16)),
    sa.Column("surface", text(32), nullable=False),
    sa.Column("operation", text(128), nullable=False),
    sa.Column("kind", text(16), nullable=False),
    sa.Column("query", text()),
    sa.Column("count", sa.Integer),
    sa.Column("duration_ms", sa.Float, nullable=False),
    sa.Column("outcome", text(16), nullable=False),
    sa.Column("status", sa.Integer),
    sa.Index(None, "user_id", "id"),
)

activity_hits = sa.Table(
    "activity_hits",
    read_metadata,
    sa.Column("call_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("memory_id", text(36), nullable=False),
    sa.Column("score", sa.Float),
    sa.Index(None, "memory_id", "call_id"),
    sqlite_with_rowid=False,
)

activity_usage = sa.Table(
    "activity_usage",
    read_metadata,
    sa.Column("day", text(10), primary_key=True),
    sa.Column("project_id", text(64), primary_key=True),
    # Empty where a call had none: a null would be unlike every other null.
    sa.Column("user_id", text(255), primary_key=True),
    sa.Column("app", text(255), primary_key=True),
    sa.Column("key_id", text(16), primary_key=True),
    sa.Column("calls", sa.BigInteger, nullable=False),
    sa.Column("reads", sa.BigInteger, nullable=False),
    sa.Column("writes", sa.BigInteger, nullable=False),
    sa.Column("denied", sa.BigInteger, nullable=False),
    sa.Column("limited", sa.BigInteger, nullable=False),
    sa.Column("errors", sa.BigInteger, nullable=False),
)

activity_errors = sa.Table(
    "activity_errors",
    read_metadata,
    _serial(),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("request_id", text(64), nullable=False),
    sa.Column("operation", text(128), nullable=False),
    sa.Column("status", sa.Integer, nullable=False),
    sa.Column("exception", text(255)),
    sa.Column("place", text(255)),
)
