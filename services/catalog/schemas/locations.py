"""Locations over HTTP, and how to get there: what changes them, and how they are shown (HSDS location)."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from services.catalog.schemas.parts import Description, Name, NeededDescription, Text, Translations
from shared.events.catalog import LocationType
from shared.values.forms import WebAddress
from shared.values.texts import name_of
from shared.web.answers import Answer, Maybe, absent
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
    postal_code: Annotated[str, name_of(20)] | None = None
    city: Text | None = None
    transportation: Description | None = Field(None, description="How to get there")
    accessibility: list[NewAccessibility] = Field(
        default_factory=list, max_length=20, description="What helps people with disabilities to get in and around"
    )


class Locations(Body):
    """All locations of an organisation, instead of those it had."""

    locations: list[NewLocation] = Field(max_length=50)


class AccessibilityView(Answer):
    """What helps people with disabilities (HSDS accessibility)."""

    id: UUID
    description: str
    url: Maybe[str] = absent()
    translations: Translations


class Address(Answer):
    """A street address (HSDS address)."""

    id: UUID
    address_1: str
    city: str
    state_province: str
    postal_code: str
    country: str
    address_type: LocationType


class LocationView(Answer):
    """A location (HSDS location). `addresses` is empty while the street address is not known."""

    id: UUID
    location_type: LocationType
    name: str
    description: Maybe[str] = absent()
    url: Maybe[str] = absent()
    city: Maybe[str] = absent()
    addresses: list[Address]
    transportation: Maybe[str] = absent()
    accessibility: list[AccessibilityView]
    translations: Translations
