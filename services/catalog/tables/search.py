"""The words by which organisations and services are found."""

from typing import ClassVar, Final
from uuid import UUID

from sqlalchemy import (
    Column,
    Constraint,
    ForeignKey,
    Identity,
    Index,
    Integer,
    PrimaryKeyConstraint,
    SmallInteger,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from services.catalog.tables.base import Base

BEST_PLACE: Final = "least(nullif(fi, 0), nullif(sv, 0), nullif(en, 0))"
"""The best place of a word in any language, as SQL: in this order those that have the word can be read."""


class SearchWord(Base, table=True):
    """A word of the catalogue, folded, and in small letters as it was `written` first.

    `stems` begin with the letter of the language whose stemmer made them; `parts` are the later parts of a long word;
    `trigrams` every three letters of it with two spaces before and one after. `services` and `organizations` say how
    many have the word; a word that nobody has is gone.
    """

    __tablename__: ClassVar[str] = "search_words"
    __table_args__: ClassVar = (
        *(
            Index(
                f"ix_search_words_{name}",
                name,
                postgresql_using="gin",
                postgresql_with={"fastupdate": "off"},  # a search is not to read through what was not sorted in yet
            )
            for name in ("stems", "parts", "trigrams")
        ),
        # Room for a word that is counted anew beside what it was: elsewhere it would have to be indexed again.
        {"postgresql_with": {"fillfactor": 50}},
    )

    id: int | None = Field(default=None, sa_column=Column(Integer, Identity(), primary_key=True))
    word: str = Field(sa_column=Column(Text(collation="C"), nullable=False, unique=True))
    written: str = Field(sa_type=Text)
    stems: list[str] = Field(sa_type=ARRAY(Text))
    parts: list[str] = Field(sa_type=ARRAY(Text))
    trigrams: list[str] = Field(sa_type=ARRAY(Text))
    services: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    organizations: int = Field(default=0, sa_column_kwargs={"server_default": "0"})


class _HasWord(Base):
    """Somebody has a word: its best place (domain/search.py) in each language, 0 where it is not."""

    word_id: int = Field(primary_key=True, foreign_key="search_words.id", sa_type=Integer)
    fi: int = Field(default=0, sa_type=SmallInteger)
    sv: int = Field(default=0, sa_type=SmallInteger)
    en: int = Field(default=0, sa_type=SmallInteger)


def _all_in_indexes(postings: str) -> tuple[Constraint | Index, ...]:
    """One index for who has a word, best first, and one for what somebody has of it; both hold all that is read."""
    places = ["fi", "sv", "en"]
    best = Index(f"ix_{postings}_best", "word_id", text(BEST_PLACE), postgresql_include=["owner_id", *places])
    return PrimaryKeyConstraint("word_id", "owner_id", postgresql_include=places), best


def _owner(table: str) -> Column[UUID]:
    return Column(ForeignKey(f"{table}.id", ondelete="CASCADE"), primary_key=True, index=True)


class ServiceWord(_HasWord, table=True):
    """A service has a word."""

    __tablename__: ClassVar[str] = "service_search_words"
    __table_args__: ClassVar = _all_in_indexes(__tablename__)

    owner_id: UUID = Field(sa_column=_owner("services"))


class OrganizationWord(_HasWord, table=True):
    """An organisation has a word."""

    __tablename__: ClassVar[str] = "organization_search_words"
    __table_args__: ClassVar = _all_in_indexes(__tablename__)

    owner_id: UUID = Field(sa_column=_owner("organizations"))
