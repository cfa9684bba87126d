"""What people are told, and how far the numbers of their inboxes have come."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, DateTime, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.notifications.domain.wording import About, AboutOrganization, Facts
from services.notifications.tables.base import Base
from shared.ids import new_id


class Counter(Base, table=True):
    """The number of a member's newest notice."""

    __tablename__ = "counters"

    member_id: UUID = Field(primary_key=True)
    last_number: int = Field(sa_type=BigInteger)


class Notice(Base, table=True):
    """What one recipient is told of one event; a desk address is a recipient without a member.

    `referral_id` and `reference` are missing where it is about an organisation or an account. `to_address` is where its
    mail goes, where that is not the present address of the recipient: the one that an account had before.
    `number` counts the notices of one member, in the order in which they were committed.
    `about` holds what the texts are made of (`About`); they are worded when somebody reads them.
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
        Index("ix_notices_unseen", "recipient_member_id", "id", postgresql_where=text("seen_at IS NULL")),
        Index("ix_notices_unseen_number", "recipient_member_id", "number", postgresql_where=text("seen_at IS NULL")),
        Index("ix_notices_referral", "referral_id", "recipient_organization_id"),
        Index(
            "ix_notices_organization",
            "recipient_organization_id",
            "id",
            postgresql_where=text("referral_id IS NOT NULL"),
        ),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    event_id: UUID
    event_type: str = Field(sa_type=Text)
    correlation_id: str = Field(sa_type=Text)
    # Of the trace that its mail belongs to, where traces are on.
    traceparent: str | None = Field(default=None, sa_type=Text)
    referral_id: UUID | None = None
    reference: str | None = Field(default=None, sa_type=Text)
    recipient_organization_id: UUID
    recipient_member_id: UUID | None = None
    to_address: str | None = Field(default=None, sa_type=Text)
    number: int | None = Field(default=None, sa_type=BigInteger)
    about: dict[str, Any] = Field(sa_type=JSONB)
    created_at: datetime = Field(sa_type=DateTime(timezone=True))
    seen_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    # When the recipient had left before it was seen, and others were told instead.
    passed_on_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))

    @property
    def facts(self) -> Facts:
        """`about` as the domain knows it."""
        return (AboutOrganization if self.referral_id is None else About).model_validate(self.about)

    @property
    def referral_facts(self) -> About:
        """`facts` of a notice about a referral."""
        return About.model_validate(self.about)
