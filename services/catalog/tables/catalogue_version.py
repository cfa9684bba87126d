"""Which state the catalogue is in."""

from typing import ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint
from sqlmodel import Field

from services.catalog.tables.base import Base


class CatalogueVersion(Base, table=True):
    """One row. A change of what decides which services there are, and what they offer, gives it another `version`.

    Triggers do so, at the very end of the transaction that changes something: who sees the change sees the version too.
    Should the row be gone, the next change makes it again.
    """

    __tablename__: ClassVar[str] = "catalogue_version"
    __table_args__: ClassVar = (CheckConstraint("only_one", name="only_one"),)

    only_one: bool = Field(default=True, primary_key=True)
    version: UUID
