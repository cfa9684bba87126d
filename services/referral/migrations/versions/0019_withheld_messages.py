"""Messages that nobody has read, and that whoever they are to may not read any more, are marked as such."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the mark. A server that adds a column with a default rewrites no row."""
    op.add_column("messages", sa.Column("withheld", sa.Boolean(), nullable=False, server_default=sa.false()))
