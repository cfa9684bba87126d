"""What the API answers: notices in words, preferences, deliveries."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from services.notifications.tables import Delivery, Member, Notice, Preference
from services.notifications.texts import link_to, notice_texts, one_line
from shared.events.catalog import Language
from shared.web.requests import Body


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


class PreferenceView(BaseModel):
    """How the member is told. `language` null: that of the account, which is `account_language`."""

    email: bool
    language: Language | None
    account_language: str


class NewPreference(Body):
    """Whether mail is sent too (the inbox always has the notice), and in which language; null: the account's."""

    email: bool
    language: Language | None = None


class DeliveryView(BaseModel):
    """One way of one notice to one recipient; `member_id` null: the organisation's desk address."""

    id: UUID
    notice_id: UUID
    referral_id: UUID
    reference: str
    event_type: str
    member_id: UUID | None
    channel: Literal["inbox", "email"]
    status: Literal["pending", "failed", "delivered", "exhausted", "withdrawn"]
    attempts: int
    created_at: datetime
    next_attempt_at: datetime | None
    delivered_at: datetime | None
    seen_at: datetime | None
    last_error: str | None


class DeliveryPage(BaseModel):
    """Newest first; `next` is the address of the following page."""

    contents: list[DeliveryView]
    next: str | None


def notice_view(notice: Notice, language: str, public_url: str) -> NoticeView:
    """A notice in `language` (fi, sv, en)."""
    about = notice.facts
    texts = notice_texts(notice.event_type, about, language)
    return NoticeView(
        id=notice.id,
        referral_id=notice.referral_id,
        reference=notice.reference,
        event_type=notice.event_type,
        title=texts.title,
        body=texts.body,
        status=about.status,
        service=one_line(about.service, language),
        source_organization=one_line(about.source, language),
        target_organization=one_line(about.target, language),
        link=link_to(public_url, notice.referral_id, about),
        created_at=notice.created_at,
        seen_at=notice.seen_at,
    )


def preference_view(preference: Preference, member: Member) -> PreferenceView:
    """A member's choices."""
    return PreferenceView.model_validate(
        {"email": preference.email, "language": preference.language, "account_language": member.language}
    )


def delivery_view(delivery: Delivery, notice: Notice) -> DeliveryView:
    """A delivery with what its notice is about."""
    shown = notice.model_dump(include={"referral_id", "reference", "event_type", "created_at", "seen_at"})
    return DeliveryView.model_validate(
        {**delivery.model_dump(exclude={"version", "message_id"}), **shown, "member_id": notice.recipient_member_id}
    )
