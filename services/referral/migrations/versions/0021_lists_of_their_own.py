"""Lists that read more than they show: unread messages, and what one member of an organisation looks after."""

import sqlalchemy as sa
from alembic import op

from shared.database.indexes import build_index

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Build an index for each; the second has all for which that of the assignee alone was."""
    build_index(
        "ix_messages_to_read",
        "messages",
        ["to_organization_id", "referral_id"],
        postgresql_where=sa.text("read_at IS NULL AND NOT withheld"),
    )
    build_index(
        "ix_referrals_target_assignee",
        "referrals",
        ["target_organization_id", "assigned_member_id", "id"],
        postgresql_where=sa.text("assigned_member_id IS NOT NULL"),
    )
    with op.get_context().autocommit_block():
        op.drop_index("ix_referrals_assignee", "referrals", postgresql_concurrently=True, if_exists=True)
