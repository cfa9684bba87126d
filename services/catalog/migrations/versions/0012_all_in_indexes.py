"""A search reads who has a word, and where, out of an index alone; and counting a word anew indexes it no more."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make both indexes of who has a word hold all that is read, and leave room beside each word."""
    places = ["fi", "sv", "en"]
    for table in ("service_search_words", "organization_search_words"):
        op.drop_index(f"ix_{table}_best", table)
        best = sa.text("least(nullif(fi, 0), nullif(sv, 0), nullif(en, 0))")
        op.create_index(f"ix_{table}_best", table, ["word_id", best], postgresql_include=["owner_id", *places])
        # Alembic's own operation cannot say INCLUDE.
        op.execute(
            f"ALTER TABLE {table} DROP CONSTRAINT pk_{table}, "
            f"ADD CONSTRAINT pk_{table} PRIMARY KEY (word_id, owner_id) INCLUDE ({', '.join(places)})"
        )
    op.execute("ALTER TABLE search_words SET (fillfactor = 50)")
