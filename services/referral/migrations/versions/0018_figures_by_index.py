"""Figures are counted from an index that has all they take, and answers that nobody has measured are found by one."""

import sqlalchemy as sa

from shared.database.indexes import build_index

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_COUNTED = (
    "source_organization_id",
    "target_organization_id",
    "service_id",
    "language",
    "status",
    "reason_code",
    "reason_side",
    "business_status",
    "accepted_at",
    "declined_at",
    "closed_at",
    "answer_seen_at",
    "respond_by",
    "working_time_to_answer",
)
_SENT = sa.text("sent_at IS NOT NULL")
_UNMEASURED = sa.text("working_time_to_answer IS NULL AND (accepted_at IS NOT NULL OR declined_at IS NOT NULL)")


def upgrade() -> None:
    """Build both while people go on working."""
    build_index("ix_referrals_unmeasured", "referrals", ["id"], postgresql_where=_UNMEASURED)
    build_index("ix_referrals_figures", "referrals", ["sent_at"], postgresql_include=_COUNTED, postgresql_where=_SENT)
