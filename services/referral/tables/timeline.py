"""What happens to a referral: its timeline, its messages, and what is due."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, Text, Uuid, false, text
from sqlmodel import Field

from services.referral.domain.deadlines import TimerKind
from services.referral.domain.lifecycle import Side
from services.referral.tables.base import Base, Moment, one_of


class Timer(Base, table=True):
    """When a referral is reminded of or expires, unless the timer is moved before. Written under the referral's lock.

    `since` is the moment it counts from. It fires once (`fired_at`); set with another `since`, it will fire again.
    """

    __tablename__ = "timers"
    __table_args__: ClassVar = (
        one_of("kind", TimerKind),
        Index("ix_timers_due", "due_at", postgresql_where=text("fired_at IS NULL")),
    )

    referral_id: UUID = Field(
        primary_key=True, sa_type=Uuid, sa_column_args=[ForeignKey("referrals.id", ondelete="CASCADE")]
    )
    kind: str = Field(primary_key=True, sa_type=Text)
    since: datetime = Field(sa_type=Moment)
    due_at: datetime = Field(sa_type=Moment)
    fired_at: datetime | None = Field(default=None, sa_type=Moment)


class TimelineEntry(Base, table=True):
    """What happened to a referral, by which side; written with the event of the same id."""

    __tablename__ = "timeline"
    __table_args__: ClassVar = (one_of("side", Side), Index("ix_timeline_referral_id", "referral_id", "event_id"))

    event_id: UUID = Field(primary_key=True)
    referral_id: UUID = Field(sa_type=Uuid, sa_column_args=[ForeignKey("referrals.id")])
    event_type: str = Field(sa_type=Text)
    at: datetime = Field(sa_type=Moment)
    version: int = Field(sa_type=BigInteger)
    status: str = Field(sa_type=Text)
    side: str | None = Field(default=None, sa_type=Text)
    member_id: UUID | None = None
    reason_code: str | None = Field(default=None, sa_type=Text)
    outcome_code: str | None = Field(default=None, sa_type=Text)


class Message(Base, table=True):
    """A message between the two sides; its text is sealed under the client's key.

    `read_at` and `read_by` are the first reading by the side that did not write it, which is `to_organization_id`.
    `withheld`: nobody there has read it, and may not any more, so lists of what is unread pass over it. Where it is not
    set, the state of the referral says who may read: a version that did not know the mark has not set it.
    """

    __tablename__ = "messages"
    __table_args__: ClassVar = (
        one_of("side", Side),
        Index("ix_messages_referral_id", "referral_id", "id"),
        Index("ix_messages_unread", "referral_id", postgresql_where=text("read_at IS NULL")),
        # The former version lists what is unread by the first of these, which goes one version later.
        Index("ix_messages_to", "to_organization_id", "referral_id", postgresql_where=text("read_at IS NULL")),
        Index(
            "ix_messages_to_read",
            "to_organization_id",
            "referral_id",
            postgresql_where=text("read_at IS NULL AND NOT withheld"),
        ),
    )

    id: UUID = Field(primary_key=True)
    referral_id: UUID = Field(sa_type=Uuid, sa_column_args=[ForeignKey("referrals.id")])
    side: str = Field(sa_type=Text)
    member_id: UUID
    to_organization_id: UUID
    text: bytes = Field(sa_type=LargeBinary)
    created_at: datetime = Field(sa_type=Moment)
    read_at: datetime | None = Field(default=None, sa_type=Moment)
    read_by: UUID | None = None
    withheld: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
