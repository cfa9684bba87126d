"""Queues: the indexes by which lists of referrals are filtered, sorted and counted, and to whom a message is."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_SENT = sa.text("sent_at IS NOT NULL")
_MOMENTS = ("respond_by", "updated_at", "sent_at")
_ANSWER_UNSEEN = sa.text(
    "sent_at IS NOT NULL AND closed_at IS NULL AND answer_seen_at IS NULL AND "
    "(status IN ('completed', 'failed', 'rejected') OR status = 'cancelled' AND reason_side IS DISTINCT FROM 'source')"
)
_NOT_CLOSED = sa.text(
    "sent_at IS NOT NULL AND closed_at IS NULL AND status IN ('cancelled', 'completed', 'failed', 'rejected') AND "
    "(answer_seen_at IS NOT NULL OR status = 'cancelled' AND reason_side = 'source')"
)


def upgrade() -> None:
    """A message that is there is to the organisation of the side that did not write it."""
    op.add_column("messages", sa.Column("to_organization_id", sa.Uuid(), nullable=True))
    op.execute(
        "UPDATE messages SET to_organization_id = CASE messages.side WHEN 'source' THEN target_organization_id "
        "ELSE source_organization_id END FROM referrals WHERE referrals.id = messages.referral_id"
    )
    op.alter_column("messages", "to_organization_id", nullable=False)
    _index("messages", "to", ("to_organization_id", "referral_id"), sa.text("read_at IS NULL"))
    for moment in _MOMENTS:
        _index("referrals", f"source_{moment}", ("source_organization_id", moment, "id"))
        _index("referrals", f"target_{moment}", ("target_organization_id", moment, "id"), _SENT)
    target, source = "target_organization_id", "source_organization_id"
    on_desk = sa.text("status IN ('accepted', 'in-progress', 'on-hold', 'requested')")
    _index("referrals", "target_status", (target, "status", "id"), _SENT)
    _index("referrals", "waiting", (target, "respond_by", "id"), sa.text("status = 'requested'"))
    _index("referrals", "assigned", (target, "assigned_member_id", "id"), on_desk)
    _index("referrals", "unclosed", (source, "status", "id"), sa.text("closed_at IS NULL"))
    _index("referrals", "expired", (source, "id"), sa.text("closed_at IS NULL AND business_status = 'expired'"))
    _index("referrals", "answer_unseen", (source, "id"), _ANSWER_UNSEEN)
    _index("referrals", "not_closed", (source, "id"), _NOT_CLOSED)


def _index(table: str, name: str, columns: tuple[str, ...], where: sa.TextClause | None = None) -> None:
    op.create_index(f"ix_{table}_{name}", table, list(columns), postgresql_where=where)
