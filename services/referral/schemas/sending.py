"""Sending a referral: what there is to know before, and where else it could go."""

from datetime import date, datetime
from typing import Self
from uuid import UUID

from pydantic import BaseModel, Field, model_validator

from services.referral.domain.client_matching import DuplicateKind, MatchedBy
from services.referral.domain.lifecycle import Status
from services.referral.schemas.clients import NewClient
from services.referral.schemas.legal_basis import LegalBasis
from services.referral.schemas.parts import Named, OnDuplicate, Urgency
from shared.events.catalog import CapacityStatus
from shared.values.texts import Prose
from shared.web.requests import Body


class BeforeSendingRequest(Body):
    """What a referral would be about: a service, and the client if it is settled already."""

    service_id: UUID
    client_id: UUID | None = None
    client: NewClient | None = None
    urgency: Urgency = "routine"

    @model_validator(mode="after")
    def _one_client_at_most(self) -> Self:
        if self.client_id is not None and self.client is not None:
            raise ValueError("give either client_id, for a client you have, or client, for a new one")
        return self


class SendSuggested(Body):
    """What sending on to the suggested service takes; a note that is left out is that of the declined referral."""

    legal_basis: LegalBasis
    shareable_note: Prose | None = Field(None, description="Seen by the recipient before it accepts: nothing personal")
    on_duplicate: OnDuplicate = "go_on"


class Duplicate(BaseModel):
    """An earlier referral of your organisation, of what may be the same client, to the same service.

    `kind` is `open` (a draft too, see `status`) or `refused`; `matched_by` says what the two clients have in common:
    `client` when they are the same by id, else some of name, email, phone, business_id.
    """

    kind: DuplicateKind
    referral_id: UUID
    reference: str
    status: Status
    sent_at: datetime | None
    matched_by: list[MatchedBy]


class Answering(BaseModel):
    """How a service would answer a referral sent now. Nothing of it forbids sending.

    `respond_by` is when the answer would be due. `closed_until` is the last day of the organisation's closure, null
    when it is open. `accepting` is false while it is closed, without room or desk, or the service is not active.
    """

    respond_by: datetime
    closed_until: date | None
    capacity: CapacityStatus
    accepting: bool


class OfferedService(Named):
    """Another service that could take the client."""

    organization: Named
    languages: list[str]
    capacity: CapacityStatus


class BeforeSending(Answering):
    """What there is to know before a referral is sent."""

    duplicates: list[Duplicate]
