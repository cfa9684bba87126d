"""Notices as the API answers them."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field


class NoticeView(BaseModel):
    """A notice, worded in its recipient's language. It never says who the client is.

    It is about a referral, or else about an `organization`; what belongs to the other of the two is null.
    """

    id: UUID
    referral_id: UUID | None
    reference: str | None
    event_type: str
    title: str
    body: str
    status: str | None = Field(description="Status of the referral when this happened (HL7 FHIR Task code)")
    service: str | None
    source_organization: str | None
    target_organization: str | None
    organization: str | None = Field(description="The organisation, where the notice is about one and no referral")
    link: str
    created_at: datetime
    seen_at: datetime | None


class NoticePage(BaseModel):
    """Newest first; `next` is the address of the following page."""

    contents: list[NoticeView]
    next: str | None
