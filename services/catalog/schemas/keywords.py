"""Keywords of a service over HTTP."""

from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from services.catalog.domain.keywords import LONGEST_KEYWORD, MOST_KEYWORDS, can_be_found, distinct
from shared.values.texts import name_of
from shared.web.requests import Body


def _findable(keyword: str) -> str:
    if not can_be_found(keyword):
        raise ValueError("a keyword needs a letter or a digit")
    return keyword


Keyword = Annotated[str, name_of(LONGEST_KEYWORD), AfterValidator(_findable)]
KeywordList = Annotated[list[Keyword], Field(max_length=MOST_KEYWORDS), AfterValidator(distinct)]


class Keywords(Body):
    """Everyday words by which people look for a service, in Finnish, Swedish and English, or in some of them.

    In a change, languages left out stay, and null or an empty list takes the words of a language away.
    """

    fi: KeywordList | None = None
    sv: KeywordList | None = None
    en: KeywordList | None = None

    @model_validator(mode="after")
    def _names_a_language(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("give keywords in at least one of the languages fi, sv, en")
        return self
