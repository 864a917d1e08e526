"""The first schema of the store

Revision: 0001
"""

import sqlalchemy as sa
from alembic import op

from openmemory_api.db import types

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "counters",
        sa.Column("name", types.text(32), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_counters")),
    )
    op.create_table(
        "projects",
        sa.Column("id", types.text(64), nullable=False),
        sa.Column("org_id", types.text(64), nullable=False),
        sa.Column("name", types.text(255), nullable=False),
        sa.Column("created_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_projects")),
    )
    op.create_table(
        "actions",
        sa.Column("id", types.text(36), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("project_id", types.text(64), nullable=False),
        sa.Column("user_id", types.text(255), nullable=True),
        sa.Column("app", types.text(255), nullable=True),
        sa.Column("surface", types.text(32), nullable=False),
        sa.Column("kind", types.text(16), nullable=False),
        sa.Column("status", types.text(16), nullable=False),
        sa.Column("created_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("completed_at", types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("undone_by", types.text(36), nullable=True),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_actions_project_id_projects")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_actions")),
        sa.UniqueConstraint("number", name=op.f("uq_actions_number")),
    )
    op.create_index(
        op.f("ix_actions_project_id_user_id_number"),
        "actions",
        ["project_id", "user_id", "number"],
        unique=False,
    )
    op.create_table(
        "memories",
        sa.Column("id", types.text(36), nullable=False),
        sa.Column("change", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=True),
        sa.Column("project_id", types.text(64), nullable=False),
        sa.Column("user_id", types.text(255), nullable=True),
        sa.Column("agent_id", types.text(255), nullable=True),
        sa.Column("app_id", types.text(255), nullable=True),
        sa.Column("run_id", types.text(255), nullable=True),
        sa.Column("app", types.text(255), nullable=True),
        sa.Column("text", types.text(), nullable=False),
        sa.Column("text_version", sa.Integer(), server_default="1", nullable=False),
        sa.Column("embedded", types.text(64), nullable=True),
        sa.Column("fingerprint", types.text(32), nullable=False),
        sa.Column("metadata", types.CanonicalJson(), nullable=True),
        sa.Column("categories", types.CanonicalJson(), nullable=True),
        sa.Column("tags", types.CanonicalJson(), nullable=False),
        sa.Column("state", types.text(16), nullable=False),
        sa.Column("lifecycle", types.text(16), nullable=False),
        sa.Column("created_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("updated_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("expiration_date", types.text(10), nullable=True),
        sa.Column("event_time", types.UtcDateTime(timezone=True), nullable=True),
        sa.Column("role", types.text(16), nullable=True),
        sa.Column("actor", types.text(255), nullable=True),
        sa.Column("sequence", sa.Integer(), nullable=True),
        sa.Column("source_event_id", types.text(36), nullable=True),
        sa.Column("surface", types.text(32), nullable=True),
        sa.Column("inferred", sa.Boolean(), nullable=False),
        sa.Column("immutable", sa.Boolean(), nullable=False),
        sa.Column("replaced_by", types.text(36), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("deleted_at", types.UtcDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_memories_project_id_projects")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_memories")),
        sa.UniqueConstraint(
            "project_id", "user_id", "number", name=op.f("uq_memories_project_id_user_id_number")
        ),
    )
    op.create_index(op.f("ix_memories_change"), "memories", ["change"], unique=False)
    op.create_index(
        op.f("ix_memories_project_id_fingerprint"),
        "memories",
        ["project_id", "fingerprint"],
        unique=False,
    )
    op.create_index(
        op.f("ix_memories_project_id_user_id_state_created_at_id"),
        "memories",
        ["project_id", "user_id", "state", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_memories_state_deleted_at"), "memories", ["state", "deleted_at"], unique=False
    )
    op.create_index(
        op.f("ix_memories_state_embedded"), "memories", ["state", "embedded"], unique=False
    )
    op.create_table(
        "users",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("project_id", types.text(64), nullable=False),
        sa.Column("name", types.text(255), nullable=False),
        sa.Column("next_number", sa.BigInteger(), server_default="1", nullable=False),
        sa.Column("created_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["projects.id"], name=op.f("fk_users_project_id_projects")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("project_id", "name", name=op.f("uq_users_project_id_name")),
    )
    op.create_table(
        "access_bases",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("app", types.text(255), nullable=False),
        sa.Column("read", types.text(16), nullable=False),
        sa.Column("write", types.text(16), nullable=False),
        sa.Column("created_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_access_bases_user_id_users")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_bases")),
        sa.UniqueConstraint("user_id", "app", name=op.f("uq_access_bases_user_id_app")),
    )
    op.create_table(
        "apps",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", types.text(255), nullable=False),
        sa.Column("paused", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_apps_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_apps")),
        sa.UniqueConstraint("user_id", "name", name=op.f("uq_apps_user_id_name")),
    )
    op.create_table(
        "history",
        sa.Column("id", types.text(36), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("memory_id", types.text(36), nullable=False),
        sa.Column("action_id", types.text(36), nullable=False),
        sa.Column("kind", types.text(16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("before", types.CanonicalJson(), nullable=True),
        sa.Column("after", types.CanonicalJson(), nullable=True),
        sa.Column("created_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["action_id"], ["actions.id"], name=op.f("fk_history_action_id_actions")
        ),
        sa.ForeignKeyConstraint(
            ["memory_id"], ["memories.id"], name=op.f("fk_history_memory_id_memories")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_history")),
    )
    op.create_index(op.f("ix_history_action_id"), "history", ["action_id"], unique=False)
    op.create_index(
        op.f("ix_history_memory_id_number"), "history", ["memory_id", "number"], unique=False
    )
    op.create_table(
        "jobs",
        sa.Column("id", types.text(36), nullable=False),
        sa.Column("kind", types.text(32), nullable=False),
        sa.Column("payload", types.CanonicalJson(), nullable=False),
        sa.Column("status", types.text(16), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("run_after", types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("created_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.Column("action_id", types.text(36), nullable=True),
        sa.ForeignKeyConstraint(
            ["action_id"], ["actions.id"], name=op.f("fk_jobs_action_id_actions")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
    )
    op.create_index(op.f("ix_jobs_status_run_after"), "jobs", ["status", "run_after"], unique=False)
    op.create_table(
        "vectors",
        sa.Column("memory_id", types.text(36), nullable=False),
        sa.Column("embedder", types.text(64), nullable=False),
        sa.Column("text_version", sa.Integer(), nullable=False),
        sa.Column("pieces", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["memory_id"], ["memories.id"], name=op.f("fk_vectors_memory_id_memories")
        ),
        sa.PrimaryKeyConstraint("memory_id", "embedder", name=op.f("pk_vectors")),
    )
    op.create_table(
        "access_rules",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("base_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("verb", types.text(16), nullable=False),
        sa.Column("effect", types.text(16), nullable=False),
        sa.Column("subject_kind", types.text(16), nullable=False),
        sa.Column("subject", types.text(255), nullable=False),
        sa.Column("created_at", types.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["base_id"], ["access_bases.id"], name=op.f("fk_access_rules_base_id_access_bases")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_rules")),
    )
    op.create_index(op.f("ix_access_rules_base_id"), "access_rules", ["base_id"], unique=False)
    op.bulk_insert(
        sa.table("counters", sa.column("name"), sa.column("value")),
        [{"name": "change", "value": 0}],
    )


def downgrade() -> None:
    """Bring the schema back."""
    op.drop_index(op.f("ix_access_rules_base_id"), table_name="access_rules")
    op.drop_table("access_rules")
    op.drop_table("vectors")
    op.drop_index(op.f("ix_jobs_status_run_after"), table_name="jobs")
    op.drop_table("jobs")
    op.drop_index(op.f("ix_history_memory_id_number"), table_name="history")
    op.drop_index(op.f("ix_history_action_id"), table_name="history")
    op.drop_table("history")
    op.drop_table("apps")
    op.drop_table("access_bases")
    op.drop_table("users")
    op.drop_index(op.f("ix_memories_state_embedded"), table_name="memories")
    op.drop_index(op.f("ix_memories_state_deleted_at"), table_name="memories")
    op.drop_index(op.f("ix_memories_project_id_user_id_state_created_at_id"), table_name="memories")
    op.drop_index(op.f("ix_memories_project_id_fingerprint"), table_name="memories")
    op.drop_index(op.f("ix_memories_change"), table_name="memories")
    op.drop_table("memories")
    op.drop_index(op.f("ix_actions_project_id_user_id_number"), table_name="actions")
    op.drop_table("actions")
    op.drop_table("projects")
    op.drop_table("counters")
