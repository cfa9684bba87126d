"""What several requests and answers have in common."""

from datetime import date
from typing import Annotated, Any, Self, TypeVar

from pydantic import AfterValidator, Field, model_validator

from services.catalog.domain.names import LONGEST_SLUG
from shared.events.catalog import Language
from shared.values import texts
from shared.values.forms import matching
from shared.web.answers import Answer, Maybe, absent
from shared.web.requests import Body

Text = texts.Name
LongText = Annotated[str, texts.prose_of(5000)]
Slug = Annotated[str, texts.name_of(LONGEST_SLUG)]
LanguageTag = Annotated[
    str,
    matching("[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", "language tag (BCP 47); give one such as fi, ar or zh-Hant", 35),
    AfterValidator(str.lower),
]


def each_once(items: list[Any]) -> list[Any]:
    """The items without those that were there before."""
    return list(dict.fromkeys(items))


LeftOut: Any = Field(default=None)
"""A field that a change may leave out, and may not set to null."""


class _Texts(Body):
    @model_validator(mode="before")
    @classmethod
    def _plain_text_is_finnish(cls, value: Any) -> Any:
        return {"fi": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("give the text in at least one of the languages fi, sv, en")
        return self


TextsT = TypeVar("TextsT", bound=_Texts)


class Name(_Texts):
    """A name in Finnish, Swedish and English, or in some of them. A plain string is taken as Finnish.

    In a change, languages left out stay, and null takes a translation away.
    """

    fi: Text | None = None
    sv: Text | None = None
    en: Text | None = None


class Description(_Texts):
    """A longer text, in languages as a name is."""

    fi: LongText | None = None
    sv: LongText | None = None
    en: LongText | None = None


def _in_some_language(texts: TextsT) -> TextsT:
    if not any(texts.model_dump().values()):
        raise ValueError("give the text in at least one of the languages fi, sv, en")
    return texts


NeededName = Annotated[Name, AfterValidator(_in_some_language)]
NeededDescription = Annotated[Description, AfterValidator(_in_some_language)]
"""Texts of what is given anew as a whole, where null takes nothing away: there has to be one."""

Translations = dict[Language, dict[str, str]]
"""Language → field → text: all there is of the texts of a thing."""


class AliasView(Answer):
    """A former name; `valid_until` is the last day it was in use."""

    name: str
    slug: Maybe[str] = absent()
    valid_from: Maybe[date] = absent()
    valid_until: date
    translations: Translations


def differing(row: object, change: Body) -> dict[str, Any]:
    """The fields that a change names and that have another value in `row`; texts by language are not compared whole."""
    named = change.model_dump(exclude_unset=True)
    return {field: value for field, value in named.items() if getattr(row, field) != value}
