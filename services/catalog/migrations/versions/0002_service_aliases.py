"""Former names of services."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table of former names."""
    op.create_table(
        "service_aliases",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("service_id", sa.Uuid, nullable=False),
        sa.Column("name", JSONB, nullable=False),
        sa.Column("slug", sa.Text),
        sa.Column("valid_from", sa.Date),
        sa.Column("valid_until", sa.Date, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_service_aliases"),
        sa.ForeignKeyConstraint(["service_id"], ["services.id"], name="fk_service_aliases_service_id_services"),
    )
    op.create_index("ix_service_aliases_service_id", "service_aliases", ["service_id"])
    op.create_index("ix_service_aliases_slug", "service_aliases", ["slug"])
