"""Members of staff."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from services.catalog.domain.members import ROLES
from services.catalog.tables.base import Base, moment, organization_key


class Member(Base, table=True):
    """A member of staff in one organisation. Somebody who works in two has a row for each."""

    __tablename__: ClassVar[str] = "members"
    __table_args__: ClassVar = (
        CheckConstraint("roles <@ ARRAY[{}]".format(", ".join(f"'{role}'" for role in ROLES)), name="roles"),
        CheckConstraint("language IN ('fi', 'sv', 'en')", name="language"),
        CheckConstraint("deputy_id <> id", name="deputy"),
        Index("uq_members_organization_id_email", "organization_id", text("lower(email)"), unique=True),
        Index("ix_members_email", text("lower(email)")),
    )

    id: UUID = Field(primary_key=True)
    organization_id: UUID = Field(sa_column=organization_key())
    email: str = Field(sa_type=Text)
    language: str = Field(sa_type=Text)
    roles: list[str] = Field(sa_type=ARRAY(Text))
    active: bool = True
    deputy_id: UUID | None = Field(default=None, foreign_key="members.id")
    version: int = 1
    created_at: datetime | None = Field(default=None, sa_column=moment())
