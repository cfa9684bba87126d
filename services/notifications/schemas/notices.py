"""Notices as the API answers them."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field


class NoticeView(BaseModel):
    """A notice, worded in its recipient's language. It never says who the client is."""

    id: UUID
    referral_id: UUID
    reference: str
    event_type: str
    title: str
    body: str
    status: str = Field(description="Status of the referral when this happened (HL7 FHIR Task code)")
    service: str
    source_organization: str
    target_organization: str
    link: str
    created_at: datetime
    seen_at: datetime | None


class NoticePage(BaseModel):
    """Newest first; `next` is the address of the following page."""

    contents: list[NoticeView]
    next: str | None
