"""Whom professionals turn to at a service, over HTTP (HSDS contact): functions, never persons."""

from typing import Any, Self
from uuid import UUID

from pydantic import Field, model_validator

from services.catalog.schemas.parts import NeededName, Translations
from services.catalog.schemas.phones import Phones, PhoneView
from shared.values.email_addresses import EmailAddress
from shared.web.answers import Answer, Maybe, absent
from shared.web.requests import Body


class NewContact(Body):
    """A function that professionals can reach, such as a service adviser on call. No person is named."""

    title: NeededName | None = Field(None, description="The function")
    department: NeededName | None = None
    email: EmailAddress | None = Field(None, description="Of the function, not of a person")
    phones: Phones = Field(default_factory=list)

    @model_validator(mode="before")
    @classmethod
    def _nobody_is_named(cls, value: Any) -> Any:
        if isinstance(value, dict) and "name" in value:
            raise ValueError("say the function in `title` and leave `name` out: the catalogue names no persons")
        return value

    @model_validator(mode="after")
    def _says_who_and_how(self) -> Self:
        if self.title is None and self.department is None:
            raise ValueError("say the function in `title`, or a `department`")
        if self.email is None and not self.phones:
            raise ValueError("give an e-mail address or a telephone number")
        return self


class ContactView(Answer):
    """A function that professionals can reach (HSDS contact)."""

    id: UUID
    title: Maybe[str] = absent()
    department: Maybe[str] = absent()
    email: Maybe[str] = absent()
    phones: list[PhoneView]
    translations: Translations
