"""Response clocks: terms and deadline of a referral, its timers, and what the catalogue tells of a service's days."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_KINDS = "kind IN ('due_soon', 'overdue', 'overdue_again', 'expire', 'not_started', 'no_news')"


def upgrade() -> None:
    """Add them. What is under way gets its timers from the worker, for a database knows no holidays."""
    for name in ("languages", "target_groups"):
        op.add_column("services", sa.Column(name, sa.ARRAY(sa.Text()), nullable=False, server_default="{}"))
        op.alter_column("services", name, server_default=None)
    for name in ("response_days", "urgent_response_days", "expiry_days"):
        op.add_column("services", sa.Column(name, sa.Integer(), nullable=True))
    for name in ("response_days", "expiry_days"):
        op.add_column("referrals", sa.Column(name, sa.Integer(), nullable=True))
    for name in ("respond_by", "news_at"):
        op.add_column("referrals", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    op.add_column("referrals", sa.Column("business_status", sa.Text(), nullable=True))
    op.create_check_constraint("ck_referrals_business_status", "referrals", "business_status IN ('expired')")
    op.execute(
        "UPDATE referrals SET news_at = greatest(updated_at, "
        "(SELECT max(created_at) FROM messages WHERE messages.referral_id = referrals.id))"
    )
    op.create_table(
        "timers",
        sa.Column("referral_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fired_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(_KINDS, name="ck_timers_kind"),
        sa.ForeignKeyConstraint(
            ["referral_id"], ["referrals.id"], name="fk_timers_referral_id_referrals", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("referral_id", "kind", name="pk_timers"),
    )
    op.create_index("ix_timers_due", "timers", ["due_at"], postgresql_where=sa.text("fired_at IS NULL"))
