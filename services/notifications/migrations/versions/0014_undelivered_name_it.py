"""What is not delivered names its organisation; of the table nobody is locked out meanwhile."""

from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Take it from the notices."""
    op.execute(
        "UPDATE deliveries SET organization_id = recipient_organization_id FROM notices "
        "WHERE notices.id = notice_id AND status <> 'delivered'"
    )
