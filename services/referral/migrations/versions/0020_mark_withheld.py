"""Messages of referrals that have ended are marked as withheld; of the table nobody is locked out meanwhile."""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Mark what the source has written to a target that knows the client no longer, and what comes from below one."""
    op.execute(
        "UPDATE messages SET withheld = true FROM referrals WHERE referrals.id = messages.referral_id "
        "AND messages.side = 'source' AND messages.read_at IS NULL "
        "AND referrals.status IN ('cancelled', 'entered-in-error', 'rejected')"
    )
    op.execute(
        "UPDATE messages SET withheld = true FROM referrals AS child JOIN referrals AS parent "
        "ON parent.id = child.parent_id WHERE child.id = messages.referral_id AND messages.side = 'target' "
        "AND messages.read_at IS NULL AND parent.status IN ('cancelled', 'entered-in-error', 'rejected')"
    )
