"""Those that have a word can be read from the best on, so that a search need not read all that have a frequent one."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Index the words of services and organisations by the best place."""
    for table in ("service_search_words", "organization_search_words"):
        best = sa.text("least(nullif(fi, 0), nullif(sv, 0), nullif(en, 0))")
        op.create_index(f"ix_{table}_best", table, ["word_id", best])
