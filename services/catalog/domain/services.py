"""Rules of services: their statuses, what accepts referrals, how many free places fit a status, days to answer."""

from dataclasses import dataclass
from typing import Literal, get_args

from services.catalog.domain.refusals import RuleBroken
from shared.events.catalog import EXPIRY_DAYS, RESPONSE_DAYS, URGENT_RESPONSE_DAYS, CapacityStatus, ServiceStatus

SERVICE_STATUSES: tuple[str, ...] = get_args(ServiceStatus)
CAPACITY_STATUSES: tuple[str, ...] = get_args(CapacityStatus)

LONGEST_RESPONSE = 60
LONGEST_EXPIRY = 250
"""Working days: about a quarter of a year to answer, and about a year until a referral expires."""


@dataclass(frozen=True)
class Situation:
    """What decides whether a service accepts referrals today."""

    organization_active: bool
    status: str
    capacity: str
    closed_today: bool
    has_desk: bool


Obstacle = Literal["organization_inactive", "service_not_active", "no_capacity", "closed_today", "no_desk"]
"""Why a service does not accept referrals."""


def obstacles(now: Situation) -> tuple[Obstacle, ...]:
    """Why a service does not accept referrals today; empty when it does."""
    found: dict[Obstacle, bool] = {
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


def check_response_days(response: int | None, urgent: int | None, expiry: int | None) -> None:
    """Raise RuleBroken unless urgent ones are answered as soon as others, and none expires before it is due.

    All in working days; None stands for the platform's default, which counts like a number that was given.
    """
    answered = response or RESPONSE_DAYS
    if (urgent or URGENT_RESPONSE_DAYS) > answered:
        raise RuleBroken("An urgent referral can't have more days than another one.", "urgent_response_days")
    if (expiry or EXPIRY_DAYS) <= answered:
        detail = f"A referral expires later than its answer is due: name more than {answered} days."
        raise RuleBroken(detail, "expiry_days")
