"""Unseen notices are counted by an index."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the index."""
    op.create_index(
        "ix_notices_unseen", "notices", ["recipient_member_id", "id"], postgresql_where=sa.text("seen_at IS NULL")
    )
