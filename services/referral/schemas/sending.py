"""What there is to know before a referral is sent, and where else to send it."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel

from services.referral.schemas.parts import Named


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
