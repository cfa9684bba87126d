"""Indexes of lists that were read through: one's own, those of a status, and what somebody hands over."""

import sqlalchemy as sa

from shared.database.indexes import build_index

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_ASSIGNED = sa.text("assigned_member_id IS NOT NULL")
_SENT = sa.text("sent_at IS NOT NULL")
_UNCLOSED = sa.text("closed_at IS NULL")


def upgrade() -> None:
    """Build them."""
    _build("assignee", ["assigned_member_id", "id"], _ASSIGNED)
    _build("assignee_unclosed", ["assigned_member_id"], _UNCLOSED)
    _build("member_unclosed", ["source_member_id"], _UNCLOSED)
    _build("source_status", ["source_organization_id", "status", "id"])
    _build("sent_status", ["status", "id"], _SENT)


def _build(name: str, columns: list[str], where: sa.TextClause | None = None) -> None:
    build_index(f"ix_referrals_{name}", "referrals", columns, postgresql_where=where)
