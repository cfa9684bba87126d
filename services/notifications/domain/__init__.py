"""Who is told what, who stands in for whom, and when a delivery is tried again. Pure rules, no I/O."""

from services.notifications.domain.people import coordinators, heirs, members_told, staff
from services.notifications.domain.retries import MAX_ATTEMPTS, RETRY_AFTER, next_attempt
from services.notifications.domain.told import (
    FIRST,
    HEARD,
    NOBODY,
    SOURCE_SIDE,
    STALLED,
    TARGET_SIDE,
    TOLD,
    Parts,
    audience,
)
from services.notifications.domain.wording import About, wording

__all__ = [
    "FIRST",
    "HEARD",
    "MAX_ATTEMPTS",
    "NOBODY",
    "RETRY_AFTER",
    "SOURCE_SIDE",
    "STALLED",
    "TARGET_SIDE",
    "TOLD",
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
