"""The copy of what the referral service tells of services."""

from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.catalog.tables.base import Base
from shared.consuming.copies import Copied


class ServiceFacts(Base, Copied, table=True):
    """How the network fares with a service (`id`), copied from the referral service; `facts` as they were published."""

    __tablename__: ClassVar[str] = "service_facts"

    id: UUID = Field(primary_key=True)
    facts: dict[str, Any] = Field(sa_type=JSONB)
