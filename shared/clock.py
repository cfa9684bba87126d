"""The clock: one function to ask for the time, so that tests can move it."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

KUOPIO = ZoneInfo("Europe/Helsinki")
"""Days are days in Kuopio, whatever the servers' clocks show."""

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)


def day_in_kuopio(now: datetime) -> date:
    """The day it is in Kuopio at the aware moment `now`."""
    return now.astimezone(KUOPIO).date()
