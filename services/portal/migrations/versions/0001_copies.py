"""The backbone, and the copies of organisations and members."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from shared.database.backbone import create_backbone

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create everything."""
    create_backbone()
    op.create_table(
        "organizations",
        *_state_of_copy(),
        sa.Column("slug", sa.Text, nullable=False),
        sa.Column("name", JSONB, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_organizations"),
    )
    op.create_table(
        "members",
        *_state_of_copy(),
        sa.Column("organization_id", sa.Uuid, nullable=False),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("roles", ARRAY(sa.Text), nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("deputy_id", sa.Uuid),
        sa.PrimaryKeyConstraint("id", name="pk_members"),
    )
    op.create_index("ix_members_organization_id", "members", ["organization_id"])
    op.create_index("ix_members_address", "members", [sa.text("lower(email)")])


def _state_of_copy() -> list[sa.Column[object]]:
    return [
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
    ]
