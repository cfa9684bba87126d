"""Opening hours: which days can be written, and which hours contradict themselves or each other."""

from contextlib import nullcontext
from datetime import date, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.catalog.domain.refusals import RuleBroken
from services.catalog.domain.schedules import WEEKDAYS, Opening, check_openings, written_days, written_month_days

NINE, NOON, FOUR = time(9), time(12), time(16)
WEEKLY: dict[str, Any] = {"freq": "WEEKLY", "byday": "MO", "opens_at": NINE, "closes_at": FOUR}


def week(**changes: Any) -> Opening:
    """Mondays from nine to four, with changes."""
    return Opening(**{**WEEKLY, **changes})


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("MO", "MO"),
        ("fr, mo", "MO,FR"),
        ("SU,MO,SU", "MO,SU"),
        ("2MO,-1FR", "2MO,-1FR"),
        ("+1TU", "+1TU"),
    ],
)
def test_days_are_written_in_order(typed: str, written: str) -> None:
    assert written_days(typed) == written


@pytest.mark.parametrize(
    "typed", ["", "MO,", "MA", "MO TU", "6MO", "0MO", "-MO", "monday", "MO;TU", "MO\nTU", "\u041c\u041e"]
)
def test_what_are_no_days_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match="name days"):
        written_days(typed)


@pytest.mark.parametrize("typed", ["", "0", "32", "+1", "-32", "1.", "x", "1;2", "\u0661"])
def test_what_are_no_days_of_a_month_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match="days of the month"):
        written_month_days(typed)


def test_days_of_a_month_are_written_once() -> None:
    assert written_month_days("1, 15,-1,1") == "1,15,-1"


FINE: list[tuple[Opening, ...]] = [
    (),
    (week(),),
    (Opening(about="fi: sopimuksen mukaan"),),
    (week(opens_at=time(0), closes_at=time(0)),),
    (week(opens_at=time(20), closes_at=time(0)),),
    (Opening(freq="MONTHLY", byday="2MO", opens_at=NINE, closes_at=FOUR),),
    (Opening(freq="MONTHLY", bymonthday="1,-1", opens_at=NINE, closes_at=FOUR),),
    (week(interval=2, dtstart=date(2026, 1, 5)),),
    (week(valid_from=date(2026, 6, 1), valid_to=date(2026, 6, 1)),),
    (week(closes_at=NOON), week(opens_at=NOON)),
    (week(), week(byday="TU,WE")),
    (week(), week(about="en: by telephone")),
    (week(valid_to=date(2026, 5, 31)), week(valid_from=date(2026, 6, 1))),
    (week(interval=2, dtstart=date(2026, 1, 5)), week(interval=2, dtstart=date(2026, 1, 12))),
    (week(), Opening(freq="MONTHLY", byday="1MO", opens_at=NINE, closes_at=FOUR)),
]


@pytest.mark.parametrize("openings", FINE)
def test_hours_that_agree(openings: tuple[Opening, ...]) -> None:
    check_openings(openings)


CONTRADICTIONS: list[tuple[tuple[Opening, ...], str]] = [
    ((Opening(),), "schedules.0.opens_at"),
    ((Opening(freq="WEEKLY", byday="MO"),), "schedules.0.opens_at"),
    ((week(closes_at=None),), "schedules.0.closes_at"),
    ((week(opens_at=None),), "schedules.0.opens_at"),
    ((week(closes_at=NINE),), "schedules.0.closes_at"),
    ((week(opens_at=FOUR, closes_at=NINE),), "schedules.0.closes_at"),
    ((week(byday=None),), "schedules.0.byday"),
    ((week(byday="2MO"),), "schedules.0.byday"),
    ((week(bymonthday="1"),), "schedules.0.bymonthday"),
    ((week(freq=None),), "schedules.0.freq"),
    ((week(interval=2),), "schedules.0.dtstart"),
    ((week(valid_from=date(2026, 6, 2), valid_to=date(2026, 6, 1)),), "schedules.0.valid_to"),
    ((week(), week(byday="TU"), week(closes_at=time(0))), "schedules.2"),
    ((week(), week(opens_at=time(15, 59), closes_at=time(0))), "schedules.1"),
    ((week(valid_to=date(2026, 6, 1)), week(valid_from=date(2026, 6, 1))), "schedules.1"),
    ((week(about="en: by telephone"), week(about="en: by telephone")), "schedules.1"),
]


@pytest.mark.parametrize(("openings", "field"), CONTRADICTIONS)
def test_hours_that_contradict_themselves(openings: tuple[Opening, ...], field: str) -> None:
    with pytest.raises(RuleBroken) as refused:
        check_openings(openings)
    assert refused.value.field == field


FIRST = date(2026, 1, 5)


@st.composite
def openings(draw: st.DrawFn) -> Opening:
    """Some days of every week, from one full hour to another, in some weeks of two months."""
    opens = draw(st.integers(0, 23))
    closes = draw(st.integers(opens + 1, 24))
    begins = draw(st.none() | st.integers(0, 60))
    ends = draw(st.none() | st.integers(begins or 0, 60))
    return Opening(
        freq="WEEKLY",
        byday=",".join(sorted(draw(st.sets(st.sampled_from(WEEKDAYS), min_size=1)), key=WEEKDAYS.index)),
        opens_at=time(opens),
        closes_at=time(closes % 24),
        valid_from=None if begins is None else FIRST + timedelta(begins),
        valid_to=None if ends is None else FIRST + timedelta(ends),
    )


def hours(opening: Opening) -> set[tuple[str, int]]:
    """The hours of a week in which it is open."""
    assert opening.opens_at is not None
    assert opening.closes_at is not None
    until = opening.closes_at.hour or 24
    return {(day, hour) for day in opening.weekdays for hour in range(opening.opens_at.hour, until)}


def days(opening: Opening) -> set[int]:
    """The days on which it holds, within the two months and a day on either side."""
    first, last = opening.valid_from or FIRST - timedelta(1), opening.valid_to or FIRST + timedelta(61)
    return {day for day in range(-1, 62) if first <= FIRST + timedelta(day) <= last}


@given(st.lists(openings(), min_size=2, max_size=3))
def test_two_that_share_an_hour_are_refused_and_no_others(given_ones: list[Opening]) -> None:
    pairs = [(one, other) for number, one in enumerate(given_ones) for other in given_ones[:number]]
    shared = any(hours(one) & hours(other) and days(one) & days(other) for one, other in pairs)
    with pytest.raises(RuleBroken) if shared else nullcontext():
        check_openings(given_ones)
