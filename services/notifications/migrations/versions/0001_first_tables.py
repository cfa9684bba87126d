"""The backbone, the copies of the catalogue, notices, deliveries and preferences."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from shared.database.backbone import create_backbone, notify_on_insert

revision = "0001"
down_revision = None

_TIMESTAMP = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create everything."""
    create_backbone()
    _create_copies()
    _create_notices()
    _create_deliveries()
    op.create_table(
        "preferences",
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("email", sa.Boolean, nullable=False),
        sa.Column("language", sa.Text),
        sa.Column("updated_at", _TIMESTAMP, nullable=False),
        sa.PrimaryKeyConstraint("member_id", name="pk_preferences"),
        sa.CheckConstraint("language IN ('fi', 'sv', 'en')", name="ck_preferences_language"),
    )


def _create_copies() -> None:
    op.create_table(
        "organizations",
        *_state_of_copy(),
        sa.Column("slug", sa.Text, nullable=False),
        sa.Column("name", JSONB, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("email", sa.Text),
        sa.Column("closures", JSONB, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_organizations"),
    )
    op.create_table(
        "services",
        *_state_of_copy(),
        sa.Column("slug", sa.Text, nullable=False),
        sa.Column("organization_id", sa.Uuid, nullable=False),
        sa.Column("name", JSONB, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("capacity", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_services"),
    )
    op.create_index("ix_services_organization_id", "services", ["organization_id"])
    op.create_table(
        "members",
        *_state_of_copy(),
        sa.Column("organization_id", sa.Uuid, nullable=False),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("roles", ARRAY(sa.Text), nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("deputy_id", sa.Uuid),
        sa.PrimaryKeyConstraint("id", name="pk_members"),
    )
    op.create_index("ix_members_organization_id", "members", ["organization_id"])


def _state_of_copy() -> list[sa.Column[object]]:
    return [
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("sequence", sa.BigInteger, nullable=False),
    ]


def _create_notices() -> None:
    op.create_table(
        "counters",
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("last_number", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("member_id", name="pk_counters"),
    )
    op.create_table(
        "notices",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("event_id", sa.Uuid, nullable=False),
        sa.Column("event_type", sa.Text, nullable=False),
        sa.Column("correlation_id", sa.Text, nullable=False),
        sa.Column("referral_id", sa.Uuid, nullable=False),
        sa.Column("reference", sa.Text, nullable=False),
        sa.Column("recipient_organization_id", sa.Uuid, nullable=False),
        sa.Column("recipient_member_id", sa.Uuid),
        sa.Column("number", sa.BigInteger),
        sa.Column("about", JSONB, nullable=False),
        sa.Column("created_at", _TIMESTAMP, nullable=False),
        sa.Column("seen_at", _TIMESTAMP),
        sa.Column("passed_on_at", _TIMESTAMP),
        sa.PrimaryKeyConstraint("id", name="pk_notices"),
        sa.UniqueConstraint(
            "event_id",
            "recipient_organization_id",
            "recipient_member_id",
            name="uq_notices_recipient",
            postgresql_nulls_not_distinct=True,
        ),
        sa.CheckConstraint("(recipient_member_id IS NULL) = (number IS NULL)", name="ck_notices_number"),
    )
    op.create_index("ix_notices_recipient_number", "notices", ["recipient_member_id", "number"], unique=True)
    op.create_index("ix_notices_recipient_id", "notices", ["recipient_member_id", "id"])
    op.create_index("ix_notices_referral", "notices", ["referral_id", "recipient_organization_id"])
    notify_on_insert("notices")


def _create_deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("notice_id", sa.Uuid, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_attempt_at", _TIMESTAMP),
        sa.Column("last_error", sa.Text),
        sa.Column("message_id", sa.Text),
        sa.Column("delivered_at", _TIMESTAMP),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
        sa.ForeignKeyConstraint(
            ["notice_id"], ["notices.id"], name="fk_deliveries_notice_id_notices", ondelete="CASCADE"
        ),
        sa.UniqueConstraint("notice_id", "channel", name="uq_deliveries_notice_channel"),
        sa.CheckConstraint("channel IN ('inbox', 'email')", name="ck_deliveries_channel"),
        sa.CheckConstraint(
            "status IN ('pending', 'failed', 'delivered', 'exhausted', 'withdrawn')", name="ck_deliveries_status"
        ),
        sa.CheckConstraint(
            "(status IN ('pending', 'failed')) = (next_attempt_at IS NOT NULL)", name="ck_deliveries_next_attempt"
        ),
        sa.CheckConstraint("(status = 'delivered') = (delivered_at IS NOT NULL)", name="ck_deliveries_delivered"),
    )
    op.create_index(
        "ix_deliveries_due",
        "deliveries",
        ["next_attempt_at"],
        postgresql_where=sa.text("next_attempt_at IS NOT NULL"),
    )
    notify_on_insert("deliveries")
