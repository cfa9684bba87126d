"""By which rules a client's lookups were made."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Those that are there were made by former rules; a worker makes them anew."""
    op.add_column("clients", sa.Column("lookups_form", sa.SmallInteger(), nullable=False, server_default="0"))
    op.alter_column("clients", "lookups_form", server_default=None)
