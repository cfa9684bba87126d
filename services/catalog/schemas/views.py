"""How organisations, services and members look from outside: HSDS 3.1 field names, and what Luotsi adds.

A field without a value is left out of the answer, as HSDS has it.
"""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from shared.events.catalog import Language

Translations = dict[Language, dict[str, str]]


class Address(BaseModel):
    """A street address (HSDS address)."""

    id: UUID
    address_1: str
    city: str
    state_province: str
    postal_code: str
    country: str
    address_type: str


class LocationView(BaseModel):
    """A place (HSDS location). `addresses` is empty while the street address is not known."""

    id: UUID
    location_type: str
    name: str
    description: str | None
    url: str | None
    city: str | None
    addresses: list[Address]
    translations: Translations


class AliasView(BaseModel):
    """A former name; `valid_until` is the last day it was in use."""

    name: str
    slug: str | None
    valid_from: date | None
    valid_until: date
    translations: Translations


class ClosureView(BaseModel):
    """Days without service, both ends included."""

    starts_on: date
    ends_on: date
    note: str | None
    translations: Translations


class OrganizationBrief(BaseModel):
    """The organisation of a service (HSDS organization)."""

    id: UUID
    slug: str
    name: str
    description: str


class OrganizationView(OrganizationBrief):
    """An organisation (HSDS organization) with its former names, closures and places."""

    alternate_name: str | None
    organization_type: str
    email: str | None
    website: str | None
    parent_organization_id: UUID | None
    active: bool
    closed_today: bool
    closures: list[ClosureView]
    aliases: list[AliasView]
    locations: list[LocationView]
    translations: Translations
    last_modified: datetime
    version: int


class LanguageView(BaseModel):
    """A language in which a service is given (HSDS language)."""

    id: UUID
    code: str
    name: str


class CapacityView(BaseModel):
    """Whether there is room. `available`: free places, where they are counted."""

    status: str
    available: int | None
    updated: datetime


class UnitView(BaseModel):
    """What capacity is counted in (HSDS unit)."""

    id: UUID
    name: str


class CountedCapacity(BaseModel):
    """Free places (HSDS service_capacity); only where they are counted."""

    id: UUID
    unit: UnitView
    available: int
    updated: datetime


class TermView(BaseModel):
    """A target group (HSDS taxonomy_term)."""

    id: UUID
    code: str
    name: str
    description: str
    taxonomy: str


class AttributeView(BaseModel):
    """Whom a service is for (HSDS attribute)."""

    id: UUID
    link_type: str
    label: str
    taxonomy_term: TermView


class ServiceAtLocationView(BaseModel):
    """A service at a place (HSDS service_at_location)."""

    id: UUID
    location: LocationView


class DeclineReasonView(BaseModel):
    """How many referrals were declined for one reason; `other` also holds those that were too rare to be told."""

    code: str
    referrals: int


class FactsView(BaseModel):
    """How the network fares with a service; a figure that would rest on fewer than five referrals is left out."""

    window_days: int = Field(description="Referrals sent in so many days up to `as_of`, and those still open")
    referrals: int
    acceptance_rate: float | None = Field(description="Accepted of answered, from 0 to 1")
    median_working_hours_to_answer: float | None = Field(description="A working day has 24")
    decline_reasons: list[DeclineReasonView]
    open: int
    overdue: int = Field(description="Of the open ones, those whose answer is late")
    as_of: datetime = Field(description="When the figures became what they are")


class ServiceView(BaseModel):
    """A service (HSDS service). `accepting`: refer here today; `not_accepting_because` says why not."""

    id: UUID
    slug: str
    organization_id: UUID
    organization: OrganizationBrief
    name: str
    alternate_name: str | None
    description: str
    eligibility_description: str | None
    status: str
    url: str | None
    email: str | None
    languages: list[LanguageView]
    capacity: CapacityView
    capacities: list[CountedCapacity]
    response_days: int | None = Field(description="Working days to answer, where they are not the platform's 2")
    urgent_response_days: int | None = Field(description="The same for urgent referrals, where they are not 1")
    expiry_days: int | None = Field(description="Working days after which a referral expires, where they are not 10")
    target_groups: list[str] = Field(description="Codes of the target groups; with names under `attributes`")
    attributes: list[AttributeView]
    service_at_locations: list[ServiceAtLocationView]
    aliases: list[AliasView]
    accepting: bool
    not_accepting_because: list[str]
    facts: FactsView | None
    facts_status: Literal["shown", "suppressed", "unknown"] = Field(
        description="suppressed: of fewer than five referrals, none perhaps; unknown: nothing was heard yet"
    )
    translations: Translations
    last_modified: datetime
    version: int


class MemberView(BaseModel):
    """A member of staff, as its organisation sees it."""

    id: UUID
    organization_id: UUID
    email: str
    language: str
    roles: list[str]
    active: bool
    deputy_id: UUID | None
    created_at: datetime
    version: int
