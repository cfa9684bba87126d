"""When somebody last proved in a session who they are, with a second factor or a passkey."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the column. Sessions that are open have it empty: they are asked before anything is changed."""
    op.add_column("sessions", sa.Column("proved_at", sa.DateTime(timezone=True)))
