"""Statistics of services: nothing that is published rests on fewer than five referrals."""

from datetime import UTC, datetime
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from services.referral.domain.k_anonymity import K
from services.referral.domain.lifecycle import Reason, Status
from services.referral.domain.publication import Published, refreshed, shown
from services.referral.domain.service_statistics import Statistics
from shared.events.referral import ServiceFacts
from tests.plain_statistics import Case, plain_statistics

SERVICE, ORGANIZATION = UUID(int=1), UUID(int=2)
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
FRIDAY = datetime(2026, 11, 20, 10, tzinfo=UTC)


def published(exact: Statistics) -> ServiceFacts:
    """What is told at first of these statistics."""
    return shown(SERVICE, ORGANIZATION, refreshed(Published(), exact, NOW), NOW)


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
    facts = published(plain_statistics(cases, NOW))
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
