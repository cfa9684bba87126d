"""What happened to a referral, and who was told."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel


class Told(BaseModel):
    """That somebody on a side was told, by which channel; or could not be. `coordinator` is on neither side."""

    side: str
    channel: str
    status: str
    at: datetime


class TimelineItem(BaseModel):
    """What happened, by which side, and who was told. `member_id` is given for the caller's own side only.

    `reference` says to which referral: to this one, or to one that was passed on from it and has ended.
    """

    reference: str
    event_id: UUID
    event_type: str
    at: datetime
    side: str | None
    member_id: UUID | None
    version: int
    status: str
    reason_code: str | None
    outcome_code: str | None
    told: list[Told]


class Timeline(BaseModel):
    """All that happened, oldest first."""

    contents: list[TimelineItem]
