"""The coordinator's report: referrals counted by organisation, service, language and month, five at least. Pure."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from statistics import median
from typing import Final, Literal, NamedTuple
from uuid import UUID

from services.referral.domain.k_anonymity import enough, withheld
from services.referral.domain.periods import Period, month_of, widened

Dimension = Literal["organization", "service", "language", "month"]
DIMENSIONS: Final[tuple[Dimension, ...]] = ("organization", "service", "language", "month")


@dataclass(frozen=True)
class Counted:
    """One referral that was sent, as far as it is counted. `hours_to_answer`: None while it waits."""

    organization: UUID
    service: UUID
    language: str
    sent_on: date
    accepted: bool = False
    declined: bool = False
    completed: bool = False
    cancelled_or_expired: bool = False
    not_closed: bool = False
    hours_to_answer: float | None = None


class Group(NamedTuple):
    """What the referrals of a cell have in common; None where the report does not ask."""

    organization: UUID | None
    service: UUID | None
    language: str | None


class Figures(NamedTuple):
    """The columns of a report. The median is None with fewer than five answers."""

    sent: int
    accepted: int
    declined: int
    completed: int
    cancelled_or_expired: int
    not_closed: int
    median_working_hours_to_answer: float | None


class Cell(NamedTuple):
    """A row of a report."""

    group: Group
    period: Period
    figures: Figures


class Report(NamedTuple):
    """`total` counts everything, what was left out too; it is None where that would give something away."""

    cells: list[Cell]
    total: Figures | None


def report(referrals: Sequence[Counted], by: Collection[Dimension], whole: Period) -> Report:
    """Count `referrals`, all of which lie in the period `whole`, by the dimensions asked for.

    A row by service says its organisation too. First periods are widened, group by group, then groups are left out:
    too small ones, and others that would give them away by subtraction. So what is not there may have had some or
    none. An organisation of which no service may stand alone has one row for them all (organisation without service).
    """
    rows, hide_total = _rows(referrals, by)
    groups: defaultdict[Group, list[Counted]] = defaultdict(list)
    for each in referrals:
        groups[rows[_group(each, by)][0]].append(each)
    left_out = {row for row, hidden in rows.values() if hidden}
    cells = [
        Cell(group, period, _figures(held))
        for group, members in sorted(groups.items(), key=lambda item: tuple(map(str, item[0])))
        if group not in left_out
        for period, held in _by_period(members, by, whole)
    ]
    return Report(cells, _figures(referrals) if enough(len(referrals)) and not hide_total else None)


def _group(each: Counted, by: Collection[Dimension]) -> Group:
    return Group(
        each.organization if {"organization", "service"} & set(by) else None,
        each.service if "service" in by else None,
        each.language if "language" in by else None,
    )


def _rows(referrals: Iterable[Counted], by: Collection[Dimension]) -> tuple[dict[Group, tuple[Group, bool]], bool]:
    """Group → the row that it goes into, and whether that is left out; and whether the total is.

    Services add up to their organisation, which is one request away, and organisations to the total.
    """
    counts = Counter(_group(each, by) for each in referrals)
    above: defaultdict[Group, Counter[Group]] = defaultdict(Counter)
    for group, count in counts.items():
        above[group._replace(service=None)][group] += count
    hidden_above, hide_total = withheld({parent: parts.total() for parent, parts in above.items()})
    rows: dict[Group, tuple[Group, bool]] = {}
    for parent, parts in above.items():
        hidden = parts.keys() if parent in hidden_above else withheld(parts)[0]
        for group in parts:
            if len(hidden) == len(parts):
                rows[group] = (parent, parent in hidden_above)
            else:
                rows[group] = (group, group in hidden)
    return rows, hide_total


def _by_period(
    members: Sequence[Counted], by: Collection[Dimension], whole: Period
) -> list[tuple[Period, list[Counted]]]:
    periods = [whole]
    if "month" in by:
        periods = widened(Counter(month_of(each.sent_on) for each in members), whole)
    return [(period, [each for each in members if period.holds(each.sent_on)]) for period in periods]


def _figures(held: Sequence[Counted]) -> Figures:
    hours = [each.hours_to_answer for each in held if each.hours_to_answer is not None]
    return Figures(
        sent=len(held),
        accepted=sum(each.accepted for each in held),
        declined=sum(each.declined for each in held),
        completed=sum(each.completed for each in held),
        cancelled_or_expired=sum(each.cancelled_or_expired for each in held),
        not_closed=sum(each.not_closed for each in held),
        median_working_hours_to_answer=round(median(hours), 1) if enough(len(hours)) else None,
    )


__all__ = ["DIMENSIONS", "Cell", "Counted", "Dimension", "Figures", "Group", "Report", "report"]
