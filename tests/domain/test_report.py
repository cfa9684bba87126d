"""The report's anonymity, attacked: whoever knows every answer and the rule itself can tell no count from 1 to 4.

The attacker is exhaustive. All worlds of a small size are reported; worlds whose answers are the same can't be told
apart, so a blanked count is told exactly when all of them agree on it.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator
from datetime import date, timedelta
from itertools import product
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.referral.domain.k_anonymity import K, withheld
from services.referral.domain.periods import Period, last_of_month, month_of, widened
from services.referral.domain.report import Cell, Counts, Group, Part, Report
from services.referral.domain.report import report as made_of

YEAR = Period("whole", date(2026, 1, 1), date(2026, 12, 31))
ORGANIZATIONS = [UUID(int=1), UUID(int=2), UUID(int=3)]
SERVICES = {UUID(int=10 * n + m): ORGANIZATIONS[n - 1] for n in (1, 2, 3) for m in (1, 2)}


class Counted(NamedTuple):
    """One referral that was sent."""

    organization: UUID
    service: UUID
    language: str
    sent_on: date


def report(referrals: list[Counted], by: Collection[str], whole: Period) -> Report:
    """The report of referrals: those that nothing it asks for tells apart are counted first, as the database does."""
    parts = Counter(
        (
            Group(
                each.organization if {"organization", "service"} & set(by) else None,
                each.service if "service" in by else None,
                each.language if "language" in by else None,
            ),
            month_of(each.sent_on) if "month" in by else None,
        )
        for each in referrals
    )
    return made_of([Part(*key, Counts(count, 0, 0, 0, 0, 0)) for key, count in parts.items()], whole)


def sent(service: UUID, count: int, language: str = "ar", day: date = date(2026, 3, 2)) -> list[Counted]:
    return [Counted(SERVICES[service], service, language, day) for _ in range(count)]


@pytest.mark.parametrize(("parts", "most"), [(1, 12), (2, 14), (3, 11), (4, 8), (5, 5)])
def test_nobody_who_knows_the_whole_and_the_rule_can_tell_a_part(parts: int, most: int) -> None:
    worlds: defaultdict[tuple[Any, ...], list[tuple[int, ...]]] = defaultdict(list)
    for world in product(range(most + 1), repeat=parts):
        counts = {part: count for part, count in enumerate(world) if count}
        hidden, whole = withheld(counts)
        shown = tuple(sorted((part, count) for part, count in counts.items() if part not in hidden))
        assert all(count >= K for _, count in shown)
        worlds[shown, tuple(sorted(hidden)), None if whole else sum(world)].append(world)
        if not whole:
            assert sum(counts[part] for part in hidden) not in range(1, K), "their sum is a count too"
    for (_, hidden_parts, _), alike in worlds.items():
        for part in hidden_parts:
            assert len({world[part] for world in alike}) > 1, f"part {part} of {alike[0]} is told"


def answers(referrals: list[Counted]) -> tuple[Any, ...]:
    """What the reports by service and by organisation say, with their totals."""
    found = []
    for by in (["service"], ["organization"]):
        made = report(referrals, by, YEAR)
        cells = tuple((cell.group, cell.counts.sent) for cell in made.cells)
        found.append((cells, made.total.sent if made.total else None))
    return tuple(found)


def worlds_of(parts: int, most: int) -> Iterator[tuple[int, ...]]:
    """All ways in which up to `most` referrals may fall into so many parts: none that look alike are left out."""
    if parts == 0:
        yield ()
        return
    for count in range(most + 1):
        for rest in worlds_of(parts - 1, most - count):
            yield (count, *rest)


@pytest.mark.parametrize(
    ("chosen", "most"), [((0, 1, 2), 18), ((0, 1, 2, 3), 13), ((0, 2, 4), 18), ((0, 1, 2, 3, 4), 11)]
)
def test_services_can_not_be_told_from_their_organisations_either(chosen: tuple[int, ...], most: int) -> None:
    services = [list(SERVICES)[index] for index in chosen]
    worlds: defaultdict[tuple[Any, ...], list[tuple[int, ...]]] = defaultdict(list)
    for world in worlds_of(len(services), most):
        referrals = [each for service, count in zip(services, world, strict=True) for each in sent(service, count)]
        worlds[answers(referrals)].append(world)
    for (by_service, _), alike in worlds.items():
        alone = {group.service for group, _ in by_service[0] if group.service}
        for index, service in enumerate(services):
            if service not in alone:
                counts = {world[index] for world in alike}
                assert counts == {0} or len(counts) > 1, f"{service} in {alike[0]} is told"


@given(
    st.lists(
        st.tuples(
            st.sampled_from(list(SERVICES)), st.sampled_from(["ar", "fa", "uk"]), st.dates(YEAR.first, YEAR.last)
        ),
        max_size=60,
    ),
    st.sets(st.sampled_from(["organization", "service", "language", "month"])),
)
@settings(deadline=None, max_examples=300)
def test_no_cell_and_no_rest_is_of_one_to_four(drawn: list[tuple[UUID, str, date]], by: set[str]) -> None:
    referrals = [Counted(SERVICES[service], service, language, day) for service, language, day in drawn]
    made: Report = report(referrals, by, YEAR)
    assert all(cell.counts.sent >= K for cell in made.cells)
    rest = len(referrals) - sum(cell.counts.sent for cell in made.cells)
    if made.total is None:
        assert made.cells == [], "which is what a report of nothing looks like"
    else:
        assert made.total.sent == len(referrals)
        assert rest == 0 or rest >= K
    assert all(not overlap(one, other) for one in made.cells for other in made.cells if one is not other)


@given(
    st.lists(st.tuples(st.sampled_from(list(SERVICES)[:5]), st.sampled_from(["ar", "fa", "uk"])), max_size=40),
    st.sets(st.sampled_from(["organization", "service", "language"]), min_size=1),
)
@settings(deadline=None, max_examples=300)
def test_what_is_left_out_may_as_well_be_nothing(drawn: list[tuple[UUID, str]], by: set[str]) -> None:
    """The same is reported where all of it belongs to another that has none: which of the two has some is not told."""
    last, nobody = ORGANIZATIONS[2], UUID(int=9)

    def made(language: str, organization: UUID) -> Report:
        """The report where all that is in Ukrainian, and all of the last organisation, belongs to these instead."""
        moved = {service: (organization if owner == last else owner) for service, owner in SERVICES.items()}
        of = {service: UUID(int=99) if owner is nobody else service for service, owner in moved.items()}
        counted = [
            Counted(moved[service], of[service], language if spoken == "uk" else spoken, YEAR.first)
            for service, spoken in drawn
        ]
        return report(counted, by, YEAR)

    as_it_is = made("uk", last)
    if not any(cell.group.language == "uk" for cell in as_it_is.cells):
        assert made("zz", last)[:2] == as_it_is[:2]
    if not any(cell.group.organization == last for cell in as_it_is.cells):
        assert made("uk", nobody)[:2] == as_it_is[:2]


def overlap(one: Cell, other: Cell) -> bool:
    return one.group == other.group and one.period.first <= other.period.last and other.period.first <= one.period.last


def test_months_are_widened_only_as_far_as_they_must_be() -> None:
    march = {date(2026, 1, 1): 7, date(2026, 2, 1): 2, date(2026, 3, 1): 6, date(2026, 7, 1): 5}
    kinds = [(period.kind, period.first, period.last) for period in widened(march, YEAR)]
    assert kinds == [
        ("quarter", date(2026, 1, 1), date(2026, 3, 31)),
        ("month", date(2026, 7, 1), date(2026, 7, 31)),
    ]
    assert [period.kind for period in widened({**march, date(2026, 10, 1): 1}, YEAR)] == ["year"]
    years = Period("whole", date(2025, 4, 1), date(2026, 6, 30))
    assert widened({date(2025, 5, 1): 4, date(2026, 5, 1): 9}, years) == [years]
    (first, second) = widened({date(2025, 5, 1): 3, date(2025, 11, 1): 3, date(2026, 5, 1): 9}, years)
    assert (first.kind, first.first, first.last) == ("year", date(2025, 4, 1), date(2025, 12, 31))
    assert second.kind == "month"


@given(st.dictionaries(st.dates(date(2024, 1, 1), date(2027, 12, 31)).map(month_of), st.integers(1, 9), max_size=30))
@settings(deadline=None)
def test_widened_periods_hold_everything_once(counts: dict[date, int]) -> None:
    if sum(counts.values()) < K:
        return
    whole = Period("whole", date(2024, 1, 1), date(2027, 12, 31))
    periods = widened(counts, whole)
    for period in periods:
        assert sum(count for month, count in counts.items() if period.holds(month)) >= K
    assert all(sum(period.holds(month) for period in periods) == 1 for month in counts)


@pytest.mark.parametrize("day", [date(2026, 2, 3), date(2024, 2, 29), date(2026, 12, 31)])
def test_a_month_ends_before_the_next_begins(day: date) -> None:
    after = last_of_month(day) + timedelta(days=1)
    assert after.day == 1
    assert month_of(day) <= day < after
