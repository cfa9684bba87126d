"""Words that were looked for and found nothing."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create their table."""
    op.create_table(
        "unfound_words",
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("word", sa.Text),
        sa.Column("members", sa.Integer, nullable=False),
        sa.Column("searches", sa.Integer, nullable=False),
        sa.Column("last_on", sa.Date, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_unfound_words"),
    )
    op.create_index("ix_unfound_words_word", "unfound_words", ["word"])
