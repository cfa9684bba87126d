"""What people sign in with: mail, authenticator apps, passkeys, recovery codes, providers of organisations."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0003"
down_revision = "0002"

_TIMESTAMP = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the tables."""
    _people()
    _steps()
    _providers()


def _people() -> None:
    op.create_table(
        "people",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("user_handle", sa.LargeBinary, nullable=False),
        sa.Column("created_at", _TIMESTAMP, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_people"),
        sa.UniqueConstraint("address", name="uq_people_address"),
        sa.UniqueConstraint("user_handle", name="uq_people_user_handle"),
    )
    op.create_table(
        "authenticators",
        sa.Column("person_id", sa.Uuid, nullable=False),
        sa.Column("sealed_secret", sa.LargeBinary, nullable=False),
        sa.Column("last_step", sa.BigInteger, nullable=False),
        sa.Column("created_at", _TIMESTAMP, nullable=False),
        sa.Column("confirmed_at", _TIMESTAMP),
        sa.PrimaryKeyConstraint("person_id", name="pk_authenticators"),
    )
    op.create_table(
        "recovery_codes",
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("person_id", sa.Uuid, nullable=False),
        sa.Column("created_at", _TIMESTAMP, nullable=False),
        sa.Column("used_at", _TIMESTAMP),
        sa.PrimaryKeyConstraint("digest", name="pk_recovery_codes"),
    )
    op.create_index("ix_recovery_codes_person_id", "recovery_codes", ["person_id"])
    op.create_table(
        "passkeys",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("person_id", sa.Uuid, nullable=False),
        sa.Column("credential_id", sa.LargeBinary, nullable=False),
        sa.Column("public_key", sa.LargeBinary, nullable=False),
        sa.Column("sign_count", sa.BigInteger, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("backed_up", sa.Boolean, nullable=False),
        sa.Column("transports", ARRAY(sa.Text), nullable=False),
        sa.Column("created_at", _TIMESTAMP, nullable=False),
        sa.Column("last_used_at", _TIMESTAMP),
        sa.PrimaryKeyConstraint("id", name="pk_passkeys"),
        sa.UniqueConstraint("credential_id", name="uq_passkeys_credential_id"),
    )
    op.create_index("ix_passkeys_person_id", "passkeys", ["person_id"])


def _steps() -> None:
    op.create_table(
        "attempts",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("token_digest", sa.LargeBinary, nullable=False),
        sa.Column("browser_digest", sa.LargeBinary, nullable=False),
        sa.Column("person_id", sa.Uuid),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("created_at", _TIMESTAMP, nullable=False),
        sa.Column("expires_at", _TIMESTAMP, nullable=False),
        sa.Column("used_at", _TIMESTAMP),
        sa.PrimaryKeyConstraint("id", name="pk_attempts"),
        sa.UniqueConstraint("token_digest", name="uq_attempts_token_digest"),
        sa.CheckConstraint(
            "kind IN ('mail', 'proof', 'passkey', 'new_passkey', 'provider', 'linking', 'recovery_codes')",
            name="ck_attempts_kind",
        ),
    )
    op.create_index("ix_attempts_expires_at", "attempts", ["expires_at"])
    op.create_index(
        "ix_attempts_person_id", "attempts", ["person_id"], postgresql_where=sa.text("person_id IS NOT NULL")
    )
    op.create_table(
        "counts",
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("began_at", _TIMESTAMP, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_counts"),
    )
    op.create_index("ix_counts_began_at", "counts", ["began_at"])


def _providers() -> None:
    op.create_table(
        "providers",
        sa.Column("organization_id", sa.Uuid, nullable=False),
        sa.Column("issuer", sa.Text, nullable=False),
        sa.Column("client_id", sa.Text, nullable=False),
        sa.Column("sealed_secret", sa.LargeBinary),
        sa.Column("vouches", sa.Boolean, nullable=False),
        sa.Column("in_use", sa.Boolean, nullable=False),
        sa.Column("tested_at", _TIMESTAMP),
        sa.Column("last_test", JSONB),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("changed_at", _TIMESTAMP, nullable=False),
        sa.Column("changed_by", sa.Uuid, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", name="pk_providers"),
    )
    op.create_table(
        "identities",
        sa.Column("organization_id", sa.Uuid, nullable=False),
        sa.Column("issuer", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("member_id", sa.Uuid, nullable=False),
        sa.Column("linked_at", _TIMESTAMP, nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "issuer", "subject", name="pk_identities"),
        sa.UniqueConstraint("member_id", "issuer", name="uq_identities_member_id"),
    )
