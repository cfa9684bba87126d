"""What happened to a referral, and who was told."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from services.referral.domain.lifecycle import Outcome, Reason, Side, Status
from shared.events.notification import Channel

EventType = Annotated[str, Field(pattern=r"^[a-z]+\.[a-z_]+\.v[0-9]+$", examples=["referral.sent.v1"])]
"""What happened; later versions may know further types."""


class Told(BaseModel):
    """That somebody on a side was told, by which channel; or could not be. `coordinator` is on neither side.

    `member_id` is given for the caller's own side only, and is null for its desk's address. `opened_at` is when that
    side first looked at what it was told of: at the referral, at the answer, at the message. It is null where that side
    has not yet looked, or where looking is not noted, as for an accepted referral.
    """

    side: Literal["source", "target", "coordinator"]
    channel: Channel
    status: Literal["delivered", "failed"]
    at: datetime
    member_id: UUID | None = None
    opened_at: datetime | None = None


class TimelineItem(BaseModel):
    """What happened, by which side, and who was told. `member_id` is given for the caller's own side only.

    `reference` says to which referral: to this one, or to one that was passed on from it and has ended.
    """

    reference: str
    event_id: UUID
    event_type: EventType
    at: datetime
    side: Side | None
    member_id: UUID | None
    version: int
    status: Status
    reason_code: Reason | None
    outcome_code: Outcome | None
    told: list[Told]


class Timeline(BaseModel):
    """All that happened, oldest first."""

    contents: list[TimelineItem]
