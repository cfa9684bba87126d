"""What several requests and answers have in common."""

import re
import unicodedata
from datetime import date
from typing import Annotated, Any, Self, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from services.catalog.domain.names import LONGEST_SLUG
from shared.events.catalog import Language
from shared.web.answers import Answer, Maybe, absent
from shared.web.requests import Body

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _one_line(text: str) -> str:
    """The text itself; it is shown in one line, and an address stands in a header of mail, which a break would end."""
    if any(unicodedata.category(character) in ("Cc", "Zl", "Zp") for character in text):
        raise ValueError("give it in one line, without line breaks, tabs and other control characters")
    return text


def _written_day(value: object) -> object:
    """The value itself: pydantic would take a number, or a text of digits, as seconds since 1970."""
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise ValueError("give the day as text, such as 2026-12-24")
    return value


OneLine = AfterValidator(_one_line)
Text = Annotated[str, StringConstraints(min_length=1, max_length=200), OneLine]
LongText = Annotated[str, StringConstraints(min_length=1, max_length=5000)]
Day = Annotated[date, BeforeValidator(_written_day)]
Slug = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_SLUG), OneLine]
Email = Annotated[
    str,
    StringConstraints(max_length=254, pattern=r"^[^\s@<>,;:()\[\]\\\"]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$"),
    OneLine,
]
WebAddress = Annotated[str, StringConstraints(max_length=500, pattern=r"^https?://[^\s<>\"]+$"), OneLine]
LanguageTag = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=35, to_lower=True)
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
