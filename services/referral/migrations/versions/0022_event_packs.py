"""Events at rest are kept compressed, beside the outbox."""

from shared.database.backbone import create_event_packs

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    create_event_packs()
