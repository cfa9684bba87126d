"""Which statistics of each service were published last."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, LargeBinary
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.referral.tables.base import Base, Moment


class PublishedStatistics(Base, table=True):
    """The statistics of a service that were published last, as a `digest` (SHA-256); `sequence` counts the events.

    `behind` is what lay behind the figures (`domain.publication.Published`), empty where an older version published
    them; `looked_on` is the last day on which they were looked at.
    """

    __tablename__ = "told_facts"

    service_id: UUID = Field(primary_key=True)
    sequence: int = Field(sa_type=BigInteger)
    digest: bytes = Field(sa_type=LargeBinary)
    told_at: datetime = Field(sa_type=Moment)
    behind: dict[str, Any] = Field(default_factory=dict, sa_type=JSONB)
    looked_on: date | None = None
