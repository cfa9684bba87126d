"""Locations over HTTP, and how to get there: what changes them, and how they are shown (HSDS location)."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from services.catalog.domain.organizations import LocationType
from services.catalog.schemas.parts import (
    Description,
    Name,
    NeededDescription,
    OneLine,
    Text,
    Translations,
    WebAddress,
)
from shared.web.requests import Body


class NewAccessibility(Body):
    """What helps people with disabilities, such as a lift; `url` leads to a page that says more."""

    description: NeededDescription
    url: WebAddress | None = None


class NewLocation(Body):
    """A location. With the `id` of one that the organisation has, that one is kept, and changed to this."""

    id: UUID | None = None
    location_type: LocationType = "physical"
    name: Name
    description: Description | None = None
    url: WebAddress | None = None
    address_1: Text | None = None
    postal_code: Annotated[str, StringConstraints(min_length=1, max_length=20), OneLine] | None = None
    city: Text | None = None
    transportation: Description | None = Field(None, description="How to get there")
    accessibility: list[NewAccessibility] = Field(
        default_factory=list, max_length=20, description="What helps people with disabilities to get in and around"
    )


class Locations(Body):
    """All locations of an organisation, instead of those it had."""

    locations: list[NewLocation] = Field(max_length=50)


class AccessibilityView(BaseModel):
    """What helps people with disabilities (HSDS accessibility)."""

    id: UUID
    description: str
    url: str | None = None
    translations: Translations


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
    """A location (HSDS location). `addresses` is empty while the street address is not known."""

    id: UUID
    location_type: str
    name: str
    description: str | None
    url: str | None
    city: str | None
    addresses: list[Address]
    transportation: str | None
    accessibility: list[AccessibilityView]
    translations: Translations
