"""What an adviser needs to know of a service: how it is reached, when it is open, for whom it is, what it costs."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_OBJECTS = (
    *("phones", "schedules", "contacts", "service_areas", "cost_options", "required_documents"),
    *("fees_description", "interpretation_services"),
)


def upgrade() -> None:
    """Add the columns; nothing is known yet, which is another thing than that there is nothing."""
    for name in _OBJECTS:
        op.add_column("services", sa.Column(name, JSONB, nullable=True))
    for name in ("minimum_age", "maximum_age", "typical_wait_days"):
        op.add_column("services", sa.Column(name, sa.Integer(), nullable=True))
    ages = "minimum_age >= 0 AND maximum_age >= 0 AND minimum_age <= maximum_age"
    op.create_check_constraint("ck_services_ages", "services", ages)
    op.create_check_constraint("ck_services_wait", "services", "typical_wait_days >= 0")
    for name in ("transportation", "accessibility"):
        op.add_column("locations", sa.Column(name, JSONB, nullable=True))
