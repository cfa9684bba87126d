"""When the source first looked at the answer."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the time; whoever has closed a referral had seen its end."""
    op.add_column("referrals", sa.Column("answer_seen_at", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE referrals SET answer_seen_at = closed_at WHERE reason_side IS DISTINCT FROM 'source'")
