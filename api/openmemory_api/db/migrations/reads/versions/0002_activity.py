"""The log of calls, in place of a table that was never written to

Revision: 0002
"""

import sqlalchemy as sa
from alembic import op

from openmemory_api.db import types

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Bring the schema forward."""
    op.drop_index(op.f("ix_reads_at"), table_name="reads")
    op.drop_table("reads")
    op.create_table(
        "activity_calls",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("request_id", types.text(64), nullable=False),
        sa.Column("project_id", types.text(64), nullable=False),
        sa.Column("user_id", types.text(255), nullable=True),
        sa.Column("app", types.text(255), nullable=True),
        sa.Column("key_id", types.text(16), nullable=True),
        sa.Column("surface", types.text(32), nullable=False),
        sa.Column("operation", types.text(128), nullable=False),
        sa.Column("kind", types.text(16), nullable=False),
        sa.Column("query", types.text(), nullable=True),
        sa.Column("count", sa.Integer(), nullable=True),
        sa.Column("duration_ms", sa.Float(), nullable=False),
        sa.Column("outcome", types.text(16), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activity_calls")),
    )
    op.create_index(op.f("ix_activity_calls_at"), "activity_calls", ["at"])
    op.create_index(op.f("ix_activity_calls_user_id_id"), "activity_calls", ["user_id", "id"])
    op.create_table(
        "activity_hits",
        sa.Column("call_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("memory_id", types.text(36), nullable=False),
        sa.Column("score", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("call_id", "position", name=op.f("pk_activity_hits")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_activity_hits_memory_id_call_id"), "activity_hits", ["memory_id", "call_id"]
    )
    keys = ("day", "project_id", "user_id", "app", "key_id")
    op.create_table(
        "activity_usage",
        sa.Column("day", types.text(10), nullable=False),
        sa.Column("project_id", types.text(64), nullable=False),
        sa.Column("user_id", types.text(255), nullable=False),
        sa.Column("app", types.text(255), nullable=False),
        sa.Column("key_id", types.text(16), nullable=False),
        sa.Column("calls", sa.BigInteger(), nullable=False),
        sa.Column("reads", sa.BigInteger(), nullable=False),
        sa.Column("writes", sa.BigInteger(), nullable=False),
        sa.Column("denied", sa.BigInteger(), nullable=False),
        sa.Column("limited", sa.BigInteger(), nullable=False),
        sa.Column("errors", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(*keys, name=op.f("pk_activity_usage")),
    )
    op.create_table(
        "activity_errors",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("at", types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("request_id", types.text(64), nullable=False),
        sa.Column("operation", types.text(128), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("exception", types.text(255), nullable=True),
        sa.Column("place", types.text(255), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activity_errors")),
    )


def downgrade() -> None:
    """Bring the schema back."""
    for table in ("activity_errors", "activity_usage", "activity_hits", "activity_calls"):
        op.drop_table(table)
    op.create_table(
        "reads",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("at", types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("project_id", types.text(64), nullable=False),
        sa.Column("user_id", types.text(255), nullable=True),
        sa.Column("app", types.text(255), nullable=True),
        sa.Column("surface", types.text(32), nullable=False),
        sa.Column("operation", types.text(32), nullable=False),
        sa.Column("query", types.text(), nullable=True),
        sa.Column("hits", types.CanonicalJson(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("duration_ms", sa.Float(), nullable=False),
        sa.Column("outcome", types.text(16), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_reads_at"), "reads", ["at"], unique=False)
