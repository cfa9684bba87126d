"""What the API answers about legal bases: the pick-list of statutes, and the text for a client who may consent."""

from pydantic import BaseModel, Field

from services.referral.consent.statutes import Statute
from services.referral.consent.texts import ConsentText
from services.referral.schemas.parts import Named
from shared.events.envelope import Names


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
