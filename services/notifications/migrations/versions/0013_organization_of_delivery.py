"""A delivery names the organisation that it goes to, so that what did not arrive there is found without its notices."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Add the column, which stays empty for what has been delivered."""
    op.add_column("deliveries", sa.Column("organization_id", sa.Uuid(), nullable=True))
