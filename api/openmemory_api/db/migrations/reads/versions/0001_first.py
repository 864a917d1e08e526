"""The read log

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


def downgrade() -> None:
    """Bring the schema back."""
    op.drop_index(op.f("ix_reads_at"), table_name="reads")
    op.drop_table("reads")
