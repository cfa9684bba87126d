"""What the referral API answers: shapes that hold what one side of a referral may see."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from shared.events.envelope import Names


class Named(BaseModel):
    """An organisation or a service with its name in three languages."""

    id: UUID
    name: Names | None


class ClientView(BaseModel):
    """A client, as one may see it who sees it at all."""

    id: UUID
    kind: str
    language: str
    interpreter: bool
    contact_via: str
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    business_id: str | None = None


class FoundClient(ClientView):
    """A client of one's own organisation, with the references of its referrals, newest first."""

    references: list[str]


class Link(BaseModel):
    """Another referral of the caller's organisation that this one has to do with."""

    id: UUID
    reference: str
    status: str


class CodedText(BaseModel):
    """A code, and words where there are some that the caller may read."""

    code: str
    text: str | None = None


class WithdrawalView(BaseModel):
    """Who told that the consent was withdrawn, and on which day."""

    told_by: str
    told_on: date


class Duplicate(BaseModel):
    """An earlier referral of your organisation, of what may be the same client, to the same service.

    `kind` is `open` (a draft too, see `status`) or `refused`; `matched_by` says what the two clients have in common:
    `client` when they are the same by id, else some of name, email, phone, business_id.
    """

    kind: str
    referral_id: UUID
    reference: str
    status: str
    sent_at: datetime | None
    matched_by: list[str]


class Answering(BaseModel):
    """How a service would answer a referral sent now. Nothing of it forbids sending.

    `respond_by` is when the answer would be due. `closed_until` is the last day of the organisation's closure, null
    when it is open. `accepting` is false while it is closed, without room or desk, or the service is not active.
    """

    respond_by: datetime
    closed_until: date | None
    capacity: str
    accepting: bool


class OfferedService(Named):
    """Another service that could take the client."""

    organization: Named
    languages: list[str]
    capacity: str


class BeforeSending(Answering):
    """What there is to know before a referral is sent."""

    duplicates: list[Duplicate]


class ReferralSummary(BaseModel):
    """A referral in a list: nothing about who the client is, and no free text.

    `assigned_member_id` is for the target, whose member it is. `attention` says why a referral that has ended stays
    open: `answer_unseen` (the source has not looked at the answer) or `not_closed`. `unread_messages` counts what the
    other side wrote and nobody of the caller's side has read.
    """

    id: UUID
    reference: str
    status: str
    version: int
    urgency: str
    language: str
    service: Named
    source_organization: Named
    target_organization: Named
    created_at: datetime
    updated_at: datetime
    sent_at: datetime | None
    first_viewed_at: datetime | None
    accepted_at: datetime | None
    started_at: datetime | None
    completed_at: datetime | None
    closed_at: datetime | None
    answer_seen_at: datetime | None = None
    attention: str | None = None
    assigned_member_id: UUID | None = None
    unread_messages: int = 0
    respond_by: datetime | None = None
    business_status: str | None = None


class ChainLink(BaseModel):
    """One referral of a chain: where it stands, never who it is about. `parent_id` is null for the first that is shown.

    An id leads to the referral only for who stands on one of its sides.
    """

    id: UUID
    parent_id: UUID | None
    reference: str
    service: Named
    source_organization: Named
    target_organization: Named
    status: str
    sent_at: datetime | None
    accepted_at: datetime | None
    completed_at: datetime | None
    outcome_code: str | None
    reason_code: str | None


class ReferralView(ReferralSummary):
    """A referral as the caller's side sees it; `commands` are those the caller may give now.

    `client`, `reason` and `legal_basis` are null for the target until it accepts, and again after a decline or a
    cancellation. `private_note` is the source's alone. `duplicates` is given in the answers that create and send,
    `before_sending` to the source of a draft. `follows` and `followed_by`, for the source alone, link a declined
    referral with the one that was sent to the service suggested instead; `next_best_services` are for the source of an
    expired one. Who passed a referral on sees client and reason of the child no longer than those of the referral that
    it was sent itself.

    `chain` is there when the referral was passed on: all of it for whoever began it, for others from their own part
    on down.
    """

    side: str
    commands: list[str]
    source_member_id: UUID | None
    client: ClientView | None
    reason: str | None
    shareable_note: str | None
    private_note: str | None
    legal_basis: dict[str, Any] | None
    status_reason: CodedText | None
    outcome: CodedText | None
    suggested_service: Named | None
    withdrawal: WithdrawalView | None
    follows: Link | None = None
    followed_by: Link | None = None
    duplicates: list[Duplicate] | None = None
    before_sending: BeforeSending | None = None
    next_best_services: list[OfferedService] = []
    chain: list[ChainLink] | None = None


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


class Page(BaseModel):
    """One keyset page; `next` is the address of the following one, null at the end."""

    next: str | None


class ReferralPage(Page):
    """Referrals, newest first."""

    contents: list[ReferralSummary]


class MessagePage(Page):
    """Messages, newest first; `unread` counts those of the other side in the whole referral."""

    contents: list[MessageView]
    unread: int


class Timeline(BaseModel):
    """All that happened, oldest first."""

    contents: list[TimelineItem]


class FoundClients(BaseModel):
    """The clients that were found, newest first; 20 at most."""

    contents: list[FoundClient]


class OverviewRow(BaseModel):
    """How referrals to one organisation stand. Times are hours from sending to the answer."""

    organization: Named
    sent: int
    by_status: dict[str, int]
    waiting: int
    overdue: int
    oldest_waiting_since: datetime | None
    not_closed: int
    answers_unseen: int
    median_hours_to_answer: float | None
    decline_reasons: dict[str, int]


class Overview(BaseModel):
    """Referrals sent in a period, by recipient; `from_` and `to` are the days asked for."""

    contents: list[OverviewRow]
    total: int


class OverviewReferral(BaseModel):
    """One referral for the coordinator: where it stands, never who it is about."""

    id: UUID
    reference: str
    status: str
    urgency: str
    service: Named
    source_organization: Named
    target_organization: Named
    sent_at: datetime
    first_viewed_at: datetime | None
    accepted_at: datetime | None
    started_at: datetime | None
    completed_at: datetime | None
    closed_at: datetime | None
    respond_by: datetime | None
    business_status: str | None
    reason_code: str | None
    outcome_code: str | None
    answer_seen_at: datetime | None
    attention: str | None


class OverviewPage(Page):
    """Referrals across organisations, newest first."""

    contents: list[OverviewReferral]
