"""How referrals stand across organisations, never who they are about."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from services.referral.domain.attention import Attention
from services.referral.domain.deadlines import BusinessStatus
from services.referral.domain.lifecycle import Outcome, Reason, Status
from services.referral.schemas.parts import Named, Page, Urgency

Cut = Literal["source", "target", "service", "month"]
"""By what referrals are counted: the organisation that sent them or was sent them, the service, the month of sending"""


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
    """Referrals sent from `first` to `last`, days in Kuopio and both included, by recipient."""

    first: date
    last: date
    contents: list[OverviewRow]
    total: int


class Figures(BaseModel):
    """Referrals counted. Times are hours from sending to the answer."""

    sent: int
    waiting: int = Field(description="Not answered yet")
    overdue: int = Field(description="Of those, the ones whose answer was due")
    accepted: int
    declined: int
    completed: int
    failed: int
    cancelled: int = Field(description="By one of the sides, or since the consent was withdrawn")
    expired: int
    not_closed: int
    median_hours_to_answer: float | None
    decline_reasons: dict[Reason, int]


class FiguresRow(Figures):
    """Referrals that have something in common; null where the caller did not ask for it."""

    source: Named | None
    target: Named | None
    service: Named | None
    month: str | None = Field(description="Of sending, in Kuopio", examples=["2026-11"])


class OverviewFigures(BaseModel):
    """Referrals sent from `first` to `last`, days in Kuopio and both included, counted by what was asked for.

    `total` counts all of them, those in rows that are left out too.
    """

    by: list[Cut]
    first: date
    last: date
    contents: list[FiguresRow]
    left_out: int = Field(description="How many rows there are besides, in each of which no more was sent")
    total: Figures


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
