"""What the notification service publishes: whether a notice reached its recipient, by which channel."""

from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime

from shared.events.envelope import Payload

Channel = Literal["inbox", "email"]


class DeliveryState(Payload):
    """One delivery of one notice. `member_id` is None when the recipient is an organisation's desk address.

    `cause_id` and `cause_type` name the event that the notice tells about.
    """

    id: UUID
    notice_id: UUID
    referral_id: UUID
    cause_id: UUID
    cause_type: str
    channel: Channel
    organization_id: UUID
    member_id: UUID | None
    attempts: int
    at: AwareDatetime


EVENTS: dict[str, type[Payload]] = {
    "notification.delivered.v1": DeliveryState,
    "notification.delivery_failed.v1": DeliveryState,
}
