"""A relay notes what its stream has lost, and publishes it again bit by bit."""

from shared.database.backbone import create_stream_losses

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    create_stream_losses()
