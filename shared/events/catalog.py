"""What the catalogue publishes: organisations, services and members, each with its whole state (HSDS 3 words)."""

from datetime import date
from typing import Final, Literal
from uuid import UUID

from shared.events.envelope import Names, Payload

ServiceStatus = Literal["active", "inactive", "defunct", "temporarily closed"]
CapacityStatus = Literal["capacity", "no-capacity", "waitlist", "additional-assessment-required"]
OrganizationType = Literal[
    "municipality",
    "municipal-service",
    "state-agency",
    "hospital",
    "higher-education",
    "research-institute",
    "business-services",
    "cooperation",
    "association",
    "meeting-place",
    "network",
    "platform-operator",
    "other",
]
LocationType = Literal["physical", "postal", "virtual"]
Role = Literal["adviser", "recipient", "coordinator", "admin"]
Language = Literal["fi", "sv", "en"]
Invited = Literal["entered", "returned"]
"""How a member was let in: for the first time, or again."""


class Closure(Payload):
    """Days on which the organisation does not serve, both ends included."""

    starts_on: date
    ends_on: date


class OrganizationState(Payload):
    """An organisation. `email` is its desk address, which is notified beside the desk's members.

    `former_email` is given by the event of a change of that address alone, and is the one before it.
    """

    id: UUID
    slug: str
    name: Names
    active: bool
    email: str | None = None
    closures: tuple[Closure, ...] = ()
    former_email: str | None = None


RESPONSE_DAYS: Final = 2
URGENT_RESPONSE_DAYS: Final = 1
EXPIRY_DAYS: Final = 10
"""Working days that hold for a service which names none of its own."""


class Keywords(Payload):
    """Everyday words by which people look for a service, by language; an empty list where there are none."""

    fi: tuple[str, ...] = ()
    sv: tuple[str, ...] = ()
    en: tuple[str, ...] = ()


class ServiceState(Payload):
    """A service. `languages` are BCP 47 tags of the languages it is given in, `target_groups` codes of the catalogue.

    It is for people from `minimum_age` to `maximum_age` years, both included, who live in one of the `service_areas`;
    None, and no area, stand for what nobody has said. `typical_wait_days` lie between a referral and the first meeting.

    Within `response_days` working days of being sent a referral is to be answered, an urgent one within
    `urgent_response_days`; after `expiry_days` without an answer it expires. None stands for the defaults above.
    """

    id: UUID
    slug: str
    organization_id: UUID
    name: Names
    status: ServiceStatus
    languages: tuple[str, ...] = ()
    target_groups: tuple[str, ...] = ()
    keywords: Keywords = Keywords()
    service_areas: tuple[Names, ...] = ()
    minimum_age: int | None = None
    maximum_age: int | None = None
    typical_wait_days: int | None = None
    capacity: CapacityStatus = "capacity"
    response_days: int | None = None
    urgent_response_days: int | None = None
    expiry_days: int | None = None


class MemberState(Payload):
    """A member of staff. A person in two organisations has one membership in each.

    A member acts while both it and its organisation are `active`. `former_email` is given by the event of a change of
    the address alone, and is the address before it, which is told of the change. `invited` is given by the event alone
    by which an administrator entered the member, or let it in again: then the member is told where to begin. An account
    that was seeded, or made by the operator, is told nothing.
    """

    id: UUID
    organization_id: UUID
    email: str
    language: Language
    roles: tuple[Role, ...]
    active: bool
    deputy_id: UUID | None = None
    former_email: str | None = None
    invited: Invited | None = None


EVENTS: dict[str, type[Payload]] = {
    "catalog.organization_changed.v1": OrganizationState,
    "catalog.service_changed.v1": ServiceState,
    "catalog.member_changed.v1": MemberState,
}
