"""Languages over HTTP (HSDS language)."""

from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field

from services.catalog.schemas.parts import LanguageTag, each_once

LanguageTags = Annotated[list[LanguageTag], Field(max_length=50), AfterValidator(each_once)]


class LanguageView(BaseModel):
    """A language in which a service is given, or a telephone answered (HSDS language)."""

    id: UUID
    code: str
    name: str
