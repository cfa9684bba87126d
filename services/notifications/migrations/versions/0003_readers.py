"""A delivery that was made knows to whom, so that later mail can go on with a conversation."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the column; messages of before begin no conversation that a later one goes on."""
    op.add_column("deliveries", sa.Column("reader", sa.Text))
