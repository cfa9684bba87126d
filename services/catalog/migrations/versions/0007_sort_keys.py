"""Names sorted as Finnish readers look for them: a key for each language, beside the name."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from services.catalog.domain.names import sort_keys

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the keys, and make those of the names that are there."""
    for table in ("organizations", "services"):
        op.add_column(table, sa.Column("sort_keys", JSONB))
        named = sa.table(table, sa.column("id", sa.Uuid), sa.column("name", JSONB), sa.column("sort_keys", JSONB))
        connection = op.get_bind()
        for row in connection.execute(sa.select(named.c.id, named.c.name)).all():
            keys = sa.update(named).where(named.c.id == row.id).values(sort_keys=sort_keys(row.name))
            connection.execute(keys)
        op.alter_column(table, "sort_keys", nullable=False)
