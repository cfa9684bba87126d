"""Figures over time, attacked: whoever polls each day, and knows the rule, tells no single referral.

The attacker is exhaustive: every history of up to two referrals a day is followed through the rule, with every outcome
of the lots, and what does not agree with all that was published is dropped. A day is given away when all that is left
agree that something happened on it, or that nothing did.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from operator import eq
from random import Random
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.referral.domain.k_anonymity import K
from services.referral.domain.lifecycle import Status
from services.referral.domain.publication import Answers, Published, is_drawn, refreshed, shown
from services.referral.domain.service_statistics import Statistics
from services.referral.vault import Vault
from shared.events.referral import ServiceFacts
from tests.plain_statistics import Case, plain_statistics

SERVICE, ORGANIZATION = UUID(int=1), UUID(int=2)
NEW_YEAR = datetime(2027, 1, 1, tzinfo=UTC)
MOST_A_DAY = 2
State = tuple[int, int]
"""How many referrals there are, and how many lay behind the figure that was published last."""


def exactly(referrals: int, **more: int) -> Statistics:
    return Statistics(referrals=referrals, open=more.pop("open", 0), overdue=0, declined=more)


def told(published: Published) -> ServiceFacts:
    return shown(SERVICE, ORGANIZATION, published, NEW_YEAR)


def polls(days: Sequence[int], lots: Sequence[bool]) -> list[int]:
    """What is read each day of a year with so many new referrals a day; 0 while it is suppressed."""
    published, number, read = Published(), 0, []
    for new, drawn in zip(days, lots, strict=True):
        number += new
        if drawn:
            published = refreshed(published, exactly(number), NEW_YEAR)
        read.append(told(published).referrals or 0)
    return read


@cache
def following(state: State, poll: int, by_lot: bool) -> dict[int, set[State]]:
    """New referrals of a day → the states after it that agree with what was read then."""
    number, base = state
    found: dict[int, set[State]] = {}
    for new in range(MOST_A_DAY + 1):
        after = refreshed(Published(counts={"referrals": base} if base else {}), exactly(number + new), NEW_YEAR)
        ways = {after.counts.get("referrals", 0)} | ({base} if by_lot else set())
        agreeing = {(number + new, each) for each in ways if each // K * K == poll}
        if agreeing:
            found[new] = agreeing
    return found


def possible(read: Sequence[int], by_lot: bool) -> list[set[int]]:
    """For each day, how many referrals may have come on it, seen from the end of the year."""
    steps: list[dict[State, dict[int, set[State]]]] = []
    states: set[State] = {(0, 0)}
    for poll in read:
        step = {state: following(state, poll, by_lot) for state in states}
        steps.append(step)
        states = {after for ways in step.values() for agreeing in ways.values() for after in agreeing}
    left, found = states, []
    for step in reversed(steps):
        kept = {state: {new for new, agreeing in ways.items() if agreeing & left} for state, ways in step.items()}
        found.append({new for ways in kept.values() for new in ways})
        left = {state for state, ways in kept.items() if ways}
    return found[::-1]


@pytest.mark.parametrize("seed", range(4))
def test_no_day_of_a_year_of_single_referrals_is_given_away(seed: int) -> None:
    chance = Random(seed)
    days = [int(chance.random() < 0.2) for _ in range(365)]
    lots = [is_drawn(chance.randbytes(32)) for _ in days]
    read = polls(days, lots)
    assert len(set(read)) > 5, "the figures do go up"
    for day, number in enumerate(possible(read, by_lot=True)):
        assert {0, 1} <= number, f"day {day}, on which there were {days[day]}, is given away"


def test_the_attacker_would_notice_a_rule_without_lots() -> None:
    chance = Random(1)
    days = [int(chance.random() < 0.2) for _ in range(365)]
    given_away = [number for number in possible(polls(days, [True] * 365), by_lot=False) if 0 not in number]
    assert given_away


counts = st.integers(0, 40)


@given(st.lists(st.tuples(counts, counts, counts), min_size=2, max_size=20))
@settings(deadline=None)
def test_a_figure_that_changes_rests_on_five_referrals_and_tells_no_exact_count(
    history: list[tuple[int, int, int]],
) -> None:
    states, published = [], Published()
    for referrals, opened, declined in history:
        published = refreshed(published, exactly(referrals, open=opened, no_capacity=declined), NEW_YEAR)
        states.append(published)
    for before, after in pairwise(states):
        for name in {*before.counts, *after.counts}:
            change = abs(after.counts.get(name, 0) - before.counts.get(name, 0))
            suppressed = not after.counts or not before.counts
            assert change == 0 or change >= K or suppressed
    for state in states:
        facts = told(state)
        counted = [facts.referrals, facts.open, *(reason.referrals for reason in facts.decline_reasons)]
        assert all(count is None or count % K == 0 for count in counted)


def test_one_referral_that_is_declined_changes_nothing_whatever_was_published() -> None:
    """The sample by which it was found: two polls told that one was sent, and why it was declined."""
    at = NEW_YEAR
    for before in range(K, 60):
        cases = [Case(Status.REJECTED, at, declined_at=at, reason_code="no_capacity") for _ in range(before)]
        first = refreshed(Published(), plain_statistics(cases, at), at)
        one = Case(Status.REJECTED, at, declined_at=at + timedelta(hours=9), reason_code="no_capacity")
        later = at + timedelta(days=1)
        assert told(refreshed(first, plain_statistics([*cases, one], later), later)) == told(first)


def declined_for(codes: Sequence[str]) -> Statistics:
    """The statistics of a service that was sent one referral for each reason, and declined it for that."""
    cases = [Case(Status.REJECTED, NEW_YEAR, declined_at=NEW_YEAR, reason_code=code) for code in codes]
    return plain_statistics(cases, NEW_YEAR)


def test_a_reason_that_is_rare_no_more_moves_no_figure_but_its_own() -> None:
    codes = ["not_eligible"] * 5 + ["no_capacity"] * 4
    first = refreshed(Published(), declined_for(codes), NEW_YEAR)
    assert {row.code: row.referrals for row in told(first).decline_reasons} == {"not_eligible": 5}
    after = refreshed(first, declined_for([*codes, "no_capacity"]), NEW_YEAR)
    assert {row.code: row.referrals for row in told(after).decline_reasons} == {"not_eligible": 5, "no_capacity": 5}


@given(st.lists(st.sampled_from(["no_capacity", "not_eligible", "outside_area", "other"]), min_size=5, max_size=60))
@settings(deadline=None)
def test_of_single_declines_each_reason_is_told_anew_after_five_of_its_own(codes: list[str]) -> None:
    published, shown_last, new = Published(), dict[str, int](), Counter[str]()
    for number, code in enumerate(codes, 1):
        new[code] += 1
        published = refreshed(published, declined_for(codes[:number]), NEW_YEAR)
        rows = {row.code: row.referrals for row in told(published).decline_reasons}
        for each in (set(rows) | set(shown_last)) - {"other"}:
            if rows.get(each) != shown_last.get(each):
                assert new[each] >= K, "what one referral does to others' figures tells of that one"
                new[each] = 0
        shown_last = rows


def test_a_figure_that_moves_does_not_tell_that_another_stayed_for_want_of_referrals() -> None:
    first = refreshed(Published(), exactly(9, open=9), NEW_YEAR)
    more = exactly(15, open=15, no_capacity=6)
    for name in ("referrals", "open", "declined:no_capacity"):
        after = refreshed(first, more, NEW_YEAR, name.__eq__)
        moved = {each for each in {*first.counts, *after.counts} if first.counts.get(each) != after.counts.get(each)}
        assert moved == {name}


def test_rate_and_median_wait_for_five_new_answers_even_where_their_number_stays() -> None:
    def of(new_answers: int, rate: float) -> Statistics:
        return Statistics(9, 0, 0, {}, 9, new_answers, rate, 20.0)

    first = refreshed(Published(), of(0, 1.0), NEW_YEAR)
    later = NEW_YEAR + timedelta(days=300)
    for new in range(9):
        facts = told(refreshed(first, of(new, 0.5), later + timedelta(days=1)))
        assert facts.acceptance_rate == (0.5 if new >= K else 1.0)
        assert facts.median_working_hours_to_answer == 18, "in quarters of a working day"


def test_what_was_shown_is_suppressed_again_when_five_have_gone() -> None:
    published = refreshed(Published(), exactly(6), NEW_YEAR)
    assert told(refreshed(published, exactly(2), NEW_YEAR)).referrals == 5, "as it was published"
    gone = refreshed(published, exactly(1), NEW_YEAR)
    assert told(gone).suppressed
    assert gone == Published()


def test_what_was_published_is_kept_as_it_was() -> None:
    answers = Answers(number=7, until=NEW_YEAR, acceptance_rate=2 / 7, median_hours=5.5)
    published = Published(counts={"referrals": 12, "declined:other": 5}, answers=answers)
    assert Published.model_validate(published.model_dump(mode="json")) == published


def test_the_lot_falls_on_every_other_day_and_needs_the_key() -> None:
    days = [NEW_YEAR.date() + timedelta(days=number) for number in range(900)]

    def drawn(figure: str, index_key: bytes = bytes(32)) -> list[bool]:
        vault = Vault(bytes(32), index_key)
        return [is_drawn(vault.digest("publication", str(SERVICE), str(day), figure)) for day in days]

    lots = drawn("referrals")
    assert 390 < sum(lots) < 510
    assert lots != drawn("referrals", bytes([1]) * 32)
    assert 390 < sum(map(eq, lots, drawn("open"))) < 510, "each figure has lots of its own"
