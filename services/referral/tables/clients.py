"""Clients: what is known of them lies sealed, and is found again by keyed hashes."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, SmallInteger, Text, Uuid
from sqlmodel import Field

from services.referral.tables.base import Base, Moment, one_of


class Client(Base, table=True):
    """A client of the source organisation: a person or a company. `details` is sealed under the client's key."""

    __tablename__ = "clients"
    __table_args__: ClassVar = (
        one_of("kind", ("person", "company")),
        one_of("contact_via", ("client", "adviser")),
    )

    id: UUID = Field(primary_key=True)
    organization_id: UUID = Field(index=True)
    kind: str = Field(sa_type=Text)
    language: str = Field(sa_type=Text)
    interpreter: bool
    contact_via: str = Field(sa_type=Text)
    details: bytes = Field(sa_type=LargeBinary)
    created_at: datetime = Field(sa_type=Moment)
    # By which rules its lookups were made: identifiers.FORM, or of a version before that.
    lookups_form: int = Field(default=0, sa_type=SmallInteger)
    # Then nothing about the person is left here, and referrals have no texts.
    erased_at: datetime | None = Field(default=None, sa_type=Moment)


class ClientKey(Base, table=True):
    """A client's key, wrapped by the master key. Destroying the row makes all about the client unreadable."""

    __tablename__ = "client_keys"

    client_id: UUID = Field(primary_key=True, sa_type=Uuid, sa_column_args=[ForeignKey("clients.id")])
    wrapped: bytes = Field(sa_type=LargeBinary)


class ClientLookup(Base, table=True):
    """A keyed hash by which an organisation finds its client again; `field` is one of identifiers.FIELDS."""

    __tablename__ = "client_lookups"
    __table_args__: ClassVar = (Index("ix_client_lookups_digest", "organization_id", "digest"),)

    client_id: UUID = Field(primary_key=True, sa_type=Uuid, sa_column_args=[ForeignKey("clients.id")])
    field: str = Field(primary_key=True, sa_type=Text)
    organization_id: UUID
    digest: bytes = Field(sa_type=LargeBinary)
