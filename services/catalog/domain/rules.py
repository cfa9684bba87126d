"""Rules of the catalogue: slugs, who may change what, what accepts referrals, aliases, deputies. No I/O."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Literal, get_args
from uuid import UUID

from shared.events.catalog import CapacityStatus, Role, ServiceStatus

PLATFORM_SLUG = "luotsi"
"""The organisation that runs the platform: its administrators may change every organisation."""

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

ORGANIZATION_TYPES: tuple[str, ...] = get_args(OrganizationType)
SERVICE_STATUSES: tuple[str, ...] = get_args(ServiceStatus)
CAPACITY_STATUSES: tuple[str, ...] = get_args(CapacityStatus)
LOCATION_TYPES: tuple[str, ...] = get_args(LocationType)
ROLES: tuple[Role, ...] = get_args(Role)
_ROLES_AT_WORK: tuple[Role, ...] = ("adviser", "recipient")
"""The roles that open referrals, so that a deputy needs those of the member."""

LONGEST_SLUG = 80
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_UUID_LIKE = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


class RuleBroken(Exception):
    """A change that the rules do not allow. `conflict`: it clashes with the present state, not with a rule of form."""

    def __init__(self, detail: str, field: str | None = None, *, conflict: bool = False, name: str | None = None):
        super().__init__(detail)
        self.detail = detail
        self.field = field
        self.conflict = conflict
        self.name = name


class NotYours(Exception):
    """A change that takes another role than the caller has; `detail` says which."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


def is_slug(text: str) -> bool:
    """Whether `text` is small letters, digits and single hyphens, not too long, and no UUID."""
    return len(text) <= LONGEST_SLUG and _SLUG.fullmatch(text) is not None and not _UUID_LIKE.fullmatch(text)


def check_slug(slug: str) -> str:
    """The slug itself. Raises RuleBroken unless it is one."""
    if not is_slug(slug):
        raise RuleBroken(
            f"A slug has small letters a-z, digits and single hyphens between them, at most {LONGEST_SLUG} characters.",
            "slug",
        )
    return slug


def check_platform_untouched(slug: str, *, new_slug: str | None = None, active: bool | None = None) -> None:
    """Raise RuleBroken when a change would take the platform's own slug from, or give it to, an organisation."""
    if new_slug is not None and new_slug != slug and PLATFORM_SLUG in (slug, new_slug):
        raise RuleBroken(f"The slug {PLATFORM_SLUG} belongs to the organisation that runs the platform.", "slug")
    if slug == PLATFORM_SLUG and active is False:
        raise RuleBroken("The organisation that runs the platform stays active.", "active", conflict=True)


@dataclass(frozen=True)
class Caller:
    """Who wants a change: its organisation, its roles, and whether it administers the whole platform."""

    organization_id: UUID
    roles: frozenset[str]
    is_platform_admin: bool

    def check_administers(self, organization_id: UUID) -> None:
        """Raise NotYours unless the caller administers that organisation."""
        if not self.is_platform_admin and not (self.organization_id == organization_id and "admin" in self.roles):
            raise NotYours("Only an administrator of this organisation, or of the platform, may change it.")

    def check_administers_some(self) -> None:
        """Raise NotYours when the caller administers no organisation at all."""
        if "admin" not in self.roles:
            raise NotYours("Only an administrator of the organisation, or of the platform, may do this.")

    def check_administers_platform(self) -> None:
        """Raise NotYours unless the caller administers the platform."""
        if not self.is_platform_admin:
            raise NotYours("Only an administrator of the platform may do this.")

    def check_may_give(self, before: Iterable[str], after: Iterable[str]) -> None:
        """Raise NotYours when roles are added that open more than one's own organisation."""
        if "coordinator" in set(after) - set(before) and not self.is_platform_admin:
            raise NotYours(
                "A coordinator sees the figures of every organisation: only an administrator of the platform "
                "gives that role."
            )


def may_administer_platform(slug: str, roles: Iterable[str]) -> bool:
    """Whether an active member of the organisation with that slug administers the platform."""
    return slug == PLATFORM_SLUG and "admin" in roles


@dataclass(frozen=True)
class Situation:
    """What decides whether a service accepts referrals today."""

    organization_active: bool
    status: str
    capacity: str
    closed_today: bool
    has_desk: bool


def obstacles(now: Situation) -> tuple[str, ...]:
    """Why a service does not accept referrals today; empty when it does."""
    found = {
        "organization_inactive": not now.organization_active,
        "service_not_active": now.status != "active",
        "no_capacity": now.capacity == "no-capacity",
        "closed_today": now.closed_today,
        "no_desk": not now.has_desk,
    }
    return tuple(name for name, stands in found.items() if stands)


def accepting(now: Situation) -> bool:
    """Whether a service accepts referrals today."""
    return not obstacles(now)


def check_capacity(status: str, available: int | None) -> None:
    """Raise RuleBroken when the number of free places contradicts the status."""
    if status == "no-capacity" and available:
        raise RuleBroken("Places are available, so the status cannot be no-capacity.", "available")
    if status == "capacity" and available == 0:
        raise RuleBroken("No place is available: say no-capacity or waitlist.", "available")


def check_closures(closures: Sequence[tuple[date, date]]) -> None:
    """Raise RuleBroken unless each closure ends on or after its first day and none overlaps another."""
    for number, (starts_on, ends_on) in enumerate(closures):
        if ends_on < starts_on:
            raise RuleBroken("A closure ends on or after the day it starts.", f"closures.{number}.ends_on")
    in_order = sorted(closures)
    for (_, ends_on), (starts_on, _) in pairwise(in_order):
        if starts_on <= ends_on:
            raise RuleBroken("Two closures overlap: join them into one.", "closures")


def renamed(before: Mapping[str, str], after: Mapping[str, str]) -> bool:
    """Whether a name that people know is gone, so that it must live on as an alias. A new translation is no loss."""
    return any(after.get(language) != name for language, name in before.items())


@dataclass(frozen=True)
class Deputy:
    """What the rules look at in a member: may it stand in, for whom, and who stands in for it."""

    id: UUID
    organization_id: UUID
    active: bool
    roles: Collection[str]
    deputy_id: UUID | None


def check_deputy(member: Deputy, deputy_id: UUID, known: Mapping[UUID, Deputy]) -> None:
    """Raise RuleBroken unless `deputy_id` may stand in for `member`.

    A deputy is an active colleague who may open the same referrals, and following the deputies of deputies never
    leads back to the member. `known` holds the members of the organisation by id.
    """
    deputy = known.get(deputy_id)
    if deputy_id == member.id:
        raise RuleBroken("Nobody is their own deputy.", "deputy_id")
    if deputy is None or deputy.organization_id != member.organization_id or not deputy.active:
        raise RuleBroken("A deputy is an active member of the same organisation.", "deputy_id")
    lacking = [role for role in _ROLES_AT_WORK if role in member.roles and role not in deputy.roles]
    if lacking:
        raise RuleBroken(
            f"The deputy could not act: give it the role {' and '.join(lacking)} first, or name another.", "deputy_id"
        )
    seen: set[UUID] = set()
    following: UUID | None = deputy_id
    while following is not None and following not in seen:
        seen.add(following)
        following = known[following].deputy_id if following in known else None
        if following == member.id:
            raise RuleBroken("The deputies would stand in for each other in a circle.", "deputy_id")
