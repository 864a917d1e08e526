"""Lists in any state and of any app by time, read off an index alone

Revision: 0005
"""

from alembic import op

revision = "0005"
down_revision = "0004"

_BEFORE = ["project_id", "user_id", "state", "created_at", "id"]
_OF_STATES = [*_BEFORE, "app"]
_OF_ALL = ["project_id", "user_id", "created_at", "id", "state", "app"]


def upgrade() -> None:
    """Bring the schema forward."""
    op.drop_index(_name(_BEFORE), table_name="memories")
    for columns in (_OF_STATES, _OF_ALL):
        op.create_index(_name(columns), "memories", columns)


def downgrade() -> None:
    """Bring the schema back."""
    for columns in (_OF_STATES, _OF_ALL):
        op.drop_index(_name(columns), table_name="memories")
    op.create_index(_name(_BEFORE), "memories", _BEFORE)


def _name(columns: list[str]) -> str:
    return op.f("_".join(["ix", "memories", *columns]))
