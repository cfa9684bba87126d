"""The rule about a service's response days: how they stand to each other, the platform's defaults included. Pure."""

from services.catalog.domain.rules import RuleBroken
from shared.events.catalog import EXPIRY_DAYS, RESPONSE_DAYS, URGENT_RESPONSE_DAYS

LONGEST_RESPONSE = 60
LONGEST_EXPIRY = 250
"""Working days: about a quarter of a year to answer, and about a year until a referral expires."""


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
