"""The identity providers of organisations, and whom they know."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import DateTime, LargeBinary, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.portal.tables.base import Base


class Provider(Base, table=True):
    """The identity provider of an organisation. Its members sign in with it once it is `in_use`, and no other way.

    It may be taken into use when somebody has come through it as it is now: `tested_at`. `last_test` says what came of
    the last test. `vouches`: the organisation says that its provider asks for two factors, whatever the tokens say.
    """

    __tablename__ = "providers"

    organization_id: UUID = Field(primary_key=True)
    issuer: str = Field(sa_type=Text)
    client_id: str = Field(sa_type=Text)
    sealed_secret: bytes | None = Field(default=None, sa_type=LargeBinary)
    vouches: bool = False
    in_use: bool = False
    tested_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    last_test: dict[str, Any] | None = Field(default=None, sa_type=JSONB)
    version: int = 1
    changed_at: datetime = Field(sa_type=DateTime(timezone=True))
    changed_by: UUID


class LinkedIdentity(Base, table=True):
    """Which member somebody is to the provider of the member's organisation; found once, by a mail to the member."""

    __tablename__ = "identities"
    __table_args__: ClassVar = (UniqueConstraint("member_id", "issuer", name="uq_identities_member_id"),)

    organization_id: UUID = Field(primary_key=True)
    issuer: str = Field(primary_key=True, sa_type=Text)
    subject: str = Field(primary_key=True, sa_type=Text)
    member_id: UUID
    linked_at: datetime = Field(sa_type=DateTime(timezone=True))
