"""Seals of the disclosure log, and showings to an operator, who is no member."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the tables of seals and of removals, and find disclosures by time."""
    moment = sa.DateTime(timezone=True)
    op.alter_column("disclosures", "member_id", nullable=True)
    op.create_index("ix_disclosures_at", "disclosures", ["at"])
    op.create_table(
        "audit_seals",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("first_id", sa.Uuid(), nullable=True),
        sa.Column("last_id", sa.Uuid(), nullable=True),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("previous", sa.LargeBinary(), nullable=False),
        sa.Column("seal", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("day", name="pk_audit_seals"),
    )
    op.create_table(
        "audit_cuts",
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("newest", sa.LargeBinary(), nullable=False),
        sa.Column("seal", sa.LargeBinary(), nullable=False),
        sa.Column("cut_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("until", name="pk_audit_cuts"),
    )
