"""Everyday words by which people look for a service."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the keywords; none are known yet, which is another thing than that there are none."""
    op.add_column("services", sa.Column("keywords", JSONB, nullable=True))
