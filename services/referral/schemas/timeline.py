"""What happened to a referral, and what its two sides write to each other."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from services.referral.schemas.parts import Page


class MessageView(BaseModel):
    """A message; `text` is null where the caller no longer may read what the other side wrote.

    `read_at` is when the side that did not write it first read it; `read_by` who did, for that side only.
    """

    id: UUID
    side: str
    member_id: UUID | None
    text: str | None
    created_at: datetime
    read_at: datetime | None
    read_by: UUID | None


class MessagesRead(BaseModel):
    """How many messages of the other side are still unread."""

    unread: int


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


class MessagePage(Page):
    """Messages, newest first; `unread` counts those of the other side in the whole referral."""

    contents: list[MessageView]
    unread: int


class Timeline(BaseModel):
    """All that happened, oldest first."""

    contents: list[TimelineItem]
