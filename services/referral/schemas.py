"""What callers send: the bodies of the referral API."""

from datetime import date
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, StringConstraints, field_validator, model_validator
from stdnum.fi import ytunnus

from services.referral.domain import Carries, Outcome, Reason
from shared.schemas import Body

Line = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=4000)]
LanguageTag = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z]{4})?(-([A-Za-z]{2}|[0-9]{3}))?$")]
"""A BCP 47 tag of language, script and region: it travels in events, so it must have no room for free text."""

EmailAddress = Annotated[str, StringConstraints(max_length=254, pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]
Urgency = Literal["routine", "urgent"]
OnDuplicate = Literal["go_on", "ask"]
"""What to do when there may be a duplicate: go on and be told, or change nothing and be asked."""


class NewClient(Body):
    """A client to be created with the referral. A person may stay unnamed: only the language is needed.

    `language` is a BCP 47 tag. `contact_via: adviser` is for who can't be reached but through the adviser.
    """

    kind: Literal["person", "company"] = "person"
    name: Line | None = None
    language: LanguageTag
    interpreter: bool = False
    email: EmailAddress | None = None
    phone: Annotated[str, StringConstraints(pattern=r"^\+?[0-9 ()/.-]{5,30}$")] | None = None
    business_id: str | None = Field(None, description="Y-tunnus of a company")
    contact_via: Literal["client", "adviser"] = "client"

    @field_validator("business_id")
    @classmethod
    def _is_a_business_id(cls, value: str | None) -> str | None:
        if value is None:
            return None
        if not ytunnus.is_valid(value):
            raise ValueError("not a valid Finnish business id (Y-tunnus); check its digits")
        return ytunnus.format(value)

    @model_validator(mode="after")
    def _only_companies_have_business_ids(self) -> Self:
        if self.business_id is not None and self.kind != "company":
            raise ValueError("business_id is for companies; leave it out for a person")
        return self


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


class GivenReason(Body):
    """A coded reason. A text is only needed, and for declining only taken, with the code `other`."""

    code: Reason
    text: Text | None = None

    @model_validator(mode="after")
    def _withdrawing_has_its_own_command(self) -> Self:
        if self.code is Reason.CONSENT_WITHDRAWN:
            raise ValueError("use the command withdraw-consent, which says who told and when")
        return self

    @model_validator(mode="after")
    def _other_needs_words(self) -> Self:
        if self.code is Reason.OTHER and self.text is None:
            raise ValueError("say in `text` what the other reason is")
        return self


class Nothing(Body):
    """A command that brings nothing along; an empty body will do."""


class Send(Body):
    """What sending brings along: nothing, or what to do when there may be a duplicate."""

    on_duplicate: OnDuplicate = "go_on"


class WithReason(Body):
    """What hold, fail, cancel and mark-error bring along."""

    reason: GivenReason


class Decline(Body):
    """Why not, and where the client would be better served, if known."""

    reason: GivenReason
    suggested_service_id: UUID | None = None

    @model_validator(mode="after")
    def _codes_say_enough(self) -> Self:
        no_needless_words(self.reason)
        return self


def no_needless_words(reason: GivenReason) -> None:
    """Raise ValueError for words beside a code that says enough."""
    if reason.code is not Reason.OTHER and reason.text is not None:
        raise ValueError("leave the text out: it is taken only with the code `other`")


class GivenOutcome(Body):
    """A coded outcome, with words if they help."""

    code: Outcome
    text: Text | None = None


class Complete(Body):
    """What became of the client."""

    outcome: GivenOutcome


class Withdrawal(Body):
    """Who told that the consent is withdrawn, and on which day."""

    told_by: Literal["client", "representative"]
    told_on: date


class WithdrawConsent(Body):
    """The client takes the consent back."""

    withdrawal: Withdrawal


class Forward(Body):
    """To whom a referral is passed on, and what allows telling this third organisation about the client."""

    service_id: UUID
    legal_basis: LegalBasis
    reason: Text | None = Field(None, description="Left out: the reason of the referral that is passed on")
    shareable_note: Text | None = Field(None, description="Seen by the recipient before it accepts: nothing personal")
    urgency: Urgency | None = Field(None, description="Left out: that of the referral that is passed on")


CommandBody = Nothing | Send | WithReason | Decline | Complete | WithdrawConsent | Forward

BODIES: dict[Carries, type[CommandBody]] = {
    Carries.NOTHING: Nothing,
    Carries.CHOICE: Send,
    Carries.REASON: WithReason,
    Carries.DECLINE: Decline,
    Carries.OUTCOME: Complete,
    Carries.WITHDRAWAL: WithdrawConsent,
    Carries.FORWARD: Forward,
}
"""The body of a command, by what its rule says it carries."""


class NewMessage(Body):
    """A message to the other side."""

    text: Text


class ClientSearch(Body):
    """Which client to find again: by a referral's reference, or by all of the others that are given."""

    reference: Line | None = None
    name: Line | None = None
    email: Line | None = None
    phone: Line | None = None
    business_id: Line | None = None

    @model_validator(mode="after")
    def _something_to_look_for(self) -> Self:
        if not self.model_dump(exclude_none=True):
            raise ValueError("give a reference, a name, an e-mail address, a telephone number or a business id")
        return self
