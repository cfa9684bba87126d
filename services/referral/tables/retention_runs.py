"""When retention has run."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.referral.tables.base import Base, Moment
from shared.ids import new_id


class FinishedRetention(Base, table=True):
    """A run of retention that came to its end; `removed` is how many rows it took away, by register."""

    __tablename__ = "retention_runs"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    started_at: datetime = Field(sa_type=Moment)
    ended_at: datetime = Field(sa_type=Moment)
    removed: dict[str, int] = Field(sa_type=JSONB)
