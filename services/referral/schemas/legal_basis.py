"""Legal bases: the one of a referral, the statutes to choose from, and the text for a client who may consent."""

from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, Field, model_validator

from services.referral.consent.statutes import Statute
from services.referral.consent.texts import ConsentText
from services.referral.schemas.parts import Named
from shared.events.envelope import Names
from shared.values.days import Day
from shared.values.texts import Line, Prose
from shared.web.answers import Answer, Maybe, absent
from shared.web.requests import Body


class Consent(Body):
    """The client's own consent (GDPR article 6(1)(a)), given for this recipient."""

    given_on: Day
    how: Literal["oral", "written", "electronic"]
    scope: Prose


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


class ConsentView(BaseModel):
    """A client's consent, as it was recorded."""

    given_on: date
    how: Literal["oral", "written", "electronic"]
    scope: str


class ConsentBasisView(Answer):
    """That the client consented; `recorded_by`, the member who wrote it down, is for the source alone."""

    kind: Literal["consent"]
    consent: ConsentView
    recorded_at: datetime
    recorded_by: Maybe[UUID] = absent()


class StatuteBasisView(Answer):
    """Which statute allows it; `listed` is the one of the pick-list, where its code was given."""

    kind: Literal["statute"]
    statute: str
    listed: Maybe[Statute] = absent()
    recorded_at: datetime
    recorded_by: Maybe[UUID] = absent()


LegalBasisView = Annotated[ConsentBasisView | StatuteBasisView, Field(discriminator="kind")]
"""The legal basis of a referral, as it is shown; `kind` says which."""


class LegalBases(BaseModel):
    """The statutes to choose from. `note`: that this is no legal advice."""

    contents: list[Statute]
    note: Names


class ConsentTextView(ConsentText):
    """A text for a client, in `language`; English where there is none in the one that was asked for.

    `notes` are for the adviser, in the language of the adviser's account. Nothing in it is about the client.
    """

    requested_language: str
    in_requested_language: bool
    notes: list[str] = Field(description="For the adviser, not for the client")
    notes_language: str
    source_organization: Named
    target_organization: Named
    service: Named
