"""How long an answer took is kept with it, so that figures of many referrals are a matter of the database."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; workers fill it for answers that are there."""
    op.add_column("referrals", sa.Column("working_time_to_answer", sa.BigInteger(), nullable=True))
