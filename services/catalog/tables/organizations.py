"""Organisations, and what belongs to one: former names, closures, locations."""

from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.catalog.domain.organizations import LOCATION_TYPES, ORGANIZATION_TYPES
from services.catalog.tables.base import Base, Texts, moment, one_of, organization_key
from services.catalog.tables.details import Entries


class Organization(Base, table=True):
    """An organisation. `email` is its desk address; `alternate_name` a short or everyday name.

    `sort_keys` are made of the name (`domain/names.py`), and written with it.
    """

    __tablename__: ClassVar[str] = "organizations"
    __table_args__: ClassVar = (one_of("organization_type", ORGANIZATION_TYPES),)

    id: UUID = Field(primary_key=True)
    slug: str = Field(sa_type=Text, unique=True)
    version: int = 1
    organization_type: str = Field(sa_type=Text)
    name: Texts = Field(sa_type=JSONB)
    sort_keys: Texts = Field(sa_type=JSONB)
    alternate_name: Texts = Field(default_factory=dict, sa_type=JSONB)
    description: Texts = Field(sa_type=JSONB)
    parent_organization_id: UUID | None = Field(default=None, foreign_key="organizations.id")
    email: str | None = Field(default=None, sa_type=Text)
    website: str | None = Field(default=None, sa_type=Text)
    active: bool = True
    created_at: datetime | None = Field(default=None, sa_column=moment())
    updated_at: datetime | None = Field(default=None, sa_column=moment())


class OrganizationAlias(Base, table=True):
    """A name, and perhaps a slug, that an organisation had before. `valid_until` is the last day of it."""

    __tablename__: ClassVar[str] = "organization_aliases"

    id: UUID = Field(primary_key=True)
    organization_id: UUID = Field(sa_column=organization_key())
    name: Texts = Field(sa_type=JSONB)
    slug: str | None = Field(default=None, sa_type=Text, index=True)
    valid_from: date | None = None
    valid_until: date


class Closure(Base, table=True):
    """Days on which an organisation does not serve, both ends included."""

    __tablename__: ClassVar[str] = "closures"
    __table_args__: ClassVar = (CheckConstraint("ends_on >= starts_on", name="order"),)

    id: UUID = Field(primary_key=True)
    organization_id: UUID = Field(sa_column=organization_key())
    starts_on: date
    ends_on: date
    note: Texts = Field(default_factory=dict, sa_type=JSONB)


class Location(Base, table=True):
    """Where an organisation serves. `url` is the address of a virtual location.

    `transportation` says how to get there, `accessibility` what helps people with disabilities (NULL: nobody has said).
    """

    __tablename__: ClassVar[str] = "locations"
    __table_args__: ClassVar = (one_of("location_type", LOCATION_TYPES),)

    id: UUID = Field(primary_key=True)
    organization_id: UUID = Field(sa_column=organization_key())
    location_type: str = Field(sa_type=Text)
    name: Texts = Field(sa_type=JSONB)
    description: Texts = Field(default_factory=dict, sa_type=JSONB)
    url: str | None = Field(default=None, sa_type=Text)
    address_1: str | None = Field(default=None, sa_type=Text)
    postal_code: str | None = Field(default=None, sa_type=Text)
    city: str | None = Field(default=None, sa_type=Text)
    transportation: Texts | None = Field(default=None, sa_type=JSONB)
    accessibility: Entries | None = Field(default=None, sa_type=JSONB)
