"""Referrals over HTTP: what creating and changing one takes, and how one is shown."""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, Field, model_validator

from services.referral.domain.attention import Attention
from services.referral.domain.deadlines import BusinessStatus
from services.referral.domain.lifecycle import LIFECYCLE, Outcome, Reason, Side, Status
from services.referral.schemas.clients import ClientView, NewClient
from services.referral.schemas.legal_basis import LegalBasis, LegalBasisView
from services.referral.schemas.parts import Named, OnDuplicate, OutcomeView, Page, ReasonView, ToldBy, Urgency
from services.referral.schemas.sending import BeforeSending, Duplicate, OfferedService
from shared.values.texts import Prose
from shared.web.requests import Body

Command = Annotated[str, Field(json_schema_extra={"enum": sorted(LIFECYCLE)})]
"""The code of a command; which there are, the lifecycle says."""


class NewReferral(Body):
    """A referral to be created: sent at once, or kept as a draft with `send: false`."""

    service_id: UUID
    client_id: UUID | None = None
    client: NewClient | None = None
    reason: Prose | None = None
    shareable_note: Prose | None = Field(None, description="Seen by the recipient before it accepts: nothing personal")
    private_note: Prose | None = Field(None, description="Seen by your own organisation only")
    urgency: Urgency = "routine"
    legal_basis: LegalBasis | None = None
    send: bool = True
    on_duplicate: OnDuplicate = "go_on"

    @model_validator(mode="after")
    def _one_client(self) -> Self:
        if (self.client_id is None) == (self.client is None):
            raise ValueError("give either client_id, for a client you have, or client, for a new one")
        return self


class DraftChange(Body):
    """Changes to a draft; what is left out stays as it is, null takes a text away."""

    service_id: UUID | None = None
    client_id: UUID | None = Field(None, description="Another client of your organisation")
    client: NewClient | None = Field(None, description="What is to be known of this client from now on")
    reason: Prose | None = None
    shareable_note: Prose | None = None
    private_note: Prose | None = None
    urgency: Urgency | None = None
    legal_basis: LegalBasis | None = None

    @model_validator(mode="after")
    def _needed_fields_stay(self) -> Self:
        for name in ("service_id", "client_id", "client", "urgency"):
            if name in self.model_fields_set and getattr(self, name) is None:
                raise ValueError(f"{name} can be changed, not taken away")
        if self.client_id is not None and self.client is not None:
            raise ValueError("give either client_id, for another client, or client, to correct this one")
        return self


class Link(BaseModel):
    """Another referral of the caller's organisation that this one has to do with."""

    id: UUID
    reference: str
    status: Status


class WithdrawalView(BaseModel):
    """Who told that the consent was withdrawn, and on which day."""

    told_by: ToldBy
    told_on: date


class ReferralSummary(BaseModel):
    """A referral in a list: nothing about who the client is, and no free text.

    `assigned_member_id` is for the target, whose member it is. `attention` says why a referral that has ended stays
    open: `answer_unseen` (the source has not looked at the answer) or `not_closed`. `unread_messages` counts what the
    other side wrote and nobody of the caller's side has read.
    """

    id: UUID
    reference: str
    status: Status
    version: int
    urgency: Urgency
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
    attention: Attention | None = None
    assigned_member_id: UUID | None = None
    unread_messages: int = 0
    respond_by: datetime | None = None
    business_status: BusinessStatus | None = None


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
    status: Status
    sent_at: datetime | None
    accepted_at: datetime | None
    completed_at: datetime | None
    outcome_code: Outcome | None
    reason_code: Reason | None


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

    side: Side
    commands: list[Command]
    source_member_id: UUID | None
    client: ClientView | None
    reason: str | None
    shareable_note: str | None
    private_note: str | None
    legal_basis: LegalBasisView | None
    status_reason: ReasonView | None
    outcome: OutcomeView | None
    suggested_service: Named | None
    withdrawal: WithdrawalView | None
    follows: Link | None = None
    followed_by: Link | None = None
    duplicates: list[Duplicate] | None = None
    before_sending: BeforeSending | None = None
    next_best_services: list[OfferedService] = []
    chain: list[ChainLink] | None = None


class ReferralPage(Page):
    """Referrals, newest first."""

    contents: list[ReferralSummary]
