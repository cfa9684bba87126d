"""How members want to be told."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, Text
from sqlmodel import Field

from services.notifications.tables.base import Base


class Preference(Base, table=True):
    """What a member has chosen; without a row: mail, in the language of the account."""

    __tablename__ = "preferences"
    __table_args__: ClassVar = (CheckConstraint("language IN ('fi', 'sv', 'en')", name="language"),)

    member_id: UUID = Field(primary_key=True)
    email: bool = True
    language: str | None = Field(default=None, sa_type=Text)
    updated_at: datetime = Field(sa_type=DateTime(timezone=True))
