"""What did not arrive at an organisation is read in the order of a list, and the last that arrived at once."""

import sqlalchemy as sa
from alembic import op

from shared.database.indexes import build_index

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Build an index for each; the first takes the place of the one that knew no organisation."""
    build_index(
        "ix_deliveries_undelivered_to",
        "deliveries",
        ["organization_id", "notice_id", "id"],
        postgresql_where=sa.text("status <> 'delivered'"),
    )
    build_index(
        "ix_deliveries_arrived",
        "deliveries",
        ["channel", "delivered_at"],
        postgresql_where=sa.text("delivered_at IS NOT NULL"),
    )
    with op.get_context().autocommit_block():
        op.drop_index("ix_deliveries_undelivered", "deliveries", postgresql_concurrently=True, if_exists=True)
