"""A key of each person's own for the digests of their recovery codes, so that PORTAL_KEY can be changed."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the column; codes that are there stay keyed by PORTAL_KEY until that is changed."""
    op.add_column("people", sa.Column("sealed_code_key", sa.LargeBinary))
