"""What a client may ask for: who handled their data, and all that is kept about them."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel

from services.referral.domain.lifecycle import Status
from services.referral.schemas.clients import ClientView
from services.referral.schemas.parts import Named


class Handling(BaseModel):
    """That something about the client was shown: when, in which organisation, and on which occasion.

    `member_id` is given for the caller's own organisation only. `operator`: by the operator's command line.
    """

    at: datetime
    organization: Named
    occasion: str
    reference: str | None
    member_id: UUID | None
    operator: bool


class BasisInShort(BaseModel):
    """What allowed telling the recipient: a consent, given when and how and for what, or a statute."""

    kind: Literal["consent", "statute"]
    given_on: date | None = None
    how: Literal["oral", "written", "electronic"] | None = None
    scope: str | None = None
    statute: str | None = None
    recorded_at: datetime | None = None


class ReferredTo(BaseModel):
    """A referral of the client: from whom to whom, on which legal basis, and what became of it."""

    id: UUID
    reference: str
    status: Status
    service: Named
    source_organization: Named
    target_organization: Named
    created_at: datetime
    sent_at: datetime | None
    accepted_at: datetime | None
    closed_at: datetime | None
    legal_basis: BasisInShort | None
    withdrawn_on: date | None


class ClientReport(BaseModel):
    """For a client who asks who handled their data; oldest first."""

    client: ClientView
    made_at: datetime
    referrals: list[ReferredTo]
    handled: list[Handling]


class ClientExport(BaseModel):
    """All that the referral service holds about a client, opened (GDPR articles 15 and 20)."""

    client: dict[str, Any]
    made_at: datetime
    found_by: list[str]
    referrals: list[dict[str, Any]]
    handled: list[dict[str, Any]]
    answers_kept: list[dict[str, Any]]


__all__ = ["BasisInShort", "ClientExport", "ClientReport", "Handling", "ReferredTo"]
