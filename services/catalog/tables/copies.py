"""The copy of what the referral service publishes about services."""

from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.catalog.tables.base import Base
from shared.consuming.copies import Copied


class ServiceFacts(Base, Copied, table=True):
    """Statistics of the service `id`, copied from the referral service; `facts` as its event has them."""

    __tablename__: ClassVar[str] = "service_facts"

    id: UUID = Field(primary_key=True)
    facts: dict[str, Any] = Field(sa_type=JSONB)
