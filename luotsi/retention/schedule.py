"""When retention runs by itself, and whether it does."""

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Final

from luotsi.platform.process import PlatformError
from shared.clock import KUOPIO

AT: Final = time(2, 30)
"""When it runs, in Kuopio: after the day before was sealed."""

_ON: Final = {"true": True, "false": False, "": True}


def is_on(environment: Mapping[str, str]) -> bool:
    """Whether RETENTION lets it run by itself: it does unless told otherwise. PlatformError for any other word."""
    written = environment.get("RETENTION", "").strip().lower()
    if written not in _ON:
        raise PlatformError("RETENTION has to be true or false")
    return _ON[written]


def last_night(now: datetime) -> datetime:
    """The last moment at or before the aware `now` at which it was to run."""
    today = datetime.combine(now.astimezone(KUOPIO).date(), AT, KUOPIO)
    return today if today <= now else datetime.combine(today.date() - timedelta(days=1), AT, KUOPIO)


def is_due(now: datetime, last: datetime | None, watched_from: datetime) -> bool:
    """Whether it is to run now; `last` is when it ran last, None if it never has.

    A night that was missed is made up for. One before all that is not: nobody has seen yet what a first run takes away,
    so it waits for the night after `watched_from`.
    """
    return (last or watched_from) < last_night(now)
