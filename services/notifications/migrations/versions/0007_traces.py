"""Notices keep the trace that their mail belongs to, where traces are on."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the column."""
    op.add_column("notices", sa.Column("traceparent", sa.Text))
