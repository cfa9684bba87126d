"""What each command of the lifecycle brings along."""

from typing import Self
from uuid import UUID

from pydantic import Field, model_validator

from services.referral.domain.lifecycle import Carries, Outcome, Reason
from services.referral.schemas.legal_basis import LegalBasis
from services.referral.schemas.parts import OnDuplicate, ToldBy, Urgency
from shared.values.days import Day
from shared.values.texts import Prose
from shared.web.requests import Body


class GivenReason(Body):
    """A coded reason. A text is only needed, and for declining only taken, with the code `other`."""

    code: Reason
    text: Prose | None = None

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
    text: Prose | None = None


class Complete(Body):
    """What became of the client."""

    outcome: GivenOutcome


class Withdrawal(Body):
    """Who told that the consent is withdrawn, and on which day."""

    told_by: ToldBy
    told_on: Day


class WithdrawConsent(Body):
    """The client takes the consent back."""

    withdrawal: Withdrawal


class Forward(Body):
    """To whom a referral is passed on, and what allows telling this third organisation about the client."""

    service_id: UUID
    legal_basis: LegalBasis
    reason: Prose | None = Field(None, description="Left out: the reason of the referral that is passed on")
    shareable_note: Prose | None = Field(None, description="Seen by the recipient before it accepts: nothing personal")
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
