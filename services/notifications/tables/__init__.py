"""The tables of the notification service: its copies of the catalogue, notices, deliveries, preferences."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from services.notifications.domain import About
from shared.consuming.catalog_copy import MemberCopy, OrganizationCopy, ServiceCopy
from shared.database.tables import new_registry
from shared.ids import new_id


class Base(SQLModel, registry=new_registry()):
    """Base of the tables below."""


class Organization(OrganizationCopy, Base, table=True):
    """An organisation, copied from the catalogue."""


class Service(ServiceCopy, Base, table=True):
    """A service, copied from the catalogue."""


class Member(MemberCopy, Base, table=True):
    """A member of staff, copied from the catalogue."""


class Counter(Base, table=True):
    """The number of a member's newest notice."""

    __tablename__ = "counters"

    member_id: UUID = Field(primary_key=True)
    last_number: int = Field(sa_type=BigInteger)


class Notice(Base, table=True):
    """What one recipient is told of one event; a desk address is a recipient without a member.

    `number` counts the notices of one member, in the order in which they were committed.
    `about` holds what the texts are made of (`domain.About`); they are worded when somebody reads them.
    """

    __tablename__ = "notices"
    __table_args__: ClassVar = (
        UniqueConstraint(
            "event_id",
            "recipient_organization_id",
            "recipient_member_id",
            name="uq_notices_recipient",
            postgresql_nulls_not_distinct=True,
        ),
        CheckConstraint("(recipient_member_id IS NULL) = (number IS NULL)", name="number"),
        Index("ix_notices_recipient_number", "recipient_member_id", "number", unique=True),
        Index("ix_notices_recipient_id", "recipient_member_id", "id"),
        Index("ix_notices_referral", "referral_id", "recipient_organization_id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    event_id: UUID
    event_type: str = Field(sa_type=Text)
    correlation_id: str = Field(sa_type=Text)
    referral_id: UUID
    reference: str = Field(sa_type=Text)
    recipient_organization_id: UUID
    recipient_member_id: UUID | None = None
    number: int | None = Field(default=None, sa_type=BigInteger)
    about: dict[str, Any] = Field(sa_type=JSONB)
    created_at: datetime = Field(sa_type=DateTime(timezone=True))
    seen_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    # When the recipient had left before it was seen, and others were told instead.
    passed_on_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))

    @property
    def facts(self) -> About:
        """`about` as the domain knows it."""
        return About.model_validate(self.about)


class Delivery(Base, table=True):
    """One way of one notice to its recipient.

    pending: to be tried · failed: tried without success, to be tried again · delivered · exhausted: given up ·
    withdrawn: not to be sent any more, because the recipient has left.
    """

    __tablename__ = "deliveries"
    __table_args__: ClassVar = (
        UniqueConstraint("notice_id", "channel", name="uq_deliveries_notice_channel"),
        CheckConstraint("channel IN ('inbox', 'email')", name="channel"),
        CheckConstraint("status IN ('pending', 'failed', 'delivered', 'exhausted', 'withdrawn')", name="status"),
        CheckConstraint("(status IN ('pending', 'failed')) = (next_attempt_at IS NOT NULL)", name="next_attempt"),
        CheckConstraint("(status = 'delivered') = (delivered_at IS NOT NULL)", name="delivered"),
        Index("ix_deliveries_due", "next_attempt_at", postgresql_where=text("next_attempt_at IS NOT NULL")),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    notice_id: UUID = Field(sa_column_args=[ForeignKey("notices.id", ondelete="CASCADE")])
    channel: str = Field(sa_type=Text)
    status: str = Field(sa_type=Text)
    attempts: int = 0
    next_attempt_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    last_error: str | None = Field(default=None, sa_type=Text)
    message_id: str | None = Field(default=None, sa_type=Text)
    delivered_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    version: int = 1


class Preference(Base, table=True):
    """What a member has chosen; without a row: mail, in the language of the account."""

    __tablename__ = "preferences"
    __table_args__: ClassVar = (CheckConstraint("language IN ('fi', 'sv', 'en')", name="language"),)

    member_id: UUID = Field(primary_key=True)
    email: bool = True
    language: str | None = Field(default=None, sa_type=Text)
    updated_at: datetime = Field(sa_type=DateTime(timezone=True))


__all__ = ["Base", "Counter", "Delivery", "Member", "Notice", "Organization", "Preference", "Service"]
