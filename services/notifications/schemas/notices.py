"""Notices as the API answers them."""

from datetime import datetime
from typing import Annotated, Final, get_args
from uuid import UUID

from pydantic import BaseModel, Field

from shared.events.referral import StatusCode
from shared.web.requests import Body

Status = Annotated[str, Field(json_schema_extra={"enum": list(get_args(StatusCode))})]
EventType = Annotated[str, Field(pattern=r"^[a-z]+\.[a-z_]+\.v[0-9]+$", examples=["referral.sent.v1"])]
"""What happened; later versions may know further types."""

MOST_COUNTED: Final = 100
"""More unseen notices are only said to be more"""


class NoticeView(BaseModel):
    """A notice, worded in its recipient's language. It never says who the client is.

    It is about a referral, or else about an `organization`; what belongs to the other of the two is null.
    """

    id: UUID
    referral_id: UUID | None
    reference: str | None
    event_type: EventType
    title: str
    body: str
    status: Status | None = Field(description="Status of the referral when this happened (HL7 FHIR Task code)")
    service: str | None
    source_organization: str | None
    target_organization: str | None
    organization: str | None = Field(description="The organisation, where the notice is about one and no referral")
    link: str
    created_at: datetime
    seen_at: datetime | None


class UnseenCount(BaseModel):
    """How many notices of an inbox are unseen."""

    unseen: int = Field(ge=0, le=MOST_COUNTED)
    more: bool = Field(description="There are more than `unseen`, which goes no further")
    newest: int = Field(ge=0, description="Number of the newest notice, from which on a stream tells news; 0: none yet")
    newest_at: datetime | None = Field(description="When that notice came in")


class SeenUpTo(Body):
    """Up to which notice everything was seen: it and all older ones."""

    up_to: UUID


class NoticePage(BaseModel):
    """Newest first; `next` is the address of the following page."""

    contents: list[NoticeView]
    next: str | None
