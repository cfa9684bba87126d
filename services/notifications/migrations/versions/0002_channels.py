"""Deliveries may go by any channel, no longer by those alone that were known at first."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Ask of a channel only that it is a code; the rows there are fit that."""
    op.execute("ALTER TABLE deliveries DROP CONSTRAINT ck_deliveries_channel")
    op.execute("ALTER TABLE deliveries ADD CONSTRAINT ck_deliveries_channel CHECK (channel ~ '^[a-z][a-z0-9_]{0,39}$')")
