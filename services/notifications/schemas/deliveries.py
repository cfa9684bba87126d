"""Deliveries as the API answers them."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from services.notifications.schemas.notices import EventType
from shared.events.notification import Channel

DeliveryStatus = Literal["pending", "failed", "delivered", "exhausted", "withdrawn", "bounced"]


class DeliveryView(BaseModel):
    """The delivery of one notice to one recipient by one channel; `member_id` null: the organisation's desk address."""

    id: UUID
    notice_id: UUID
    referral_id: UUID
    reference: str
    event_id: UUID = Field(description="Of what the notice tells about; the timeline of the referral names it, too")
    event_type: EventType
    member_id: UUID | None
    channel: Channel = Field(description="By what; later versions may know further channels")
    status: DeliveryStatus
    attempts: int
    created_at: datetime
    next_attempt_at: datetime | None
    delivered_at: datetime | None
    bounced_at: datetime | None = Field(description="When word came that the mail had come back")
    seen_at: datetime | None
    last_error: str | None


class DeliveryPage(BaseModel):
    """Newest first; `next` is the address of the following page."""

    contents: list[DeliveryView]
    next: str | None
