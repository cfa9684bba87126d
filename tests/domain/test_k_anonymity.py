"""Statistics of services: nothing that is published rests on fewer than five referrals."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from services.referral.domain.k_anonymity import K
from services.referral.domain.lifecycle import Reason, Status
from services.referral.domain.publication import Published, refreshed, shown
from services.referral.domain.service_statistics import WINDOW, Case, Statistics, statistics_of
from shared.events.catalog import Closure
from shared.events.referral import ServiceFacts

SERVICE, ORGANIZATION = UUID(int=1), UUID(int=2)
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
FRIDAY = datetime(2026, 11, 20, 10, tzinfo=UTC)


def of(cases: list[Case], *closures: Closure) -> Statistics:
    return statistics_of(cases, closures, NOW)


def published(exact: Statistics) -> ServiceFacts:
    """What is told at first of these statistics."""
    return shown(SERVICE, ORGANIZATION, refreshed(Published(), exact, NOW), NOW)


def answered(sent_at: datetime, hours: float, *, accepted: bool = True) -> Case:
    at = sent_at + timedelta(hours=hours)
    if accepted:
        return Case(Status.ACCEPTED, sent_at, accepted_at=at)
    return Case(Status.REJECTED, sent_at, declined_at=at, reason_code=Reason.NO_CAPACITY)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from([str(reason) for reason in Reason]), st.integers(1, 12)))
def test_reasons_are_told_in_fives_and_rare_ones_as_other(counts: dict[str, int]) -> None:
    facts = published(Statistics(referrals=200, open=0, overdue=0, declined=counts))
    named = {code: count for code, count in counts.items() if code != Reason.OTHER and count >= K}
    rest = sum(counts.values()) - sum(named.values())
    told = {reason.code: reason.referrals for reason in facts.decline_reasons}
    exact = named | ({str(Reason.OTHER): rest} if rest >= K else {})
    assert told == {code: count // K * K for code, count in exact.items()}


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(list(Status)), st.booleans(), st.sampled_from(list(Reason))), max_size=15))
def test_no_figure_rests_on_fewer_than_five(drawn: list[tuple[Status, bool, Reason]]) -> None:
    cases = [
        Case(status, FRIDAY, accepted_at=FRIDAY if yes else None, reason_code=reason) for status, yes, reason in drawn
    ]
    facts = published(of(cases))
    counted = [case for case in cases if case.status is not Status.ENTERED_IN_ERROR]
    if len(counted) < K:
        assert facts == ServiceFacts(service_id=SERVICE, suppressed=True)
        return
    assert facts.referrals == len(counted) // K * K
    rates = (facts.acceptance_rate, facts.median_working_hours_to_answer)
    assert (rates == (None, None)) == (sum(case.accepted_at is not None for case in counted) < K)
    assert all(reason.referrals >= K for reason in facts.decline_reasons)
    in_steps = (facts.referrals, facts.open, facts.overdue, *(reason.referrals for reason in facts.decline_reasons))
    assert all(count is not None and count % K == 0 for count in in_steps)


def test_the_median_counts_working_time_alone() -> None:
    over_the_weekend = [answered(FRIDAY, 72) for _ in range(5)]
    assert of(over_the_weekend).median_hours_to_answer == 24
    monday = (FRIDAY + timedelta(days=3)).date()
    closed = Closure(starts_on=monday, ends_on=monday)
    assert of(over_the_weekend, closed).median_hours_to_answer == 12, "what is left of the Friday in Kuopio"
    mixed = [answered(FRIDAY, 1), answered(FRIDAY, 2), *(answered(FRIDAY, 3, accepted=False) for _ in range(3))]
    facts = of(mixed)
    assert (facts.median_hours_to_answer, facts.acceptance_rate) == (3, 0.4)


def test_what_is_late_is_what_waits_beyond_its_day() -> None:
    late = Case(Status.REQUESTED, FRIDAY, respond_by=NOW - timedelta(seconds=1))
    in_time = Case(Status.REQUESTED, FRIDAY, respond_by=NOW)
    answered_late = Case(Status.ACCEPTED, FRIDAY, accepted_at=NOW, respond_by=FRIDAY)
    facts = of([late, late, in_time, answered_late, Case(Status.CANCELLED, FRIDAY, respond_by=FRIDAY)])
    assert (facts.referrals, facts.open, facts.overdue) == (5, 4, 2)


def test_old_referrals_count_while_they_are_open() -> None:
    old = NOW - WINDOW - timedelta(seconds=1)
    assert of([Case(Status.ON_HOLD, old)] * 5).referrals == 5
    assert of([Case(Status.COMPLETED, old)] * 5).referrals == 0
    assert of([Case(Status.COMPLETED, NOW - WINDOW)] * 5).referrals == 5
