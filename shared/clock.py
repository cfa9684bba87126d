"""The clock: one function to ask for the time, so that tests can move it."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

KUOPIO = ZoneInfo("Europe/Helsinki")
"""Days are days in Kuopio, whatever the servers' clocks show."""

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)


def ahead_by(file: Path) -> Clock:
    """A clock that is ahead of the real one by the seconds written in `file`, which is read anew each time.

    It shows the real time as long as there is no such file, or no number in it.
    """

    def now() -> datetime:
        try:
            return utc_now() + timedelta(seconds=float(file.read_text()))
        except (OSError, ValueError):
            return utc_now()

    return now


def day_in_kuopio(now: datetime) -> date:
    """The day it is in Kuopio at the aware moment `now`."""
    return now.astimezone(KUOPIO).date()
