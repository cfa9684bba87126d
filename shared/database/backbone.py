"""The tables that every service's database holds for its events; called by the services' migrations."""

import sqlalchemy as sa
from alembic import op


def create_backbone() -> None:
    """Create the backbone's tables as of its first version; called by each service's first migration."""
    timestamp = sa.DateTime(timezone=True)
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("event_id", sa.Uuid, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("recorded_at", timestamp, server_default=sa.func.now(), nullable=False),
        sa.Column("published_at", timestamp),
        sa.Column("entry_ms", sa.BigInteger),
        sa.Column("entry_seq", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sa.UniqueConstraint("event_id", name="uq_outbox_event_id"),
    )
    op.create_index("ix_outbox_subject", "outbox", ["subject"])
    op.create_index("ix_outbox_unpublished", "outbox", ["id"], postgresql_where=sa.text("published_at IS NULL"))
    op.create_index("ix_outbox_entry_id", "outbox", ["entry_ms", "entry_seq"])
    notify_on_insert("outbox")
    op.create_table(
        "inbox",
        sa.Column("event_id", sa.Uuid, nullable=False),
        sa.Column("consumer", sa.Text, nullable=False),
        sa.Column("handled_at", timestamp, server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("event_id", "consumer", name="pk_inbox"),
    )
    op.create_table(
        "parked",
        sa.Column("event_id", sa.Uuid, nullable=False),
        sa.Column("waits_for", sa.Text, nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("parked_at", timestamp, server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name="pk_parked"),
    )
    op.create_index("ix_parked_waits_for", "parked", ["waits_for"])
    op.create_table(
        "failures",
        sa.Column("stream", sa.Text, nullable=False),
        sa.Column("entry_id", sa.Text, nullable=False),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("last_error", sa.Text, nullable=False),
        sa.Column("last_failed_at", timestamp, server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("stream", "entry_id", name="pk_failures"),
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("expires_at", timestamp, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_leases"),
    )


def create_stream_losses() -> None:
    """Create the table in which a relay notes what its stream has lost."""
    numbers = [sa.Column(name, sa.BigInteger, nullable=False) for name in ("after_ms", "after_seq")]
    numbers += [sa.Column(name, sa.BigInteger, nullable=False) for name in ("up_to_ms", "up_to_seq")]
    op.create_table(
        "stream_losses",
        sa.Column("stream", sa.Text, nullable=False),
        *numbers,
        sa.PrimaryKeyConstraint("stream", name="pk_stream_losses"),
    )


def add_intact_losses() -> None:
    """Let a loss say that it is none: that an operator has asked for its events once more."""
    op.add_column("stream_losses", sa.Column("intact", sa.Boolean, server_default=sa.false(), nullable=False))


def create_event_packs() -> None:
    """Create the tables of events at rest, out of the outbox and compressed."""
    timestamp = sa.DateTime(timezone=True)
    op.create_table(
        "event_packs",
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("types", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("last_entry_ms", sa.BigInteger),
        sa.Column("last_entry_seq", sa.BigInteger),
        sa.Column("recorded_up_to", timestamp, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_event_packs"),
    )
    op.execute("ALTER TABLE event_packs ALTER body SET STORAGE EXTERNAL")  # it is compressed already
    op.create_index("ix_event_packs_last_entry", "event_packs", ["last_entry_ms", "last_entry_seq"])
    op.create_index("ix_event_packs_recorded_up_to", "event_packs", ["recorded_up_to"])
    op.create_table(
        "packed_events",
        sa.Column("event_id", sa.Uuid, nullable=False),
        sa.PrimaryKeyConstraint("event_id", name="pk_packed_events"),
    )
    op.create_table(
        "packed_subjects",
        sa.Column("subject", sa.Uuid, nullable=False),
        sa.Column("pack_id", sa.BigInteger, nullable=False),
        sa.Column("events", sa.Integer, nullable=False),
        sa.Column("oldest", timestamp, nullable=False),
        sa.PrimaryKeyConstraint("subject", name="pk_packed_subjects"),
    )


def notify_on_insert(table: str) -> None:
    """Let every insert into `table` NOTIFY those who LISTEN on the channel of that name, once per transaction."""
    op.execute(
        f"CREATE FUNCTION wake_{table}() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN PERFORM pg_notify('{table}', ''); RETURN NULL; END $$"
    )
    op.execute(
        f"CREATE TRIGGER wake_{table} AFTER INSERT ON {table} FOR EACH STATEMENT EXECUTE FUNCTION wake_{table}()"
    )
