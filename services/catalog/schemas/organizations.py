"""Organisations, their closures and locations."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from services.catalog.domain.organizations import LocationType, OrganizationType
from services.catalog.schemas.parts import Day, Description, Email, Left, Name, Slug, Text, WebAddress, _OneLine
from shared.web.requests import Body


class NewOrganization(Body):
    """An organisation to enter. Without `slug` one is made of the name."""

    slug: Slug | None = None
    organization_type: OrganizationType = "other"
    name: Name
    alternate_name: Name | None = None
    description: Description
    parent_organization_id: UUID | None = None
    email: Email | None = Field(None, description="The desk's address: told of referrals beside the desk's members")
    website: WebAddress | None = None


class OrganizationChange(Body):
    """What is to change of an organisation. Its former name, and slug, live on as an alias."""

    slug: Slug = Left
    organization_type: OrganizationType = Left
    name: Name = Left
    alternate_name: Name | None = None
    description: Description = Left
    parent_organization_id: UUID | None = None
    email: Email | None = None
    website: WebAddress | None = None
    active: bool = Left


class NewClosure(Body):
    """Days without service, both ends included."""

    starts_on: Day
    ends_on: Day
    note: Name | None = None


class Closures(Body):
    """All closures of an organisation, instead of those it had. A bare list is taken, too."""

    closures: list[NewClosure] = Field(max_length=100)

    @model_validator(mode="before")
    @classmethod
    def _bare_list(cls, value: Any) -> Any:
        return {"closures": value} if isinstance(value, list) else value


class NewLocation(Body):
    """A place. With `id` one that the organisation has already is kept, and changed to this."""

    id: UUID | None = None
    location_type: LocationType = "physical"
    name: Name
    description: Description | None = None
    url: WebAddress | None = None
    address_1: Text | None = None
    postal_code: Annotated[str, StringConstraints(min_length=1, max_length=20), _OneLine] | None = None
    city: Text | None = None


class Locations(Body):
    """All places of an organisation, instead of those it had."""

    locations: list[NewLocation] = Field(max_length=50)
