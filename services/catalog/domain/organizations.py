"""Rules of organisations: their types, the one that runs the platform, closures."""

from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from typing import get_args

from services.catalog.domain.refusals import RuleBroken
from shared.actors import PLATFORM_SLUG
from shared.events.catalog import LocationType, OrganizationType

ORGANIZATION_TYPES: tuple[str, ...] = get_args(OrganizationType)
LOCATION_TYPES: tuple[str, ...] = get_args(LocationType)


def check_platform_slug(slug: str, new_slug: str) -> None:
    """Raise RuleBroken when a change of slug would take the platform's own from, or give it to, an organisation."""
    if new_slug != slug and PLATFORM_SLUG in (slug, new_slug):
        raise RuleBroken(f"The slug {PLATFORM_SLUG} belongs to the organisation that runs the platform.", "slug")


PLATFORMS_ALONE = ("organization_type", "parent_organization_id")
"""What an organisation is and to whom it belongs: said by the platform's administrators, claimed by nobody."""


def may_be_deactivated(slug: str) -> bool:
    """Whether the organisation with that slug may end its work here: any but the one that runs the platform."""
    return slug != PLATFORM_SLUG


def check_closures(closures: Sequence[tuple[date, date]]) -> None:
    """Raise RuleBroken unless each closure ends on or after its first day and none overlaps another."""
    for number, (starts_on, ends_on) in enumerate(closures):
        if ends_on < starts_on:
            raise RuleBroken("A closure ends on or after the day it starts.", f"closures.{number}.ends_on")
    in_order = sorted(closures)
    for (_, ends_on), (starts_on, _) in pairwise(in_order):
        if starts_on <= ends_on:
            raise RuleBroken("Two closures overlap: join them into one.", "closures")
