"""What was told of services."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, LargeBinary
from sqlmodel import Field

from services.referral.tables.base import Base, Moment


class ToldFacts(Base, table=True):
    """What was told last of a service's facts: `digest` is of all that was told, `sequence` counts the tellings."""

    __tablename__ = "told_facts"

    service_id: UUID = Field(primary_key=True)
    sequence: int = Field(sa_type=BigInteger)
    digest: bytes = Field(sa_type=LargeBinary)
    told_at: datetime = Field(sa_type=Moment)
