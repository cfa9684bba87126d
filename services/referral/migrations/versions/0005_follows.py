"""Which declined referral one follows, to the service that was suggested instead."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the link; a declined referral is followed by one at most."""
    op.add_column("referrals", sa.Column("follows_id", sa.Uuid(), nullable=True))
    op.create_foreign_key("fk_referrals_follows_id_referrals", "referrals", "referrals", ["follows_id"], ["id"])
    op.create_unique_constraint("uq_referrals_follows_id", "referrals", ["follows_id"])
