"""Events that an operator wants published again are noted like those that a stream has lost."""

from shared.database.backbone import add_intact_losses

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    add_intact_losses()
