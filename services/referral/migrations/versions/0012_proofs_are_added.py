"""A proof of delivery is added and never overwritten: a later state of the same delivery is a row of its own."""

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Let a delivery have a row for each state; those that are there stay as they are."""
    op.execute("ALTER TABLE deliveries DROP CONSTRAINT pk_deliveries")
    op.execute("ALTER TABLE deliveries ADD CONSTRAINT pk_deliveries PRIMARY KEY (id, epoch, sequence)")
