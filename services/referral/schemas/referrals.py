"""Referrals to be created or changed, and messages about them."""

from datetime import date
from typing import Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from services.referral.schemas.clients import NewClient
from services.referral.schemas.parts import Line, OnDuplicate, Text, Urgency
from shared.schemas import Body


class Consent(Body):
    """The client's own consent (GDPR article 6(1)(a)), given for this recipient."""

    given_on: date
    how: Literal["oral", "written", "electronic"]
    scope: Text


class LegalBasis(Body):
    """What allows telling this recipient about the client: a consent, or a statute. Who recorded it is the caller."""

    kind: Literal["consent", "statute"]
    consent: Consent | None = None
    statute: Line | None = None

    @model_validator(mode="after")
    def _kind_matches_content(self) -> Self:
        if (self.consent is not None) != (self.kind == "consent"):
            raise ValueError("give `consent` exactly when the kind is consent")
        if (self.statute is not None) != (self.kind == "statute"):
            raise ValueError("give `statute` exactly when the kind is statute")
        return self


class NewReferral(Body):
    """A referral to be created: sent at once, or kept as a draft with `send: false`."""

    service_id: UUID
    client_id: UUID | None = None
    client: NewClient | None = None
    reason: Text | None = None
    shareable_note: Text | None = Field(None, description="Seen by the recipient before it accepts: nothing personal")
    private_note: Text | None = Field(None, description="Seen by your own organisation only")
    urgency: Urgency = "routine"
    legal_basis: LegalBasis | None = None
    send: bool = True
    on_duplicate: OnDuplicate = "go_on"

    @model_validator(mode="after")
    def _one_client(self) -> Self:
        if (self.client_id is None) == (self.client is None):
            raise ValueError("give either client_id, for a client you have, or client, for a new one")
        return self


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


class DraftChange(Body):
    """Changes to a draft; what is left out stays as it is, null takes a text away."""

    service_id: UUID | None = None
    client_id: UUID | None = Field(None, description="Another client of your organisation")
    client: NewClient | None = Field(None, description="What is to be known of this client from now on")
    reason: Text | None = None
    shareable_note: Text | None = None
    private_note: Text | None = None
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


class NewMessage(Body):
    """A message to the other side."""

    text: Text
