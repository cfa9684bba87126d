"""Services over HTTP and the room they have: what changes them, and how they are shown (HSDS 3.1)."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field

from services.catalog.domain.services import LONGEST_EXPIRY, LONGEST_RESPONSE, Obstacle
from services.catalog.domain.target_groups import TARGET_GROUPS
from services.catalog.schemas.attributes import AttributeView
from services.catalog.schemas.details import ServiceDetails, ServiceDetailsView
from services.catalog.schemas.facts import FactsView
from services.catalog.schemas.keywords import Keywords
from services.catalog.schemas.languages import LanguageTags, LanguageView
from services.catalog.schemas.locations import LocationView
from services.catalog.schemas.organizations import OrganizationBrief
from services.catalog.schemas.parts import AliasView, Description, LeftOut, Name, Slug, Translations, each_once
from shared.events.catalog import CapacityStatus, Language, ServiceStatus
from shared.values.email_addresses import EmailAddress
from shared.values.forms import Form, WebAddress, matching
from shared.web.answers import Answer, Maybe, absent
from shared.web.requests import Body


def _known_group(code: str) -> str:
    if code not in TARGET_GROUPS:
        raise ValueError(f"unknown; the target groups are {', '.join(TARGET_GROUPS)}")
    return code


GroupCode = Field(json_schema_extra={"enum": list(TARGET_GROUPS)})
TargetGroup = Annotated[str, matching("[a-z-]{1,50}", "target group; give one such as newcomers", 50)]
TargetGroups = Annotated[
    list[Annotated[str, Form(_known_group, {"enum": list(TARGET_GROUPS)})]],
    Field(max_length=20),
    AfterValidator(each_once),
]
LocationIds = Annotated[list[UUID], Field(max_length=50), AfterValidator(each_once)]


class Capacity(Body):
    """Whether there is room; `available`: how many free places, where they are counted."""

    status: CapacityStatus
    available: int | None = Field(None, ge=0, le=100_000)


ResponseDays = Annotated[int, Field(ge=1, le=LONGEST_RESPONSE, description="Working days; null: the platform's")]
ExpiryDays = Annotated[int, Field(ge=1, le=LONGEST_EXPIRY, description="Working days; null: the platform's")]


class NewService(ServiceDetails):
    """A service to enter; of the caller's own organisation unless `organization_id` says otherwise."""

    organization_id: UUID | None = None
    slug: Slug | None = None
    name: Name
    alternate_name: Name | None = None
    description: Description | None = None
    eligibility_description: Description | None = None
    status: ServiceStatus = "active"
    languages: LanguageTags = Field(default_factory=list)
    target_groups: TargetGroups = Field(default_factory=list)
    keywords: Keywords | None = None
    location_ids: LocationIds = Field(default_factory=list)
    url: WebAddress | None = None
    email: EmailAddress | None = None
    capacity: Capacity = Capacity(status="capacity")
    response_days: ResponseDays | None = None
    urgent_response_days: ResponseDays | None = None
    expiry_days: ExpiryDays | None = None


class ServiceChange(ServiceDetails):
    """What is to change of a service."""

    slug: Slug = LeftOut
    name: Name = LeftOut
    alternate_name: Name | None = None
    description: Description | None = None
    eligibility_description: Description | None = None
    status: ServiceStatus = LeftOut
    languages: LanguageTags = LeftOut
    target_groups: TargetGroups = LeftOut
    keywords: Keywords | None = None
    location_ids: LocationIds = LeftOut
    url: WebAddress | None = None
    email: EmailAddress | None = None
    response_days: ResponseDays | None = None
    urgent_response_days: ResponseDays | None = None
    expiry_days: ExpiryDays | None = None


class CapacityView(Answer):
    """Whether there is room. `available`: free places, where they are counted."""

    status: CapacityStatus
    available: Maybe[int] = absent()
    updated: datetime


class UnitView(Answer):
    """What capacity is counted in (HSDS unit)."""

    id: UUID
    name: str


class CountedCapacity(Answer):
    """Free places (HSDS service_capacity); only where they are counted."""

    id: UUID
    unit: UnitView
    available: int
    updated: datetime


class ServiceAtLocationView(Answer):
    """A service at a location (HSDS service_at_location)."""

    id: UUID
    location: LocationView


class ServiceSummary(Answer):
    """A service as a list shows it (HSDS service). `accepting`: refer here today, or `not_accepting_because`."""

    id: UUID
    slug: str
    organization_id: UUID
    organization: OrganizationBrief
    name: str
    alternate_name: Maybe[str] = absent()
    description: str
    eligibility_description: Maybe[str] = absent()
    status: ServiceStatus
    url: Maybe[str] = absent()
    email: Maybe[str] = absent()
    languages: list[LanguageView]
    capacity: CapacityView
    response_days: Maybe[int] = absent("Working days to answer, where they are not the platform's 2")
    urgent_response_days: Maybe[int] = absent("The same for urgent referrals, where they are not 1")
    expiry_days: Maybe[int] = absent("Working days after which a referral expires, where they are not 10")
    target_groups: list[Annotated[str, GroupCode]] = Field(
        description="Codes of the target groups; with names under `attributes` of the whole service"
    )
    accepting: bool
    not_accepting_because: list[Obstacle]
    facts: Maybe[FactsView] = absent()
    facts_status: Literal["shown", "suppressed", "unknown"] = Field(
        description="suppressed: of fewer than five referrals, none perhaps; unknown: nothing was heard yet"
    )
    last_modified: datetime
    version: int


class ServiceView(ServiceSummary, ServiceDetailsView):
    """A service (HSDS service). `accepting`: refer here today; `not_accepting_because` says why not."""

    capacities: list[CountedCapacity]
    keywords: dict[Language, list[str]] = Field(description="All keywords; those in one language are `attributes` too")
    attributes: list[AttributeView]
    service_at_locations: list[ServiceAtLocationView]
    aliases: list[AliasView]
    translations: Translations
