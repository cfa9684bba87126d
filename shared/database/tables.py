"""The backbone's own tables, the same in every service's database."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Column, DateTime, Identity, Index, MetaData, Text, false, func, text
from sqlalchemy.orm import registry
from sqlmodel import Field

from shared.database.rows import Record

NAMING = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
"""Constraint names, so that migrations can speak of them."""


def new_registry() -> registry:
    """A registry with metadata of its own: one per service, or tables of one name would collide."""
    return registry(metadata=MetaData(naming_convention=NAMING))


class Backbone(Record, registry=new_registry()):
    """Base of the tables below."""


class OutboxRow(Backbone, table=True):
    """An event that was recorded with the change it tells about. The table is the service's event log."""

    __tablename__ = "outbox"
    __table_args__: ClassVar = (
        Index("ix_outbox_unpublished", "id", postgresql_where=text("published_at IS NULL")),
        Index("ix_outbox_entry_id", "entry_ms", "entry_seq"),
    )

    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(), primary_key=True))
    event_id: UUID = Field(unique=True)
    type: str = Field(sa_type=Text)
    subject: str = Field(sa_type=Text, index=True)
    payload: str = Field(sa_type=Text)
    recorded_at: datetime | None = Field(
        default=None, sa_column=Column(DateTime(timezone=True), server_default=func.now(), nullable=False)
    )
    published_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    # The stream entry `<entry_ms>-<entry_seq>` that carries the event, once published.
    entry_ms: int | None = Field(default=None, sa_type=BigInteger)
    entry_seq: int | None = Field(default=None, sa_type=BigInteger)


class EventPackRow(Backbone, table=True):
    """Events that were in the outbox and are at rest, compressed together: all that it had about some subjects.

    `types` are those that are in it, and `last_entry_ms`-`last_entry_seq` is the newest entry that carries one of them.
    """

    __tablename__ = "event_packs"
    __table_args__: ClassVar = (Index("ix_event_packs_last_entry", "last_entry_ms", "last_entry_seq"),)

    id: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(), primary_key=True))
    types: list[str] = Field(sa_type=ARRAY(Text))
    last_entry_ms: int | None = Field(default=None, sa_type=BigInteger)
    last_entry_seq: int | None = Field(default=None, sa_type=BigInteger)
    recorded_up_to: datetime = Field(sa_type=DateTime(timezone=True), index=True)
    body: bytes


class PackedEventRow(Backbone, table=True):
    """An event that is in a pack: by these it is known whether a log still has it."""

    __tablename__ = "packed_events"

    event_id: UUID = Field(primary_key=True)


class PackedSubjectRow(Backbone, table=True):
    """A subject of which events are packed: in one pack, how many, and when the oldest was recorded."""

    __tablename__ = "packed_subjects"

    subject: UUID = Field(primary_key=True)
    pack_id: int = Field(sa_type=BigInteger)
    events: int
    oldest: datetime = Field(sa_type=DateTime(timezone=True))


class InboxRow(Backbone, table=True):
    """An event that a consumer has dealt with; written with the effect, so the effect happens once."""

    __tablename__ = "inbox"

    event_id: UUID = Field(primary_key=True)
    consumer: str = Field(primary_key=True, sa_type=Text)
    handled_at: datetime | None = Field(
        default=None, sa_column=Column(DateTime(timezone=True), server_default=func.now(), nullable=False)
    )


class ParkedRow(Backbone, table=True):
    """An event that came before a fact it needs; `waits_for` names that fact."""

    __tablename__ = "parked"

    event_id: UUID = Field(primary_key=True)
    waits_for: str = Field(sa_type=Text, index=True)
    payload: str = Field(sa_type=Text)
    parked_at: datetime | None = Field(
        default=None, sa_column=Column(DateTime(timezone=True), server_default=func.now(), nullable=False)
    )


class FailureRow(Backbone, table=True):
    """How often the handler itself failed on one stream entry. Outages are never counted here."""

    __tablename__ = "failures"

    stream: str = Field(primary_key=True, sa_type=Text)
    entry_id: str = Field(primary_key=True, sa_type=Text)
    failures: int
    last_error: str = Field(sa_type=Text)
    last_failed_at: datetime | None = Field(
        default=None, sa_column=Column(DateTime(timezone=True), server_default=func.now(), nullable=False)
    )


class LeaseRow(Backbone, table=True):
    """Who may do a job that only one process may do at a time, and until when."""

    __tablename__ = "leases"

    name: str = Field(primary_key=True, sa_type=Text)
    holder: str = Field(sa_type=Text)
    expires_at: datetime = Field(sa_type=DateTime(timezone=True))


class StreamLossRow(Backbone, table=True):
    """What the service's stream has lost and is still to be published again: what bears an entry between two.

    Those are all rows of the outbox after the entry `after_ms`-`after_seq` and up to `up_to_ms`-`up_to_seq`. One that
    is published again bears a newer entry, and so is none of them any more. `intact`: none is missing on the stream,
    an operator has asked for them.
    """

    __tablename__ = "stream_losses"

    stream: str = Field(primary_key=True, sa_type=Text)
    after_ms: int = Field(sa_type=BigInteger)
    after_seq: int = Field(sa_type=BigInteger)
    up_to_ms: int = Field(sa_type=BigInteger)
    up_to_seq: int = Field(sa_type=BigInteger)
    intact: bool = Field(default=False, sa_column_kwargs={"server_default": false()})


__all__ = [
    "Backbone",
    "EventPackRow",
    "FailureRow",
    "InboxRow",
    "LeaseRow",
    "OutboxRow",
    "PackedEventRow",
    "PackedSubjectRow",
    "ParkedRow",
    "StreamLossRow",
    "new_registry",
]
