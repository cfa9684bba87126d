"""How the notices to an organisation went is read out of indexes, and no further than needed."""

import sqlalchemy as sa

from shared.database.indexes import build_index

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Build them: the notices of an organisation about referrals, and what was not delivered of all."""
    build_index(
        "ix_notices_organization",
        "notices",
        ["recipient_organization_id", "id"],
        postgresql_where=sa.text("referral_id IS NOT NULL"),
    )
    build_index(
        "ix_deliveries_undelivered", "deliveries", ["notice_id"], postgresql_where=sa.text("status <> 'delivered'")
    )
