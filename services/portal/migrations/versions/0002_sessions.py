"""Sessions, and forms that are kept while somebody signs in again."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_TIMESTAMP = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create both tables."""
    op.create_table(
        "sessions",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("secret_digest", sa.LargeBinary, nullable=False),
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("method", sa.Text, nullable=False),
        sa.Column("device", sa.Text, nullable=False),
        sa.Column("language", sa.Text),
        sa.Column("created_at", _TIMESTAMP, nullable=False),
        sa.Column("last_seen_at", _TIMESTAMP, nullable=False),
        sa.Column("ended_at", _TIMESTAMP),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
        sa.UniqueConstraint("secret_digest", name="uq_sessions_secret_digest"),
        sa.CheckConstraint("language IN ('fi', 'sv', 'en')", name="ck_sessions_language"),
    )
    op.create_index("ix_sessions_member_id", "sessions", ["member_id"])
    op.create_index("ix_sessions_last_seen_at", "sessions", ["last_seen_at"])
    op.create_table(
        "kept_forms",
        sa.Column("secret_digest", sa.LargeBinary, nullable=False),
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("kept_at", _TIMESTAMP, nullable=False),
        sa.PrimaryKeyConstraint("secret_digest", name="pk_kept_forms"),
    )
    op.create_index("ix_kept_forms_kept_at", "kept_forms", ["kept_at"])
