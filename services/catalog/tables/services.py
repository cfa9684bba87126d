"""Services, their former names, and where they are given."""

from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field

from services.catalog.domain.services import CAPACITY_STATUSES, SERVICE_STATUSES
from services.catalog.domain.texts import LANGUAGES
from services.catalog.tables.base import Base, Texts, moment, one_of, organization_key
from services.catalog.tables.details import ServiceDetails


class Service(Base, ServiceDetails, table=True):
    """A service. `languages` are BCP 47 tags, `target_groups` codes of domain/target_groups.py."""

    __tablename__: ClassVar[str] = "services"
    __table_args__: ClassVar = (
        one_of("status", SERVICE_STATUSES),
        one_of("capacity", CAPACITY_STATUSES),
        CheckConstraint("available >= 0", name="available"),
        CheckConstraint("minimum_age >= 0 AND maximum_age >= 0 AND minimum_age <= maximum_age", name="ages"),
        CheckConstraint("typical_wait_days >= 0", name="wait"),
        CheckConstraint("response_days > 0 AND urgent_response_days > 0 AND expiry_days > 0", name="days"),
        # In the order of "C", as the migration has it: what Alembic reads back of an index says no collation.
        *(Index(f"ix_services_name_{each}", text(f"(sort_keys ->> '{each}')"), "id") for each in LANGUAGES),
    )

    id: UUID = Field(primary_key=True)
    slug: str = Field(sa_type=Text, unique=True)
    version: int = 1
    organization_id: UUID = Field(sa_column=organization_key())
    name: Texts = Field(sa_type=JSONB)
    sort_keys: Texts = Field(sa_type=JSONB)
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
    capacity_updated_at: datetime | None = Field(default=None, sa_column=moment())
    created_at: datetime | None = Field(default=None, sa_column=moment())
    updated_at: datetime | None = Field(default=None, sa_column=moment())


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
