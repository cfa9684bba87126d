"""Working days in Kuopio: when a term ends, and how much working time lies between two moments. No clock, no I/O.

A working day is Monday to Friday and neither a Finnish public holiday, nor one of the two eves, nor a day on which
the organisation is closed. That is the calendar of the Act on the Calculation of Statutory Time Limits (150/1930),
section 5: a term does not end on a church holiday, Independence Day, May Day, Christmas Eve, Midsummer Eve or a
Saturday. New Year's Eve and Maundy Thursday are working days.

Days are days of Europe/Helsinki, and a working day counts 24 hours of its own clock. The clocks change on Sundays
(Directive 2000/84/EC), so no working day is ever shorter or longer; were one so, a term would end at the time that
the clock on the wall shows, the first of two equal ones, and an hour later where that time is left out.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final

from holidays import country_holidays

from shared.clock import KUOPIO
from shared.events.catalog import Closure

_DAY: Final = timedelta(days=1)
_MICROSECOND: Final = timedelta(microseconds=1)
_SATURDAY: Final = 5
_FRIDAY: Final = 4

LAST_DAY: Final = date(2299, 12, 31)
"""Terms end here at the latest: who is closed for ever gets no deadline that a database could not hold."""


def eves(year: int) -> frozenset[date]:
    """Christmas Eve and Midsummer Eve: no public holidays, but no office works, and no statutory term ends on them.

    Midsummer Eve is the Friday from 19 to 25 June: the day before Midsummer Day, the Saturday from 20 to 26 June.
    """
    first = date(year, 6, 19)
    return frozenset({first + _DAY * ((_FRIDAY - first.weekday()) % 7), date(year, 12, 24)})


@lru_cache(maxsize=64)
def _days_off(year: int) -> frozenset[date]:
    return frozenset(country_holidays("FI", years=year)) | eves(year)


def is_working_day(day: date, closures: Sequence[Closure] = ()) -> bool:
    """Whether an organisation with these closures works on `day`."""
    off = day.weekday() >= _SATURDAY or day in _days_off(day.year)
    return not off and _closed_until(day, closures) is None


def closed_on(moment: datetime, closures: Sequence[Closure]) -> date | None:
    """The last day of the closures in which the aware `moment` falls, joined where they touch; None when open.

    Weekends and holidays are no closures: everybody knows of them.
    """
    last = found = _closed_until(_local(moment).date(), closures)
    while found is not None and found < LAST_DAY:
        last, found = found, _closed_until(found + _DAY, closures)
    return last if found is None else found


def add_working_days(start: datetime, days: int, closures: Sequence[Closure] = ()) -> datetime:
    """The moment (aware, UTC) `days` working days after the aware `start`; `days` is 0 or more.

    It is the same time of day as `start`, so many working days later. A start on a day that is none counts from the
    beginning (00:00) of the next working day. So later starts never have earlier ends.
    """
    return add_working_time(start, days * _DAY, closures)


def add_working_time(start: datetime, span: timedelta, closures: Sequence[Closure] = ()) -> datetime:
    """The moment (aware, UTC) when `span` of working time has passed since the aware `start`; a day is 24 hours.

    What ends just when a working day does ends at the beginning of the next one.
    """
    local = _local(start)
    day, at = local.date(), _time_of(local)
    if not is_working_day(day, closures):
        day, at = _next_working_day(day, closures), timedelta()
    at += span
    while at >= _DAY:
        day, at = _next_working_day(day, closures), at - _DAY
    return (datetime.combine(day, time(), KUOPIO) + at).astimezone(UTC)


def working_time(start: datetime, end: datetime, closures: Sequence[Closure] = ()) -> timedelta:
    """How much of the time from `start` to `end` (aware, in this order) falls on working days; a day is 24 hours.

    `add_working_days` undoes it: from a start to the end of its term of N days it is N times 24 hours. Zero when
    `end` is not after `start`.
    """
    first, last = _local(start), _local(min(max(start, end), _at_midnight(LAST_DAY)))
    spent = timedelta()
    day = first.date()
    while day <= last.date():
        if is_working_day(day, closures):
            begins = _time_of(first) if day == first.date() else timedelta()
            ends = _time_of(last) if day == last.date() else _DAY
            spent += max(ends - begins, timedelta())
        day += _DAY
    return spent


def _next_working_day(day: date, closures: Sequence[Closure]) -> date:
    day += _DAY
    while day < LAST_DAY:
        closed_until = _closed_until(day, closures)
        if closed_until is None and is_working_day(day):
            return day
        day = min(closed_until or day, LAST_DAY) + _DAY
    return LAST_DAY


def _closed_until(day: date, closures: Sequence[Closure]) -> date | None:
    ends = [closure.ends_on for closure in closures if closure.starts_on <= day <= closure.ends_on]
    return max(ends, default=None)


def _local(moment: datetime) -> datetime:
    return moment.astimezone(KUOPIO)


def _at_midnight(day: date) -> datetime:
    return datetime.combine(day, time(), KUOPIO).astimezone(UTC)


def _time_of(local: datetime) -> timedelta:
    return timedelta(hours=local.hour, minutes=local.minute, seconds=local.second, microseconds=local.microsecond)


def to_microseconds(spent: timedelta) -> int:
    """Working time as the database keeps it."""
    return spent // _MICROSECOND


def to_hours(microseconds: float) -> float:
    """Working time that the database keeps, or a median of it, as it is shown."""
    return microseconds / to_microseconds(timedelta(hours=1))
