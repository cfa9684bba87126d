"""Working days: midsummer, Christmas, Easter, both changes of the clocks, closures; and what holds always."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.referral.domain.working_time import (
    LAST_DAY,
    add_working_days,
    closed_on,
    eves,
    is_working_day,
    working_time,
)
from shared.clock import KUOPIO
from shared.events.catalog import Closure

HOUR = timedelta(hours=1)


def at(text: str) -> datetime:
    """A moment, as a clock on a wall in Kuopio shows it."""
    return datetime.fromisoformat(text).replace(tzinfo=KUOPIO)


def shown(moment: datetime) -> str:
    return moment.astimezone(KUOPIO).strftime("%Y-%m-%d %H:%M")


def closed(first: str, last: str) -> Closure:
    return Closure(starts_on=date.fromisoformat(first), ends_on=date.fromisoformat(last))


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        ("2026-11-24 10:15", 2, "2026-11-26 10:15"),  # Tuesday to Thursday
        ("2026-11-26 10:15", 2, "2026-11-30 10:15"),  # over a weekend
        ("2026-11-28 10:15", 1, "2026-12-01 00:00"),  # sent on a Saturday: all of Monday is theirs
        ("2026-11-29 23:59", 1, "2026-12-01 00:00"),
        ("2026-11-30 00:00", 1, "2026-12-01 00:00"),
        ("2026-06-17 14:00", 2, "2026-06-22 14:00"),  # Midsummer Eve is Friday 19 June
        ("2026-06-19 09:00", 2, "2026-06-24 00:00"),  # sent on Midsummer Eve
        ("2027-06-24 16:00", 1, "2027-06-28 16:00"),  # Midsummer Eve is Friday 25 June
        ("2026-12-22 12:00", 2, "2026-12-28 12:00"),  # Christmas Eve is a Thursday
        ("2026-12-23 12:00", 10, "2027-01-12 12:00"),  # Christmas, New Year's Day and Epiphany
        ("2026-12-30 12:00", 2, "2027-01-04 12:00"),  # New Year's Eve is a working day
        ("2026-04-01 09:00", 2, "2026-04-07 09:00"),  # Maundy Thursday is one, Good Friday and Easter Monday are not
        ("2026-04-30 15:00", 1, "2026-05-04 15:00"),  # May Day is a Friday
        ("2026-05-13 15:00", 1, "2026-05-15 15:00"),  # Ascension Day
        ("2027-12-03 08:00", 1, "2027-12-07 08:00"),  # Independence Day is a Monday
    ],
)
def test_a_term_ends_at_the_same_hour_so_many_working_days_later(start: str, days: int, end: str) -> None:
    assert shown(add_working_days(at(start), days)) == end


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        ("2026-03-27 10:00", "2026-03-30 10:00", 71),  # the night of 29 March has an hour less
        ("2026-10-23 10:00", "2026-10-26 10:00", 73),  # the night of 25 October has an hour more
    ],
)
def test_a_term_over_a_change_of_the_clocks_ends_at_the_same_hour_of_the_wall(start: str, end: str, hours: int) -> None:
    ends = add_working_days(at(start), 1)
    assert shown(ends) == end
    assert ends - at(start).astimezone(UTC) == hours * HOUR
    assert working_time(at(start), ends) == 24 * HOUR


@pytest.mark.parametrize("start", ["2026-03-29 03:30", "2026-10-25 03:30"])
def test_a_start_in_an_hour_that_is_left_out_or_comes_twice_counts_from_monday(start: str) -> None:
    """The clocks change on Sundays, and Sundays are no working days."""
    for fold in (0, 1):
        monday = at(start).date() + timedelta(days=1)
        ends = add_working_days(at(start).replace(fold=fold), 0)
        assert ends == datetime.combine(monday, time(), KUOPIO)


def test_days_on_which_the_organisation_is_closed_do_not_count() -> None:
    summer = [closed("2026-07-01", "2026-07-31")]
    assert shown(add_working_days(at("2026-06-29 13:00"), 2, summer)) == "2026-08-03 13:00"
    assert shown(add_working_days(at("2026-07-15 13:00"), 2, summer)) == "2026-08-05 00:00"
    assert working_time(at("2026-06-29 13:00"), at("2026-08-03 13:00"), summer) == 48 * HOUR


def test_until_when_an_organisation_is_closed() -> None:
    closures = [
        closed("2026-07-01", "2026-07-10"),
        closed("2026-07-11", "2026-07-12"),
        closed("2026-08-01", "2026-08-02"),
    ]
    assert closed_on(at("2026-07-01 00:00"), closures) == date(2026, 7, 12), "closures that touch are one"
    assert closed_on(at("2026-07-12 23:59"), closures) == date(2026, 7, 12)
    assert closed_on(at("2026-07-13 00:00"), closures) is None
    assert closed_on(at("2026-06-30 23:59"), closures) is None


def test_who_is_closed_for_ever_gets_a_deadline_that_can_be_kept() -> None:
    for_ever = [closed("2026-07-01", "9999-12-31")]
    assert add_working_days(at("2026-06-30 12:00"), 2, for_ever).astimezone(KUOPIO).date() == LAST_DAY
    assert closed_on(at("2026-07-01 12:00"), for_ever) == date(9999, 12, 31)
    assert working_time(at("2026-06-30 12:00"), at("2026-07-30 12:00"), for_ever) == 12 * HOUR


def test_the_eves_are_those_of_the_calendar() -> None:
    assert eves(2026) == {date(2026, 6, 19), date(2026, 12, 24)}
    assert eves(2027) == {date(2027, 6, 25), date(2027, 12, 24)}
    assert eves(2030) == {date(2030, 6, 21), date(2030, 12, 24)}


def test_working_time_is_nothing_where_the_end_comes_first() -> None:
    assert working_time(at("2026-11-25 12:00"), at("2026-11-24 12:00")) == timedelta()


MOMENTS = st.integers(0, 25 * 365 * 24 * 60).map(
    lambda minutes: at("2020-01-01").astimezone(UTC) + timedelta(minutes=minutes)
)
DAYS = st.integers(0, 30)
SPANS = st.tuples(st.dates(date(2020, 1, 1), date(2046, 12, 31)), st.integers(0, 60))
CLOSURES = st.lists(SPANS, max_size=4).map(
    lambda spans: [Closure(starts_on=first, ends_on=first + timedelta(days=length)) for first, length in spans]
)


@settings(deadline=None)
@given(MOMENTS, DAYS, CLOSURES)
def test_a_term_of_n_days_holds_n_days_of_working_time(start: datetime, days: int, closures: list[Closure]) -> None:
    ends = add_working_days(start, days, closures)
    assert ends >= start
    assert is_working_day(ends.astimezone(KUOPIO).date(), closures)
    assert working_time(start, ends, closures) == timedelta(days=days)


@settings(deadline=None)
@given(MOMENTS, MOMENTS, DAYS, CLOSURES)
def test_who_is_asked_later_never_has_to_answer_sooner(
    one: datetime, other: datetime, days: int, closures: list[Closure]
) -> None:
    first, last = sorted((one, other))
    assert add_working_days(first, days, closures) <= add_working_days(last, days, closures)


@settings(deadline=None)
@given(MOMENTS, DAYS, CLOSURES, SPANS)
def test_another_closure_never_brings_an_end_forward(
    start: datetime, days: int, closures: list[Closure], span: tuple[date, int]
) -> None:
    more = [*closures, Closure(starts_on=span[0], ends_on=span[0] + timedelta(days=span[1]))]
    assert add_working_days(start, days, more) >= add_working_days(start, days, closures)


@settings(deadline=None)
@given(MOMENTS, st.integers(0, 60 * 24 * 40), st.integers(0, 60 * 24 * 40), CLOSURES)
def test_working_time_adds_up(first: datetime, then: int, later: int, closures: list[Closure]) -> None:
    middle = first + timedelta(minutes=then)
    last = middle + timedelta(minutes=later)
    parts = working_time(first, middle, closures) + working_time(middle, last, closures)
    assert parts == working_time(first, last, closures)
