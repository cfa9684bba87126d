"""What is kept so that a repeated request does nothing twice."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import DateTime, LargeBinary
from sqlmodel import Field

from services.catalog.tables.base import Base


class IdempotencyKey(Base, table=True):
    """A key a member has used for a request, as a keyed hash, and the sealed answer."""

    __tablename__: ClassVar[str] = "idempotency_keys"

    member_id: UUID = Field(primary_key=True)
    key_digest: bytes = Field(primary_key=True, sa_type=LargeBinary)
    request_digest: bytes = Field(sa_type=LargeBinary)
    answer: bytes | None = Field(default=None, sa_type=LargeBinary)
    created_at: datetime = Field(sa_type=DateTime(timezone=True), index=True)
