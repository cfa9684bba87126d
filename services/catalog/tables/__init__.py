"""The catalogue's tables, and a copy of facts of services. Texts in three languages: objects with keys fi, sv, en."""

from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, DateTime, ForeignKey, Index, Text, func, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSVECTOR
from sqlmodel import Field, SQLModel

from services.catalog.domain.rules import CAPACITY_STATUSES, LOCATION_TYPES, ORGANIZATION_TYPES, ROLES, SERVICE_STATUSES
from shared.consuming.copies import Copied
from shared.database.tables import new_registry

Texts = dict[str, str]


def _one_of(column: str, allowed: tuple[str, ...]) -> CheckConstraint:
    listed = ", ".join(f"'{each}'" for each in allowed)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


def _moment() -> Column[datetime]:
    return Column(DateTime(timezone=True), server_default=func.now(), nullable=False)


def _owner() -> Column[UUID]:
    return Column(ForeignKey("organizations.id"), nullable=False, index=True)


class Base(SQLModel, registry=new_registry()):
    """Base of the tables below: a metadata of the catalogue's own."""


class Organization(Base, table=True):
    """An organisation. `email` is its desk address; `alternate_name` a short or everyday name."""

    __tablename__: ClassVar[str] = "organizations"
    __table_args__: ClassVar = (_one_of("organization_type", ORGANIZATION_TYPES),)

    id: UUID = Field(primary_key=True)
    slug: str = Field(sa_type=Text, unique=True)
    version: int = 1
    organization_type: str = Field(sa_type=Text)
    name: Texts = Field(sa_type=JSONB)
    alternate_name: Texts = Field(default_factory=dict, sa_type=JSONB)
    description: Texts = Field(sa_type=JSONB)
    parent_organization_id: UUID | None = Field(default=None, foreign_key="organizations.id")
    email: str | None = Field(default=None, sa_type=Text)
    website: str | None = Field(default=None, sa_type=Text)
    active: bool = True
    created_at: datetime | None = Field(default=None, sa_column=_moment())
    updated_at: datetime | None = Field(default=None, sa_column=_moment())


class OrganizationAlias(Base, table=True):
    """A name, and perhaps a slug, that an organisation had before. `valid_until` is the last day of it."""

    __tablename__: ClassVar[str] = "organization_aliases"

    id: UUID = Field(primary_key=True)
    organization_id: UUID = Field(sa_column=_owner())
    name: Texts = Field(sa_type=JSONB)
    slug: str | None = Field(default=None, sa_type=Text, index=True)
    valid_from: date | None = None
    valid_until: date


class Closure(Base, table=True):
    """Days on which an organisation does not serve, both ends included."""

    __tablename__: ClassVar[str] = "closures"
    __table_args__: ClassVar = (CheckConstraint("ends_on >= starts_on", name="order"),)

    id: UUID = Field(primary_key=True)
    organization_id: UUID = Field(sa_column=_owner())
    starts_on: date
    ends_on: date
    note: Texts = Field(default_factory=dict, sa_type=JSONB)


class Location(Base, table=True):
    """A place where an organisation serves; `url` where it is a virtual one."""

    __tablename__: ClassVar[str] = "locations"
    __table_args__: ClassVar = (_one_of("location_type", LOCATION_TYPES),)

    id: UUID = Field(primary_key=True)
    organization_id: UUID = Field(sa_column=_owner())
    location_type: str = Field(sa_type=Text)
    name: Texts = Field(sa_type=JSONB)
    description: Texts = Field(default_factory=dict, sa_type=JSONB)
    url: str | None = Field(default=None, sa_type=Text)
    address_1: str | None = Field(default=None, sa_type=Text)
    postal_code: str | None = Field(default=None, sa_type=Text)
    city: str | None = Field(default=None, sa_type=Text)


