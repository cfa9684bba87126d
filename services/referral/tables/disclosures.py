"""Who was shown client data, and the seals of that log."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import LargeBinary, Text
from sqlmodel import Field

from services.referral.tables.base import Base, Moment


class Disclosure(Base, table=True):
    """That client data was shown, to whom and why; without a member, to an operator by the command line.

    Rows are only ever added: the service's database role can do nothing else.
    """

    __tablename__ = "disclosures"

    id: UUID = Field(primary_key=True)
    client_id: UUID = Field(index=True)
    referral_id: UUID | None = None
    organization_id: UUID
    member_id: UUID | None = None
    occasion: str = Field(sa_type=Text)
    at: datetime = Field(sa_type=Moment, index=True)


class AuditSeal(Base, table=True):
    """The seal of one day of disclosures (services/referral/domain/seals.py). Rows are only ever added."""

    __tablename__ = "audit_seals"

    day: date = Field(primary_key=True)
    rows: int
    first_id: UUID | None = None
    last_id: UUID | None = None
    digest: bytes = Field(sa_type=LargeBinary)
    previous: bytes = Field(sa_type=LargeBinary)
    seal: bytes = Field(sa_type=LargeBinary)
    sealed_at: datetime = Field(sa_type=Moment)


class AuditCut(Base, table=True):
    """That the disclosures of all days up to `until` were removed, because their time of keeping was over."""

    __tablename__ = "audit_cuts"

    until: date = Field(primary_key=True)
    rows: int
    newest: bytes = Field(sa_type=LargeBinary)
    seal: bytes = Field(sa_type=LargeBinary)
    cut_at: datetime = Field(sa_type=Moment)
