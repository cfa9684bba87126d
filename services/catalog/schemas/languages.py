"""Languages over HTTP (HSDS language)."""

from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field

from services.catalog.schemas.parts import LanguageTag, each_once
from shared.web.answers import Answer

LanguageTags = Annotated[list[LanguageTag], Field(max_length=50), AfterValidator(each_once)]


class LanguageView(Answer):
    """A language in which a service is given, or a telephone answered (HSDS language)."""

    id: UUID
    code: str
    name: str
