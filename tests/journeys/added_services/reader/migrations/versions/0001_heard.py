"""The tables of every service that takes part in events, and what this one has heard."""

from alembic import op

from shared.database.backbone import create_backbone

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    create_backbone()
    op.execute("CREATE TABLE heard (slug text PRIMARY KEY)")
