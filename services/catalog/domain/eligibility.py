"""Rules of whom a service is for."""

from services.catalog.domain.refusals import RuleBroken

OLDEST = 120
"""Years; of a service's ages."""

LONGEST_WAIT = 1_000
"""Days; nobody waits for longer."""


def check_ages(minimum: int | None, maximum: int | None) -> None:
    """Raise RuleBroken when nobody can be of the age. Both ends are included, and None is no end."""
    if minimum is not None and maximum is not None and maximum < minimum:
        raise RuleBroken(f"The oldest are younger than the youngest: name {minimum} or more.", "maximum_age")
