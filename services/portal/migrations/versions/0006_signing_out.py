"""What it takes to sign out at an organisation's provider too, sealed in the session, and the step on the way there."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_KINDS = "'mail', 'proof', 'passkey', 'new_passkey', 'provider', 'linking', 'recovery_codes', 'sign_out'"


def upgrade() -> None:
    """Add the column, and the kind of step."""
    op.add_column("sessions", sa.Column("sealed_way_out", sa.LargeBinary))
    op.drop_constraint("ck_attempts_kind", "attempts")
    op.create_check_constraint("ck_attempts_kind", "attempts", f"kind IN ({_KINDS})")
