"""Within how many working days a service answers, and when an unanswered referral to it expires."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the days; none means the platform's."""
    for name in ("response_days", "urgent_response_days", "expiry_days"):
        op.add_column("services", sa.Column(name, sa.Integer(), nullable=True))
    condition = "response_days > 0 AND urgent_response_days > 0 AND expiry_days > 0"
    op.create_check_constraint("ck_services_days", "services", condition)
