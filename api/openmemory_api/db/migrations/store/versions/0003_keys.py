"""Keys and dashboard sessions; apps are named and merged; access has a version

Revision: 0003
"""

import sqlalchemy as sa
from alembic import op

from openmemory_api.db import types

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "keys",
        sa.Column("id", types.text(16), nullable=False),
        sa.Column("project_id", types.text(64), nullable=False),
        sa.Column("user_id", types.text(255), nullable=True),
        sa.Column("app", types.text(255), nullable=True),
        sa.Column("label", types.text(255), nullable=False),
        sa.Column("scopes", types.CanonicalJson(), nullable=False),
        sa.Column("hash", types.text(64), nullable=False),
        sa.Column("hint", types.text(8), nullable=False),
        sa.Column("created_by", types.text(16), nullable=True),
        sa.Column("created_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("replaced_by", types.text(16), nullable=True),
        sa.Column("rate_limit", sa.Integer(), nullable=True),
        sa.Column("daily_calls", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_keys_project_id_projects")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_keys")),
    )
    op.create_index(op.f("ix_keys_project_id_user_id"), "keys", ["project_id", "user_id"])
    op.create_table(
        "sessions",
        sa.Column("id", types.text(16), nullable=False),
        sa.Column("project_id", types.text(64), nullable=False),
        sa.Column("key_id", types.text(16), nullable=True),
        sa.Column("key_proof", types.text(64), nullable=False),
        sa.Column("hash", types.text(64), nullable=False),
        sa.Column("label", types.text(255), nullable=False),
        sa.Column("created_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", types.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_sessions_project_id_projects")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
    )
    op.create_index(op.f("ix_sessions_key_id"), "sessions", ["key_id"])
    op.add_column("users", sa.Column("merges", types.CanonicalJson(), nullable=True))
    version = sa.Column("access_version", sa.Integer(), nullable=False, server_default="0")
    op.add_column("users", version)
    op.add_column("apps", sa.Column("label", types.text(255), nullable=True))
    op.add_column("apps", sa.Column("kind", types.text(32), nullable=True))
    op.add_column("apps", sa.Column("version", types.text(64), nullable=True))


def downgrade() -> None:
    """Bring the schema back."""
    for column in ("version", "kind", "label"):
        op.drop_column("apps", column)
    op.drop_column("users", "access_version")
    op.drop_column("users", "merges")
    op.drop_index(op.f("ix_sessions_key_id"), table_name="sessions")
    op.drop_table("sessions")
    op.drop_index(op.f("ix_keys_project_id_user_id"), table_name="keys")
    op.drop_table("keys")
