"""How referrals stand across organisations, never who they are about."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from services.referral.domain.attention import Attention
from services.referral.domain.deadlines import BusinessStatus
from services.referral.domain.lifecycle import Outcome, Reason, Status
from services.referral.schemas.parts import Named, Page, Urgency


class OverviewRow(BaseModel):
    """How referrals to one organisation stand. Times are hours from sending to the answer."""

    organization: Named
    sent: int
    by_status: dict[Status, int]
    waiting: int
    overdue: int
    oldest_waiting_since: datetime | None
    not_closed: int
    answers_unseen: int
    median_hours_to_answer: float | None
    decline_reasons: dict[Reason, int]


class Overview(BaseModel):
    """Referrals sent in a period, by recipient; `from_` and `to` are the days asked for."""

    contents: list[OverviewRow]
    total: int


class OverviewReferral(BaseModel):
    """One referral for the coordinator: where it stands, never who it is about."""

    id: UUID
    reference: str
    status: Status
    urgency: Urgency
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
    business_status: BusinessStatus | None
    reason_code: Reason | None
    outcome_code: Outcome | None
    answer_seen_at: datetime | None
    attention: Attention | None


class OverviewPage(Page):
    """Referrals across organisations, newest first."""

    contents: list[OverviewReferral]
