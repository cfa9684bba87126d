"""How each notice goes to its recipient."""

from datetime import datetime
from typing import ClassVar, Final
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Index, Text, UniqueConstraint, text
from sqlmodel import Field

from services.notifications.tables.base import Base
from shared.events.notification import CHANNEL_PATTERN
from shared.ids import new_id

WAITING: Final = ("pending", "failed")
"""The statuses of a delivery that is still to be attempted."""

DONE: Final = ("delivered", "bounced")
"""The statuses of a delivery that was made, even if the message came back."""


class Delivery(Base, table=True):
    """The delivery of one notice to its recipient by one channel.

    pending: to be tried · failed: tried without success, to be tried again · delivered · exhausted: given up ·
    withdrawn: not to be sent any more, because the recipient has left or has no address · bounced: delivered, and come
    back later.
    """

    __tablename__ = "deliveries"
    __table_args__: ClassVar = (
        UniqueConstraint("notice_id", "channel", name="uq_deliveries_notice_channel"),
        CheckConstraint(f"channel ~ '{CHANNEL_PATTERN}'", name="channel"),
        CheckConstraint(
            "status IN ('pending', 'failed', 'delivered', 'exhausted', 'withdrawn', 'bounced')", name="status"
        ),
        CheckConstraint("(status IN ('pending', 'failed')) = (next_attempt_at IS NOT NULL)", name="next_attempt"),
        CheckConstraint("(status IN ('delivered', 'bounced')) = (delivered_at IS NOT NULL)", name="delivered"),
        CheckConstraint("(status = 'bounced') = (bounced_at IS NOT NULL)", name="bounced"),
        Index(
            "ix_deliveries_undelivered_to",
            "organization_id",
            "notice_id",
            "id",
            postgresql_where=text("status <> 'delivered'"),
        ),
        Index("ix_deliveries_arrived", "channel", "delivered_at", postgresql_where=text("delivered_at IS NOT NULL")),
        Index("ix_deliveries_due", "next_attempt_at", postgresql_where=text("next_attempt_at IS NOT NULL")),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    notice_id: UUID = Field(sa_column_args=[ForeignKey("notices.id", ondelete="CASCADE")])
    # The recipient's, as in the notice; none where a former version made the delivery.
    organization_id: UUID | None = None
    channel: str = Field(sa_type=Text)
    status: str = Field(sa_type=Text)
    attempts: int = 0
    next_attempt_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    last_error: str | None = Field(default=None, sa_type=Text)
    message_id: str | None = Field(default=None, sa_type=Text)
    # Stands for the address and the languages of the message that was delivered, as in `DeliveryAttempt`.
    reader: str | None = Field(default=None, sa_type=Text)
    delivered_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    bounced_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    version: int = 1
