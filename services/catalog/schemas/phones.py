"""Telephone numbers of services over HTTP (HSDS phone)."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from services.catalog.domain.phones import dialled
from services.catalog.schemas.languages import LanguageTags, LanguageView
from services.catalog.schemas.parts import NeededName, Translations
from shared.values.forms import Form
from shared.web.answers import Answer, Maybe, absent
from shared.web.requests import Body

PhoneType = Literal["voice", "text", "fax", "cell", "video", "pager", "textphone"]


class NewPhone(Body):
    """A telephone number; a Finnish one may stand without its country code. `languages` are those it is answered in."""

    number: Annotated[str, Form(dialled, {"maxLength": 100, "examples": ["017 182 111"]})]
    extension: int | None = Field(None, ge=0, le=9_999_999, strict=True)
    type: PhoneType = "voice"
    description: NeededName | None = None
    languages: LanguageTags = Field(default_factory=list)


Phones = Annotated[list[NewPhone], Field(max_length=20)]


class PhoneView(Answer):
    """A telephone number (HSDS phone)."""

    id: UUID
    number: str
    extension: Maybe[int] = absent()
    type: PhoneType
    description: Maybe[str] = absent()
    languages: list[LanguageView]
    translations: Translations
