"""Words that were looked for and found nothing."""

from datetime import date
from typing import ClassVar

from sqlalchemy import LargeBinary, Text
from sqlmodel import Field

from services.catalog.tables.base import Base


class UnfoundWord(Base, table=True):
    """A word that found nothing in a quarter of a year, by a keyed hash of both.

    `word` is NULL until enough members have looked for it, who are bits of `members` (domain/unfound_words.py) until
    then and nothing afterwards. `last_on`: a day and no moment, so that no log of requests says who it was.
    """

    __tablename__: ClassVar[str] = "unfound_words"

    digest: bytes = Field(primary_key=True, sa_type=LargeBinary)
    word: str | None = Field(default=None, sa_type=Text, index=True)
    members: int
    searches: int
    last_on: date
