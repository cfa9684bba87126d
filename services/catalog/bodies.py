"""What callers send: new things and changes. A field that a change leaves out stays as it is."""

import re
import unicodedata
from datetime import date
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from services.catalog.domain import LONGEST_SLUG, ROLES, LocationType, OrganizationType
from services.catalog.response_days import LONGEST_EXPIRY, LONGEST_RESPONSE
from services.catalog.target_groups import TARGET_GROUPS
from shared.events.catalog import CapacityStatus, Language, Role, ServiceStatus
from shared.schemas import Body

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _one_line(text: str) -> str:
    """The text itself; it is shown in one line, and an address stands in a header of mail, which a break would end."""
    if any(unicodedata.category(character) in ("Cc", "Zl", "Zp") for character in text):
        raise ValueError("give it in one line, without line breaks, tabs and other control characters")
    return text


def _written_day(value: object) -> object:
    """The value itself: pydantic would take a number, or a text of digits, as seconds since 1970."""
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise ValueError("give the day as text, such as 2026-12-24")
    return value


_OneLine = AfterValidator(_one_line)
Text = Annotated[str, StringConstraints(min_length=1, max_length=200), _OneLine]
LongText = Annotated[str, StringConstraints(min_length=1, max_length=5000)]
Day = Annotated[date, BeforeValidator(_written_day)]
Slug = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_SLUG), _OneLine]
Email = Annotated[
    str,
    StringConstraints(max_length=254, pattern=r"^[^\s@<>,;:()\[\]\\\"]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$"),
    _OneLine,
]
WebAddress = Annotated[str, StringConstraints(max_length=500, pattern=r"^https?://[^\s<>\"]+$"), _OneLine]
LanguageTag = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=35, to_lower=True)
]


def _known_group(code: str) -> str:
    if code not in TARGET_GROUPS:
        raise ValueError(f"unknown; the target groups are {', '.join(TARGET_GROUPS)}")
    return code


def _each_once(items: list[Any]) -> list[Any]:
    return list(dict.fromkeys(items))


def _in_order(roles: list[Role]) -> list[Role]:
    return [role for role in ROLES if role in roles]


TargetGroups = Annotated[
    list[Annotated[str, AfterValidator(_known_group)]], Field(max_length=20), AfterValidator(_each_once)
]
LanguageTags = Annotated[list[LanguageTag], Field(max_length=50), AfterValidator(_each_once)]
LocationIds = Annotated[list[UUID], Field(max_length=50), AfterValidator(_each_once)]
Roles = Annotated[list[Role], Field(min_length=1, max_length=20), AfterValidator(_in_order)]
Left: Any = Field(default=None)
"""A field that a change may leave out, and may not set to null."""


class _Texts(Body):
    @model_validator(mode="before")
    @classmethod
    def _plain_text_is_finnish(cls, value: Any) -> Any:
        return {"fi": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("give the text in at least one of the languages fi, sv, en")
        return self


class Name(_Texts):
    """A name in Finnish, Swedish and English, or in some of them. A plain string is taken as Finnish.

    In a change, languages left out stay, and null takes a translation away.
    """

    fi: Text | None = None
    sv: Text | None = None
    en: Text | None = None


class Description(_Texts):
    """A longer text, in languages as a name is."""

    fi: LongText | None = None
    sv: LongText | None = None
    en: LongText | None = None


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


class NewMember(Body):
    """A member of staff to enter; of the caller's own organisation unless `organization_id` says otherwise."""

    organization_id: UUID | None = None
    email: Email
    language: Language = "fi"
    roles: Roles
    deputy_id: UUID | None = None


class MemberChange(Body):
    """What is to change of a member. `active: false` ends its access at once; `deputy_id` takes over."""

    email: Email = Left
    language: Language = Left
    roles: Roles = Left
    active: bool = Left
    deputy_id: UUID | None = None
