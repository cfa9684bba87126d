"""Facts of the other services, copied from their events."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, Integer, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from services.referral.tables.base import Base, Moment, one_of
from shared.consuming.catalog_copy import MemberCopy, OrganizationCopy, ServiceCopy
from shared.events.catalog import Closure


class Organization(Base, OrganizationCopy, table=True):
    """An organisation, copied from the catalogue."""

    @property
    def closed_days(self) -> list[Closure]:
        """The days on which it does not serve."""
        return [Closure.model_validate(each) for each in self.closures]


class Service(Base, ServiceCopy, table=True):
    """A service, copied from the catalogue, with its days to answer and whom it is for."""

    languages: list[str] = Field(default_factory=list, sa_type=ARRAY(Text))
    target_groups: list[str] = Field(default_factory=list, sa_type=ARRAY(Text))
    response_days: int | None = None
    urgent_response_days: int | None = None
    expiry_days: int | None = None


class Member(Base, MemberCopy, table=True):
    """A member of staff, copied from the catalogue."""


class Delivery(Base, table=True):
    """Proof that a notice reached somebody or could not, copied from the notification service.

    Rows are only ever added, one for each state: a delivery that had been given up may have arrived all the same. The
    one with the highest (epoch, sequence) holds.
    """

    __tablename__ = "deliveries"
    __table_args__: ClassVar = (one_of("status", ("delivered", "failed")),)

    id: UUID = Field(primary_key=True)
    epoch: int = Field(primary_key=True, sa_type=Integer)
    sequence: int = Field(primary_key=True, sa_type=BigInteger)
    referral_id: UUID = Field(index=True)
    cause_id: UUID
    channel: str = Field(sa_type=Text)
    organization_id: UUID
    member_id: UUID | None = None
    status: str = Field(sa_type=Text)
    at: datetime = Field(sa_type=Moment)
