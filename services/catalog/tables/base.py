"""What the tables of the catalogue have in common. Texts in three languages are objects with keys fi, sv, en."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, DateTime, ForeignKey, func

from shared.database.rows import Record
from shared.database.tables import new_registry

Texts = dict[str, str]
"""A text by language: fi, sv, en, those in which there is one."""


Words = dict[str, list[str]]
"""Lists of words by language: fi, sv, en, those in which there are some."""


class Base(Record, registry=new_registry()):
    """Base of this service's tables."""


def one_of(column: str, allowed: tuple[str, ...]) -> CheckConstraint:
    """That the column holds one of the values."""
    listed = ", ".join(f"'{each}'" for each in allowed)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


def moment() -> Column[datetime]:
    """A column with a time; the time of the insertion unless a row has its own."""
    return Column(DateTime(timezone=True), server_default=func.now(), nullable=False)


def organization_key() -> Column[UUID]:
    """A column with the id of the organisation to which a row belongs."""
    return Column(ForeignKey("organizations.id"), nullable=False, index=True)
