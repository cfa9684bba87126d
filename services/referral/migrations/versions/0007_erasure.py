"""Clients can be erased: the row stays, with nothing about the person in it."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add when a client was erased."""
    op.add_column("clients", sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True))
