"""Organisations over HTTP and their closures: what changes them, and how they are shown (HSDS 3.1)."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import Field, model_validator

from services.catalog.schemas.locations import LocationView
from services.catalog.schemas.parts import AliasView, Description, LeftOut, Name, Slug, Translations
from shared.events.catalog import OrganizationType
from shared.values.days import Day
from shared.values.email_addresses import EmailAddress
from shared.values.forms import WebAddress
from shared.web.answers import Answer, Maybe, absent
from shared.web.requests import Body


class NewOrganization(Body):
    """An organisation to enter. Without `slug` one is made of the name."""

    slug: Slug | None = None
    organization_type: OrganizationType = "other"
    name: Name
    alternate_name: Name | None = None
    description: Description
    parent_organization_id: UUID | None = None
    email: EmailAddress | None = Field(
        None, description="The desk's address: notified of referrals beside the desk's members"
    )
    website: WebAddress | None = None


class OrganizationChange(Body):
    """What is to change of an organisation. Its former name, and slug, live on as an alias."""

    slug: Slug = LeftOut
    organization_type: OrganizationType = LeftOut
    name: Name = LeftOut
    alternate_name: Name | None = None
    description: Description = LeftOut
    parent_organization_id: UUID | None = None
    email: EmailAddress | None = None
    website: WebAddress | None = None
    active: bool = LeftOut


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


class ClosureView(Answer):
    """Days without service, both ends included."""

    starts_on: date
    ends_on: date
    note: Maybe[str] = absent()
    translations: Translations


class OrganizationBrief(Answer):
    """The organisation of a service (HSDS organization)."""

    id: UUID
    slug: str
    name: str
    description: str


class OrganizationView(OrganizationBrief):
    """An organisation (HSDS organization) with its former names, closures and locations."""

    alternate_name: Maybe[str] = absent()
    organization_type: OrganizationType
    email: Maybe[str] = absent()
    website: Maybe[str] = absent()
    parent_organization_id: Maybe[UUID] = absent()
    active: bool
    closed_today: bool
    closures: list[ClosureView]
    aliases: list[AliasView]
    locations: list[LocationView]
    translations: Translations
    last_modified: datetime
    version: int
