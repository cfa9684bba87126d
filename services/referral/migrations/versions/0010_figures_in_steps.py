"""What lay behind the figures of a service that were published last, and when they were last looked at."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Figures that were published before are taken for none: the next ones stand by themselves."""
    op.add_column("told_facts", sa.Column("behind", JSONB(), nullable=True))
    op.add_column("told_facts", sa.Column("looked_on", sa.Date(), nullable=True))
    op.execute("UPDATE told_facts SET behind = '{}'")
    op.alter_column("told_facts", "behind", nullable=False)
