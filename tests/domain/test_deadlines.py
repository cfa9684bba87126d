"""The timers of a referral: which run in which state, in which order they fire, and which of them are told."""

from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.referral.domain.deadlines import (
    OVERTAKEN_BY,
    Due,
    Standing,
    Terms,
    TimerKind,
    is_due,
    not_overtaken,
    respond_by,
    terms,
    timers,
    timers_to_set,
)
from services.referral.domain.lifecycle import OPEN, Status
from services.referral.domain.working_time import working_time
from shared.events.catalog import Closure

MONDAY = datetime(2027, 1, 11, 8, 0, tzinfo=UTC)
DAY = timedelta(days=1)
RUNNING = {
    Status.REQUESTED: {TimerKind.DUE_SOON, TimerKind.OVERDUE, TimerKind.OVERDUE_AGAIN, TimerKind.EXPIRE},
    Status.ACCEPTED: {TimerKind.NOT_STARTED, TimerKind.NO_NEWS},
    Status.IN_PROGRESS: {TimerKind.NO_NEWS},
    Status.ON_HOLD: {TimerKind.NO_NEWS},
}


def standing(
    status: Status = Status.REQUESTED, *, promised: Terms | None = None, sent_at: datetime = MONDAY
) -> Standing:
    return Standing(status, sent_at, sent_at, sent_at, promised or Terms(2, 10))


@pytest.mark.parametrize("status", list(Status))
def test_which_timers_run_in_which_state(status: Status) -> None:
    assert set(timers(standing(status), [])) == RUNNING.get(status, set())
    assert status in OPEN or status not in RUNNING


@pytest.mark.parametrize(
    ("urgency", "days", "expected"),
    [
        ("routine", (None, None, None), Terms(2, 10)),
        ("urgent", (None, None, None), Terms(1, 10)),
        ("routine", (5, 2, 30), Terms(5, 30)),
        ("urgent", (5, 2, 30), Terms(2, 30)),
        ("urgent", (5, None, None), Terms(1, 10)),
    ],
)
def test_the_days_of_a_service_or_the_platforms(
    urgency: str, days: tuple[int | None, int | None, int | None], expected: Terms
) -> None:
    assert terms(urgency, *days) == expected


@pytest.mark.parametrize(
    ("promised", "hours"),
    [
        (Terms(2, 10), (24, 48, 96, 240)),
        (Terms(1, 10), (12, 24, 48, 240)),  # half a day before, where there is but one
        (Terms(8, 10), (168, 192, 216, 240)),  # the second reminder half way to expiry
        (Terms(1, 2), (12, 24, 36, 48)),
    ],
)
def test_after_how_many_working_hours_each_rings(promised: Terms, hours: tuple[int, ...]) -> None:
    running = timers(standing(promised=promised), [])
    kinds = (TimerKind.DUE_SOON, TimerKind.OVERDUE, TimerKind.OVERDUE_AGAIN, TimerKind.EXPIRE)
    spent = [working_time(MONDAY, running[kind].at) for kind in kinds]
    assert spent == [timedelta(hours=each) for each in hours]


PROMISED = st.integers(1, 60).flatmap(lambda days: st.builds(Terms, st.just(days), st.integers(days + 1, 250)))
SENT = st.integers(0, 20 * 365 * 24 * 60).map(lambda minutes: MONDAY + timedelta(minutes=minutes))
CLOSED = st.lists(
    st.builds(
        lambda first, length: Closure(starts_on=first, ends_on=first + length * DAY),
        st.dates(date(2027, 1, 1), date(2048, 1, 1)),
        st.integers(0, 90),
    ),
    max_size=4,
)


@settings(deadline=None)
@given(SENT, PROMISED, CLOSED)
def test_they_ring_one_after_another_whatever_the_days_and_closures(
    sent_at: datetime, promised: Terms, closures: list[Closure]
) -> None:
    running = timers(standing(promised=promised, sent_at=sent_at), closures)
    moments = [
        running[kind].at for kind in (TimerKind.DUE_SOON, TimerKind.OVERDUE, TimerKind.OVERDUE_AGAIN, TimerKind.EXPIRE)
    ]
    assert sent_at < moments[0]
    assert moments == sorted(set(moments))
    assert running[TimerKind.OVERDUE].at == respond_by(sent_at, promised, closures)


def test_of_what_rings_together_only_the_last_of_each_matter_is_told() -> None:
    assert not_overtaken([TimerKind.DUE_SOON]) == [TimerKind.DUE_SOON]
    assert not_overtaken([TimerKind.DUE_SOON, TimerKind.OVERDUE]) == [TimerKind.OVERDUE]
    assert not_overtaken([TimerKind.EXPIRE, TimerKind.DUE_SOON, TimerKind.OVERDUE_AGAIN, TimerKind.OVERDUE]) == [
        TimerKind.EXPIRE
    ]
    assert not_overtaken([TimerKind.NOT_STARTED, TimerKind.NO_NEWS]) == [TimerKind.NO_NEWS]
    assert not_overtaken([]) == []
    assert set(OVERTAKEN_BY) | set(OVERTAKEN_BY.values()) == set(TimerKind)


class Stored(NamedTuple):
    """A timer as it may be stored."""

    since: datetime
    due_at: datetime
    fired_at: datetime | None = None


def test_a_timer_that_has_fired_is_set_again_only_for_another_matter() -> None:
    fired = Stored(MONDAY, MONDAY + DAY, fired_at=MONDAY + 2 * DAY)
    moved = Due(MONDAY, MONDAY + 3 * DAY)
    assert timers_to_set({TimerKind.OVERDUE: fired}, {TimerKind.OVERDUE: moved}) == {}
    anew = Due(MONDAY + DAY, MONDAY + 4 * DAY)
    assert timers_to_set({TimerKind.NO_NEWS: fired}, {TimerKind.NO_NEWS: anew}) == {TimerKind.NO_NEWS: anew}


def test_a_timer_that_has_not_fired_moves_with_its_term_and_stops_with_its_state() -> None:
    waiting = Stored(MONDAY, MONDAY + DAY)
    assert [is_due(waiting, MONDAY + days * DAY) for days in (0, 1, 2)] == [False, True, True]
    moved = Due(MONDAY, MONDAY + 3 * DAY)
    assert timers_to_set({TimerKind.OVERDUE: waiting, TimerKind.EXPIRE: waiting}, {TimerKind.OVERDUE: moved}) == {
        TimerKind.OVERDUE: moved
    }
    assert timers_to_set({TimerKind.OVERDUE: waiting}, {TimerKind.OVERDUE: Due(MONDAY, MONDAY + DAY)}) == {}
    assert timers_to_set({}, {TimerKind.NO_NEWS: moved}) == {TimerKind.NO_NEWS: moved}
    assert not is_due(waiting._replace(fired_at=MONDAY + DAY), MONDAY + 2 * DAY)