class Service(Base, table=True):
    """A service. `languages` are BCP 47 tags, `target_groups` codes of `target_groups.py`."""

    __tablename__: ClassVar[str] = "services"
    __table_args__: ClassVar = (
        _one_of("status", SERVICE_STATUSES),
        _one_of("capacity", CAPACITY_STATUSES),
        CheckConstraint("available >= 0", name="available"),
        CheckConstraint("response_days > 0 AND urgent_response_days > 0 AND expiry_days > 0", name="days"),
    )

    id: UUID = Field(primary_key=True)
    slug: str = Field(sa_type=Text, unique=True)
    version: int = 1
    organization_id: UUID = Field(sa_column=_owner())
    name: Texts = Field(sa_type=JSONB)
    alternate_name: Texts = Field(default_factory=dict, sa_type=JSONB)
    description: Texts = Field(sa_type=JSONB)
    eligibility_description: Texts = Field(default_factory=dict, sa_type=JSONB)
    status: str = Field(default="active", sa_type=Text)
    languages: list[str] = Field(default_factory=list, sa_type=ARRAY(Text))
    target_groups: list[str] = Field(default_factory=list, sa_type=ARRAY(Text))
    url: str | None = Field(default=None, sa_type=Text)
    email: str | None = Field(default=None, sa_type=Text)
    capacity: str = Field(default="capacity", sa_type=Text)
    available: int | None = None
    response_days: int | None = None
    urgent_response_days: int | None = None
    expiry_days: int | None = None
    capacity_updated_at: datetime | None = Field(default=None, sa_column=_moment())
    created_at: datetime | None = Field(default=None, sa_column=_moment())
    updated_at: datetime | None = Field(default=None, sa_column=_moment())


class ServiceAlias(Base, table=True):
    """A name, and perhaps a slug, that a service had before. `valid_until` is the last day of it."""

    __tablename__: ClassVar[str] = "service_aliases"

    id: UUID = Field(primary_key=True)
    service_id: UUID = Field(foreign_key="services.id", index=True)
    name: Texts = Field(sa_type=JSONB)
    slug: str | None = Field(default=None, sa_type=Text, index=True)
    valid_from: date | None = None
    valid_until: date


class ServiceAtLocation(Base, table=True):
    """A service is given at a location."""

    __tablename__: ClassVar[str] = "service_at_locations"

    id: UUID = Field(primary_key=True)
    service_id: UUID = Field(foreign_key="services.id", index=True)
    location_id: UUID = Field(foreign_key="locations.id", index=True)


class Member(Base, table=True):
    """A member of staff in one organisation. Somebody who works in two has a row for each."""

    __tablename__: ClassVar[str] = "members"
    __table_args__: ClassVar = (
        CheckConstraint("roles <@ ARRAY[{}]".format(", ".join(f"'{role}'" for role in ROLES)), name="roles"),
        CheckConstraint("language IN ('fi', 'sv', 'en')", name="language"),
        CheckConstraint("deputy_id <> id", name="deputy"),
        Index("uq_members_organization_id_email", "organization_id", text("lower(email)"), unique=True),
        Index("ix_members_email", text("lower(email)")),
    )

    id: UUID = Field(primary_key=True)
    organization_id: UUID = Field(sa_column=_owner())
    email: str = Field(sa_type=Text)
    language: str = Field(sa_type=Text)
    roles: list[str] = Field(sa_type=ARRAY(Text))
    active: bool = True
    deputy_id: UUID | None = Field(default=None, foreign_key="members.id")
    version: int = 1
    created_at: datetime | None = Field(default=None, sa_column=_moment())


class ServiceFacts(Base, Copied, table=True):
    """What the network has learnt of a service (`id`), copied from the referral service; `facts` as they were told."""

    __tablename__: ClassVar[str] = "service_facts"

    id: UUID = Field(primary_key=True)
    facts: dict[str, Any] = Field(sa_type=JSONB)


class ServiceWords(Base, table=True):
    """By which words a service is found."""

    __tablename__: ClassVar[str] = "service_words"
    __table_args__: ClassVar = (Index("ix_service_words_words", "words", postgresql_using="gin"),)

    service_id: UUID = Field(sa_column=Column(ForeignKey("services.id", ondelete="CASCADE"), primary_key=True))
    words: str = Field(sa_column=Column(TSVECTOR, nullable=False))


class OrganizationWords(Base, table=True):
    """By which words an organisation is found."""

    __tablename__: ClassVar[str] = "organization_words"
    __table_args__: ClassVar = (Index("ix_organization_words_words", "words", postgresql_using="gin"),)

    organization_id: UUID = Field(
        sa_column=Column(ForeignKey("organizations.id", ondelete="CASCADE"), primary_key=True)
    )
    words: str = Field(sa_column=Column(TSVECTOR, nullable=False))


__all__ = [
    "Base",
    "Closure",
    "Location",
    "Member",
    "Organization",
    "OrganizationAlias",
    "OrganizationWords",
    "Service",
    "ServiceAlias",
    "ServiceAtLocation",
    "ServiceFacts",
    "ServiceWords",
    "Texts",
]
