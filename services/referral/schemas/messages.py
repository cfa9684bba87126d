"""Messages between the two sides of a referral."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from services.referral.domain.lifecycle import Side
from services.referral.schemas.parts import Page
from shared.values.texts import Prose
from shared.web.requests import Body


class NewMessage(Body):
    """A message to the other side."""

    text: Prose


class ReadUpTo(Body):
    """Up to which message everything was read."""

    up_to: UUID


class MessageView(BaseModel):
    """A message; `text` is null where the caller no longer may read what the other side wrote.

    `read_at` is when the side that did not write it first read it; `read_by` who did, for that side only.
    """

    id: UUID
    side: Side
    member_id: UUID | None
    text: str | None
    created_at: datetime
    read_at: datetime | None
    read_by: UUID | None


class MessagesRead(BaseModel):
    """How many messages of the other side are still unread."""

    unread: int


class MessagePage(Page):
    """Messages, newest first; `unread` counts those of the other side in the whole referral."""

    contents: list[MessageView]
    unread: int
