"""What is unseen comes first in a stream of notices: read out of an index, however much was seen before."""

import sqlalchemy as sa

from shared.database.indexes import build_index

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Build it."""
    build_index(
        "ix_notices_unseen_number",
        "notices",
        ["recipient_member_id", "number"],
        postgresql_where=sa.text("seen_at IS NULL"),
    )
