"""Who is told what, who stands in for whom, and when a delivery is tried again. Pure rules, no I/O."""

from services.notifications.domain.audience import (
    AUDIENCE,
    FIRST,
    HEARD,
    NOBODY,
    SOURCE_SIDE,
    STALLED,
    TARGET_SIDE,
    Parts,
    audience,
)
from services.notifications.domain.people import coordinators, heirs, members_told, staff
from services.notifications.domain.retries import MAX_ATTEMPTS, RETRY_AFTER, next_attempt
from services.notifications.domain.wording import About, wording

__all__ = [
    "AUDIENCE",
    "FIRST",
    "HEARD",
    "MAX_ATTEMPTS",
    "NOBODY",
    "RETRY_AFTER",
    "SOURCE_SIDE",
    "STALLED",
    "TARGET_SIDE",
    "About",
    "Parts",
    "audience",
    "coordinators",
    "heirs",
    "members_told",
    "next_attempt",
    "staff",
    "wording",
]
