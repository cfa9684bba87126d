"""Notices about no referral: of an organisation that left, and to the address that an account had before."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Let a notice be about no referral, and let its mail go to an address that it names."""
    op.alter_column("notices", "referral_id", nullable=True)
    op.alter_column("notices", "reference", nullable=True)
    op.add_column("notices", sa.Column("to_address", sa.Text))
