"""Clients over HTTP: what is sent of one, and what is shown."""

import re
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import BaseModel, Field, model_validator
from stdnum.fi import ytunnus

from services.referral.domain.identifiers import FIELDS, shown
from shared.values.email_addresses import EmailAddress
from shared.values.forms import Form, LanguageTag
from shared.values.lookalikes import looks_of
from shared.values.telephones import TelephoneNumber
from shared.values.texts import Line, Name
from shared.web.requests import Body


def _business_id(text: str) -> str:
    plain = looks_of(text.strip()).plain
    digits = re.sub("^[^0-9]+|[-+ ]", "", plain)
    if not ytunnus.is_valid(digits):
        raise ValueError("is no valid Finnish business id (Y-tunnus); give one such as 2077474-0")
    return str(ytunnus.format(digits))


BusinessId = Annotated[str, Form(_business_id, {"examples": ["2077474-0"]})]


class NewClient(Body):
    """A client to be created with the referral. A person may stay unnamed: only the language is needed.

    `language` is a BCP 47 tag. `contact_via: adviser` is for who can't be reached but through the adviser.
    """

    kind: Literal["person", "company"] = "person"
    name: Name | None = None
    language: LanguageTag
    interpreter: bool = False
    email: EmailAddress | None = None
    phone: TelephoneNumber | None = Field(None, description="Without a country code it is one of Finland")
    business_id: BusinessId | None = Field(None, description="Y-tunnus of a company")
    contact_via: Literal["client", "adviser"] = "client"

    @model_validator(mode="after")
    def _only_companies_have_business_ids(self) -> Self:
        if self.business_id is not None and self.kind != "company":
            raise ValueError("business_id is for companies; leave it out for a person")
        return self

    def details(self) -> dict[str, str]:
        """What is kept sealed and finds the client again: those of identifiers.FIELDS that are known."""
        given = self.model_dump(mode="json", include=set(FIELDS), exclude_none=True)
        return {field: shown(field, value) for field, value in given.items()}


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


class ClientView(BaseModel):
    """A client, as one may see it who sees it at all."""

    id: UUID
    kind: Literal["person", "company"]
    language: str
    interpreter: bool
    contact_via: Literal["client", "adviser"]
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    business_id: str | None = None


class FoundClient(ClientView):
    """A client of one's own organisation, with the references of its referrals, newest first."""

    references: list[str]


class FoundClients(BaseModel):
    """The clients that were found, newest first; 20 at most."""

    contents: list[FoundClient]
