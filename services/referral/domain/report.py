"""The coordinator's report: referrals counted by organisation, service, language and month, five at least. Pure."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import date
from typing import Final, Literal, NamedTuple
from uuid import UUID

from services.referral.domain.k_anonymity import enough, withheld
from services.referral.domain.periods import Period, widened

Dimension = Literal["organization", "service", "language", "month"]
DIMENSIONS: Final[tuple[Dimension, ...]] = ("organization", "service", "language", "month")


class Group(NamedTuple):
    """What the referrals of a cell have in common; None where the report does not ask."""

    organization: UUID | None
    service: UUID | None
    language: str | None


class Counts(NamedTuple):
    """The columns of a report that add up."""

    sent: int
    accepted: int
    declined: int
    completed: int
    cancelled_or_expired: int
    not_closed: int


class Part(NamedTuple):
    """Referrals that nothing the report asks for tells apart. `month`: its first day; None in a report without months.

    A part of a report by service says its organisation too.
    """

    group: Group
    month: date | None
    counts: Counts


class Cell(NamedTuple):
    """A row of a report."""

    group: Group
    period: Period
    counts: Counts


class Report(NamedTuple):
    """`total` counts everything, what was left out too; it is None where that would give something away.

    `places` says of each part that is in a cell in which: that cell's place in `cells`.
    """

    cells: list[Cell]
    total: Counts | None
    places: dict[tuple[Group, date | None], int]


def report(parts: Collection[Part], whole: Period) -> Report:
    """Make the rows of a report out of its `parts`, all of which lie in the period `whole`.

    First periods are widened, group by group, then groups are left out: too small ones, and others that would give
    them away by subtraction. So what is not there may have had some or none. An organisation of which no service may
    stand alone has one row for them all (organisation without service).
    """
    rows, hide_total = _rows(parts)
    left_out = {row for row, hidden in rows.values() if hidden}
    groups: defaultdict[Group, list[Part]] = defaultdict(list)
    for part in parts:
        groups[rows[part.group][0]].append(part)
    made = Report([], None if hide_total else _enough(parts), {})
    for group, members in sorted(groups.items(), key=lambda item: tuple(map(str, item[0]))):
        if group not in left_out:
            for period, held in _by_period(members, whole):
                made.places.update({(part.group, part.month): len(made.cells) for part in held})
                made.cells.append(Cell(group, period, _sum(held)))
    return made


def _rows(parts: Iterable[Part]) -> tuple[dict[Group, tuple[Group, bool]], bool]:
    """Group → the row that it goes into, and whether that is left out; and whether the total is.

    Services add up to their organisation, which is one request away, and organisations to the total.
    """
    above: defaultdict[Group, Counter[Group]] = defaultdict(Counter)
    for part in parts:
        above[part.group._replace(service=None)][part.group] += part.counts.sent
    hidden_above, hide_total = withheld({parent: groups.total() for parent, groups in above.items()})
    rows: dict[Group, tuple[Group, bool]] = {}
    for parent, groups in above.items():
        hidden = groups.keys() if parent in hidden_above else withheld(groups)[0]
        for group in groups:
            if len(hidden) == len(groups):
                rows[group] = (parent, parent in hidden_above)
            else:
                rows[group] = (group, group in hidden)
    return rows, hide_total


def _by_period(members: Sequence[Part], whole: Period) -> list[tuple[Period, list[Part]]]:
    """The periods of one row, and what lies in each; the whole in a report without months."""
    counts: Counter[date] = Counter()
    for part in members:
        if part.month is None:
            return [(whole, list(members))]
        counts[part.month] += part.counts.sent
    held: dict[Period, list[Part]] = {period: [] for period in widened(counts, whole)}
    of = {month: period for month in counts for period in held if period.holds(max(month, whole.first))}
    for part in members:
        if part.month is not None:
            held[of[part.month]].append(part)
    return list(held.items())


def _enough(parts: Iterable[Part]) -> Counts | None:
    total = _sum(parts)
    return total if enough(total.sent) else None


def _sum(parts: Iterable[Part]) -> Counts:
    """All of them together; nothing but noughts of none."""
    return Counts(*map(sum, zip(*(part.counts for part in parts), strict=True))) if parts else Counts(0, 0, 0, 0, 0, 0)


__all__ = ["DIMENSIONS", "Cell", "Counts", "Dimension", "Group", "Part", "Report", "report"]
