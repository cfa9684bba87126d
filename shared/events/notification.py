"""What the notification service publishes: whether a notice reached its recipient, by which channel."""

from typing import Annotated, Final
from uuid import UUID

from pydantic import AwareDatetime, Field

from shared.events.envelope import Payload

CHANNELS: Final = ("inbox", "email")
"""The channels that there are. A reader takes any other code as well: a later version may deliver by one more."""

CHANNEL_PATTERN: Final = "^[a-z][a-z0-9_]{0,39}$"
"""What the code of a channel looks like, in events and in the database."""

Channel = Annotated[str, Field(pattern=CHANNEL_PATTERN, examples=list(CHANNELS))]


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
