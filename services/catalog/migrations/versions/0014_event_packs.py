"""Events at rest are kept compressed, beside the outbox."""

from shared.database.backbone import create_event_packs

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    create_event_packs()
