"""Which statistics of each service were published last."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, LargeBinary
from sqlmodel import Field

from services.referral.tables.base import Base, Moment


class PublishedStatistics(Base, table=True):
    """The statistics of a service that were published last, as a `digest` (SHA-256); `sequence` counts the events."""

    __tablename__ = "told_facts"

    service_id: UUID = Field(primary_key=True)
    sequence: int = Field(sa_type=BigInteger)
    digest: bytes = Field(sa_type=LargeBinary)
    told_at: datetime = Field(sa_type=Moment)
