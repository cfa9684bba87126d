"""When a delivery is tried again."""

from datetime import datetime, timedelta
from typing import Final

RETRY_AFTER: Final = (
    timedelta(seconds=5),
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(hours=6),
    timedelta(hours=20),
)
"""How long a delivery waits after its first, second, … failed attempt. When one more fails, it is given up."""

MAX_ATTEMPTS: Final = len(RETRY_AFTER) + 1

CLAIM: Final = timedelta(minutes=2)
"""For how long a delivery that is in hand is left alone by everybody else."""


def next_attempt(attempts: int, now: datetime) -> datetime | None:
    """When to try again after the `attempts`-th attempt failed at `now`; None when there is nothing more to try."""
    return now + RETRY_AFTER[attempts - 1] if attempts < MAX_ATTEMPTS else None
