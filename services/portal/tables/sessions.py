"""Who is signed in."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, Index, LargeBinary, Text
from sqlmodel import Field

from services.portal.tables.base import Base
from shared.ids import new_id


class Session(Base, table=True):
    """A browser in which a member is signed in. `secret_digest` stands for what the browser's cookie holds.

    `method` is the way by which the member signed in, and `device` what the browser calls itself. `proved_at` is when
    the person last showed a second factor or a passkey in it. `sealed_way_out` is what it takes to sign out at the
    organisation's provider; it opens with the browser's secret alone.
    """

    __tablename__ = "sessions"
    __table_args__: ClassVar = (
        CheckConstraint("language IN ('fi', 'sv', 'en')", name="language"),
        Index("ix_sessions_member_id", "member_id"),
        Index("ix_sessions_last_seen_at", "last_seen_at"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    secret_digest: bytes = Field(sa_type=LargeBinary, unique=True)
    member_id: UUID
    method: str = Field(sa_type=Text)
    device: str = Field(default="", sa_type=Text)
    language: str | None = Field(default=None, sa_type=Text)
    created_at: datetime = Field(sa_type=DateTime(timezone=True))
    last_seen_at: datetime = Field(sa_type=DateTime(timezone=True))
    ended_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    proved_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    sealed_way_out: bytes | None = Field(default=None, sa_type=LargeBinary)


class KeptForm(Base, table=True):
    """What a member was sending when the session had ended: sealed, under a key that only the browser has."""

    __tablename__ = "kept_forms"
    __table_args__: ClassVar = (Index("ix_kept_forms_kept_at", "kept_at"),)

    secret_digest: bytes = Field(sa_type=LargeBinary, primary_key=True)
    member_id: UUID
    sealed: bytes = Field(sa_type=LargeBinary)
    kept_at: datetime = Field(sa_type=DateTime(timezone=True))
