"""Jobs are claimed by lease; actions say how they went

Revision: 0002
"""

import sqlalchemy as sa
from alembic import op

from openmemory_api.db import types

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Bring the schema forward."""
    op.add_column("actions", sa.Column("detail", types.CanonicalJson(), nullable=True))
    op.add_column("jobs", sa.Column("owner", types.text(36), nullable=True))
    leased_until = sa.Column("leased_until", types.UtcDateTime(timezone=True), nullable=True)
    op.add_column("jobs", leased_until)
    op.add_column("jobs", sa.Column("progress", types.CanonicalJson(), nullable=True))
    op.create_index(op.f("ix_jobs_action_id"), "jobs", ["action_id"], unique=False)


def downgrade() -> None:
    """Bring the schema back."""
    op.drop_index(op.f("ix_jobs_action_id"), table_name="jobs")
    op.drop_column("jobs", "progress")
    op.drop_column("jobs", "leased_until")
    op.drop_column("jobs", "owner")
    op.drop_column("actions", "detail")
