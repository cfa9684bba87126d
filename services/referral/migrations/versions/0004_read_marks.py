"""Read marks of messages."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add when the other side first read a message, and who of it did."""
    op.add_column("messages", sa.Column("read_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("messages", sa.Column("read_by", sa.Uuid(), nullable=True))
    op.create_index("ix_messages_unread", "messages", ["referral_id"], postgresql_where=sa.text("read_at IS NULL"))
