"""How much each app wrote, and when, is counted in an index alone

Revision: 0004
"""

from alembic import op

revision = "0004"
down_revision = "0003"

_COLUMNS = ["project_id", "user_id", "app", "created_at", "state"]


def upgrade() -> None:
    """Bring the schema forward."""
    name = op.f("ix_memories_project_id_user_id_app_created_at_state")
    op.create_index(name, "memories", _COLUMNS, unique=False)


def downgrade() -> None:
    """Bring the schema back."""
    op.drop_index(
        op.f("ix_memories_project_id_user_id_app_created_at_state"), table_name="memories"
    )
