"""Services and the room they have."""

from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field

from services.catalog.domain.services import LONGEST_EXPIRY, LONGEST_RESPONSE
from services.catalog.domain.target_groups import TARGET_GROUPS
from services.catalog.schemas.parts import Description, Email, LanguageTag, Left, Name, Slug, WebAddress, each_once
from shared.events.catalog import CapacityStatus, ServiceStatus
from shared.web.requests import Body


def _known_group(code: str) -> str:
    if code not in TARGET_GROUPS:
        raise ValueError(f"unknown; the target groups are {', '.join(TARGET_GROUPS)}")
    return code


TargetGroups = Annotated[
    list[Annotated[str, AfterValidator(_known_group)]], Field(max_length=20), AfterValidator(each_once)
]
LanguageTags = Annotated[list[LanguageTag], Field(max_length=50), AfterValidator(each_once)]
LocationIds = Annotated[list[UUID], Field(max_length=50), AfterValidator(each_once)]


class Capacity(Body):
    """Whether there is room; `available`: how many places, where they are counted."""

    status: CapacityStatus
    available: int | None = Field(None, ge=0, le=100_000)


ResponseDays = Annotated[int, Field(ge=1, le=LONGEST_RESPONSE, description="Working days; null: the platform's")]
ExpiryDays = Annotated[int, Field(ge=1, le=LONGEST_EXPIRY, description="Working days; null: the platform's")]


class NewService(Body):
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
    location_ids: LocationIds = Field(default_factory=list)
    url: WebAddress | None = None
    email: Email | None = None
    capacity: Capacity = Capacity(status="capacity")
    response_days: ResponseDays | None = None
    urgent_response_days: ResponseDays | None = None
    expiry_days: ExpiryDays | None = None


class ServiceChange(Body):
    """What is to change of a service."""

    slug: Slug = Left
    name: Name = Left
    alternate_name: Name | None = None
    description: Description | None = None
    eligibility_description: Description | None = None
    status: ServiceStatus = Left
    languages: LanguageTags = Left
    target_groups: TargetGroups = Left
    location_ids: LocationIds = Left
    url: WebAddress | None = None
    email: Email | None = None
    response_days: ResponseDays | None = None
    urgent_response_days: ResponseDays | None = None
    expiry_days: ExpiryDays | None = None
