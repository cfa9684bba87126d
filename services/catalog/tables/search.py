"""The words by which organisations and services are found."""

from typing import ClassVar, Final
from uuid import UUID

from sqlalchemy import Column, ForeignKey, Identity, Index, Integer, SmallInteger, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from services.catalog.tables.base import Base

BEST_PLACE: Final = "least(nullif(fi, 0), nullif(sv, 0), nullif(en, 0))"
"""The best place of a word in any language, as SQL: in this order those that have the word can be read."""


def _best_first(postings: str) -> tuple[Index]:
    # With no more columns: the planner would take it for looking up one owner too, and read all that have the word.
    return (Index(f"ix_{postings}_best", "word_id", text(BEST_PLACE)),)


def _posting_key(owner: str) -> Column[UUID]:
    return Column(ForeignKey(f"{owner}.id", ondelete="CASCADE"), primary_key=True, index=True)


def _word_key() -> Column[int]:
    return Column(Integer, ForeignKey("search_words.id"), primary_key=True)


class SearchWord(Base, table=True):
    """A word of the catalogue, folded, and in small letters as it was `written` first.

    `stems` begin with the letter of the language whose stemmer made them; `parts` are the later parts of a long word;
    `trigrams` every three letters of it with two spaces before and one after. `services` and `organizations` say how
    many have the word; a word that nobody has is gone.
    """

    __tablename__: ClassVar[str] = "search_words"
    __table_args__: ClassVar = tuple(
        Index(
            f"ix_search_words_{name}",
            name,
            postgresql_using="gin",
            postgresql_with={"fastupdate": "off"},  # a search is not to read through what was not sorted in yet
        )
        for name in ("stems", "parts", "trigrams")
    )

    id: int | None = Field(default=None, sa_column=Column(Integer, Identity(), primary_key=True))
    word: str = Field(sa_column=Column(Text(collation="C"), nullable=False, unique=True))
    written: str = Field(sa_type=Text)
    stems: list[str] = Field(sa_type=ARRAY(Text))
    parts: list[str] = Field(sa_type=ARRAY(Text))
    trigrams: list[str] = Field(sa_type=ARRAY(Text))
    services: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    organizations: int = Field(default=0, sa_column_kwargs={"server_default": "0"})


class ServiceWord(Base, table=True):
    """A service has a word: its best place (domain/search.py) in each language, 0 where it has it not."""

    __tablename__: ClassVar[str] = "service_search_words"
    __table_args__: ClassVar = _best_first(__tablename__)

    word_id: int = Field(sa_column=_word_key())
    owner_id: UUID = Field(sa_column=_posting_key("services"))
    fi: int = Field(default=0, sa_type=SmallInteger)
    sv: int = Field(default=0, sa_type=SmallInteger)
    en: int = Field(default=0, sa_type=SmallInteger)


class OrganizationWord(Base, table=True):
    """An organisation has a word, in the same way."""

    __tablename__: ClassVar[str] = "organization_search_words"
    __table_args__: ClassVar = _best_first(__tablename__)

    word_id: int = Field(sa_column=_word_key())
    owner_id: UUID = Field(sa_column=_posting_key("organizations"))
    fi: int = Field(default=0, sa_type=SmallInteger)
    sv: int = Field(default=0, sa_type=SmallInteger)
    en: int = Field(default=0, sa_type=SmallInteger)
